"""The calendar's part of a visit: what it changes, and why it may change nothing. Pure."""

from dataclasses import replace
from typing import Final

from idexx_sync.core.clinic_time import EndsBeforeStart, OutOfCalendar
from idexx_sync.syncs.cases.denials import denied_before
from idexx_sync.syncs.cases.emptied import Emptied
from idexx_sync.syncs.cases.further_cases import (
    broken_decision,
    changes_of_others,
    status_of_broken,
)
from idexx_sync.syncs.cases.mapping import MappedFields, map_visit
from idexx_sync.syncs.cases.model import CaseChange
from idexx_sync.syncs.cases.plan_change import CasePlanning
from idexx_sync.syncs.cases.plan_emptied import emptied_by_calendar
from idexx_sync.syncs.cases.plan_memory import bare_since, fingerprints_of, memory_of, reason_of
from idexx_sync.syncs.cases.plan_notes import note_change, note_identity, note_word
from idexx_sync.syncs.cases.plan_ours import vanished
from idexx_sync.syncs.cases.plan_screening import VisitScreening
from idexx_sync.syncs.cases.planning import NOT_AN_OBJECT, VisitPlanning
from idexx_sync.syncs.cases.status import is_removed
from idexx_sync.syncs.memory import VisitMemory, VisitRecord
from idexx_sync.syncs.proof import READS_THAT_SET_APART, is_older

ENDS_BEFORE_START: Final = "ends_before_start"
OUT_OF_CALENDAR: Final = "out_of_calendar"
OLDER_VERSION: Final = "older_version"
_RULE_OF: Final = {NOT_AN_OBJECT: "R16", OLDER_VERSION: "R10"}


class CalendarPart:
    """Plans what the calendar says of one visit."""

    def __init__(self, planning: VisitPlanning) -> None:
        self.planning = planning
        self.screening = VisitScreening(planning)
        self.case = CasePlanning(planning, self.screening)

    def plan(self) -> None:
        """Plan what the calendar says; its words are screened whatever stands in the case's way."""
        memory = self._screened()
        mapped, code = self._mapped()
        if code == OLDER_VERSION:  # it says nothing of now
            memory = replace(memory, bare_since=self.planning.memory.bare_since)
        if code is not None:
            self._quarantine(code)
            if code == NOT_AN_OBJECT:
                self._plan_broken(mapped)
        elif self.planning.stored.was_deleted:
            memory = self._left_deleted(memory)
        else:
            memory = self._planned(mapped, memory)
        self._remember(memory, code)

    def _screened(self) -> VisitMemory:
        """What was remembered before, with what this read shows of words that are screened."""
        planning = self.planning
        return replace(
            planning.before.memory,
            screened=self.screening.screen_calendar(),
            partly=self.screening.partly[0],
            denied=denied_before(planning.visit, planning.stored, planning.context),
            bare_since=bare_since(planning) and planning.memory.bare_since,
        )

    def _mapped(self) -> tuple[MappedFields, str | None]:
        """What the calendar says, and why nothing of that is written."""
        planning = self.planning
        try:
            mapped = map_visit(planning.visit, planning.context.zone, planning.context.slot_minutes)
        except EndsBeforeStart:
            return MappedFields(), ENDS_BEFORE_START
        except OutOfCalendar:
            return MappedFields(), OUT_OF_CALENDAR
        return mapped, self._older_version() or planning.fault_of_documents()

    def _older_version(self) -> str | None:
        """Whether an older version than ours is shown; what stays so counts (rules R1, R10)."""
        planning = self.planning
        shown, known = planning.visit.last_updated_at, planning.memory.stamp
        stays = planning.stored.record.doubtful_reads + 1 >= READS_THAT_SET_APART
        is_doubtful = is_older(shown, known, planning.context.zone) and not stays
        return OLDER_VERSION if is_doubtful else None

    def _quarantine(self, code: str) -> None:
        planning = self.planning
        planning.plan.quarantined[planning.visit.id] = code
        planning.note(_RULE_OF.get(code, "R3"), code)
        if planning.stored.record.quarantine_code != code:
            planning.plan.newly_quarantined.add(planning.visit.id)

    def _plan_broken(self, mapped: MappedFields) -> None:
        """Nothing is written into a broken document; but nobody is called about its case."""
        planning, case = self.planning, self.planning.before.case
        if case is not None and (status := status_of_broken(case, planning.status)) is not None:
            planning.note_decision(broken_decision(case, planning.status, status))
            values = {"case.status": status}
            change = CaseChange(planning.visit.id, NOT_AN_OBJECT, case, values)
            planning.plan.changes.append(change)
        self._plan_others(mapped)

    def _left_deleted(self, memory: VisitMemory) -> VisitMemory:
        """Leave a case that somebody deleted; what to remember of the visit."""
        planning = self.planning
        planning.plan.deleted_in_odis.add(planning.visit.id)
        planning.note("R14", "deleted_in_odis")
        if memory.start is None:
            return memory
        return replace(memory, patient=planning.visit.patient_id or memory.patient)

    def _planned(self, mapped: MappedFields, screened: VisitMemory) -> VisitMemory:
        """Plan the case; what to remember of the visit."""
        memory = replace(
            self._plan_case(mapped),
            screened=screened.screened,
            partly=screened.partly,
            denied=screened.denied,
        )
        return replace(memory, marked_for=None) if self.screening.has_marked else memory

    def _plan_case(self, mapped: MappedFields) -> VisitMemory:
        """Plan the visit's case and its duplicates; what to remember of the visit."""
        planning, case, visit = self.planning, self.planning.stored.case, self.planning.visit
        if case is not None and planning.stored.key != case.id:
            planning.plan.adopted[visit.id] = case.id
        note_word(planning)
        note_identity(planning)
        empty = emptied_by_calendar(planning, mapped)
        said = replace(memory_of(planning), empty_since=empty.since)
        change = self._change(mapped, said, empty)
        self.case.keep(change)
        note_change(planning, change, said)
        self._plan_others(mapped)
        if planning.whose.patient == "another":
            planning.plan.memories[visit.id] = planning.stored.consultation
        derived = {**planning.memory.derived, **fingerprints_of(planning, mapped)}
        return replace(
            said,
            last_consultation=visit.consultation_id or planning.memory.last_consultation,
            bare_since=bare_since(planning),
            derived={n: mark for n, mark in derived.items() if n not in change.cleared},
            edited=tuple(self.case.edited),
        )

    def _change(self, mapped: MappedFields, said: VisitMemory, empty: Emptied) -> CaseChange:
        """What becomes of the case, with what the calendar alone can tell of it."""
        planning, case = self.planning, self.planning.stored.case
        change = self.case.change(mapped, reason_of(planning, said), empty=empty)
        if case is not None and is_removed(case):
            change.cleared.append("metadata.reconciliation")
            change.reason = "came_back"
        if case is not None and planning.visit.consultation_id is None:
            change.values |= vanished(case, planning.context.now)
        return change

    def _plan_others(self, mapped: MappedFields) -> None:
        planning = self.planning
        others = changes_of_others(planning.visit, planning.before, planning.whose, mapped)
        for change in others:
            self.case.keep(change)

    def _remember(self, memory: VisitMemory, code: str | None) -> None:
        before = self.planning.before.record
        reads = self.planning.stored.record.doubtful_reads + 1 if code == OLDER_VERSION else 0
        record = VisitRecord(
            self.planning.visit.id, source=memory, quarantine_code=code, doubtful_reads=reads
        )
        if record != before:
            self.planning.plan.records.append(record)
