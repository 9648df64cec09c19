"""Clinical records that are read to be compared: which ones, and what they would change (R17)."""

import hashlib
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from idexx_sync.jobs.contract import Run
from idexx_sync.pims.protocol import ConsultationAnswer, Pims, SourceRecord
from idexx_sync.syncs.cases.calendar import context_of
from idexx_sync.syncs.cases.due import rule_reading
from idexx_sync.syncs.cases.plan import plan_consultations
from idexx_sync.syncs.cases.reading import Reads, judge_answers
from idexx_sync.syncs.reconciliation.compare import Loaded
from idexx_sync.syncs.reconciliation.judging import Planned, Records

RECORDS_A_NIGHT: Final = 60
"""Consultations that one order reads at most."""


@dataclass(slots=True)
class Answered:
    """What came back of the records that were asked for."""

    answers: list[tuple[SourceRecord, ConsultationAnswer]] = field(default_factory=list)
    left: int = 0
    """Visits with a record that the budget did not reach."""


def read_records(run: Run, pims: Pims, work: Planned, most: int, night: date) -> Answered:
    """Read the records of the piece's visits, those with a reason first."""
    wanted = _in_order(work, run, night)
    chosen = wanted[:most]
    answered = Answered(left=len(wanted) - len(chosen))
    if not chosen:
        return answered
    of_visits: dict[str, list[SourceRecord]] = {}
    for visit in chosen:
        of_visits.setdefault(visit.consultation_id or "", []).append(visit)
    run.progress.phase("consultations", len(chosen))
    with closing(pims.consultations(list(of_visits))) as answers:
        for consultation_id, answer in answers:
            for visit in of_visits[consultation_id]:
                run.progress.advance()
                answered.answers.append((visit, answer))
    return answered


def planned_records(
    run: Run, pims: Pims, loaded: Loaded, answered: Answered
) -> tuple[Records, Reads]:
    """What the records would change, and how their reading went."""
    began = run.job.started_at or loaded.now
    read = judge_answers(answered.answers, loaded.visits, pims, loaded.now, began)
    reads = Reads().and_(read)
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
    return Records(plan, frozenset(read.records), warnings), reads


def _in_order(work: Planned, run: Run, night: date) -> list[SourceRecord]:
    """Visits with a record and a case: those of which something differs or that are due anyway,
    then the others, in an order that is another one every night."""
    loaded = work.loaded
    changed = {change.visit_id for change in work.cases.changes}
    visits = [
        visit
        for visit in loaded.sources
        if visit.consultation_id is not None and loaded.visits[visit.id].case is not None
    ]

    def place(visit: SourceRecord) -> tuple[bool, str]:
        ruling = rule_reading(
            visit,
            loaded.visits[visit.id],
            loaded.now,
            run.clinic.zone,
            changed=visit.id in changed,
        )
        has_reason = visit.id in changed or (ruling.is_due and ruling.code != "daily")
        return not has_reason, _drawn(visit.id, night)

    return sorted(visits, key=place)


def _drawn(visit_id: str, night: date) -> str:
    return hashlib.sha256(f"{night} {visit_id}".encode()).hexdigest()
