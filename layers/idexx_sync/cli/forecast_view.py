"""A fleet's forecast as a plot of characters, as tables, as JSON and as a picture."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from idexx_sync.cli.phrases import utc
from idexx_sync.cli.tables import Shown, drawn, line, listing
from idexx_sync.cli.trend_view import NARROWEST, WIDEST, scale
from idexx_sync.core.phrases import counted
from idexx_sync.schedules.forecast import FleetForecast, Forecast, Work

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROWS: Final = 15
HOURS: Final = (0, 4, 8, 12, 16, 20, 24)
TITLE: Final = "Runs that begin in each minute of a day (UTC)"


def forecast_shown(found: FleetForecast, clinics: int, width: int) -> list[Shown]:
    """The plot, what each sync needs, and what the figures stand on."""
    if not found.total.runs:
        return [line("Nothing is scheduled at any clinic that is switched on.")]
    day = f"{utc(found.load.start)[:10]}, {counted(clinics, 'clinic')}"
    return [
        line(f"{TITLE}: {day}"),
        *drawn(_plot(found, max(NARROWEST, min(width, WIDEST)))),
        listing(
            ("Sync", "Runs", "A minute", "Most", "Most/mean", "At once", "Requests", "USD a month"),
            [*(_row(sync, one) for sync, one in found.of_sync.items()), _row("all", found.total)],
            whole=("Sync",),
        ),
        *(line(_stands_on(sync, found.work[sync])) for sync in found.of_sync),
        line(
            "Requests to Neo are assumed; costs are Lambda, Scheduler and queues at list prices as "
            "we remember them, without logs and database."
        ),
    ]


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
    figure.ruler("x").ticks([hour * 60 for hour in HOURS], labels=[f"{one}:00" for one in HOURS])
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
    axes = figure.subplots()
    hours = [minute / 60 for minute in range(len(found.load.minutes))]
    axes.set_title(TITLE)
    axes.set_xlabel("hour")
    axes.set_ylabel("runs")
    axes.set_xlim(0, 24)
    axes.set_xticks(range(0, 25, 2))
    if found.load.of_sync:
        axes.stackplot(hours, *found.load.of_sync.values(), labels=list(found.load.of_sync))
        figure.legend(loc="outside right upper")
