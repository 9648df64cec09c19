"""What is stored of a visit's cases, and a change to one. Pure.

Fields are named as in `fields`, which has a row for each.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from idexx_sync.core.faults import Fault, unreadable
from idexx_sync.syncs.cases.fields import OBJECTS, STAMPS, TIMES
from idexx_sync.syncs.cases.life_sentence import LifeCategory
from idexx_sync.syncs.change import Action
from idexx_sync.syncs.memory import (
    ConsultationRecord,
    ConsultationSource,
    VisitMemory,
    VisitRecord,
)

PREFIX: Final = "pims-appt-idexx-neo-"
"""Before the visit's id in `cases.external_id` (ODIS schema, keys)."""
SOURCE: Final = "pims:idexx-neo"
DUPLICATE: Final = "duplicate"
"""Reason of a change to a visit's further case."""
ANOTHER_PATIENT: Final = "another_patient"
"""Reason of a change to a case of which the visit is another patient's by now (rule R15)."""
ANOTHER_OWNER: Final = "another_owner"
"""The same where only the owner is another one."""
SAID_ANEW: Final = frozenset({"source", ANOTHER_PATIENT, ANOTHER_OWNER})
"""Reasons of a change for which the visit's record is read again."""
DROPPED: Final = "edits_dropped"
"""Under which a change tells what edits of people it drops."""
LIFE_STATUS: Final = "life_status"
"""Reason of a change that only marks a patient's death."""
DENIED: Final = "death_denied"
"""Reason of a change that only stops calls, because a case denies its patient's death."""


@dataclass(frozen=True, slots=True)
class StoredPatient:
    """The patient row that readers show of a case: its first."""

    id: UUID
    version: str
    """Postgres's version of the row (`xmin`)."""
    columns: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StoredCase:
    """A case as it is stored."""

    id: UUID
    version: str
    external_id: str | None
    clinic_id: UUID | None
    user_id: UUID | None
    status: str | None
    type: str | None
    scheduled_at: datetime | None
    metadata: Any
    extraction: Any
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
class ConsultationMemory:
    """What we remember of a visit's consultation since it was read last."""

    id: str | None = None
    """Of the consultation; None: never read."""
    read_at: datetime | None = None
    """When it was asked for last, with whatever outcome."""
    final: bool = False
    """The visit was finalised before that."""
    has_notes: bool = False
    code: str | None = None
    """Why the last reading gave nothing; None: it gave a record."""
    strikes: int = 0
    """So often it has given that nothing in a row, each at least 10 minutes after the other."""
    struck_at: datetime | None = None
    asked: str | None = None
    """The consultation that gave nothing when it was asked for last."""
    screened: str | None = None
    """Fingerprint of the texts that were screened for the patient's death (rule R19)."""
    partly: bool = False
    """Not all of those texts were screened."""
    edited: tuple[str, ...] = ()
    """Fields derived from the record that a person has changed."""
    derived: Mapping[str, str] = field(default_factory=dict)
    """Field -> fingerprint of what was derived from the record."""
    patient: str | None = None
    """Whose record was read last."""
    empty_since: Mapping[str, str] = field(default_factory=dict)
    """Field of the record -> from when on it is said to be empty."""
    is_unknown: bool = field(default=False, compare=False)
    """Something is stored that cannot be read: it counts as nothing and is written anew."""

    def as_record(self, visit_id: str, *, observed: bool = False) -> ConsultationRecord:
        source = ConsultationSource(
            id=self.id,
            asked=self.asked,
            final=self.final,
            notes=self.has_notes,
            screened=self.screened,
            edited=self.edited,
            derived=self.derived,
            observed=observed,
            partly=self.partly,
            patient=self.patient,
            empty_since=self.empty_since,
        )
        return ConsultationRecord(
            visit_id,
            source=source,
            quarantine_code=self.code,
            strikes=self.strikes,
            struck_at=self.struck_at,
        )


@dataclass(frozen=True, slots=True)
class Death:
    """That a patient has died, as the words of one visit told."""

    patient_id: str
    """Empty: the visit names no patient."""
    visit_id: str
    category: LifeCategory
    in_doubt: bool
    denied: bool
    """Certain words met a case that says otherwise."""
    taken_back: bool
    """The visit's case was marked, and somebody has changed that."""


@dataclass(frozen=True, slots=True)
class StoredVisit:
    """What is stored of one visit."""

    cases: Sequence[StoredCase] = ()
    """Every case of the visit, the oldest first."""
    key: UUID | None = None
    """The case that `case_keys` names; it need not exist any more."""
    record: VisitRecord = field(default_factory=lambda: VisitRecord(""))
    consultation: ConsultationMemory = ConsultationMemory()
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


