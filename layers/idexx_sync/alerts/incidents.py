"""What is told beside the ends of jobs, by whoever watches over all clinics."""

from collections.abc import Iterator
from uuid import UUID

from idexx_sync.alerts import incident_store
from idexx_sync.alerts.incident_store import Grown
from idexx_sync.alerts.kinds import STALE
from idexx_sync.clinics.freshness import SyncFreshness, clinic_freshness, never_came
from idexx_sync.clinics.state import ClinicState, states_of
from idexx_sync.core.errors import WhoActs, who_acts
from idexx_sync.database.connection import Conn
from idexx_sync.schedules.next_run import Timetable


def tell_stale(conn: Conn, after: UUID | None, limit: int) -> tuple[int, UUID | None]:
    """Tell whose data have grown old, and whose no longer are, among the next `limit` clinics.

    Gives how many alerts were opened or closed, and the clinic behind which to go on; None: that
    was the last one.
    """
    ids = incident_store.clinics_after(conn, after, limit)
    found = [one for state in states_of(conn, ids) for one in _to_tell(state)]
    changed = incident_store.tell_grown(conn, found)
    return changed, ids[-1] if len(ids) == limit else None


def _to_tell(state: ClinicState) -> Iterator[Grown]:
    """Each sync of the clinic, and whether its data have grown old; nothing of most clinics, where
    nothing is old, nor told."""
    found = clinic_freshness(state, state.read_at)
    stale = [_is_stale(state, one, found.table) for one in found.syncs]
    if not any(stale) and state.alert_on(STALE) is None:
        return
    for one, is_stale in zip(found.syncs, stale, strict=True):
        kind = None if one.history is None else one.history.error_kind
        who: WhoActs = "odis" if kind is None else who_acts(kind)
        yield Grown(state.id, one.sync, is_stale, who, kind)


def _is_stale(state: ClinicState, one: SyncFreshness, table: Timetable) -> bool | None:
    """Whether its data have grown old; data that never came are old too. None: nobody knows, for
    what somebody has to act on is told by itself, and what is paused is not looked at."""
    if not one.is_expected:
        return False
    if one.freshness == "new":
        return never_came(state, one.sync, table)
    if one.freshness in ("action_required", "paused"):
        return None
    return one.freshness == "stale"
