"""A fleet's forecast as a plot of characters, as tables, as JSON and as a picture."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from idexx_sync.cli.phrases import moment, utc
from idexx_sync.cli.tables import Shown, drawn, figures, line
from idexx_sync.cli.trend_view import NARROWEST, WIDEST, scale
from idexx_sync.core.phrases import counted
from idexx_sync.schedules.forecast import FleetForecast, Forecast, Work
from idexx_sync.schedules.load import MINUTES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROWS: Final = 15
TITLE: Final = "Runs that begin in each minute of the 24 hours from"
_HOUR: Final = 60
UTC: Final = ZoneInfo("UTC")


def forecast_shown(found: FleetForecast, clinics: int, width: int) -> list[Shown]:
    """The plot, what each sync needs, and what the figures stand on."""
    if not found.total.runs:
        return [line("Nothing is scheduled at any clinic that is switched on.")]
    return [
        line(f"{_title(found)}, {counted(clinics, 'clinic')}"),
        *drawn(_plot(found, max(NARROWEST, min(width, WIDEST)))),
        *figures(
            ("Sync", "Runs", "A minute", "Most", "Most/mean", "At once", "Requests", "USD a month"),
            [*(_row(sync, one) for sync, one in found.of_sync.items()), _row("all", found.total)],
            width,
        ),
        *(line(_stands_on(sync, found.work[sync])) for sync in found.of_sync),
        line(
            "Requests to Neo are assumed; costs are Lambda, Scheduler and queues at list prices as "
            "we remember them, without logs and database."
        ),
    ]


def _title(found: FleetForecast) -> str:
    return f"{TITLE} {moment(found.load.start, UTC)} on"


def _hours(start: datetime, every: int) -> list[tuple[int, str]]:
    """Hours of the day in UTC, as `every` divides them, each with its minute after the start."""
    first = -(start.hour * _HOUR + start.minute) % (every * _HOUR)
    at = range(first, MINUTES + 1, every * _HOUR)
    return [(minute, f"{start + timedelta(minutes=minute):%H:%M}") for minute in at]


def _row(name: str, one: Forecast) -> Sequence[str]:
    return (
        name,
        f"{one.runs:,}",
        f"{one.mean:,.1f}",
        f"{one.peak:,}",
        f"{one.peak_to_mean:.2f}",
        f"{one.at_once:,.1f}",
        f"{one.requests:,.0f}",
        f"{one.usd_a_month:,.2f}",
    )


def _stands_on(sync: str, work: Work) -> str:
    how = f"measured of {counted(work.measured, 'run')}" if work.measured else "assumed"
    few = "" if work.measured else ": too few runs of the last 7 days to measure"
    return f"A run of {sync} takes {work.seconds:.1f} s on average, {how}{few}."


def _plot(found: FleetForecast, width: int) -> str:
    """The most of each group of minutes; a day is as wide as the terminal."""
    import plotext  # takes a second, which only this command is to pay

    minutes = found.load.minutes
    group = -(-len(minutes) // (width - 10))
    most = [max(minutes[at : at + group]) for at in range(0, len(minutes), group)]
    figure: Any = plotext.figure
    figure.clear()
    figure.theme("colorless")
    figure.plot_size(width, ROWS)
    numbers = scale(max(most))
    figure.ruler("y").lim(0, numbers[-1])
    figure.draw(figure.bar([at * group for at in range(len(most))], most, width=1))
    figure.ruler("y").ticks(numbers, labels=[str(number) for number in numbers])
    hours = _hours(found.load.start, every=4)
    figure.ruler("x").ticks([at for at, _ in hours], labels=[label for _, label in hours])
    return str(plotext.uncolorize(str(figure.build())))


def forecast_data(found: FleetForecast, clinics: int) -> dict[str, Any]:
    """The forecast as one JSON object."""
    return {
        "clinics": clinics,
        "from": utc(found.load.start),
        "minutes": list(found.load.minutes),
        "syncs": {
            sync: {**_data(one), **_work_data(found.work[sync])}
            for sync, one in found.of_sync.items()
        },
        "total": _data(found.total),
    }


def _data(one: Forecast) -> dict[str, Any]:
    return {
        "runs_a_day": one.runs,
        "most_a_minute": one.peak,
        "most_to_mean": round(one.peak_to_mean, 3),
        "at_once": round(one.at_once, 1),
        "requests_a_day": round(one.requests),
        "usd_a_month": round(one.usd_a_month, 2),
    }


def _work_data(work: Work) -> dict[str, Any]:
    return {"seconds_a_run": round(work.seconds, 2), "measured_runs": work.measured}


def draw_forecast(found: FleetForecast, figure: "Figure") -> None:
    """A stacked area for each sync over the day."""
    from matplotlib.ticker import MaxNLocator  # installed where there is a figure

    axes = figure.subplots()
    hours = _hours(found.load.start, every=2)
    axes.set_title(_title(found))
    axes.set_xlabel("hour (UTC)")
    axes.set_ylabel("runs a minute")
    axes.set_xlim(0, MINUTES)
    axes.set_xticks([at for at, _ in hours], [label for _, label in hours])
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    of_sync = {sync: found.load.of_sync[sync] for sync in found.of_sync}
    if of_sync:
        minutes = range(MINUTES)
        axes.stackplot(minutes, *of_sync.values(), labels=list(of_sync), step="post")
        figure.legend(loc="outside right upper")
