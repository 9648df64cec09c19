"""Rule R29: a tick is stale by its own schedule's next time."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from idexx_sync.core.catalog import SyncName
from idexx_sync.schedules.staleness import LEAST_STALE, OLDEST_TICK, Schedules, is_stale, next_tick

CLINIC = UUID("3f2b8c1e-5a77-4d0e-9c52-0d8f6a1b2c3d")
NIGHT = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
"""02:00 in Los Angeles."""
CRONS = {"inbound": "0-59/15 * * * *", "cases": "0 2,12 * * *", "reconciliation": "0 2 * * 0-6"}


def late(minutes: float, stored: Any = CRONS, zone: str | None = None) -> Schedules:
    return Schedules(CLINIC, NIGHT + timedelta(minutes=minutes), stored, zone)


@pytest.mark.parametrize(
    ("sync", "minutes", "stale"),
    [
        ("inbound", 1, False),
        ("inbound", 14.9, False),
        ("inbound", 15, True),
        ("inbound", 60, True),
        ("cases", 40, False),
        ("cases", 599.9, False),
        ("cases", 600, True),
        ("reconciliation", 40, False),
        ("reconciliation", 600, False),
        ("reconciliation", 24 * 60, True),
    ],
)
def test_r29_a_tick_is_stale_once_its_own_schedules_next_time_has_passed(
    sync: SyncName, minutes: float, stale: bool
) -> None:
    assert is_stale(sync, NIGHT, late(minutes)) is stale


@pytest.mark.parametrize(("minutes", "stale"), [(1, False), (4.9, False), (5, True)])
def test_r29_no_tick_is_stale_within_five_minutes(minutes: float, stale: bool) -> None:
    assert is_stale("inbound", NIGHT, late(minutes, {"inbound": "* * * * *"})) is stale
    assert timedelta(minutes=5) == LEAST_STALE


@pytest.mark.parametrize(
    ("stored", "zone"),
    [
        (None, None),
        ({}, None),
        ("no", None),
        ({"inbound": "61 * *"}, None),
        ([{"type": "inbound", "cron": "*/15 * * * *", "enabled": False}], None),
        (CRONS, "Mars/Olympus"),
    ],
    ids=["none", "empty", "no document", "unreadable", "switched off", "no zone"],
)
def test_r29_a_tick_whose_next_time_nobody_can_tell_is_not_stale(
    stored: Any, zone: str | None
) -> None:
    days = late(3 * 24 * 60, stored, zone)

    assert next_tick("inbound", NIGHT, days) is None
    assert not is_stale("inbound", NIGHT, days)


def test_r29_a_tick_older_than_any_queue_keeps_is_stale_whatever_its_schedule_says() -> None:
    old = OLDEST_TICK / timedelta(minutes=1)

    assert not is_stale("inbound", NIGHT, late(old, None))
    assert is_stale("inbound", NIGHT, late(old + 1, None))
    beginning = datetime(1, 1, 1, tzinfo=UTC)
    assert is_stale("inbound", beginning, late(0))


def test_a_tick_that_comes_before_its_time_is_not_stale() -> None:
    assert not is_stale("inbound", NIGHT, late(-60))
    assert not is_stale("inbound", datetime(9999, 12, 31, tzinfo=UTC), late(0))


def test_several_schedules_of_a_sync_count_together() -> None:
    stored = [
        {"type": "inbound", "cron": "0 2 * * *"},
        {"type": "inbound", "cron": "30 2 * * *"},
    ]

    assert not is_stale("inbound", NIGHT, late(29, stored))
    assert is_stale("inbound", NIGHT, late(30, stored))
