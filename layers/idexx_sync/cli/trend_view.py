"""A trend as a plot of characters, so that it needs no colour: a letter is one cause."""

from collections.abc import Sequence
from string import ascii_lowercase
from typing import Any, Final

from idexx_sync.cli.phrases import DIFFERENCES
from idexx_sync.cli.tables import Shown, drawn, heading, line, listing
from idexx_sync.cli.trend import Trend
from idexx_sync.core.phrases import phrase
from idexx_sync.operations.hints import for_the_api

WIDEST: Final = 100
NARROWEST: Final = 40
NUMBERS: Final = 6
"""Below the frame at most so many steps."""
FRAME_ROWS: Final = 3
"""Above and below the nights: two lines of the frame, and its numbers."""


def trend_shown(trend: Trend, width: int, *, over_api: bool = False) -> list[Shown]:
    """A bar for each night, and what its letters mean."""
    if not trend.nights:
        command = f"idexx-sync sync reconciliation --clinic {trend.clinic_id}"
        return [
            line("No night has been compared yet, or no run of one is kept."),
            line(f"Compare now: {for_the_api(command) if over_api else command}"),
        ]
    nights = f"{trend.days[0]} to {trend.days[-1]} ({trend.timezone or 'no zone'})"
    parts: list[Shown] = [line(f"Differences to Neo, night by night: {nights}")]
    if trend.causes:
        parts += drawn(plot(trend, max(NARROWEST, min(width, WIDEST))))
        parts.append(listing(("", "Cause", "In all", "Last night"), _legend(trend)))
    else:
        parts.append(line("No night found any."))
    without = [str(day) for day in trend.days if day not in {one.day for one in trend.nights}]
    if without:
        parts += [heading("Nights without a run"), line(", ".join(without))]
    last = trend.nights[-1]
    if last.total:
        parts.append(line(f"The last night: idexx-sync reconciliation show {last.job_id}"))
    return parts


def _legend(trend: Trend) -> list[Sequence[str]]:
    return [
        (
            letter,
            phrase(DIFFERENCES, cause),
            str(sum(night.causes.get(cause, 0) for night in trend.nights)),
            str(trend.nights[-1].causes.get(cause, 0)),
        )
        for letter, cause in _letters(trend)
    ]


def _letters(trend: Trend) -> list[tuple[str, str]]:
    return list(zip(ascii_lowercase, trend.causes, strict=False))


def scale(most: int) -> list[int]:
    """Whole numbers from 0 on, equally far apart, that reach the most that is to be shown.

    >>> scale(2), scale(13)
    ([0, 1, 2], [0, 3, 6, 9, 12, 15])
    """
    step = max(1, -(-most // NUMBERS))
    return list(range(0, max(1, most) + step, step))


def plot(trend: Trend, width: int) -> str:
    """A row of letters for each day from the first night to the last, the newest one below."""
    import plotext  # takes a second, which only this command is to pay

    days = trend.days[::-1]
    found = {night.day: night.causes for night in trend.nights}
    series = [[found.get(day, {}).get(cause, 0) for day in days] for _, cause in _letters(trend)]
    figure: Any = plotext.figure
    figure.clear()
    figure.theme("colorless")
    figure.plot_size(width, len(days) + FRAME_ROWS)
    figure.ruler("y").lim(0.5, len(days) + 0.5)
    numbers = scale(max((night.total for night in trend.nights), default=0))
    figure.ruler("x").lim(0, numbers[-1])
    figure.ruler("x").ticks(numbers, labels=[str(number) for number in numbers])
    bars = figure.bar(
        [str(day) for day in days],
        series,
        stacked=True,
        orientation="h",
        marker=[letter for letter, _ in _letters(trend)],
        width=0.1,
    )
    figure.draw(bars)
    return str(plotext.uncolorize(str(figure.build())))
