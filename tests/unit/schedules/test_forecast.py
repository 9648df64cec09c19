"""What a fleet's schedules come to within a day: runs, workers at once, requests, money."""

from datetime import UTC, datetime, timedelta
from functools import partial
from io import StringIO
from random import Random
from time import process_time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from matplotlib.figure import Figure
from rich.console import Console

from idexx_sync.cli.forecast_view import draw_forecast, forecast_data, forecast_shown
from idexx_sync.cli.png import drawn_png
from idexx_sync.cli.tables import is_whole
from idexx_sync.core.catalog import CATALOG, SyncName
from idexx_sync.schedules.entries import read_entries
from idexx_sync.schedules.forecast import ASSUMED, FEWEST_MEASURED, FleetForecast, Work, forecast
from idexx_sync.schedules.load import MINUTES, Load, load_of
from idexx_sync.schedules.next_run import Timetable, timetable

START = datetime(2026, 11, 1, tzinfo=UTC)
"""Clocks go back in New York on that day, at 06:00 UTC."""
NEW_YORK = ZoneInfo("America/New_York")
UTC_ZONE = ZoneInfo("UTC")


def table(zone: ZoneInfo, *crons: tuple[SyncName, str]) -> Timetable:
    return Timetable(zone, tuple(crons), ())


def test_a_day_counts_each_run_at_its_minute() -> None:
    fleet = [table(UTC_ZONE, ("inbound", "5,50 * * * *")), table(UTC_ZONE, ("cases", "5 3 * * *"))]

    load = load_of([*fleet, fleet[0]], START)

    assert load.of_sync["inbound"][5] == load.of_sync["inbound"][23 * 60 + 50] == 2
    assert sum(load.of_sync["inbound"]) == 2 * 2 * 24
    assert load.minutes[3 * 60 + 5] == 3
    assert sum(load.minutes) == 2 * 2 * 24 + 1


def test_an_hour_that_comes_twice_is_forecast_as_it_will_run() -> None:
    load = load_of([table(NEW_YORK, ("cases", "30 0-3 * * *"))], START)

    # 00:30 and 01:30 while clocks still show summer time, 02:30 and 03:30 after they went back.
    assert [at for at, runs in enumerate(load.minutes) if runs] == [270, 330, 450, 510]


def test_the_first_minute_counts_and_that_after_the_last_does_not() -> None:
    load = load_of([table(UTC_ZONE, ("inbound", "0 0 * * *"))], START)

    assert load.minutes[0] == 1
    assert sum(load.minutes) == 1


@pytest.mark.parametrize("seconds", [0.5, 30, 60, 90, 200, 3600])
def test_all_the_time_that_runs_take_is_under_way_somewhere(seconds: float) -> None:
    minutes = [0] * MINUTES
    minutes[0], minutes[700], minutes[-1] = 3, 4, 5
    work: dict[SyncName, Work] = {"inbound": Work(seconds, 1, FEWEST_MEASURED)}

    found = forecast(Load(START, {"inbound": tuple(minutes)}), work)
    steady = forecast(Load(START, {"inbound": (6,) * MINUTES}), work)

    assert steady.total.at_once == pytest.approx(6 * seconds / 60), "Little's law"
    assert 0 < found.total.at_once <= 12
    assert found.total.runs == 12


def test_too_few_measured_runs_are_not_counted_on() -> None:
    load = Load(START, {"inbound": (1,) * MINUTES})

    few = forecast(load, {"inbound": Work(50.0, 2, FEWEST_MEASURED - 1)})
    enough = forecast(load, {"inbound": Work(50.0, 2, FEWEST_MEASURED)})

    assert few.work["inbound"] == ASSUMED["inbound"]
    assert enough.work["inbound"].seconds == 50.0
    assert enough.total.usd_a_month > few.total.usd_a_month
    assert "assumed: too few runs" in _text(few)
    assert "measured of 20 runs" in _text(enough)


def test_where_nothing_is_scheduled_that_is_said() -> None:
    found = forecast(load_of([], START), {})

    assert _text(found) == "Nothing is scheduled at any clinic that is switched on."
    assert forecast_data(found, 0)["total"]["runs_a_day"] == 0
    assert drawn_png(partial(draw_forecast, found)).startswith(b"\x89PNG")


def test_p16_ten_thousand_clinics_are_forecast_within_ten_seconds() -> None:
    dice = Random(16)
    stored = read_entries({row.name: row.default_cron for row in CATALOG.values()}).readable

    began = process_time()
    fleet = (
        timetable(stored, NEW_YORK, UUID(int=dice.getrandbits(128), version=4))
        for _ in range(10_000)
    )
    found = forecast(load_of(fleet, START + timedelta(days=1)), {})

    assert found.total.runs == 10_000 * (96 + 12 + 1)
    assert process_time() - began < 10


def test_the_plot_names_the_hours_of_utc_from_its_own_beginning_on() -> None:
    start = START + timedelta(hours=21, minutes=49)
    found = forecast(load_of([table(UTC_ZONE, ("cases", "30 4 * * *"))], start), {})
    figure = Figure()
    draw_forecast(found, figure)
    axes = figure.axes[0]
    labels = [label.get_text() for label in axes.get_xticklabels()]
    hours = dict(zip(labels, axes.get_xticks(), strict=True))
    plotted: Any = axes.collections[0].get_paths()[0].vertices

    plot = _text(found).splitlines()
    marks = next(row for row in plot if "04:00" in row)
    bar = next(row for row in plot if row.startswith("1"))

    assert "the 24 hours from 2026-11-01 21:49 UTC on" in plot[0]
    assert abs(bar.index("█") - marks.index("04:00") - 2) <= 3, "half an hour after that mark"
    assert {at for at, runs in plotted if runs} == {hours["04:00"] + 30, hours["04:00"] + 31}


@pytest.mark.parametrize("width", [40, 60, 80, 87, 200])
def test_no_number_of_a_forecast_is_torn_apart_however_narrow_the_terminal(width: int) -> None:
    found = forecast(load_of([table(UTC_ZONE, ("reconciliation", "* * * * *"))], START), {})

    numbers = ("1,440", "87,840", f"{found.total.usd_a_month:.2f}")

    rows = _text(found, width).splitlines()

    assert all(any(number in row.split() for row in rows) for number in numbers)
    assert any(row.strip().startswith("reconciliation") for row in rows)


def _text(found: FleetForecast, width: int = 80) -> str:
    console = Console(width=width, highlight=False, file=StringIO())
    for part in forecast_shown(found, 1, width):
        console.print(part, soft_wrap=is_whole(part))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue().rstrip("\n")
