"""The change of a visit's case: what differs, and what of that is a person's (rules R15, R16).

Pure.
"""

from typing import Any

from idexx_sync.pims.protocol import Consultation
from idexx_sync.syncs.cases.context import same
from idexx_sync.syncs.cases.edits import EMPTY
from idexx_sync.syncs.cases.emptied import Emptied
from idexx_sync.syncs.cases.fields import FIELDS
from idexx_sync.syncs.cases.mapping import UNKNOWN_NAME, MappedFields, stamps
from idexx_sync.syncs.cases.model import CaseChange
from idexx_sync.syncs.cases.plan_ours import ours
from idexx_sync.syncs.cases.plan_screening import VisitScreening
from idexx_sync.syncs.cases.plan_status import finished_visit, plan_status
from idexx_sync.syncs.cases.planning import VisitPlanning
from idexx_sync.syncs.cases.stored import StoredCase
from idexx_sync.syncs.cases.vocabulary import species
from idexx_sync.syncs.cases.whose import edits_of, replaced_whole


class CasePlanning:
    """Plans the changes of one visit's case into the visit's plan."""

    def __init__(self, planning: VisitPlanning, screening: VisitScreening) -> None:
        self.planning = planning
        self.screening = screening
        self.edited: list[str] = []
        """Fields that a person has changed, of those planned last."""

    def change(
        self,
        mapped: MappedFields,
        reason: str,
        record: Consultation | None = None,
        *,
        empty: Emptied,
    ) -> CaseChange:
        """The fields that differ and may be changed; `record` is what was read."""
        planning, case = self.planning, self.planning.stored.case
        change = CaseChange(planning.visit.id, reason, case, ours(planning, mapped))
        change.cleared += empty.cleared
        edited = []
        for name, value in self._wanted(mapped, record).items():
            current = None if case is None else case.value(name)
            if value in (None, "") or same(current, value) or (value == UNKNOWN_NAME and current):
                continue
            if case is None or planning.may_change(case, name, planning.stored):
                change.values[name] = value
            else:
                edited.append(name)
        finished = finished_visit(planning, self.screening, record, mapped, empty)
        if plan_status(planning, change, finished):
            edited.append("case.status")
        self._note_edits(edited)
        return change

    def keep(self, change: CaseChange) -> None:
        """Put a change into the plan, unless it says nothing."""
        stored, before, whose = self.planning.stored, self.planning.before, self.planning.whose
        if change.case is not None and change.case is stored.case and whose.roots:
            assert before.case is not None
            change.dropped = self._dropped(before.case)
            replaced_whole(change, before.case, whose)
        if change.case is None or change.values or change.cleared:
            changed = (*change.values, *change.cleared)
            places = {name.partition(".")[0] for name in changed}
            change.values |= stamps(places, self.planning.context.now)
            self.planning.plan.changes.append(change)

    def _wanted(self, mapped: MappedFields, record: Consultation | None) -> dict[str, Any]:
        """Derived field -> the value that it should have."""
        case, whose = self.planning.stored.case, self.planning.whose
        wanted = {n: value for n, value in mapped.derived.items() if whose.may_say(n)}
        if record is not None and whose.patient == "unsaid":
            wanted = dict(mapped.derived)  # whose record it is was asked
        if case is None or case.patient is None or whose.patient == "another":
            wanted.setdefault("patient.species", species(None))
            wanted.setdefault("patient.name", self.planning.visit.patient_name or UNKNOWN_NAME)
        return wanted

    def _dropped(self, case: StoredCase) -> tuple[str, ...]:
        """Edits of people that were made for a former patient or owner."""
        before = self.planning.before
        return tuple(
            name
            for name in edits_of(FIELDS, self.planning.whose.roots)
            if case.value(name) not in EMPTY
            and (before.derived(name) or name in before.edited)
            and not self.planning.may_change(case, name, before)
        )

    def _note_edits(self, names: list[str]) -> None:
        planning = self.planning
        self.edited = sorted(names)
        if names:
            planning.plan.edited[planning.visit.id] = self.edited
            planning.note("R15", "edited", fields=self.edited)
        if not set(names) <= planning.stored.edited:
            planning.plan.newly_edited.add(planning.visit.id)
