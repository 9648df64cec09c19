"""Clinical records that are read to be compared: which ones, and what they would change (R17)."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from typing import Final

from idexx_sync.core.errors import PimsSlow, PimsUnavailable, SyncError, Throttled
from idexx_sync.jobs.contract import Run
from idexx_sync.pims.protocol import ConsultationAnswer, Pims, SourceRecord
from idexx_sync.syncs.cases.calendar import context_of
from idexx_sync.syncs.cases.due import rule_reading
from idexx_sync.syncs.cases.plan import plan_consultations
from idexx_sync.syncs.cases.reading import Reads, UnitRead, judge_answers
from idexx_sync.syncs.cases.stored import PREFIX
from idexx_sync.syncs.memory import VisitMemory
from idexx_sync.syncs.reconciliation.loaded import Loaded
from idexx_sync.syncs.reconciliation.planned import NO_RECORDS, Records, with_record

RECORDS_A_NIGHT: Final = 60
"""Consultations that one order reads at most."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back of the records that were asked for."""

    asked: int = 0
    read: UnitRead | None = None
    """None: nothing was asked for."""
    left: int = 0
    """Visits with a record that was not read: beyond the budget, or after the source broke down."""
    broken_by: SyncError | None = None
    """Why no more of them could be read."""

    @property
    def failure(self) -> SyncError | None:
        """Why the run is no success, once what was read is committed (rule R24)."""
        if self.broken_by is not None or self.read is None:
            return self.broken_by
        return Reads().and_(self.read).failure()


def read_records(run: Run, pims: Pims, loaded: Loaded, most: int, night: date) -> Answered:
    """Read the records of the piece's visits, those with a reason first."""
    wanted = _in_order(loaded, run, night)
    chosen = wanted[:most]
    if not chosen:
        return Answered(left=len(wanted))
    run.progress.phase("consultations", len(chosen))
    asking, answers = _Asking(pims, chosen), []
    for answer in asking:
        run.progress.advance()
        answers.append(answer)
    began = run.job.started_at or loaded.now
    read = judge_answers(answers, loaded.visits, pims, loaded.now, began)
    return Answered(len(chosen), read, len(wanted) - len(answers), asking.broken_by)


@dataclass(slots=True)
class _Asking:
    """The answers as they come, until the source breaks down."""

    pims: Pims
    visits: Sequence[SourceRecord]
    broken_by: SyncError | None = None

    def __iter__(self) -> Iterator[tuple[SourceRecord, ConsultationAnswer]]:
        of_visits: dict[str, list[SourceRecord]] = {}
        for visit in self.visits:
            of_visits.setdefault(visit.consultation_id or "", []).append(visit)
        try:
            with closing(self.pims.consultations(list(of_visits))) as answers:
                for consultation_id, answer in answers:
                    for visit in of_visits[consultation_id]:
                        yield visit, answer
        except (PimsUnavailable, PimsSlow, Throttled) as error:
            self.broken_by = error


def planned_records(run: Run, loaded: Loaded, answered: Answered) -> Records:
    """What the records would change beside what is stored now."""
    read = answered.read
    if read is None:
        return NO_RECORDS
    plan = plan_consultations(
        read.records.values(),
        read.vanished,
        loaded.visits,
        context_of(run, loaded.now, loaded.words),
        of_others=read.strange,
        told=read.told,
        beat=run.beat,
    )
    warnings = {"consultations_failed": len(read.failed), **read.warnings}
    failed = answered.failure is not None
    return Records(plan, frozenset(read.records), warnings, failed)


def _in_order(loaded: Loaded, run: Run, night: date) -> list[SourceRecord]:
    """Visits with a record and a case: those that say something else than before or that are due
    anyway, then the others, in an order that is another one every night."""
    differed = {one.external_id for one in loaded.open if one.cause == "record_differs"}

    def place(visit: SourceRecord) -> tuple[bool, str]:
        stored = loaded.visits[visit.id]
        is_changed = _says_otherwise(visit, stored.memory)
        ruling = rule_reading(visit, stored, loaded.now, run.clinic.zone, changed=is_changed)
        has_reason = ruling.is_due and ruling.code != "daily"
        is_open = PREFIX + visit.id in differed
        return not (is_changed or is_open or has_reason), _drawn(visit.id, night)

    return sorted(with_record(loaded), key=place)


def _says_otherwise(visit: SourceRecord, before: VisitMemory) -> bool:
    """Whether the calendar shows a change, as far as that is seen before the visit is planned: the
    source's stamp moves with whatever else is changed."""
    said = (visit.start, visit.end, visit.status, visit.type, visit.consultation_id)
    known = (before.start, before.end, before.status, before.type, before.consultation)
    return said != known or visit.last_updated_at not in (None, before.stamp)


def _drawn(visit_id: str, night: date) -> str:
    return hashlib.sha256(f"{night} {visit_id}".encode()).hexdigest()
