"""Revives what an approval removed, because a person wants it back (rule R9).

It is the first piece of a run that somebody ordered by a decision, before anything is read: what is
to come back must not hang on whether the source answers. Whichever run comes first does it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from typing import Final

from idexx_sync.core.faults import Fault
from idexx_sync.database.parts import Refusal
from idexx_sync.jobs.contract import Run
from idexx_sync.syncs.commit import Commits, Transaction, Written
from idexx_sync.syncs.inbound import slot_store, store
from idexx_sync.syncs.inbound.model import RowChange
from idexx_sync.syncs.inbound.revival_store import rows_to_revive
from idexx_sync.syncs.memory import Record

REASON: Final = "revived"


@dataclass(frozen=True, slots=True)
class RevivalPiece:
    """Rows that come back as they were."""

    now: datetime
    changes: Sequence[RowChange]

    @property
    def holds(self) -> None:
        return None

    @property
    def warnings(self) -> Mapping[str, int]:
        return {}

    def write(self, transaction: Transaction) -> Written:
        """Write the rows, point them at their slots, and count those: none becomes freer."""
        conn, clinic_id = transaction.conn, transaction.clinic_id
        parts = transaction.in_parts(
            "schedule_appointments",
            self.changes,
            partial(store.update_appointments, conn, clinic_id, now=transaction.now),
        )
        done = {key for written in parts.results for (key,) in written.fetchall()}
        refused = {change.key: refusal.of(change.key) for change, refusal in parts.refused}
        changes = [change for change in self.changes if change.key in done]
        conflicts = frozenset(change.key for change in self.changes) - done - refused.keys()
        days = sorted({change.after.date for change in changes})
        faults = [*refused.values(), *self._take(transaction, days)] if days else refused.values()
        return Written(changes=changes, conflicts=conflicts, faults=faults)

    def observe(self, transaction: Transaction) -> Written:  # noqa: ARG002 it writes nothing itself
        return Written()

    def _take(self, transaction: Transaction, days: Sequence[date]) -> list[Fault]:
        """Take the slots of the days; where one may not be booked above its capacity it is full."""
        conn, clinic_id, now = transaction.conn, transaction.clinic_id, transaction.now
        slot_store.lock_slots(conn, clinic_id, days)

        def count(*, capped: bool) -> None:
            slot_store.link_appointments(conn, clinic_id, days, [])
            slot_store.recount(conn, clinic_id, days, [], days, now, stay_full=True, capped=capped)

        counted = transaction.tried("schedule_slots", partial(count, capped=False))
        if isinstance(counted, Refusal):
            counted = transaction.tried("schedule_slots", partial(count, capped=True))
        return [counted.of(str(day)) for day in days] if isinstance(counted, Refusal) else []


def revive(run: Run, commits: Commits) -> bool:
    """Commit what a person wants back; whether there was anything."""
    if run.manner != "apply" or not (first := _changes(run)):
        return False

    def prepare(again: bool) -> RevivalPiece:
        return RevivalPiece(run.clock(), _changes(run) if again else first)

    commits.write(prepare)
    return True


def _changes(run: Run) -> list[RowChange]:
    return [
        RowChange(
            row.key, "update", REASON, replace(row.appointment, status=status), row, Record(row.key)
        )
        for row, status in rows_to_revive(run.conn, run.clinic.id)
    ]
