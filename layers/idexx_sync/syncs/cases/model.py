"""A change of a case, and the plan of a unit of visits. Pure.

Fields are named as in `fields`, which has a row for each.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final
from uuid import UUID

from idexx_sync.core.catalog import LoggedKind
from idexx_sync.core.faults import Fault
from idexx_sync.core.personal import Discreet, Personal
from idexx_sync.syncs.cases.deaths import Mark
from idexx_sync.syncs.cases.fields import STAMPS, TIMES
from idexx_sync.syncs.cases.record_memory import ConsultationMemory
from idexx_sync.syncs.cases.stored import PREFIX, StoredCase, StoredVisit
from idexx_sync.syncs.change import Action
from idexx_sync.syncs.memory import VisitMemory, VisitRecord

DUPLICATE: Final = "duplicate"
"""Reason of a change to a visit's further case."""
ANOTHER_PATIENT: Final = "another_patient"
"""Reason of a change to a case of which the visit is another patient's by now (rule R15)."""
ANOTHER_OWNER: Final = "another_owner"
"""The same where only the owner is another one."""
SAID_ANEW: Final = frozenset({"source", ANOTHER_PATIENT, ANOTHER_OWNER})
"""Reasons of a change for which the visit's record is read again."""
REMOVED: Final = "metadata.reconciliation"
"""The mark of a case whose visit is gone or called off in the PIMS."""
DROPPED: Final = "edits_dropped"
"""Under which a change tells what edits of people it drops."""


@dataclass(slots=True, repr=False)
class CaseChange(Discreet):
    """What to write into one case, or a case to make."""

    visit_id: str
    reason: str
    case: StoredCase | None
    """None: to be made."""
    values: Personal[dict[str, Any]] = field(default_factory=dict)
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
    def logs(self) -> LoggedKind:
        return "case"

    @property
    def action(self) -> Action:
        """A case is removed by its mark alone: its row stays (R7)."""
        if self.case is None:
            return "create"
        return "remove" if REMOVED in self.values else "update"

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
    unforeseen: dict[str, Fault] = field(default_factory=dict)
    """Visit -> at which its own planning broke (rule R26): nobody is called about its cases."""

    def add(self, other: "Plan") -> None:
        """Take in the plan of other visits."""
        for name in (item.name for item in fields(self)):
            mine, theirs = getattr(self, name), getattr(other, name)
            if isinstance(mine, list):
                mine += theirs
            else:
                mine.update(theirs)

    def without(self, visit_ids: frozenset[str]) -> "Plan":
        """The same plan with these visits left alone: they are held, or left for later.

        Their marks stay: a patient has died whatever becomes of the visit that told it. So does
        what broke: nobody is called about what nobody could judge.
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
        self, visit_ids: frozenset[str], stored: Mapping[str, StoredVisit]
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
