"""What came back of the consultations that were asked for (rules R17 and R24)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from idexx_sync.core.errors import (
    ImplausibleData,
    PimsSlow,
    PimsUnavailable,
    ShapeChanged,
    SyncError,
    Throttled,
)
from idexx_sync.jobs.contract import Report
from idexx_sync.pims.protocol import (
    Consultation,
    ConsultationAnswer,
    Found,
    Gone,
    Lookup,
    Pims,
    SourceRecord,
    Unknown,
)
from idexx_sync.syncs.cases.due import READ_FAILED, VANISHED, WRONG_PATIENT
from idexx_sync.syncs.cases.model import ConsultationMemory, StoredVisit
from idexx_sync.syncs.gate import FEW

READ: Final = "read"
MERGED: Final = "merged"
"""Read, and its patient is the visit's by now: two were merged."""
OF_ANOTHER: Final = "of_another"
"""Of another patient than the calendar names; the source has to be asked whose visit it is."""
_ANSWERED: Final = {
    "consultations_wrong_patient": WRONG_PATIENT,
    "consultations_vanished": VANISHED,
}
"""Warning -> what a visit's memory says."""
_PASSING: Final[dict[str, type[SyncError]]] = {
    error.kind: error for error in (PimsUnavailable, PimsSlow, Throttled)
}


@dataclass(slots=True)
class UnitRead:
    """What came back for one unit."""

    records: dict[str, tuple[SourceRecord, Consultation]] = field(default_factory=dict)
    """Visit -> its record, of this very visit's patient."""
    vanished: list[SourceRecord] = field(default_factory=list)
    """Visits whose record the source no longer has; empty if it knows hardly any."""
    memories: dict[str, ConsultationMemory] = field(default_factory=dict)
    """Visit -> what to remember where there is no record."""
    failed: list[str] = field(default_factory=list)
    """Code of each reading that failed."""

    def how_many(self, code: str) -> int:
        return sum(memory.code == code for memory in self.memories.values())

    @property
    def warnings(self) -> dict[str, int]:
        """What is not asked again in this job, so that a later attempt has to be told."""
        found = {code: self.how_many(memory) for code, memory in _ANSWERED.items()}
        return {code: number for code, number in found.items() if number}


Answers = Sequence[tuple[SourceRecord, ConsultationAnswer]]
"""Of each visit that was asked for."""


def outcome_of(visit: SourceRecord, answer: ConsultationAnswer, shown: Lookup | None) -> str:
    """What a reading gave: READ, MERGED, OF_ANOTHER, WRONG_PATIENT, VANISHED or READ_FAILED.

    `shown` is what the source shows of the visit now; None: it was not asked yet, and is to be
    where the record is another patient's.
    """
    if isinstance(answer, Gone):
        return VANISHED
    if isinstance(answer, Unknown):
        return READ_FAILED
    if answer.patient_id is not None and answer.patient_id == visit.patient_id:
        return READ
    if shown is None:
        return OF_ANOTHER
    if isinstance(shown, Unknown):
        return READ_FAILED
    now_of = shown.patient_id if isinstance(shown, Found) else None
    return MERGED if now_of is not None and now_of == answer.patient_id else WRONG_PATIENT


def judge_answers(
    answers: Answers, stored: Mapping[str, StoredVisit], pims: Pims, now: datetime
) -> UnitRead:
    """Sort the answers of one unit; each is judged before anybody believes it."""
    read = UnitRead()
    strange: dict[str, tuple[SourceRecord, Consultation]] = {}

    def remember(visit: SourceRecord, code: str, *, asked: bool) -> None:
        memory = stored[visit.id].consultation
        known = visit.consultation_id if asked else memory.id
        read.memories[visit.id] = replace(memory, id=known, code=code, read_at=now)

    def sort(visit: SourceRecord, answer: ConsultationAnswer, shown: Lookup | None) -> None:
        outcome = outcome_of(visit, answer, shown)
        if isinstance(answer, Consultation) and outcome in (READ, MERGED):
            read.records[visit.id] = visit, _with_life(answer, shown)
        elif isinstance(answer, Consultation) and outcome == OF_ANOTHER:
            strange[visit.id] = visit, answer
        elif outcome == READ_FAILED:
            failed = answer if isinstance(answer, Unknown) else shown
            read.failed.append(failed.code if isinstance(failed, Unknown) else outcome)
            remember(visit, outcome, asked=False)
        else:
            remember(visit, outcome, asked=True)
            if outcome == VANISHED:
                read.vanished.append(visit)

    for visit, answer in answers:
        sort(visit, answer, None)
    for visit, record, shown in _looked_up(pims, strange):
        sort(visit, record, shown)
    if not read.records and len(read.vanished) >= FEW:
        read.vanished = []  # more likely their address has changed
    return read


def _with_life(record: Consultation, shown: Lookup | None) -> Consultation:
    """The record with what the look-up of its visit says of the patient, if that is graver."""
    if record.life == "dead" or not isinstance(shown, Found) or shown.life is None:
        return record
    return replace(record, life=shown.life)


def _looked_up(
    pims: Pims, strange: Mapping[str, tuple[SourceRecord, Consultation]]
) -> Iterator[tuple[SourceRecord, Consultation, Lookup]]:
    """Each with what the source shows of its visit now; a source that is down is Unknown."""
    if not strange:
        return
    try:
        found = pims.appointments(list(strange))
    except tuple(_PASSING.values()) as error:
        found = dict.fromkeys(strange, Unknown(error.kind))
    for visit_id, (visit, record) in strange.items():
        yield visit, record, found[visit_id]


@dataclass(frozen=True, slots=True)
class Reads:
    """All readings of a run, and whether they make it a failure."""

    succeeded: int = 0
    wrong_patient: int = 0
    vanished: int = 0
    failed: tuple[str, ...] = ()
    """Code of each."""

    def and_(self, read: UnitRead) -> "Reads":
        return Reads(
            self.succeeded + len(read.records),
            self.wrong_patient + read.how_many(WRONG_PATIENT),
            self.vanished + read.how_many(VANISHED),
            (*self.failed, *read.failed),
        )

    @property
    def is_down(self) -> bool:
        """The source did not answer: there is no use in asking for more."""
        return any(code in _PASSING for code in self.failed)

    def tell(self, report: Report) -> None:
        report.counts["consultations_read"] = self.succeeded
        if self.failed:
            report.warnings["consultations_failed"] = len(self.failed)

    def failure(self) -> SyncError | None:
        """Why all readings together count as failed; None if they do not (rule R24)."""
        if self.succeeded:
            return None
        if self.failed:
            code = next((code for code in self.failed if code in _PASSING), self.failed[0])
            kind = _PASSING.get(code, ShapeChanged)
            return kind(f"none of {len(self.failed)} consultations could be read", code=code)
        if self.vanished >= FEW:
            return ShapeChanged(
                f"Neo knows none of {self.vanished} consultations that its calendar names; "
                "compare their address with the Neo protocol",
                code="consultations_not_found",
            )
        if self.wrong_patient >= FEW:
            return ImplausibleData(
                f"all {self.wrong_patient} consultations belong to other patients than their "
                "visits; nothing of them was written",
                code="wrong_patients",
            )
        return None
