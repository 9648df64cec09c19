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
from idexx_sync.core.faults import UNFORESEEN, Fault
from idexx_sync.jobs.contract import Report
from idexx_sync.pims.protocol import (
    NOT_ASKED,
    Consultation,
    ConsultationAnswer,
    Found,
    Gone,
    Lookup,
    Pims,
    SourceRecord,
    Unknown,
)
from idexx_sync.syncs.cases.due import (
    READ_FAILED,
    VANISHED,
    WRONG_PATIENT,
    gave_nothing,
    is_believed,
)
from idexx_sync.syncs.cases.record_memory import ConsultationMemory
from idexx_sync.syncs.cases.shape import RECORD
from idexx_sync.syncs.cases.stored import StoredVisit
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
    gone: list[SourceRecord] = field(default_factory=list)
    """Visits whose record the source does not know."""
    of_others: list[SourceRecord] = field(default_factory=list)
    """Visits whose record is another patient's."""
    told: list[tuple[SourceRecord, Consultation]] = field(default_factory=list)
    """Visits with records of other patients, as far as anybody knows: not theirs."""
    memories: dict[str, ConsultationMemory] = field(default_factory=dict)
    """Visit -> what to remember where there is no record."""
    failed: dict[str, str] = field(default_factory=dict)
    """Visit -> code, of each reading that failed."""
    failed_before: set[str] = field(default_factory=set)
    """Visits of those whose reading had failed in an earlier run as well."""
    not_asked: int = 0
    """Records that were not asked for, because the source had failed to answer before."""

    @property
    def vanished(self) -> list[SourceRecord]:
        """Visits whose record the source no longer has; once is no proof."""
        return self._believed(VANISHED)

    @property
    def strange(self) -> list[SourceRecord]:
        """Visits whose record is another patient's, be it told for the first time."""
        return [v for v in self.of_others if self.memories[v.id].code == WRONG_PATIENT]

    @property
    def unforeseen(self) -> set[Fault]:
        """Of the records at which their reading broke (rule R26)."""
        broken = [visit for visit, code in self.failed.items() if code == UNFORESEEN]
        return {Fault(RECORD, "", visit, UNFORESEEN) for visit in broken}

    @property
    def asked_again(self) -> int:
        """How many clear answers have come once, and are asked for again in the next run."""
        clear = [m for m in self.memories.values() if m.code in _ANSWERED.values()]
        return sum(not is_believed(memory) for memory in clear)

    @property
    def warnings(self) -> dict[str, int]:
        """What is not asked again in this job, so that a later attempt has to be told."""
        found = {code: len(self._believed(memory)) for code, memory in _ANSWERED.items()}
        return {code: number for code, number in found.items() if number}

    def _believed(self, code: str) -> list[SourceRecord]:
        asked = self.gone if code == VANISHED else self.of_others
        memories = [(visit, self.memories[visit.id]) for visit in asked]
        return [visit for visit, m in memories if m.code == code and is_believed(m)]


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
    answers: Answers,
    stored: Mapping[str, StoredVisit],
    pims: Pims,
    now: datetime,
    began: datetime,
) -> UnitRead:
    """Sort the answers of one unit; each is judged before anybody believes it.

    `began` is when the job did: what failed before has done so in another one.
    """
    read = UnitRead()
    strange: dict[str, tuple[SourceRecord, Consultation]] = {}

    def sort(visit: SourceRecord, answer: ConsultationAnswer, shown: Lookup | None) -> None:
        outcome = outcome_of(visit, answer, shown)
        if isinstance(answer, Consultation) and outcome in (READ, MERGED):
            read.records[visit.id] = visit, _with_life(answer, shown)
        elif isinstance(answer, Consultation) and outcome == OF_ANOTHER:
            strange[visit.id] = visit, answer
        elif outcome == READ_FAILED:
            failed = answer if isinstance(answer, Unknown) else shown
            code = failed.code if isinstance(failed, Unknown) else outcome
            if code == NOT_ASKED:
                read.not_asked += 1
                return
            read.failed[visit.id] = code
            if _failed_before(visit, stored[visit.id], began):
                read.failed_before.add(visit.id)
            read.memories[visit.id] = gave_nothing(visit, stored[visit.id], outcome, now)
        else:
            read.memories[visit.id] = gave_nothing(visit, stored[visit.id], outcome, now)
            (read.gone if outcome == VANISHED else read.of_others).append(visit)

    for visit, answer in answers:
        sort(visit, answer, None)
    for visit, record, shown in _looked_up(pims, strange):
        sort(visit, record, shown)
        if visit.id not in read.records:
            read.told.append((visit, record))
    for asked in (read.gone, read.of_others):
        if not read.records and len(asked) >= FEW:  # more likely something else has changed
            read.memories |= {v.id: gave_nothing(v, stored[v.id], READ_FAILED, now) for v in asked}
    if not read.records and len(read.told) >= FEW:
        read.told.clear()  # they may be another company's
    return read


