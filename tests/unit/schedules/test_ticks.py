"""Ticks: when they are due, when one is missed, and what became of it."""

from datetime import UTC, datetime, timedelta
from typing import get_args
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from idexx_sync.core.vocabulary import JobStatus
from idexx_sync.schedules import ticks as module
from idexx_sync.schedules.fields import BadCron
from idexx_sync.schedules.ticks import (
    MADE_UP_WITHIN,
    MISSED_AFTER,
    SETTLES,
    Crons,
    Look,
    Silence,
    crons_of,
    look,
    missed_after,
    outcome_of,
    reading,
)

CLINIC = UUID("3f2b8c1e-5a77-4d0e-9c52-0d8f6a1b2c3d")
ZONE = ZoneInfo("America/New_York")
NOON = datetime(2026, 5, 4, 16, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def every(minutes: int, number: int, first: datetime = NOON) -> tuple[datetime, ...]:
    return tuple(first + n * minutes * MINUTE for n in range(number))


def test_r31_every_status_says_what_became_of_its_tick() -> None:
    found = {status: outcome_of(status, began=True) for status in get_args(JobStatus)}

    assert {status for status, outcome in found.items() if outcome == "ran"} == {
        *("succeeded", "succeeded_with_warnings", "held", "failed", "dead"),
    }
    assert {status for status, outcome in found.items() if outcome in ("missed", "skipped")} == {
        *("missed", "skipped_overlap", "skipped_stale"),
    }
    assert (found["queued"], found["running"]) == ("waiting", "waiting")
    assert (found["skipped_paused"], found["cancelled"]) == ("paused", "cancelled")
    assert {outcome_of(status, began=False) for status in ("dead", "failed")} == {"missed"}


def test_r31_a_look_finds_each_tick_of_its_time_once() -> None:
    crons = ("*/15 * * * *", "*/30 * * * *")

    assert look(crons, ZONE, NOON, NOON + 45 * MINUTE, 100) == Look(
        every(15, 3, NOON + 15 * MINUTE), NOON + 45 * MINUTE, NOON + 60 * MINUTE
    )
    assert look(crons, ZONE, NOON, NOON + 14 * MINUTE, 100) == Look(
        (), NOON + 14 * MINUTE, NOON + 15 * MINUTE
    )
    assert look((), ZONE, NOON, NOON + MINUTE, 100) == Look((), NOON + MINUTE, None)
    assert look(crons, ZONE, NOON, NOON - MINUTE, 100).judged_until == NOON


def test_r31_a_look_that_finds_too_many_goes_on_with_the_next() -> None:
    first = look(("*/15 * * * *",), ZONE, NOON, NOON + 60 * MINUTE, 3)
    second = look(("*/15 * * * *",), ZONE, first.judged_until, NOON + 60 * MINUTE, 3)

    assert first == Look(every(15, 3, NOON + 15 * MINUTE), NOON + 45 * MINUTE, NOON + 60 * MINUTE)
    assert second == Look((NOON + 60 * MINUTE,), NOON + 60 * MINUTE, NOON + 75 * MINUTE)


@pytest.mark.parametrize(
    ("cron", "day", "times"),
    [
        ("30 2 * * *", datetime(2026, 3, 8, tzinfo=UTC), []),
        ("30 1 * * *", datetime(2026, 11, 1, tzinfo=UTC), ["05:30"]),
        ("0 2 * * *", datetime(2026, 11, 1, tzinfo=UTC), ["07:00"]),
    ],
    ids=["skipped", "twice", "after it"],
)
def test_r31_clocks_that_change_make_no_tick_and_take_none(
    cron: str, day: datetime, times: list[str]
) -> None:
    seen = look((cron,), ZONE, day, day + timedelta(hours=12), 100)

    assert [f"{tick:%H:%M}" for tick in seen.due] == times


def test_r31_a_tick_is_waited_for_longer_while_others_come_late() -> None:
    assert missed_after(None) == missed_after(timedelta(seconds=-3)) == MISSED_AFTER
    assert missed_after(timedelta(minutes=40)) == MISSED_AFTER + timedelta(minutes=80)
    assert missed_after(timedelta(days=2)) == MADE_UP_WITHIN


def test_r31_nothing_is_due_in_a_pause_and_for_a_while_after_it() -> None:
    over = Silence(NOON, NOON + timedelta(hours=1))
    stands = Silence(NOON, None)

    assert not over.covers(NOON - MINUTE)
    assert over.covers(NOON)
    assert over.covers(NOON + timedelta(hours=1) + SETTLES)
    assert not over.covers(NOON + timedelta(hours=1, minutes=1) + SETTLES)
    assert stands.covers(NOON + timedelta(days=300))


def test_r31_crons_are_those_that_are_switched_on_and_can_be_read() -> None:
    stored = [
        {"type": "inbound", "cron": "0,20 * * * *"},
        {"type": "inbound", "cron": "5 7 * * 1"},
        {"type": "cases", "cron": "H 2 * * *", "enabled": False},
        {"type": "reconciliation", "cron": "61 2 * * *"},
    ]

    found = crons_of(CLINIC, stored, "America/New_York")

    assert found == {
        "inbound": Crons("America/New_York", ("0,20 * * * *", "5 7 * * 1")),
        "cases": Crons("America/New_York", ()),
        "reconciliation": Crons("America/New_York", ()),
    }


@pytest.mark.parametrize("zone", ["Moon/Base", "../etc/passwd", ""])
def test_r31_no_tick_is_due_where_its_zone_can_not_be_read(zone: str) -> None:
    found = crons_of(CLINIC, {"inbound": "0-59/15 * * * *"}, zone)

    assert all(one.crons == () for one in found.values()) is (zone != "")


def test_r31_crons_of_another_release_are_told_and_never_guessed() -> None:
    with pytest.raises(BadCron):
        Crons("UTC", ("@daily",)).next_tick(NOON)
    assert Crons("UTC", ()).next_tick(NOON) is None


def test_r31_a_release_that_reads_schedules_otherwise_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = reading()
    assert before == reading()

    monkeypatch.setattr(module, "timetable", lambda *_: type("T", (), {"crons": ()}))

    assert reading() != before
