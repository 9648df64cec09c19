"""The writing transactions of a case sync: one for the calendar, one per unit of consultations
(rules R14, R16, R19, R21 to R23)."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from idexx_sync.database.connection import Settle, writing
from idexx_sync.jobs import leases
from idexx_sync.jobs import store as job_store
from idexx_sync.jobs.contract import Report, Run
from idexx_sync.syncs.audits import Audit, audited_by, store_audits
from idexx_sync.syncs.cases import store
from idexx_sync.syncs.cases.fields import STAMPS, is_personal
from idexx_sync.syncs.cases.model import PREFIX, Change, Mark, Plan, StoredVisit
from idexx_sync.syncs.gate import HoldDecisions
from idexx_sync.syncs.hold_store import store_decisions
from idexx_sync.syncs.memory import store_records, store_unknown_words
from idexx_sync.syncs.proof import PlanAgain


@dataclass(frozen=True, slots=True)
class Written:
    """Audit ids of what a run has written so far, over all of its transactions."""

    created: frozenset[str] = frozenset()
    updated: frozenset[str] = frozenset()
    marked: frozenset[str] = frozenset()
    in_doubt: frozenset[str] = frozenset()
    """Visits whose words may mean that the patient died, and may not."""
    conflicts: frozenset[str] = frozenset()
    """Visits whose rows somebody else kept changing."""

    def and_(self, more: "Written") -> "Written":
        return Written(
            self.created | more.created,
            self.updated | more.updated,
            self.marked | more.marked,
            self.in_doubt | more.in_doubt,
            self.conflicts | more.conflicts,
        )


def written_before(run: Run) -> Written:
    """What the job's earlier attempts have committed."""
    if run.job.attempt < 2:
        return Written()
    audited = audited_by(run.conn, run.job.id)
    return Written(
        created=frozenset(i for i, kind in audited.items() if kind == "create"),
        updated=frozenset(i for i, kind in audited.items() if kind != "create"),
    )


@dataclass(frozen=True, slots=True)
class Unit:
    """What one transaction writes."""

    plan: Plan
    stored: Mapping[str, StoredVisit]
    now: datetime
    """Of the whole transaction."""
    holds: HoldDecisions | None = None
    ends_with: Report | None = None
    """The job's report, if this is the run's last transaction."""


def write(run: Run, unit: Unit, before: Written, *, last_try: bool) -> Written:
    """Write all of the unit, or nothing; what the run has written then, `before` included.

    Raises PlanAgain when rows have changed under the plan, unless it is the last try: then those
    visits are left for the next run and counted. Raises LeaseLost when another run took over.
    """
    with writing(run.conn) as settle:
        leases.require(run.conn, run.lease, settle)
        written = before.and_(_write_rows(run, unit, settle, last_try=last_try))
        if unit.holds is not None and unit.holds.changes_anything:
            store_decisions(run.conn, run.clinic.id, "cases", run.job.id, unit.holds, unit.now)
        if unit.ends_with is not None:
            _end(run, unit.ends_with, written)
    return written


def _end(run: Run, report: Report, written: Written) -> None:
    count(report, written)
    job_store.finish(run.conn, run.lease, report.status, result=report.as_result())
    leases.release(run.conn, run.lease)


def count(report: Report, written: Written) -> None:
    """Tell the report what was written."""
    counts = report.counts
    counts["created"] = len(written.created)
    counts["updated"] = len((written.updated | written.marked) - written.created)
    counts["marked"] = len(written.marked)
    touched = {i for i in written.created | written.updated if i.startswith(PREFIX)}
    left = len(written.conflicts) + report.warnings.get("cases_not_written", 0)
    left += counts["deleted_in_odis"] + sum(report.held.values())
    counts["unchanged"] = max(0, counts["read"] - len(touched) - left)
    if written.in_doubt:
        report.warnings["life_status_in_doubt"] = len(written.in_doubt)
        report.for_review = sorted(PREFIX + visit for visit in written.in_doubt)
    if written.conflicts:
        report.warnings["conflicts_left_for_next_run"] = len(written.conflicts)


def _write_rows(run: Run, unit: Unit, settle: Settle, *, last_try: bool) -> Written:
    conn, clinic_id, now = run.conn, run.clinic.id, unit.now
    free = store.lock_unchanged(conn, unit.plan.changes, settle) if unit.plan.changes else set()
    conflicts = {change.visit_id for change in unit.plan.changes} - free
    if conflicts and not last_try:
        raise PlanAgain
    plan = unit.plan.without(frozenset(conflicts))
    new = [change for change in plan.changes if change.case is None]
    made = store.insert_cases(conn, clinic_id, new, now, settle)
    not_made = {change.visit_id for change in new} - made.keys()
    if not_made and not last_try:
        raise PlanAgain
    plan = plan.without(frozenset(not_made))
    store.keep_keys(conn, clinic_id, plan.adopted, settle)
    touched = [change for change in plan.changes if change.case is not None]
    store.update_cases(conn, clinic_id, touched, now)
    audits = [*_audits(run, plan, made), *_skipped(plan)]
    store_audits(conn, clinic_id, run.job.id, audits)
    marked = _mark(run, plan, unit, made, settle)
    store_records(conn, clinic_id, "visit", plan.records, now)
    memories = [memory.as_record(visit) for visit, memory in plan.memories.items()]
    store_records(conn, clinic_id, "consultation", memories, now)
    store_unknown_words(conn, clinic_id, run.job.id, plan.unknown_words, now)
    return Written(
        created=frozenset(PREFIX + visit for visit in made),
        updated=frozenset(change.external_id for change in touched),
        marked=frozenset(marked),
        in_doubt=frozenset(mark.visit_id for mark in plan.marks if mark.in_doubt),
        conflicts=frozenset(conflicts | not_made),
    )


