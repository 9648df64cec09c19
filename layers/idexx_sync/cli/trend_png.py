"""A trend as a picture, by matplotlib, which only whoever wants one needs."""

from io import BytesIO
from pathlib import Path
from typing import Final

from idexx_sync.cli.errors import CommandError
from idexx_sync.cli.exits import Exit
from idexx_sync.cli.phrases import DIFFERENCES
from idexx_sync.cli.trend import Trend
from idexx_sync.core.phrases import phrase

INCHES: Final = (11.0, 5.0)
DOTS_PER_INCH: Final = 120


def write_png(trend: Trend, path: Path) -> None:
    """Write the picture; CommandError where matplotlib or the place for it is missing."""
    picture = drawn_png(trend)
    try:
        path.write_bytes(picture)
    except OSError as error:
        raise CommandError(
            f"{path} can't be written: {error.strerror}; name another file",
            kind="file",
            exit_code=Exit.FAILED,
        ) from None


def drawn_png(trend: Trend) -> bytes:
    """The picture: a stacked bar for each day from the first night to the last."""
    try:
        from matplotlib.figure import Figure
        from matplotlib.ticker import MaxNLocator
    except ModuleNotFoundError:
        raise CommandError(
            "matplotlib is not installed, and --png needs it: pip install matplotlib (the extra "
            "`png` of this project); without --png the plot is shown here",
            kind="not_installed",
            exit_code=Exit.FAILED,
        ) from None
    figure = Figure(figsize=INCHES, dpi=DOTS_PER_INCH, layout="constrained")
    axes = figure.subplots()
    days = [day.isoformat() for day in trend.days]
    nights = {night.day: night.causes for night in trend.nights}
    bottom = [0] * len(days)
    for cause in trend.causes:
        found = [nights.get(day, {}).get(cause, 0) for day in trend.days]
        axes.bar(days, found, bottom=bottom, label=phrase(DIFFERENCES, cause))
        bottom = [below + number for below, number in zip(bottom, found, strict=True)]
    axes.set_title("Differences to Neo, by night and cause")
    axes.set_ylabel("differences")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.tick_params(axis="x", rotation=90)
    if trend.causes:
        figure.legend(loc="outside right upper")
    picture = BytesIO()
    figure.savefig(picture, format="png")
    return picture.getvalue()
