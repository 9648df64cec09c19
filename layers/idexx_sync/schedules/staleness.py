"""Whether a tick has come too late: by its own schedule's next time. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from idexx_sync.core.catalog import SyncName
from idexx_sync.core.clinic_time import named_zone
from idexx_sync.schedules.entries import read_entries
from idexx_sync.schedules.next_run import timetable

LEAST_STALE: Final = timedelta(minutes=5)
"""A tick is not stale sooner, however soon its schedule's next one comes."""
OLDEST_TICK: Final = timedelta(days=30)
"""Of an older one no queue keeps a message: its time is not true."""


@dataclass(frozen=True, slots=True)
class Schedules:
    """By what a clinic's ticks come, and what time it is."""

    clinic_id: UUID
    now: datetime
    """Business time."""
    sync_schedules: Any
    """As ODIS stored them."""
    timezone: str | None


def is_stale(sync: SyncName, due: datetime, clinic: Schedules) -> bool:
    """Whether the sync's next tick has come, so that its run does the work of this one.

    Where that can't be read, nobody knows of another run: the tick is not stale.
    """
    late = clinic.now - due
    if not LEAST_STALE <= late <= OLDEST_TICK:
        return late > OLDEST_TICK
    following = next_tick(sync, due, clinic)
    return following is not None and following <= clinic.now


def next_tick(sync: SyncName, due: datetime, clinic: Schedules) -> datetime | None:
    """The sync's first due time after this one; None where its schedules or its zone do not say."""
    zone = named_zone(clinic.timezone)
    if zone is None:
        return None
    entries = read_entries(clinic.sync_schedules)
    return timetable(entries.readable, zone, clinic.clinic_id).next_run(sync, due)
