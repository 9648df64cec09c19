"""When crons are due in a clinic's zone, over changes of the clocks too."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idexx_sync.core.clinic_time import to_wall
from idexx_sync.schedules.entries import Entry
from idexx_sync.schedules.fields import BadCron
from idexx_sync.schedules.next_run import Timetable, next_run, previous_run, timetable

CLINIC = UUID(int=1)
LOS_ANGELES = ZoneInfo("America/Los_Angeles")
NOON = datetime(2026, 5, 4, 19, 0, tzinfo=UTC)
"""Monday noon in Los Angeles."""


def local(text: str, zone: ZoneInfo = LOS_ANGELES, *, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).astimezone(UTC)


TIMES = [
    ("*/15 * * * *", "2026-05-04 12:15", "2026-05-04 12:00"),
    ("0 2 * * *", "2026-05-05 02:00", "2026-05-04 02:00"),
    ("30 18 * * 1-6", "2026-05-04 18:30", "2026-05-02 18:30"),
    ("30 18 * * MON-sat", "2026-05-04 18:30", "2026-05-02 18:30"),
    ("0 7 1 * 3", "2026-05-06 07:00", "2026-05-01 07:00"),  # the first, or any Wednesday
    ("0 12 * * *", "2026-05-05 12:00", "2026-05-04 12:00"),
    ("0 0 29 2 *", "2028-02-29 00:00", "2024-02-29 00:00"),
]


@pytest.mark.parametrize(("cron", "following", "previous"), TIMES)
def test_a_cron_is_read_in_the_clinics_zone(cron: str, following: str, previous: str) -> None:
    assert next_run(cron, LOS_ANGELES, NOON) == local(following)
    assert previous_run(cron, LOS_ANGELES, NOON) == local(previous)


def test_a_fraction_of_a_second_moves_nothing() -> None:
    for moment in (NOON + timedelta(microseconds=1), NOON + timedelta(seconds=1)):
        assert previous_run("0 12 * * *", LOS_ANGELES, moment) == NOON
        assert next_run("0 12 * * *", LOS_ANGELES, moment) == NOON + timedelta(days=1)
    just_before = NOON - timedelta(microseconds=1)
    assert next_run("0 12 * * *", LOS_ANGELES, just_before) == NOON
    assert previous_run("0 12 * * *", LOS_ANGELES, just_before) == NOON - timedelta(days=1)


def test_a_skipped_time_is_left_out() -> None:
    day_before = local("2026-03-07 02:30")

    assert next_run("30 2 * * *", LOS_ANGELES, day_before) == local("2026-03-09 02:30")
    assert previous_run("30 2 * * *", LOS_ANGELES, local("2026-03-08 12:00")) == day_before


def test_a_repeated_time_counts_once() -> None:
    first, second = (local("2026-11-01 01:30", fold=fold) for fold in (0, 1))
    between = local("2026-11-01 01:15", fold=1)

    assert second - first == timedelta(hours=1)
    assert next_run("30 1 * * *", LOS_ANGELES, between) == local("2026-11-02 01:30")
    assert previous_run("30 1 * * *", LOS_ANGELES, between) == first
    assert previous_run("30 1 * * *", LOS_ANGELES, second) == first


def test_half_an_hour_that_comes_twice_counts_once_where_utc_cannot_tell_its_minutes() -> None:
    zone = ZoneInfo("Australia/Lord_Howe")
    between = datetime(2026, 4, 4, 15, 0, tzinfo=UTC)  # 1:59 has been, and comes once more

    assert previous_run("59 * * * *", zone, between) == datetime(2026, 4, 4, 14, 59, tzinfo=UTC)
    assert next_run("59 * * * *", zone, between) == datetime(2026, 4, 4, 16, 29, tzinfo=UTC)
    assert next_run("29,59 * * * *", zone, between) == datetime(2026, 4, 4, 15, 29, tzinfo=UTC)


class Cron(NamedTuple):
    minutes: frozenset[int]
    hours: frozenset[int] | None
    """None: every hour."""

    def __str__(self) -> str:
        def joined(numbers: frozenset[int]) -> str:
            return ",".join(map(str, sorted(numbers)))

        return f"{joined(self.minutes)} {joined(self.hours) if self.hours else '*'} * * *"

    def times(self, zone: ZoneInfo, moment: datetime) -> list[datetime]:
        """All due times from two days before to two days after, minute by minute."""
        first = moment.replace(second=0, microsecond=0) - timedelta(days=2)
        minutes = [first + timedelta(minutes=n) for n in range(4 * 24 * 60)]
        return [instant for instant in minutes if self._is_due(instant, zone)]

    def _is_due(self, instant: datetime, zone: ZoneInfo) -> bool:
        wall = instant.astimezone(zone)
        if self.hours is None and self._comes_again_after(zone):
            return wall.minute in self.minutes
        if self.hours is None:
            return wall.minute in self.minutes and not wall.fold
        return wall.minute in self.minutes and wall.hour in self.hours and not wall.fold

    def _comes_again_after(self, zone: ZoneInfo) -> bool:
        """Whether its minutes are the same in UTC, on whichever side of a change."""
        repeated = 30 if zone.key == "Australia/Lord_Howe" else 60
        return self.minutes == {(minute + repeated) % 60 for minute in self.minutes}


crons = st.builds(
    Cron,
    st.frozensets(st.sampled_from([0, 1, 15, 30, 59]), min_size=1),
    st.none() | st.frozensets(st.integers(0, 4), min_size=1),
)
ZONES = {
    "America/Los_Angeles": ["2026-03-08 10:00", "2026-11-01 09:00"],
    "America/Havana": ["2026-03-08 05:00", "2026-11-01 05:00"],  # at midnight
    "Australia/Lord_Howe": ["2026-04-04 15:00", "2026-10-03 15:30"],  # by half an hour
    "Asia/Kathmandu": ["2026-05-04 00:00"],
}
changes = st.sampled_from([(zone, text) for zone, texts in ZONES.items() for text in texts])


@given(crons, changes, st.integers(-20_000, 20_000))
def test_times_are_those_of_a_clock_watched_minute_by_minute(
    cron: Cron, change: tuple[str, str], seconds: int
) -> None:
    zone = ZoneInfo(change[0])
    around = datetime.fromisoformat(change[1]).replace(tzinfo=UTC)
    moment = around + timedelta(seconds=seconds)

    times = cron.times(zone, moment)

    following, previous = next_run(str(cron), zone, moment), previous_run(str(cron), zone, moment)
    assert following == min(time for time in times if time > moment)
    assert previous == max(time for time in times if time <= moment)
    assert previous is not None
    assert to_wall(previous, zone).minute in cron.minutes


BAD = [
    ("H-5 * * * *", "minute 'H-5' is no H: write H, H/15, H(0-29) or H(0-29)/10"),
    ("every hour", "has 2 fields"),
    ("at the half hour please", "minute 'AT': 0 to 59 is expected"),
    ("0 0 * *", "has 4 fields"),
    ("0 0 0 * * *", "has 6 fields"),
    ("@daily", "has 1 field,"),
    ("61 * * * *", "minute '61': 0 to 59 is expected"),
    ("0 0 30 2 *", "day of month '30': no month that it names has that day"),
    ("0 0 ? * MON", "day of month '?': 1 to 31 is expected"),
    ("0 0 L * *", "day of month 'L': 1 to 31 is expected"),
    ("0 0 * * MON#2", "weekday 'MON#2': 0 to 7 or SUN to SAT is expected"),
    ("0 0 */2 * MON", "are both restricted, one by a step"),
    ("0 0 1 * */2", "are both restricted, one by a step"),
    ("0 22-2 * * *", "hour '22-2' runs backwards: write two ranges or a list"),
    ("*/0 * * * *", "minute: behind a / a number of at least 1 is expected, found '0'"),
    ("5,, * * * *", "minute '': 0 to 59 is expected"),
    (f"{'0,' * 50}0 * * * *", "at most 100 characters"),
]


@pytest.mark.parametrize(("cron", "said"), BAD)
def test_a_cron_that_cannot_be_read_has_no_next_run_and_is_named(cron: str, said: str) -> None:
    bad = Entry("sync_schedules[0]", "inbound", cron)
    good = Entry("sync_schedules[1]", "cases", "0 0 * * THU")

    table = timetable((bad, good), LOS_ANGELES, CLINIC)

    assert table.crons == (("cases", "0 0 * * THU"),)
    (problem,) = table.problems
    assert problem.startswith("sync_schedules[0]: ")
    assert said in problem
    assert table.next_run("inbound", NOON) is None


@given(st.text(st.sampled_from("0159*/,-#LWHMONa?@é² "), max_size=30) | st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(BadCron):
        assert (next_run(text, LOS_ANGELES, NOON) or NOON) >= NOON


def test_of_several_entries_the_nearest_counts() -> None:
    table = timetable(
        (
            Entry("a", "inbound", "0 7 * * *"),
            Entry("b", "inbound", "0 19 * * *"),
            Entry("c", "inbound", "0 13 * * *", enabled=False),
            Entry("d", "enrich", "30 12 * * *"),
        ),
        LOS_ANGELES,
        CLINIC,
    )

    assert table.next_run("inbound", NOON) == local("2026-05-04 19:00")
    assert table.previous_run("inbound", NOON) == local("2026-05-04 07:00")
    assert table.next_run("cases", NOON) == local("2026-05-04 12:30")
    assert table.next_run("reconciliation", NOON) is None


@pytest.mark.parametrize("seconds", [0, 0.5, 59.9])
def test_within_a_minute_the_same_runs_are_next_and_last(seconds: float) -> None:
    table = timetable((Entry("a", "inbound", "0,1 12 * * *"),), LOS_ANGELES, CLINIC)
    moment = NOON + timedelta(seconds=seconds)

    assert table.previous_run("inbound", moment) == NOON
    assert table.next_run("inbound", moment) == NOON + timedelta(minutes=1)


def test_nothing_is_due_without_entries() -> None:
    table = timetable((), LOS_ANGELES, CLINIC)

    assert table == Timetable(LOS_ANGELES, (), ())
    assert table.previous_run("inbound", NOON) is None