def _mark(
    run: Run,
    plan: Plan,
    unit: Unit,
    made: Mapping[str, UUID],
    settle: Settle,
) -> list[str]:
    """Mark the cases of patients that have died; the audit ids of those that were not yet."""
    conn, clinic_id, stored, now = run.conn, run.clinic.id, unit.stored, unit.now
    marks = {mark: _cases_of(mark.visit_id, stored, made) for mark in plan.marks}
    patients = {
        change.visit_id: change.fields["patient.external_id"]
        for change in plan.changes
        if change.fields.get("patient.external_id")
    }
    dead = store.marks_of_patients(conn, clinic_id, list(patients.values()), now, settle)
    for visit, patient in patients.items():
        if patient in dead:
            category: Any = dead[patient]
            # Where two patients became one, all cases of both are the dead one's now.
            of_all = None if visit in made else patient
            mark = Mark(visit, of_all, category, in_doubt=False)
            marks.setdefault(mark, _cases_of(visit, stored, made))
    found = store.mark_cases(conn, clinic_id, marks, now, settle)
    audits = [
        Audit(
            audit_id,
            "update",
            "life_status",
            {"case.extreme_case_check": {"before": None, "after": category}},
            case_id=case_id,
        )
        for audit_id, case_id, category in found
    ]
    store_audits(conn, clinic_id, run.job.id, audits)
    return [audit.external_id for audit in audits]


def _cases_of(
    visit: str, stored: Mapping[str, StoredVisit], made: Mapping[str, UUID]
) -> Sequence[UUID]:
    ids = [case.id for case in stored[visit].cases]
    return [*ids, made[visit]] if visit in made else ids


def _audits(run: Run, plan: Plan, made: Mapping[str, UUID]) -> Iterable[Audit]:
    for change in plan.changes:
        case_id = change.case.id if change.case else made[change.visit_id]
        yield Audit(
            external_id=change.external_id,
            sync_type="update" if change.case else "create",
            reason=change.reason,
            changes=_audited(run, change),
            case_id=case_id,
        )


def _audited(run: Run, change: Change) -> dict[str, dict[str, Any]]:
    audited: dict[str, dict[str, Any]] = {}
    for name, after in change.fields.items():
        if name in STAMPS:
            continue
        before = None if change.case is None else change.case.value(name)
        if is_personal(name):
            audited[name] = {"changed": True, "hash": after and run.fingerprint(str(after))}
        else:
            audited[name] = {"before": before, "after": after}
    for path in change.cleared:
        audited[f"metadata.{path}"] = {"before": True, "after": None}
    return audited


def _skipped(plan: Plan) -> Iterable[Audit]:
    """What was seen and left as it is, told once."""
    changed = {change.external_id for change in plan.changes}
    for visit in sorted(plan.newly_edited):
        if PREFIX + visit not in changed:
            fields: dict[str, dict[str, Any]] = {name: {} for name in plan.edited[visit]}
            yield Audit(PREFIX + visit, "update", "edited_in_odis", fields, status="skipped")
    for visit in sorted(plan.newly_quarantined):
        code = plan.quarantined[visit]
        yield Audit(PREFIX + visit, "update", "quarantined", status="skipped", error_message=code)


class DryRun:
    """Collects what would be written; nothing is."""

    def __init__(self) -> None:
        self._changes: list[Change] = []

    def add(self, run: Run, unit: Unit) -> None:
        """Take the unit's changes in; its report ends the job with the whole plan."""
        self._changes += unit.plan.changes
        if unit.ends_with is None:
            return
        report = unit.ends_with
        would = Written(
            created=frozenset(c.external_id for c in self._changes if c.case is None),
            updated=frozenset(c.external_id for c in self._changes if c.case is not None),
        )
        report.plan = planned(self._changes)
        with writing(run.conn) as settle:
            leases.require(run.conn, run.lease, settle)
            _end(run, report, would)


def planned(changes: Collection[Change]) -> list[dict[str, Any]]:
    """A dry run's plan: what would change, by key and field name, without values."""
    return [
        {
            "id": change.external_id,
            "action": "update" if change.case else "create",
            "reason": change.reason,
            "fields": sorted(change.fields.keys() - STAMPS),
        }
        for change in sorted(changes, key=lambda change: (change.external_id, change.reason))
    ]
