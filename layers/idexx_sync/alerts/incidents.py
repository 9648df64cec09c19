"""What is told beside the ends of jobs, by whoever watches over all clinics."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

from idexx_sync.alerts import incident_store
from idexx_sync.alerts.incident_store import Grown
from idexx_sync.clinics.overview import ClinicOverview, overviews_of
from idexx_sync.clinics.status import STALE_MINUTES, SyncStatus, clinic_status
from idexx_sync.core.errors import WhoActs, who_acts
from idexx_sync.database.connection import Conn


def tell_stale(conn: Conn, after: UUID | None, limit: int) -> tuple[int, UUID | None]:
    """Tell whose data have grown old, and whose no longer are, among the next `limit` clinics.

    Gives how many alerts were opened or closed, and the clinic behind which to go on; None: that
    was the last one.
    """
    ids = incident_store.clinics_after(conn, after, limit)
    overviews = overviews_of(conn, ids).values()
    changed = incident_store.tell_grown(conn, [one for of in overviews for one in grown(of)])
    return changed, ids[-1] if len(ids) == limit else None


def grown(overview: ClinicOverview) -> Iterator[Grown]:
    """Each sync of the clinic, and whether its data have grown old."""
    for sync in clinic_status(overview, overview.read_at).syncs:
        history = overview.history(sync.sync)
        kind = None if history is None else history.error_kind
        who: WhoActs = "odis" if kind is None else who_acts(kind)
        yield Grown(overview.id, sync.sync, _is_stale(overview, sync, kind), who, kind)


def _is_stale(overview: ClinicOverview, sync: SyncStatus, kind: str | None) -> bool:
    """Data that never came are old too, where nothing else tells that they don't."""
    if not sync.is_expected:
        return False
    if sync.freshness != "new" or kind is None or who_acts(kind) != "nobody":
        return sync.freshness == "stale"
    waits = timedelta(minutes=overview.stale_minutes or STALE_MINUTES)
    return overview.changed_at is not None and overview.read_at - overview.changed_at > waits
