"""Marks the cases of patients that have died, as part of a case run's transaction (rule R19)."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from idexx_sync.database.connection import Cur
from idexx_sync.database.parts import Refusal
from idexx_sync.syncs.cases.death_store import deaths_of_patients, remember_deaths
from idexx_sync.syncs.cases.deaths import CaseToMark, DeniedChange, LifeStatusChange, Mark
from idexx_sync.syncs.cases.mark_store import cases_to_mark, mark_cases, reopen_denied
from idexx_sync.syncs.cases.model import Plan
from idexx_sync.syncs.cases.stored import StoredVisit
from idexx_sync.syncs.commit import Transaction

type Marks = dict[Mark, Sequence[UUID]]
"""Each with all cases of its visit."""


@dataclass(slots=True)
class Marking:
    """What became of the cases of patients that have died."""

    changes: list[LifeStatusChange | DeniedChange] = field(default_factory=list)
    refused: dict[CaseToMark, Refusal] = field(default_factory=dict)
    denied: list[str] = field(default_factory=list)
    """Keys of cases that say otherwise, although certain words are new: a person has to look."""


def mark_the_dead(
    transaction: Transaction,
    plan: Plan,
    stored: Mapping[str, StoredVisit],
    made: Mapping[str, UUID],
    of_former: Collection[UUID] = (),
) -> Marking:
    """Mark all cases of the plan's dead that do not say so yet, and remember who died.

    A case that denies it stays as it is, but for calls: nobody is to be called about it.
    `of_former` are cases whose mark is found to be a former patient's.
    """
    told: Marks = {
        mark: _cases_of(mark.visit_id, stored, made) if mark.of_visit else () for mark in plan.marks
    }
    known = _known(transaction, plan, stored, made, of_former)
    if not (marks := known | told):
        return Marking()
    conn, clinic_id, now = transaction.conn, transaction.clinic_id, transaction.now
    found = cases_to_mark(conn, clinic_id, marks, now, transaction.settle)
    marking = _marked(transaction, [case for case in found if not case.denied])
    denied = [case for case in found if case.denied and case.is_certain]
    _reopen(transaction, denied, marking)
    patients = {patient for case in denied for patient in case.patients}
    merged = [mark for mark in known if mark.patient_id is not None]
    remember_deaths(conn, clinic_id, [*told, *merged], patients, now)
    return marking


def _known(
    transaction: Transaction,
    plan: Plan,
    stored: Mapping[str, StoredVisit],
    made: Mapping[str, UUID],
    of_former: Collection[UUID],
) -> Marks:
    """Of visits whose case is new, taken over, or another patient's than before, those whose
    patient is known to have died."""
    patients = {*_patients(plan).items(), *_patients_of_records(plan, stored)}
    dead = deaths_of_patients(
        transaction.conn,
        transaction.clinic_id,
        sorted({patient for _, patient in patients}),
        of_former,
        transaction.settle,
    )
    marks: Marks = {}
    for visit, patient in sorted(patients):
        if patient in dead:
            category, in_doubt = dead[patient]
            # Where two patients became one, all cases of both are the dead one's now.
            of_all = None if visit in made or visit in plan.adopted else patient
            marks[Mark(visit, of_all, category, in_doubt)] = _cases_of(visit, stored, made)
    return marks


def _patients(plan: Plan) -> dict[str, str]:
    """Visit -> patient, where the case is new, taken over, or another patient's than before."""
    found = {
        change.visit_id: change.values["patient.external_id"]
        for change in plan.changes
        if change.values.get("patient.external_id")
    }
    adopted = {
        record.key: record.source.patient
        for record in plan.records
        if record.key in plan.adopted and record.source is not None
    }
    return found | {visit: patient for visit, patient in adopted.items() if patient}


def _patients_of_records(
    plan: Plan, stored: Mapping[str, StoredVisit]
) -> Iterator[tuple[str, str]]:
    """Visit and patient, where its record is for the first time of another one than the calendar's:
    two have become one, and the calendar may say so later."""
    for visit, memory in plan.memories.items():
        known = (stored[visit].memory.patient, stored[visit].consultation.patient)
        if memory.patient is not None and memory.patient not in known:
            yield visit, memory.patient


def _marked(transaction: Transaction, cases: Sequence[CaseToMark]) -> Marking:
    conn, clinic_id, now = transaction.conn, transaction.clinic_id, transaction.now

    def write(some: Sequence[CaseToMark]) -> Cur:
        return mark_cases(conn, clinic_id, some, now)

    parts = transaction.in_parts("cases", cases, write)
    done = {case_id for part in parts.results for (case_id,) in part.fetchall()}
    changes = [LifeStatusChange(c.key, c.id, c.category) for c in cases if c.id in done]
    return Marking([*changes], dict(parts.refused))


def _reopen(transaction: Transaction, denied: Sequence[CaseToMark], marking: Marking) -> None:
    """Take back those that are completed; all of them are for a person to look at."""
    conn, clinic_id, now = transaction.conn, transaction.clinic_id, transaction.now

    def write(some: Sequence[CaseToMark]) -> Cur:
        return reopen_denied(conn, clinic_id, [case.id for case in some], now)

    parts = transaction.in_parts("cases", denied, write)
    done = {case_id for part in parts.results for (case_id,) in part.fetchall()}
    marking.denied = [case.key for case in denied]
    marking.changes += [DeniedChange(case.key, case.id) for case in denied if case.id in done]
    marking.refused |= dict(parts.refused)


def _cases_of(
    visit: str, stored: Mapping[str, StoredVisit], made: Mapping[str, UUID]
) -> Sequence[UUID]:
    ids = [case.id for case in stored[visit].cases]
    return [*ids, made[visit]] if visit in made else ids
