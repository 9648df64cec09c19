"""The watchdog's digest: each time zone's clinics before they open, told once a morning."""

from collections.abc import Callable, Mapping
from datetime import time
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from idexx_sync.alerts.slack import message_store
from idexx_sync.clinics.freshness import clinic_freshness
from idexx_sync.clinics.state import ClinicState, states_of
from idexx_sync.core.clinic_time import to_wall, zone_of
from idexx_sync.core.vocabulary import Freshness
from idexx_sync.database.business_time import business_time
from idexx_sync.database.connection import Conn
from idexx_sync.upkeep.morning_store import clinics_in, waiting_at, zone_names
from idexx_sync.upkeep.place_store import keep_place, place_of

BEGINS: Final = time(6, 30)
"""Local time: early enough to act before a clinic opens."""
ENDS: Final = time(12, 0)
"""A morning that nobody could tell before is not told any more."""
CLINICS_AT_ONCE: Final = 200
NEEDS_S: Final = 8.0
"""What the clinics of one zone may take: ten thousand take two seconds of a whole core; a zone that
is cut off begins anew."""
WORK: Final = "mornings"
WORST_FIRST: Final[tuple[Freshness, ...]] = (
    *("action_required", "paused", "stale", "new", "late"),
    "on_time",
)
"""Only who is on time with all syncs is ready for the day."""


def tell_mornings(conn: Conn, time_left: Callable[[], float]) -> tuple[Mapping[str, int], bool]:
    """Make the digest of each zone in which it is morning and none was made today."""
    now = business_time(conn)
    made = 0
    for zone, names in _zones(conn).items():
        wall = to_wall(now, zone)
        day = wall.date().isoformat()
        if not BEGINS <= wall.time() < ENDS or place_of(conn, _work(zone)) == day:
            continue
        if time_left() < NEEDS_S:
            return {"digests": made}, False
        told = _told(conn, clinics_in(conn, names))
        made += message_store.make_digest(conn, zone.key, wall.date(), told)
        keep_place(conn, _work(zone), day)
    return {"digests": made}, True


def _zones(conn: Conn) -> dict[ZoneInfo, list[str]]:
    """The zones of clinics, each with all that ODIS calls it: what names none is Los Angeles."""
    zones: dict[ZoneInfo, list[str]] = {}
    for name in zone_names(conn):
        zones.setdefault(zone_of(name or None), []).append(name)
    return zones


def _told(conn: Conn, ids: list[UUID]) -> dict[str, Any]:
    ready: list[str] = []
    not_ready: list[dict[str, str]] = []
    for first in range(0, len(ids), CLINICS_AT_ONCE):
        some = states_of(conn, ids[first : first + CLINICS_AT_ONCE])
        for state in sorted(some, key=lambda one: (one.name, one.id)):
            word = _worst(state)
            if word is None:
                ready.append(state.name)
            else:
                not_ready.append({"id": str(state.id), "name": state.name, "freshness": word})
    waits = waiting_at(conn, ids)
    return {
        "ready": ready,
        "not_ready": not_ready,
        "holds": waits.holds,
        "discrepancies": waits.discrepancies,
        "missed": waits.missed,
        "made_up": waits.made_up,
    }


def _worst(state: ClinicState) -> str | None:
    """How the sync stands that is furthest from being current; None: all are."""
    syncs = clinic_freshness(state, state.read_at).syncs
    worst = min((one.freshness for one in syncs if one.is_expected), key=WORST_FIRST.index)
    return None if worst == "on_time" else worst


def _work(zone: ZoneInfo) -> str:
    return f"{WORK}:{zone.key}"
