"""The clock, sessions that depend on it, and the words of the life cycle."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from neo_simulator.clock import Clock
from neo_simulator.sessions import Sessions
from neo_simulator.statuses import DISPLAY, display

wall = datetime.fromisoformat

ZONE = ZoneInfo("America/Los_Angeles")
IDLE, ABSOLUTE = timedelta(minutes=20), timedelta(hours=8)
NOW = datetime(2026, 5, 4, 16, tzinfo=UTC)


def test_a_clock_stands_still_where_it_was_set_and_moves_on_when_told() -> None:
    clock = Clock(ZONE)
    clock.set_local(wall("2026-05-04 23:50"))
    clock.advance(timedelta(minutes=20))

    assert clock.local() == wall("2026-05-05 00:10")
    assert clock.now() == datetime(2026, 5, 5, 7, 10, tzinfo=UTC)
    assert clock.mode == "fixed"


def test_a_clock_moves_across_a_dst_change_as_a_real_one_does() -> None:
    clock = Clock(ZONE)
    clock.set_local(wall("2026-03-08 01:30"))
    clock.advance(timedelta(hours=1))

    assert clock.local() == wall("2026-03-08 03:30")


def test_a_clock_runs_on_from_a_set_time_and_back_to_real_time() -> None:
    clock = Clock(ZONE)
    clock.set_local(wall("2026-05-04 09:00"), running=True)
    assert wall("2026-05-04 09:00") <= clock.local() < wall("2026-05-04 09:01")
    assert clock.mode == "running"

    clock.set_real()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)


def started(sessions: Sessions, *, kill_others: bool = False, complete: bool = True) -> str:
    token, _ = sessions.start("robin", NOW, complete=complete, kill_others=kill_others)
    return token


@pytest.mark.parametrize(
    ("steps", "valid"),
    [
        ([20], True),
        ([21], False),
        ([15, 15, 15], True),
        ([20] * 24, True),
        ([20] * 25, False),
    ],
)
def test_idle_time_slides_and_absolute_time_does_not(steps: list[int], valid: bool) -> None:
    sessions = Sessions()
    token = started(sessions)
    moment = NOW
    session = None
    for minutes in steps:
        moment += timedelta(minutes=minutes)
        session = sessions.use(token, moment, IDLE, ABSOLUTE)

    assert (session is not None) == valid


def test_an_expired_session_stays_expired_and_stays_known() -> None:
    sessions = Sessions()
    token = started(sessions)
    assert sessions.use(token, NOW + timedelta(hours=1), IDLE, ABSOLUTE) is None

    assert sessions.use(token, NOW, IDLE, ABSOLUTE) is None
    assert sessions.known(token)
    assert not sessions.known("another")


def test_without_limits_a_session_lives_on() -> None:
    sessions = Sessions()
    token = started(sessions)

    assert sessions.use(token, NOW + timedelta(days=99), None, None)


def test_a_second_login_can_end_the_first() -> None:
    sessions = Sessions()
    first, second = started(sessions), started(sessions)
    assert sessions.use(first, NOW, IDLE, ABSOLUTE)

    third = started(sessions, kill_others=True)
    assert sessions.use(first, NOW, IDLE, ABSOLUTE) is None
    assert sessions.use(second, NOW, IDLE, ABSOLUTE) is None
    assert sessions.use(third, NOW, IDLE, ABSOLUTE)


def test_a_session_whose_login_is_not_complete_opens_nothing() -> None:
    sessions = Sessions()

    assert sessions.use(started(sessions, complete=False), NOW, IDLE, ABSOLUTE) is None


@pytest.mark.parametrize("state", DISPLAY)
def test_every_status_has_two_spellings_that_fold_to_one(state: str) -> None:
    folded = {
        display(state, spelling).lower().replace("-", " ").replace("_", " ") for spelling in (0, 1)
    }

    assert display(state, 0) != display(state, 1)
    assert len(folded) == 1
