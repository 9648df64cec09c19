"""Which jobs, holds, alerts and clinics a list is to show. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from idexx_sync.alerts.kinds import AlertStatus
from idexx_sync.clinics.status import ClinicStatus
from idexx_sync.core.catalog import SyncName
from idexx_sync.core.errors import InvalidInput
from idexx_sync.core.id_prefix import IdRange, ids_beginning_with
from idexx_sync.core.vocabulary import Freshness
from idexx_sync.database.newest_first_store import Fitting


@dataclass(frozen=True, slots=True)
class Wanted[S: str]:
    """Of jobs, holds or alerts those that fit all that is named."""

    clinic_id: UUID | None = None
    sync: SyncName | None = None
    status: S | None = None
    since: datetime | None = None
    """Ordered or opened then or later."""
    id: str | None = None
    """How the id begins."""

    @property
    def fitting(self) -> Fitting:
        """The same for the lists of the stores."""
        return Fitting(
            clinic_id=self.clinic_id,
            sync=self.sync,
            status=self.status,
            since=self.since,
            ids=self.id_range,
        )

    @property
    def id_range(self) -> IdRange | None:
        """The ids that begin so; InvalidInput for what begins no id."""
        if self.id is None:
            return None
        if (found := ids_beginning_with(self.id)) is None:
            raise InvalidInput("id", "at least 4 hexadecimal digits of an id are expected")
        return found


@dataclass(frozen=True, slots=True)
class WantedAlerts(Wanted[AlertStatus]):
    """Of alerts those that fit all that is named."""

    kind: str | None = None
    of_many: bool | None = None
    """Whether they stand for many clinics."""


@dataclass(frozen=True, slots=True)
class WantedClinics:
    """Of clinics those that fit all that is named."""

    named: str | None = None
    ids: frozenset[UUID] | None = None
    sync: SyncName | None = None
    freshness: Freshness | None = None
    somebody: bool | None = None
    """Whether they need somebody."""

    def fits(self, status: ClinicStatus) -> bool:
        """Whether a clinic's status is as wanted; name and id are not looked at.

        A sync that nothing schedules is looked at only where it is named.
        """
        if self.somebody is not None and self.somebody != status.needs_somebody:
            return False
        if self.sync is None and self.freshness is None:
            return True
        return any(
            (sync.is_expected if self.sync is None else sync.sync == self.sync)
            and self.freshness in (None, sync.freshness)
            for sync in status.syncs
        )


def clinics_meant(text: str, names: Mapping[UUID, str]) -> list[UUID]:
    """The clinics that a person may mean by it, by name.

    A whole name, in whatever case, means no other name; else all whose name begins so. All whose id
    begins so may be meant as well, whatever they are called.
    """
    said = _folded(text)
    in_order = sorted(names, key=lambda id_: (names[id_].casefold(), id_))
    whole = {id_ for id_ in in_order if _folded(names[id_]) == said}
    named = whole or {id_ for id_ in in_order if said and _folded(names[id_]).startswith(said)}
    ids = ids_beginning_with(text)
    return [
        id_ for id_ in in_order if id_ in named or (ids is not None and ids[0] <= id_ <= ids[1])
    ]


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()