@dataclass(slots=True)
class CaseChange:
    """What to write into one case, or a case to make."""

    visit_id: str
    reason: str
    case: StoredCase | None
    """None: to be made."""
    values: dict[str, Any] = field(default_factory=dict)
    """Field -> the value it gets."""
    cleared: list[str] = field(default_factory=list)
    """Fields to be emptied before the others get their values: leaves of a document and all that
    lies under them, a whole document by its place's name alone, or columns of the patient."""
    dropped: tuple[str, ...] = ()
    """Fields that a person had edited and that are replaced all the same (rule R15)."""

    @property
    def says_something(self) -> bool:
        """Whether more than stamps would be written."""
        return self.case is None or bool(self.cleared) or bool(self.values.keys() - STAMPS)

    @property
    def action(self) -> Action:
        return "create" if self.case is None else "update"

    @property
    def fields(self) -> dict[str, tuple[Any, Any]]:
        """Field -> before and after; what is said along with every change is none."""
        told: dict[str, tuple[Any, Any]] = {
            name: (None if self.case is None else self.case.value(name), after)
            for name, after in self.values.items()
            if name not in STAMPS
        }
        emptied = {name: (True, None) for name in self.cleared if name not in told}
        return told | emptied | ({DROPPED: (list(self.dropped), None)} if self.dropped else {})

    @property
    def key(self) -> str:
        """Under which the change is audited: of a visit's further cases each has its own."""
        if self.case is not None and self.reason == DUPLICATE:
            return str(self.case.id)
        return PREFIX + self.visit_id

    def cleared_in(self, place: str) -> list[str]:
        """Paths of one place that are to be emptied; the empty path is the place itself."""
        split = (name.partition(".") for name in self.cleared)
        return [path for start, _, path in split if start == place]

    def of_place(self, place: str) -> dict[str, Any]:
        """Path -> value of the fields of one place."""
        start = f"{place}."
        return {n.removeprefix(start): v for n, v in self.values.items() if n.startswith(start)}


@dataclass(frozen=True, slots=True)
class LifeStatusChange:
    """A case that has been marked: its patient has died."""

    key: str
    case_id: UUID
    category: str
    action: Action = "update"
    reason: str = LIFE_STATUS

    @property
    def fields(self) -> dict[str, tuple[Any, Any]]:
        return {"case.extreme_case_check": (None, self.category)}


@dataclass(frozen=True, slots=True)
class DeniedChange:
    """A case that is not completed any more: its patient has died, and it says otherwise."""

    key: str
    case_id: UUID
    action: Action = "update"
    reason: str = DENIED

    @property
    def fields(self) -> dict[str, tuple[Any, Any]]:
        return {"case.status": ("completed", "ongoing")}


@dataclass(frozen=True, slots=True)
class Mark:
    """A patient that has died, by the words of a visit."""

    visit_id: str
    patient_id: str | None
    category: LifeCategory
    in_doubt: bool


@dataclass(frozen=True, slots=True)
class CaseToMark:
    """A case of a patient that has died, which does not say so yet."""

    key: str
    """Under which the mark is audited."""
    id: UUID
    category: str
    patients: tuple[str, ...]
    """Those whose deaths it is about; none where the visit names none."""
    is_certain: bool
    denied: bool
    """It says, perhaps in view of its visit, that it is no extreme case: that stays."""


@dataclass(slots=True)
class Plan:
    """What a unit of visits would change."""

    adopted: dict[str, UUID] = field(default_factory=dict)
    """Visit -> the case that becomes its own from now on."""
    changes: list[CaseChange] = field(default_factory=list)
    records: list[VisitRecord] = field(default_factory=list)
    """Of the visits."""
    memories: dict[str, ConsultationMemory] = field(default_factory=dict)
    """Visit -> what to remember of its consultation."""
    marks: list[Mark] = field(default_factory=list)
    unread: set[Fault] = field(default_factory=set)
    """What of the visits' records could not be read."""
    unknown_words: set[tuple[str, str]] = field(default_factory=set)
    edited: dict[str, list[str]] = field(default_factory=dict)
    """Visit -> fields that somebody changed in ODIS and that are therefore left."""
    newly_edited: set[str] = field(default_factory=set)
    quarantined: dict[str, str] = field(default_factory=dict)
    """Visit -> code of why it could not be planned."""
    newly_quarantined: set[str] = field(default_factory=set)
    deleted_in_odis: set[str] = field(default_factory=set)
    partly_screened: set[str] = field(default_factory=set)
    """Visits with new words of which not all were screened."""

    def without(self, visit_ids: frozenset[str]) -> "Plan":
        """The same plan with these visits left alone: they are held, or left for later.

        Their marks stay: a patient has died whatever becomes of the visit that told it.
        """
        return replace(
            self,
            adopted={k: case for k, case in self.adopted.items() if k not in visit_ids},
            changes=[change for change in self.changes if change.visit_id not in visit_ids],
            records=[record for record in self.records if record.key not in visit_ids],
            memories={k: m for k, m in self.memories.items() if k not in visit_ids},
            edited={k: names for k, names in self.edited.items() if k not in visit_ids},
            newly_edited=self.newly_edited - visit_ids,
            quarantined={k: code for k, code in self.quarantined.items() if k not in visit_ids},
            newly_quarantined=self.newly_quarantined - visit_ids,
            deleted_in_odis=self.deleted_in_odis - visit_ids,
        )

    def with_times_held(
        self, visit_ids: frozenset[str], stored: Mapping[str, "StoredVisit"]
    ) -> "Plan":
        """The same plan with the times of these visits left as they are and remembered."""
        changes = [
            replace(change, values=_with_times_of_case(change))
            if change.visit_id in visit_ids
            else change
            for change in self.changes
        ]
        records = [
            _with_times_of(stored[record.key].memory, record) if record.key in visit_ids else record
            for record in self.records
        ]
        told = [change for change in changes if change.says_something]
        return replace(self, changes=told, records=records)


def _with_times_of_case(change: CaseChange) -> dict[str, Any]:
    """The values without times; where a whole document is replaced, with those that it has."""
    kept = {name: v for name, v in change.values.items() if name not in TIMES}
    if change.case is None or "metadata" not in change.cleared:
        return kept
    times = {name: change.case.value(name) for name in TIMES if name.startswith("metadata.")}
    return kept | {name: value for name, value in times.items() if value is not None}


def _with_times_of(before: VisitMemory, record: VisitRecord) -> VisitRecord:
    memory = replace(record.source or VisitMemory(), start=before.start, end=before.end)
    return replace(record, source=memory)
