"""A trend as a picture."""

from typing import TYPE_CHECKING

from idexx_sync.cli.phrases import DIFFERENCES
from idexx_sync.cli.trend import Trend
from idexx_sync.core.phrases import phrase

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_trend(trend: Trend, figure: "Figure") -> None:
    """A stacked bar for each day from the first night to the last."""
    from matplotlib.ticker import MaxNLocator

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
