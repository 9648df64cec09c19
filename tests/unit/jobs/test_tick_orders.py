"""What one tick is: clinic, sync and scheduled time to the minute."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from idexx_sync.jobs.event import WorkerEvent
from idexx_sync.jobs.model import RunOrder, tick_order

CLINIC = UUID("3f2b8c1e-5a77-4d0e-9c52-0d8f6a1b2c3d")
DUE = datetime(2026, 5, 4, 14, 0, tzinfo=UTC)
EVENT = {"v": 1, "clinic_id": str(CLINIC), "sync": "inbound", "trigger": "schedule"}


def ordered(time: str, **more: object) -> RunOrder:
    return WorkerEvent.model_validate({**EVENT, "scheduled_time": time, **more}).order("inbound")


@pytest.mark.parametrize(
    "time",
    [
        "2026-05-04T14:00:00Z",
        "2026-05-04T14:00:00+00:00",
        "2026-05-04T14:00Z",
        "2026-05-04T14:00:59.999999Z",
        "2026-05-04T07:00:07-07:00",
        "2026-05-04T19:45:01+05:45",
    ],
)
def test_one_tick_however_its_time_is_written(time: str) -> None:
    order = ordered(time)

    assert order.job_id == tick_order(CLINIC, "inbound", "schedule", DUE).job_id
    assert order.scheduled_time == DUE


def test_another_minute_sync_or_clinic_is_another_tick() -> None:
    ids = {
        tick_order(clinic, sync, "schedule", DUE + timedelta(minutes=minutes)).job_id
        for clinic in (CLINIC, UUID(int=1))
        for sync in ("inbound", "cases")
        for minutes in (0, 1)
    }

    assert len(ids) == 8


def test_a_tick_keeps_its_id_from_release_to_release() -> None:
    """One that waits in a queue while a release comes is delivered to both."""
    assert tick_order(CLINIC, "inbound", "schedule", DUE).job_id == UUID(
        "e0e9278b-cb0a-5075-a3ef-767ec44f7b80"
    )


@pytest.mark.parametrize("time", ["0001-01-01T00:00:30+14:00", "9999-12-31T23:59:59-14:00"])
def test_times_at_the_edge_of_the_calendar_are_ticks_too(time: str) -> None:
    assert ordered(time).scheduled_time is not None