def _with_life(record: Consultation, shown: Lookup | None) -> Consultation:
    """The record with what the look-up of its visit says of the patient, if that is graver."""
    if record.life == "dead" or not isinstance(shown, Found) or shown.life is None:
        return record
    return replace(record, life=shown.life)


def _failed_before(visit: SourceRecord, stored: StoredVisit, began: datetime) -> bool:
    last = stored.last_asked
    if (last.asked, last.code) != (visit.consultation_id, READ_FAILED):
        return False
    return last.read_at is not None and last.read_at < began


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
    of_others: int = 0
    gone: int = 0
    asked_again: int = 0
    failed: tuple[str, ...] = ()
    """Code of each."""
    failed_before: int = 0
    """How many of those had failed in an earlier run as well."""
    unread: Mapping[str, str] = field(default_factory=dict)
    """Visit -> why its record gave nothing; empty text: it gave something."""

    def and_(self, read: UnitRead) -> "Reads":
        told = {visit: memory.code or "" for visit, memory in read.memories.items()}
        return Reads(
            self.succeeded + len(read.records),
            self.of_others + len(read.of_others),
            self.gone + len(read.gone),
            self.asked_again + read.asked_again,
            (*self.failed, *read.failed.values()),
            self.failed_before + len(read.failed_before),
            {**self.unread, **told, **dict.fromkeys(read.records, "")},
        )

    @property
    def is_down(self) -> bool:
        """The source did not answer: there is no use in asking for more."""
        return any(code in _PASSING for code in self.failed)

    def tell(self, report: Report) -> None:
        """Say in the report how many gave nothing, and which."""
        report.counts["consultations_read"] = self.succeeded
        found = {"consultations_failed": len(self.failed), "consultations_once": self.asked_again}
        report.warnings |= {code: number for code, number in found.items() if number}
        told = {**report.unread, **self.unread}
        report.unread = {visit: code for visit, code in told.items() if code}

    def failure(self) -> SyncError | None:
        """Why all readings together count as failed; None if they do not (rule R24).

        A few that have failed in earlier runs too are those records' trouble, told by name, and
        no run's.
        """
        if self.succeeded:
            return None
        if self.failed and (self.failed_before < len(self.failed) or len(self.failed) >= FEW):
            code = next((code for code in self.failed if code in _PASSING), self.failed[0])
            kind = _PASSING.get(code, ShapeChanged)
            what = f"none of {len(self.failed)} clinical records that were asked for could be read"
            return kind(f"{what}; the next run asks for them again", code=code)
        if self.gone >= FEW:
            return ShapeChanged(
                f"Neo knows none of {self.gone} clinical records that its calendar names; "
                "compare their address with the Neo protocol",
                code="consultations_not_found",
            )
        if self.of_others >= FEW:
            return ImplausibleData(
                f"all {self.of_others} clinical records belong to other patients than their "
                "visits; nothing of them was written",
                code="wrong_patients",
            )
        return None
