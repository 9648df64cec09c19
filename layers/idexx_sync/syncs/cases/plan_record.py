"""The clinical record's part of a visit: read, gone, or another patient's. Pure."""

from dataclasses import replace
from typing import Final

from idexx_sync.pims.protocol import Consultation
from idexx_sync.syncs.cases.due import WRONG_PATIENT
from idexx_sync.syncs.cases.emptied import Emptied
from idexx_sync.syncs.cases.mapping import MappedFields, map_consultation, says_something
from idexx_sync.syncs.cases.model import CaseChange
from idexx_sync.syncs.cases.plan_change import CasePlanning
from idexx_sync.syncs.cases.plan_emptied import emptied_by_record
from idexx_sync.syncs.cases.plan_memory import fingerprints_of
from idexx_sync.syncs.cases.plan_ours import VANISHED_AT, vanished
from idexx_sync.syncs.cases.plan_screening import VisitScreening
from idexx_sync.syncs.cases.plan_status import finished_visit, plan_status
from idexx_sync.syncs.cases.planning import VisitPlanning
from idexx_sync.syncs.cases.record_memory import ConsultationMemory
from idexx_sync.syncs.cases.shape import faults_of
from idexx_sync.syncs.cases.stored import StoredCase
from idexx_sync.syncs.cases.whose import belongs

OF_ANOTHER_PATIENT: Final = "of_another_patient"


class RecordPart:
    """Plans what came of one visit's clinical record."""

    def __init__(self, planning: VisitPlanning) -> None:
        self.planning = planning
        self.screening = VisitScreening(planning)
        self.case = CasePlanning(planning, self.screening)

    def plan(self, record: Consultation) -> None:
        """Plan what the record adds to the case, if there is one; its words are screened anyhow."""
        planning, visit = self.planning, self.planning.visit
        mapped = map_consultation(record, visit)
        screened = self.screening.screen_record(record)
        fault = planning.fault_of_documents() or self._fault_of_whose(record)
        derived, empty = planning.stored.consultation.derived, Emptied()
        case = planning.stored.case
        if case is not None and fault is None:
            empty = emptied_by_record(planning, record, mapped)
            change = self._plan_case(case, record, mapped, empty)
            derived = {**derived, **fingerprints_of(planning, mapped)}
            derived = {n: mark for n, mark in derived.items() if n not in change.cleared}
        is_of_another = fault == OF_ANOTHER_PATIENT
        before = planning.stored.consultation.patient
        planning.plan.memories[visit.id] = ConsultationMemory(
            id=record.id,
            read_at=planning.context.now,
            final=planning.status == "finalized" and fault is None,
            has_notes=says_something(mapped.values["metadata.pimsConsultation.notes"]),
            screened=screened,
            partly=self.screening.partly[1],
            edited=tuple(self.case.edited),
            derived=derived,
            patient=before if is_of_another else record.patient_id,
            empty_since=empty.since,
        )
        self._tell_unread(record)
        self._forget_marked()

    def plan_vanished(self) -> None:
        """The source has no such record any more: what was read of it stays, marked."""
        planning, case = self.planning, self.planning.stored.case
        planning.note("R17", "gone_now")
        if case is None or planning.fault_of_documents() is not None or planning.whose.roots:
            return
        values = vanished(case, planning.context.now)
        self.case.keep(CaseChange(planning.visit.id, "vanished", case, values))

    def plan_words_of_another(self, record: Consultation) -> None:
        """The record is another patient's: nothing of it is this case's, but what it says of that
        patient's life is not lost."""
        self.screening.screen_anothers(record)

    def plan_of_another(self) -> None:
        """The record by which the case was completed is another patient's by now: it is taken
        back, once."""
        planning, case = self.planning, self.planning.stored.case
        was_told = planning.stored.consultation.code == WRONG_PATIENT
        if case is None or was_told or planning.fault_of_documents() is not None:
            return
        if case.value("metadata.pimsConsultation.id") != planning.visit.consultation_id:
            return
        if case.status == "completed":
            change = CaseChange(planning.visit.id, "of_another", case)
            finished = finished_visit(
                planning, self.screening, None, MappedFields(), Emptied(), is_of_another=True
            )
            plan_status(planning, change, finished)
            self.case.keep(change)

    def _fault_of_whose(self, record: Consultation) -> str | None:
        """Why a record is not this case's: the calendar's part of that patient is not written."""
        named = self.planning.visit.patient_id or record.patient_id
        whose = belongs(replace(self.planning.visit, patient_id=named), self.planning.before)
        return OF_ANOTHER_PATIENT if whose.patient == "another" else None

    def _plan_case(
        self, case: StoredCase, record: Consultation, mapped: MappedFields, empty: Emptied
    ) -> CaseChange:
        change = self.case.change(mapped, "consultation", record, empty=empty)
        if case.value(VANISHED_AT) is not None:
            change.cleared.append(VANISHED_AT)
        self.case.keep(change)
        return change

    def _tell_unread(self, record: Consultation) -> None:
        if record.unread:
            self.planning.plan.unread |= faults_of(self.planning.visit.id, record)
            self.planning.note("R17", "parts_unread", fields=list(record.unread))

    def _forget_marked(self) -> None:
        """Once the visit has marked its patient, a former one's mark is settled."""
        planning = self.planning
        if planning.memory.marked_for is not None and self.screening.has_marked:
            own = replace(planning.memory, marked_for=None)
            planning.plan.records.append(replace(planning.before.record, source=own))
