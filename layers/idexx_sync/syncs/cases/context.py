"""How a clinic's visits are to be read. Pure."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from idexx_sync.core.clinic_time import day_of
from idexx_sync.core.fingerprints import Fingerprints


@dataclass(frozen=True, slots=True)
class CaseContext:
    """How a clinic's visits are to be read."""

    clinic_id: UUID
    zone: ZoneInfo
    slot_minutes: int
    live_from: date | None
    """The clinic's first day; None: it is not live, and nothing is completed."""
    acting_user_id: UUID | None
    now: datetime
    fingerprints: Fingerprints
    reported_words: frozenset[tuple[str, str]] = frozenset()

    def is_live(self, start: str) -> bool:
        return self.live_from is not None and day_of(start) >= self.live_from


def same(current: Any, wanted: Any) -> bool:
    """Whether a stored value is the wanted one; numbers come in several types, truth in one."""
    if isinstance(wanted, bool) or isinstance(current, bool):
        return current is wanted
    return bool(current == wanted)
