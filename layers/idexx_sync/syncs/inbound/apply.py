"""The one writing transaction of an inbound run (rules R12, R13, R21-R23)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from idexx_sync.clinics.store import store_configuration
from idexx_sync.database.connection import Settle, writing
from idexx_sync.jobs import leases
from idexx_sync.jobs import store as job_store
from idexx_sync.jobs.contract import Report, Run
from idexx_sync.pims.protocol import Configuration, Window
from idexx_sync.syncs.audits import Audit, store_audits
from idexx_sync.syncs.gate import HoldDecisions
from idexx_sync.syncs.hold_store import store_decisions
from idexx_sync.syncs.inbound import slot_store, store
from idexx_sync.syncs.inbound.gate import Judgement
from idexx_sync.syncs.inbound.model import PERSONAL, Change, Plan
from idexx_sync.syncs.inbound.slots import SlotPlan
from idexx_sync.syncs.memory import store_records, store_unknown_words
from idexx_sync.syncs.proof import PlanAgain


@dataclass(slots=True)
class Prepared:
    """All that a run has decided, ready to be written."""

    window: Window
    plan: Plan
    judgement: Judgement
    holds: HoldDecisions
    slots: SlotPlan
    report: Report
    started_at: datetime
    configuration: Configuration | None = None
    """Freshly read from the source; None: still the stored one."""
    written: list[Change] = field(default_factory=list)


def apply(run: Run, prepared: Prepared, *, last_try: bool) -> Report:
    """Write everything, end the job and let the lease go, or do nothing at all.

    Raises PlanAgain when rows have changed under the plan, unless it is the last try: then those
    rows are left for the next run and counted. Raises LeaseLost when another run took over.
    """
    now = run.clock()
    with writing(run.conn) as settle:
        leases.require(run.conn, run.lease, settle)
        if prepared.judgement.foreign:
            _store_holds(run, prepared, now)
        else:
            _write_rows(run, prepared, now, settle, last_try=last_try)
            _store_holds(run, prepared, now)
            _write_slots(run, prepared, now, settle)
            _refresh(run, prepared, now)
        job_store.end(
            run.conn,
            run.lease,
            prepared.report.status,
            result=prepared.report.as_result(),
        )
    return prepared.report


def _write_rows(
    run: Run, prepared: Prepared, now: datetime, settle: Settle, *, last_try: bool
) -> None:
    changes = prepared.judgement.changes
    created = [change for change in changes if change.row is None]
    touched = [change for change in changes if change.row is not None]
    done = store.insert_appointments(run.conn, run.clinic.id, created, now, settle)
    done |= store.update_appointments(run.conn, run.clinic.id, touched, now, settle)
    conflicts = len(changes) - len(done)
    if conflicts and not last_try:
        raise PlanAgain
    prepared.written = [change for change in changes if change.key in done]
    records = prepared.judgement.records + [change.record for change in prepared.written]
    store_records(run.conn, run.clinic.id, "appointment", records, now)
    store_audits(run.conn, run.clinic.id, run.job.id, _audits(run, prepared))
    store_unknown_words(run.conn, run.clinic.id, run.job.id, prepared.plan.unknown_words, now)
    if prepared.configuration is not None:
        store_configuration(run.conn, run.clinic.id, prepared.configuration, now)
    counts = prepared.report.counts
    for action, name in (("create", "created"), ("update", "updated"), ("remove", "removed")):
        counts[name] = sum(change.action == action for change in prepared.written)
    if conflicts:
        counts["conflicts"] = conflicts
        prepared.report.warnings["conflicts_left_for_next_run"] = conflicts


def _store_holds(run: Run, prepared: Prepared, now: datetime) -> None:
    if prepared.holds.changes_anything:
        store_decisions(run.conn, run.clinic.id, "inbound", run.job.id, prepared.holds, now)


def _write_slots(run: Run, prepared: Prepared, now: datetime, settle: Settle) -> None:
    conn, clinic_id, plan = run.conn, run.clinic.id, prepared.slots
    counts = prepared.report.counts
    days = _days_to_count(prepared)
    slot_store.lock_slots(conn, clinic_id, days)
    if plan.changes_anything or prepared.written:
        slot_store.upsert_slots(conn, clinic_id, plan.create + plan.update, run.job.id, now)
        slot_store.link_appointments(conn, clinic_id, days, plan.off_grid)
        deleted = slot_store.delete_unused_slots(conn, clinic_id, plan.off_grid, now, settle)
        counts["slots_created"] = len(plan.create)
        counts["slots_updated"] = len(plan.update)
        counts["slots_deleted"] = deleted
        counts["slots_off_grid"] = len(plan.off_grid) - deleted
    recounted = slot_store.recount(conn, clinic_id, days, plan.off_grid, now)
    settle()
    counts["slots_recounted"] = len(recounted.fetchall())


def _refresh(run: Run, prepared: Prepared, now: datetime) -> None:
    """Tell readers that the calendar is fresh; only a complete read may say so."""
    if not prepared.plan.complete:
        return
    older_than = now - timedelta(minutes=run.clinic.schedule.stale_minutes) / 2
    unseen = [item.row.key for item in prepared.plan.missing]
    store.refresh_appointments(run.conn, run.clinic.id, prepared.window, unseen, now, older_than)
    slot_store.refresh_slots(run.conn, run.clinic.id, prepared.window, run.job.id, now, older_than)
    store.record_schedule_sync(
        run.conn,
        run.job.id,
        run.clinic.id,
        prepared.window,
        prepared.report.counts,
        partial=bool(prepared.report.held or prepared.plan.quarantined),
        started_at=prepared.started_at,
        now=now,
    )


def _days_to_count(prepared: Prepared) -> list[date]:
    days = set(prepared.window.days)
    for change in prepared.written:
        days.add(change.after.date)
        if change.row is not None:
            days.add(change.row.appointment.date)
    return sorted(days)


def _audits(run: Run, prepared: Prepared) -> list[Audit]:
    audits = [
        Audit(
            external_id=change.key,
            sync_type="create" if change.action == "create" else "update",
            reason=change.reason,
            changes=_audited_fields(run, change),
        )
        for change in prepared.written
    ]
    audited = {audit.external_id for audit in audits}
    audits += [
        Audit(item.key, "update", "unreadable", status="skipped", error_message=item.code)
        for item in prepared.plan.quarantined
        if item.key is not None and item.is_new and item.key not in audited
    ]
    return audits


def _audited_fields(run: Run, change: Change) -> dict[str, dict[str, Any]]:
    audited: dict[str, dict[str, Any]] = {}
    for name, (before, after) in change.fields.items():
        if name in PERSONAL:
            audited[name] = {"changed": True, "hash": after and run.fingerprint(after)}
        else:
            audited[name] = {"before": before, "after": after}
    return audited


def planned_changes(changes: Sequence[Change]) -> list[dict[str, Any]]:
    """A dry run's plan: what would change, by key and field name, without values."""
    return [
        {
            "id": change.key,
            "action": change.action,
            "reason": change.reason,
            "fields": sorted(change.fields),
        }
        for change in sorted(changes, key=lambda change: change.key)
    ]
