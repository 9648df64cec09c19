"""Names of the clinics' schedules in EventBridge Scheduler, by which ours are known. Pure."""

import re
from dataclasses import dataclass
from typing import Final, Self
from uuid import UUID

from idexx_sync.core.catalog import CATALOG, SYNCS
from idexx_sync.core.id_prefix import WHOLE_ID
from idexx_sync.schedules.spread import Place

LONGEST_NAME: Final = 64
"""Characters of `[0-9a-zA-Z-_.]` (AWS, EventBridge Scheduler, CreateSchedule)."""
_NAME: Final = re.compile(
    rf"(?P<clinic>{WHOLE_ID})-(?P<sync>{'|'.join(SYNCS)})-(?P<number>\d{{1,3}})-(?P<part>\d)",
    re.ASCII,
)
_SYNC_NAMED: Final = {str(sync): sync for sync in CATALOG}


@dataclass(frozen=True, slots=True)
class ScheduleName:
    """Whose entry a schedule is of, and which one of the entry's expressions, counted from 0."""

    place: Place
    part: int = 0

    def __str__(self) -> str:
        place = self.place
        return f"{place.clinic_id}-{place.sync}-{place.number}-{self.part}"

    @classmethod
    def read(cls, text: str) -> Self | None:
        """What the name says; None for one that we would not give."""
        match = _NAME.fullmatch(text)
        if match is None:
            return None
        sync = _SYNC_NAMED[match["sync"]]
        found = cls(Place(UUID(match["clinic"]), sync, int(match["number"])), int(match["part"]))
        return found if str(found) == text else None


def prefix_of(clinic_id: UUID) -> str:
    """What the names of all schedules of a clinic begin with."""
    return f"{clinic_id}-"
