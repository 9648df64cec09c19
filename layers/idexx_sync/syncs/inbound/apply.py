"""What an inbound run writes: appointments, slots and the sign of freshness (rules R12, R13)."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

from idexx_sync.clinics.store import Clinic, store_configuration
from idexx_sync.core.errors import OdisMustAct
from idexx_sync.core.faults import Fault
from idexx_sync.database.connection import Cur
from idexx_sync.database.parts import Refusal
from idexx_sync.jobs.contract import Unfresh
from idexx_sync.pims.protocol import Configuration, Window
from idexx_sync.syncs.audit import Audit, refused_audit
from idexx_sync.syncs.commit import Tally, Transaction, Written
from idexx_sync.syncs.gate import Judgement
from idexx_sync.syncs.holds import HoldDecisions
from idexx_sync.syncs.inbound import slot_store, store
from idexx_sync.syncs.inbound.claims import unwritten
from idexx_sync.syncs.inbound.gate import Allowed, frees_nothing
from idexx_sync.syncs.inbound.model import Plan, RowChange, Stored
from idexx_sync.syncs.inbound.slots import Slot, SlotPlan
from idexx_sync.syncs.memory import REFUSED, Record, Remembered

TOLD_EVERY: Final = timedelta(minutes=1)
"""Readers are told at most so often that nothing has changed; sooner only if they would otherwise
see more than half of the clinic's staleness threshold."""


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
    unfresh: Unfresh | None
    """Why the run is no sign of freshness; writing may add to it. None: it is one."""
    failure: OdisMustAct | None
    """Why the job fails although what it could do is written: the hours of its slots, or the shape
    of the answer, cannot be read."""
    configuration: Configuration | None
    """Freshly read from the source; None: still the stored one."""
    tells_fresh: bool = True
    """Whether readers are told that rows and slots are up to date, where they are."""
    slot_faults: Sequence[Fault] = ()
    """Values of stored slots that cannot be read."""
    slot_counts: dict[str, int] = field(default_factory=dict)
    """What became of the slots, by the words of a report; filled by writing."""
    refused: frozenset[str] = frozenset()
    """Records whose rows the database refused; filled by writing. They take time all the same."""
    unchanged_slots: Sequence[UUID] = ()
    """Slots that should have been changed, and were refused; filled by writing."""

    @property
    def changes(self) -> Sequence[RowChange]:
        return self.allowed.changes

    @property
    def holds(self) -> HoldDecisions:
        return self.judgement.holds

    @property
    def warnings(self) -> Mapping[str, int]:
        return {}  # it is the run's only piece

    def write(self, transaction: Transaction) -> Written:
        """Write rows and slots; of another clinic's calendar nothing."""
        if self.judgement.foreign:
            self.unfresh = "foreign_calendar"
            return Written()
        changes, written = self._write_rows(transaction)
        if written.conflicts and not transaction.leaves_conflicts:
            return written
        if self.unfresh is None:
            self.unfresh = self.judgement.doubted or ("conflicts" if written.conflicts else None)
        # What is in doubt takes time by what is remembered of it, which is counted below.
        remembered = written.records["appointment"]
        transaction.remember(written.records)
        written.records = {}
        days = self._days_to_count(changes, remembered)
        slot_store.lock_slots(transaction.conn, transaction.clinic_id, days)
        faults = self._write_grid(transaction, changes, days)
        faults += self._count_and_refresh(transaction, written, days)
        written.faults = [*written.faults, *faults]
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
        done: set[str] = set()
        refused: dict[str, Fault] = {}
        for write, wanted in (
            (store.insert_appointments, [c for c in self.changes if c.row is None]),
            (store.update_appointments, [c for c in self.changes if c.row is not None]),
        ):
            parts = transaction.in_parts(
                "schedule_appointments",
                wanted,
                partial(write, conn, clinic_id, now=now),
                apart=lambda change: self._was_refused(change.key),
            )
            done |= {key for written in parts.results for (key,) in written.fetchall()}
            refused |= {change.key: refusal.of(change.key) for change, refusal in parts.refused}
        self._store_configuration(transaction)
        changes = [change for change in self.changes if change.key in done]
        self.refused = frozenset(refused)
        return changes, Written(
            changes=changes,
            conflicts=frozenset(c.key for c in self.changes) - done - refused.keys(),
            records={
                "appointment": [
                    *self.allowed.records,
                    *(change.record for change in changes),
                    *self._unwritten(done),
                ],
            },
            unknown_words=self.plan.unknown_words,
            skipped=[*self._skipped(done), *self._refused_audits(refused)],
            faults=list(refused.values()),
        )

    def _was_refused(self, key: str) -> bool:
        return self.stored.record(key).quarantine_code == REFUSED

    def _unwritten(self, written: Collection[str]) -> Iterator[Record]:
        """What to remember of changes that were refused, or that somebody else was in the way of:
        the record takes both of its times until it is written."""
        left = [change for change in self.changes if change.key not in written]
        taking = {record.key: record for record in unwritten(left, self.stored)}
        for key in (change.key for change in left):
            before = self.stored.record(key)
            record = taking.get(key, before)
            if key in self.refused:
                record = replace(record, quarantine_code=REFUSED, strikes=0, struck_at=None)
            if record != before:
                yield record

    def _refused_audits(self, refused: Mapping[str, Fault]) -> list[Audit]:
        """Records whose rows were refused, each told once."""
        return [
            refused_audit(key, fault, "appointment")
            for key, fault in refused.items()
            if not self._was_refused(key)
        ]

    def _skipped(self, done: set[str]) -> list[Audit]:
        """Records that could not be understood, each told once."""
        return [
            Audit(
                item.key,
                "update",
                "unreadable",
                outcome="skipped",
                error_message=item.code,
                kind="appointment",
            )
            for item in self.plan.quarantined
            if item.key is not None and item.is_new and item.key not in done
        ]

    def _write_grid(
        self, transaction: Transaction, changes: Sequence[RowChange], days: Sequence[date]
    ) -> list[Fault]:
        conn, clinic_id, plan = transaction.conn, transaction.clinic_id, self.slots
        now = transaction.now
        if not plan.changes_anything and not changes:
            return []

        def upsert(slots: Sequence[Slot]) -> None:
            slot_store.upsert_slots(conn, clinic_id, slots, transaction.job_id, now)

        def link(some: Sequence[date]) -> None:
            off_grid = [*plan.off_grid, *plan.elsewhere]
            slot_store.link_appointments(conn, clinic_id, some, off_grid)

        def delete(some: Sequence[UUID]) -> Cur:
            return slot_store.delete_unused_slots(conn, clinic_id, some, now)

        wanted = plan.create + plan.update
        upserted = transaction.in_parts("schedule_slots", wanted, upsert)
        linked = transaction.in_parts("schedule_appointments", days, link)
        dropped = transaction.in_parts("schedule_slots", plan.off_grid, delete)
        deleted = sum(len(rows.fetchall()) for rows in dropped.results)
        refused = {slot.key for slot, _ in upserted.refused}
        self.unchanged_slots = [plan.ids[key] for key in refused if key in plan.ids]
        for name, slots in (("slots_created", plan.create), ("slots_updated", plan.update)):
            self.slot_counts[name] = sum(slot.key not in refused for slot in slots)
        self.slot_counts["slots_deleted"] = deleted
        self.slot_counts["slots_off_grid"] = len(plan.off_grid) - deleted
        return [
            *(refusal.of(f"{slot.day} {slot.start}") for slot, refusal in upserted.refused),
            *(refusal.of(str(day)) for day, refusal in linked.refused),
            *(refusal.of(str(slot_id)) for slot_id, refusal in dropped.refused),
        ]

    def _count_and_refresh(
        self, transaction: Transaction, written: Written, days: Sequence[date]
    ) -> list[Fault]:
        """Count what is booked and tell readers that the calendar is fresh, in one round trip."""

        def all_of_it() -> Cur:
            recounted = self._recount(transaction, days)
            for _, refresh in self._refreshes(transaction, written):
                refresh()
            return recounted

        recounted = transaction.tried("schedule_slots", all_of_it)
        if not isinstance(recounted, Refusal):
            self.slot_counts["slots_recounted"] = len(recounted.fetchall())
            return []
        faults, uncounted = self._recount_apart(transaction, days)
        if uncounted:  # nobody may take an old count for a fresh one
            self.unfresh = self.unfresh or "refused"
        for table, refresh in self._refreshes(transaction, written, uncounted):
            if isinstance(refusal := transaction.tried(table, refresh), Refusal):
                faults.append(refusal.of(str(transaction.clinic_id)))
                if table == "schedule_syncs":
                    self.unfresh = "refused"
        return faults

    def _recount_apart(
        self, transaction: Transaction, days: Sequence[date]
    ) -> tuple[list[Fault], list[date]]:
        """Count day by day; one where a slot may not be booked above its capacity is just full.

        Returns what was refused, and the days that could not be counted at all.
        """
        parts = transaction.in_parts(
            "schedule_slots", days, lambda some: self._recount(transaction, some)
        )
        full = transaction.in_parts(
            "schedule_slots",
            [day for day, _ in parts.refused],
            lambda some: self._recount(transaction, some, capped=True),
        )
        rows = [rows for counted in (parts, full) for rows in counted.results]
        self.slot_counts["slots_recounted"] = sum(len(one.fetchall()) for one in rows)
        faults = [refusal.of(str(day)) for day, refusal in parts.refused]
        return faults, [day for day, _ in full.refused]

    def _recount(
        self, transaction: Transaction, days: Sequence[date], *, capped: bool = False
    ) -> Cur:
        kept = self.window.days if frees_nothing(self.plan, self.judgement) else ()
        plan = self.slots
        return slot_store.recount(
            transaction.conn,
            transaction.clinic_id,
            days,
            [*plan.off_grid, *plan.elsewhere, *self.unchanged_slots],
            kept,
            transaction.now,
            stay_full=plan.grid_is_unknown,
            capped=capped,
        )

    def _days_to_count(
        self, changes: Sequence[RowChange], remembered: Sequence[Remembered[Any]]
    ) -> list[date]:
        """The window's days, and the others of which the run has moved something."""
        days = {*self.window.days, *self.slots.off_grid_days}
        for change in changes:
            days.add(change.after.date)
            if change.row is not None:
                days.add(change.row.appointment.date)
        for record in remembered:
            claims = [*record.claims, *self.stored.record(record.key).claims]
            days |= {claim.day for claim in claims}
        return sorted(days)

    def _refreshes(
        self, transaction: Transaction, written: Written, uncounted: Sequence[date] = ()
    ) -> list[tuple[str, Callable[[], None]]]:
        """What tells readers that the calendar is fresh, each by the table that it writes.

        Nothing of the days that are `uncounted`; no slot while hours cannot be read; nothing at all
        where the read was incomplete or is doubted as a whole, or a conflict was left: readers take
        a slot's age from its own stamp too.
        """
        is_sure = self.plan.complete and not self.judgement.doubted and not written.conflicts
        if not self.tells_fresh or not is_sure:
            return []
        conn, clinic_id, now = transaction.conn, transaction.clinic_id, transaction.now
        older_than = now - timedelta(minutes=self.clinic.schedule.stale_minutes) / 2
        unseen = [item.row.key for item in self.plan.missing]

        def rows() -> None:
            store.refresh_appointments(
                conn, clinic_id, self.window, unseen, now, older_than, but=uncounted
            )

        def slots() -> None:
            slot_store.refresh_slots(
                conn, clinic_id, self.window, transaction.job_id, now, older_than, but=uncounted
            )

        def run() -> None:
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
                partial=bool(self.judgement.held_for or self.plan.quarantined or self.refused),
                started_at=self.started_at,
                now=now,
                unless_since=max(older_than, now - TOLD_EVERY),
            )

        if self.failure is not None:
            return [("schedule_appointments", rows)]
        refreshes = [("schedule_appointments", rows), ("schedule_slots", slots)]
        return refreshes if self.unfresh else [*refreshes, ("schedule_syncs", run)]
