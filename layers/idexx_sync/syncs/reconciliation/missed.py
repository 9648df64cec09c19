"""Which sync should have found a difference, and did not. Pure."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from idexx_sync.core.catalog import CATALOG, LoggedKind
from idexx_sync.core.clinic_time import local_day, parse_wall, to_instant
from idexx_sync.syncs.reconciliation.model import MissedBy

_KEPT_BY: Final[Mapping[LoggedKind, MissedBy]] = {"appointment": "inbound", "case": "cases"}
"""Kind of record -> the sync that keeps it."""


def missed_by(
    kind: LoggedKind,
    day: date,
    stamp: str | None,
    began: Mapping[str, datetime | None],
    zone: ZoneInfo,
    horizon_days: int,
    known_since: datetime | None = None,
) -> MissedBy | None:
    """The sync that has read the record since Neo changed it.

    `stamp` is the wall-clock text of that change, and `known_since` when the same difference was
    seen first, which counts where Neo does not say it; `began` is sync -> when its last run that
    brought all up to date began. None: no run has read it since, or nobody knows.
    """
    sync = _KEPT_BY[kind]
    at = began.get(sync)
    changed = known_since if stamp is None else to_instant(parse_wall(stamp), zone)
    if changed is None or not isinstance(at, datetime):
        return None
    first, last = CATALOG[sync].default_window.around(local_day(at, zone), horizon_days)
    return sync if first <= day <= last and changed < at else None
