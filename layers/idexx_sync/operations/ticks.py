"""What became of clinics' scheduled times within the last 24 hours."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from idexx_sync.core.catalog import SyncName
from idexx_sync.database.business_time import business_time
from idexx_sync.database.connection import Conn
from idexx_sync.jobs.tick_store import tick_counts
from idexx_sync.operations.tick_models import SyncTicks, TicksView
from idexx_sync.schedules.ticks import GOAL, tallies

WINDOW: Final = timedelta(hours=24)


def ticks_view(conn: Conn, clinic_id: UUID | None, sync: SyncName | None = None) -> TicksView:
    """Of all clinics or the one named, of each sync or the one named."""
    now = business_time(conn).replace(second=0, microsecond=0)  # ticks are minutes
    found = tallies(tick_counts(conn, clinic_id, WINDOW))
    return TicksView(
        since=now - WINDOW,
        until=now,
        goal=GOAL,
        syncs=tuple(SyncTicks.of(of, tally) for of, tally in found.items() if sync in (None, of)),
    )
