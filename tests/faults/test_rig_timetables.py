"""What the weeks on schedule check can fail, each by itself."""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from tests.faults.results import Outcome
from tests.faults.rig import Rig
from tests.faults.timetables import FOREIGN, Weeks, due_times
from tests.kit.mirror import GROUP

HALF_A_DAY = timedelta(hours=12)


@pytest.fixture
def weeks(rig: Rig) -> Iterator[Weeks]:
    """Half a day of two clinics, in which nothing fails."""
    rig.forget_clinics()
    made = Weeks(rig, Outcome("", ""), datetime(2026, 10, 24, tzinfo=UTC), 2, random.Random(1))
    while made.now < made.began + HALF_A_DAY:
        made.step(calm=True)
    yield made
    made.close()


def found(weeks: Weeks) -> list[str]:
    weeks.outcome.violations.clear()
    weeks.check()
    return [f"{one.rule} {one.text}" for one in weeks.outcome.violations]


Spoil = Callable[[Weeks], object]
A_TICK = """id = (SELECT id FROM idexx_sync.jobs WHERE scheduled_time > '2026-10-24 02:00+00'
               ORDER BY scheduled_time LIMIT 1)"""
SPOILT: dict[str, Spoil] = {
    "has no job": lambda weeks: weeks.conn.execute(f"DELETE FROM idexx_sync.jobs WHERE {A_TICK}"),
    "is missed and nothing made it up": lambda weeks: weeks.conn.execute(
        "UPDATE idexx_sync.jobs SET status = 'missed', started_at = NULL"
    ),
    "was never due": lambda weeks: weeks.conn.execute(
        f"UPDATE idexx_sync.jobs SET scheduled_time = scheduled_time + interval '1 min' "
        f"WHERE {A_TICK}"
    ),
    "ran more than once": lambda weeks: weeks.ran.update({uuid4(): 2}),
    "has not what the rows say": lambda weeks: weeks._scheduler.delete_by_hand(
        next(name for name in weeks._scheduler.schedules() if name != FOREIGN)
    ),
    "another group was touched": lambda weeks: weeks._scheduler.delete_by_hand(FOREIGN, "others"),
}


def test_half_a_day_without_trouble_is_as_it_should_be(weeks: Weeks) -> None:
    assert found(weeks) == []
    assert weeks.outcome.notes["ticks judged"] > 0
    assert GROUP in weeks._scheduler.groups


@pytest.mark.parametrize("what", SPOILT)
def test_what_must_never_be_is_seen(weeks: Weeks, what: str) -> None:
    SPOILT[what](weeks)

    assert any(what in text for text in found(weeks))


def test_due_times_are_those_of_a_wall_clock() -> None:
    zone = ZoneInfo("America/New_York")
    autumn, spring = datetime(2026, 11, 1, tzinfo=UTC), datetime(2027, 3, 14, tzinfo=UTC)

    def hours(cron: str, day: datetime) -> list[int]:
        return [due.hour for due in due_times(cron, zone, day, day + timedelta(hours=12))]

    assert hours("30 1,2 * * *", autumn) == [5, 7], "01:30 comes twice"
    assert hours("30 1,2 * * *", spring) == [6], "02:30 is skipped"
    assert len(hours("30 * * * *", autumn)) == 12
