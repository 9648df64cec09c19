"""What is stored of a visit: its cases, and what is remembered. Pure.

Fields are named as in `fields`, which has a row for each.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from idexx_sync.core.faults import Fault, unreadable
from idexx_sync.core.personal import Discreet, Personal
from idexx_sync.syncs.cases.deaths import Death
from idexx_sync.syncs.cases.fields import OBJECTS
from idexx_sync.syncs.cases.record_memory import ConsultationMemory
from idexx_sync.syncs.memory import VisitMemory, VisitRecord

PREFIX: Final = "pims-appt-idexx-neo-"
"""Before the visit's id in `cases.external_id` (ODIS schema, keys)."""
SOURCE: Final = "pims:idexx-neo"


@dataclass(frozen=True, slots=True, repr=False)
class StoredPatient(Discreet):
    """The patient row that readers show of a case: its first."""

    id: UUID
    version: str
    """Postgres's version of the row (`xmin`)."""
    columns: Personal[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, repr=False)
class StoredCase(Discreet):
    """A case as it is stored."""

    id: UUID
    version: str
    external_id: str | None
    clinic_id: UUID | None
    user_id: UUID | None
    status: str | None
    type: str | None
    scheduled_at: datetime | None
    metadata: Personal[Any]
    extraction: Personal[Any]
    patient: StoredPatient | None
    created_at: datetime | None = None
    is_extreme: bool | None = None
    """What `extreme_case_check` says; None: nothing that anybody could rely on."""

    @property
    def faults(self) -> list[Fault]:
        """Columns that cannot be read."""
        own = {
            "scheduled_at": self.scheduled_at,
            "metadata": self.metadata,
            "entity_extraction": self.extraction,
            "created_at": self.created_at,
        }
        found = unreadable("cases", self.id, own)
        if self.patient is not None:
            found += unreadable("patients", self.patient.id, self.patient.columns)
        return found

    @property
    def is_broken(self) -> bool:
        """Where an object must be is something else, so that nothing is written there (R16)."""
        stored = (self.value(place) for place in OBJECTS)
        return any(value is not None and not isinstance(value, dict) for value in stored)

    def value(self, name: str) -> Any:
        """The field's value; None where there is none."""
        place, _, path = name.partition(".")
        if place == "case":
            return getattr(self, path)
        if place == "patient":
            return self.patient.columns[path] if self.patient else None
        found = self.metadata if place == "metadata" else self.extraction
        for step in path.split(".") if path else ():
            found = found.get(step) if isinstance(found, dict) else None
        return found


@dataclass(frozen=True, slots=True)
class StoredVisit:
    """What is stored of one visit."""

    cases: Sequence[StoredCase] = ()
    """Every case of the visit, the oldest first."""
    key: UUID | None = None
    """The case that `case_keys` names; it need not exist any more."""
    record: VisitRecord = field(default_factory=lambda: VisitRecord(""))
    consultation: ConsultationMemory = field(default_factory=ConsultationMemory)
    """What we have written of its record."""
    observed: ConsultationMemory | None = None
    """What was read of its record since, where nothing of that is written."""
    deaths: Sequence[Death] = ()
    """What is known of its patient's death, told by this visit or by another of the patient."""

    @property
    def case(self) -> StoredCase | None:
        """The one that gets everything: the one we made or adopted, else the oldest that can be
        written."""
        return (
            next((case for case in self.cases if case.id == self.key), None)
            or next((case for case in self.cases if not case.is_broken), None)
            or next(iter(self.cases), None)
        )

    @property
    def others(self) -> list[StoredCase]:
        return [case for case in self.cases if case is not self.case]

    @property
    def memory_is_unknown(self) -> bool:
        """Something that is remembered of the visit cannot be read."""
        return self.record.is_unknown or self.consultation.is_unknown

    @property
    def memory(self) -> VisitMemory:
        """What the calendar said of the visit last; empty if we remember nothing."""
        return self.record.source or VisitMemory()

    @property
    def written(self) -> VisitMemory:
        """The same, of what its case was written from; empty if its words were only observed."""
        return VisitMemory() if self.memory.observed else self.memory

    @property
    def is_ours(self) -> bool:
        """Whether we have ever written its case, whatever was only observed since."""
        return self.written.start is not None or bool(self.memory.derived)

    @property
    def last_asked(self) -> ConsultationMemory:
        """What its record gave when it was asked for last, be that written or observed."""
        return self.consultation if self.observed is None else self.observed

    def last_read(self, *, observing: bool) -> ConsultationMemory:
        """What is known of its record by a run that only observes, or by one that writes."""
        return self.observed if observing and self.observed is not None else self.consultation

    @property
    def edited(self) -> set[str]:
        """Fields that somebody has changed in ODIS, as far as we remember."""
        return {*self.memory.edited, *self.consultation.edited}

    def derived(self, name: str) -> tuple[str, ...]:
        """Fingerprints of what was derived for the field, from the calendar and the record."""
        found = (self.memory.derived.get(name), self.consultation.derived.get(name))
        return tuple(mark for mark in found if mark is not None)

    @property
    def was_deleted(self) -> bool:
        """Somebody deleted the case; it is not made again (rule R14)."""
        return self.key is not None and not self.cases
