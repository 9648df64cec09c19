"""What an inbound run writes: appointments, slots and the sign of freshness (rules R12, R13)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from idexx_sync.clinics.store import Clinic, store_configuration
from idexx_sync.pims.protocol import Configuration, Window
from idexx_sync.syncs.audit import Audit
from idexx_sync.syncs.commit import Tally, Transaction, Written
from idexx_sync.syncs.gate import Judgement
from idexx_sync.syncs.holds import HoldDecisions
from idexx_sync.syncs.inbound import slot_store, store
from idexx_sync.syncs.inbound.gate import Allowed
from idexx_sync.syncs.inbound.model import Plan, RowChange, Stored
from idexx_sync.syncs.inbound.slots import SlotPlan
from idexx_sync.syncs.memory import Record


@dataclass(slots=True)
class CalendarPiece:
    """A calendar as it was planned and judged: the one piece of an inbound run."""

    now: datetime
    """When it was planned, after it was loaded."""
    clinic: Clinic
    window: Window
    plan: Plan
    stored: Stored
    judgement: Judgement
    allowed: Allowed
    slots: SlotPlan
    started_at: datetime
    configuration: Configuration | None
    """Freshly read from the source; None: still the stored one."""
    slot_counts: dict[str, int] = field(default_factory=dict)
    """What became of the slots, by the words of a report; filled by writing."""

    @property
    def changes(self) -> Sequence[RowChange]:
        return self.allowed.changes

    @property
    def holds(self) -> HoldDecisions:
        return self.judgement.holds

    def write(self, transaction: Transaction) -> Written:
        """Write rows and slots; of another clinic's calendar nothing."""
        if self.judgement.foreign:
            return Written()
        changes, written = self._write_rows(transaction)
        if written.conflicts and not transaction.leaves_conflicts:
            return written
        self._write_slots(transaction, changes)
        if self.plan.complete:
            self._refresh(transaction, written)
        return written

    def observe(self, transaction: Transaction) -> Written:
        """Remember what was read, and of what would change only that it was seen or asked for."""
        if self.judgement.foreign:
            return Written()
        self._store_configuration(transaction)
        return Written(
            records={"appointment": list(self._observed())}, unknown_words=self.plan.unknown_words
        )

    def _observed(self) -> Iterator[Record]:
        """What to remember where no row is written.

        The source's words stand beside the row that was made of them, and a code that is new has
        yet to be told: both wait for a run that applies.
        """
        seen = {change.key: self._seen(change) for change in self.allowed.changes}
        for record in [*self.allowed.records, *seen.values()]:
            before = self.stored.record(record.key)
            is_told = record.quarantine_code in (None, before.quarantine_code)
            code = record.quarantine_code if is_told else before.quarantine_code
            if (observed := replace(record, quarantine_code=code)) != before:
                yield observed

    def _seen(self, change: RowChange) -> Record:
        """That the record of a change was seen, which clears its strikes, or asked for in vain."""
        before = self.stored.record(change.key)
        if change.key in self.plan.present:
            return replace(before, strikes=0, struck_at=None)
        return replace(before, looked_up_at=change.record.looked_up_at)

    def _store_configuration(self, transaction: Transaction) -> None:
        if self.configuration is not None:
            store_configuration(
                transaction.conn, transaction.clinic_id, self.configuration, transaction.now
            )

    def _write_rows(self, transaction: Transaction) -> tuple[list[RowChange], Written]:
        conn, clinic_id, now = transaction.conn, transaction.clinic_id, transaction.now
        created = [change for change in self.changes if change.row is None]
        touched = [change for change in self.changes if change.row is not None]
        done = store.insert_appointments(conn, clinic_id, created, now, transaction.settle)
        done |= store.update_appointments(conn, clinic_id, touched, now, transaction.settle)
        self._store_configuration(transaction)
        changes = [change for change in self.changes if change.key in done]
        return changes, Written(
            changes=changes,
            conflicts=frozenset(change.key for change in self.changes) - done,
            records={
                "appointment": self.allowed.records + [change.record for change in changes],
            },
            unknown_words=self.plan.unknown_words,
            skipped=self._skipped(done),
        )

    def _skipped(self, done: set[str]) -> list[Audit]:
        """Records that could not be understood, each told once."""
        return [
            Audit(item.key, "update", "unreadable", outcome="skipped", error_message=item.code)
            for item in self.plan.quarantined
            if item.key is not None and item.is_new and item.key not in done
        ]

    def _write_slots(self, transaction: Transaction, changes: Sequence[RowChange]) -> None:
        conn, clinic_id, plan = transaction.conn, transaction.clinic_id, self.slots
        now, settle = transaction.now, transaction.settle
        days = _days_to_count(self.window, changes)
        slot_store.lock_slots(conn, clinic_id, days)
        if plan.changes_anything or changes:
            slots = plan.create + plan.update
            slot_store.upsert_slots(conn, clinic_id, slots, transaction.job_id, now)
            slot_store.link_appointments(conn, clinic_id, days, plan.off_grid)
            deleted = slot_store.delete_unused_slots(conn, clinic_id, plan.off_grid, now, settle)
            self.slot_counts["slots_created"] = len(plan.create)
            self.slot_counts["slots_updated"] = len(plan.update)
            self.slot_counts["slots_deleted"] = deleted
            self.slot_counts["slots_off_grid"] = len(plan.off_grid) - deleted
        recounted = slot_store.recount(conn, clinic_id, days, plan.off_grid, now)
        settle()
        self.slot_counts["slots_recounted"] = len(recounted.fetchall())

    def _refresh(self, transaction: Transaction, written: Written) -> None:
        """Tell readers that the calendar is fresh."""
        conn, clinic_id, now = transaction.conn, transaction.clinic_id, transaction.now
        older_than = now - timedelta(minutes=self.clinic.schedule.stale_minutes) / 2
        unseen = [item.row.key for item in self.plan.missing]
        store.refresh_appointments(conn, clinic_id, self.window, unseen, now, older_than)
        slot_store.refresh_slots(conn, clinic_id, self.window, transaction.job_id, now, older_than)
        store.record_schedule_sync(
            conn,
            transaction.job_id,
            clinic_id,
            self.window,
            {
                **self.slot_counts,
                **Tally().and_(written).counted(),
                "conflicts": len(written.conflicts),
            },
            partial=bool(self.judgement.findings or self.plan.quarantined),
            started_at=self.started_at,
            now=now,
        )


def _days_to_count(window: Window, changes: Sequence[RowChange]) -> list[date]:
    days = set(window.days)
    for change in changes:
        days.add(change.after.date)
        if change.row is not None:
            days.add(change.row.appointment.date)
    return sorted(days)
