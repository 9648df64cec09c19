"""What a piece of a reconciliation writes: rows and cases that are put right, discrepancies."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Any

from idexx_sync.core.catalog import LoggedKind
from idexx_sync.core.faults import Fault
from idexx_sync.syncs.cases.apply import CasePiece
from idexx_sync.syncs.cases.stored import PREFIX
from idexx_sync.syncs.change import Change
from idexx_sync.syncs.commit import Transaction, Written
from idexx_sync.syncs.gate import Judgement
from idexx_sync.syncs.holds import HoldDecisions
from idexx_sync.syncs.inbound.apply import CalendarPiece
from idexx_sync.syncs.memory import Record, VisitRecord
from idexx_sync.syncs.reconciliation.causes import Outcome
from idexx_sync.syncs.reconciliation.discrepancy_store import store_ended, store_seen
from idexx_sync.syncs.reconciliation.ledger import Open
from idexx_sync.syncs.reconciliation.model import Difference, Known, Ledger

type _Key = tuple[LoggedKind, str]


@dataclass(slots=True)
class Compared:
    """A piece's days, compared and judged."""

    name: str
    now: datetime
    night: date
    """The clinic-local day of the order."""
    rows: CalendarPiece
    cases: CasePiece
    judgement: Judgement
    differences: Sequence[Difference]
    to_write: frozenset[tuple[str, str, str]]
    """Subjects of differences that the changes of this piece end."""
    open: Open
    shown: Collection[str]
    """Keys of rows and cases that the answer shows, on whatever day they are stored."""
    days: Collection[date]
    complete: bool
    strikes: Sequence[Record] = ()
    """What to remember of visits without a row."""
    doubted: Sequence[VisitRecord] = ()
    """What to remember of visits that are there and are never shown."""
    records_read: int = 0
    """How many clinical records were compared."""
    records_unread: Collection[str] = ()
    """Keys of cases that have a clinical record which was not."""
    unjudged: Collection[str] = ()
    """Keys of rows and cases that are shown and could not be compared."""
    told: Mapping[str, int] = field(default_factory=dict)
    """What comparing came upon: code -> how often."""
    asks_again: bool = False
    """Of the records that were asked for, nothing came."""
    faults: Collection[Fault] = ()
    """What of the compared rows cannot be read."""
    ledger: Ledger = field(default_factory=Ledger)
    """What becomes of the discrepancies; filled by writing."""

    @property
    def changes(self) -> Sequence[Change]:
        return [*self.rows.changes, *self.cases.changes]

    @property
    def is_done(self) -> bool:
        """Whether a later attempt of the job need not compare these days again: it knows of this
        one's pieces no more than that they are done."""
        stays = self.holds.waiting or self.holds.silenced or self.judgement.came_later
        return self.complete and not stays and not self.asks_again

    @property
    def warnings(self) -> Mapping[str, int]:
        """A later attempt does not come upon it again."""
        return self.told if self.is_done else {}

    @property
    def holds(self) -> HoldDecisions:
        return self.judgement.holds

    def write(self, transaction: Transaction) -> Written:
        """Write rows and cases; what somebody else has changed meanwhile is left."""
        rows = self.rows.write(transaction)
        if rows.conflicts and not transaction.leaves_conflicts:
            return rows
        cases = self.cases.write(transaction)
        if cases.conflicts and not transaction.leaves_conflicts:
            return cases
        left: set[_Key] = {("appointment", key) for key in _left(rows, rows.conflicts)}
        left |= {("case", key) for key in _left(cases, [PREFIX + v for v in cases.conflicts])}
        untold = self._tell(transaction, left, applies=True)
        return Written(
            changes=[*rows.changes, *cases.changes],
            conflicts=rows.conflicts | cases.conflicts,
            records={
                "appointment": [*rows.records.get("appointment", ()), *self.strikes],
                "visit": [*cases.records.get("visit", ()), *self.doubted],
            },
            skipped=[*rows.skipped, *cases.skipped],
            case_ids=cases.case_ids,
            for_review=cases.for_review,
            faults=[*rows.faults, *cases.faults, *self.faults, *untold],
            read=self._read if not rows.conflicts | cases.conflicts else frozenset(),
        )

    def observe(self, transaction: Transaction) -> Written:
        """Write no row of ODIS's: strikes and discrepancies are ours."""
        observed = self.rows.observe(transaction)
        untold = self._tell(transaction, (), applies=False)
        told = [*observed.records.get("appointment", ()), *self.strikes]
        records: dict[Any, Sequence[Any]] = {
            "appointment": list({record.key: record for record in told}.values()),
            "visit": self.doubted,
        }
        return Written(records=records, faults=[*self.faults, *untold], read=self._read)

    @property
    def _read(self) -> frozenset[str]:
        return frozenset({self.name}) if self.is_done else frozenset()

    def judged_only(self) -> Ledger:
        """What would become of the discrepancies, of a run that remembers nothing."""
        return self._after((), applies=False)

    def _tell(
        self, transaction: Transaction, left: Collection[_Key], *, applies: bool
    ) -> list[Fault]:
        """Write the discrepancies; the faults of those that the database refuses."""
        self.ledger = self._after(left, applies=applies)
        conn, clinic_id, now = transaction.conn, transaction.clinic_id, transaction.now
        store_ended(conn, clinic_id, self.ledger.ended, now)
        parts = transaction.in_parts(
            "discrepancies",
            self.ledger.seen,
            partial(store_seen, conn, clinic_id, transaction.job_id, now),
        )
        return [refusal.of(one.difference.key) for one, refusal in parts.refused]

    def _after(self, left: Collection[_Key], *, applies: bool) -> Ledger:
        """What becomes of the discrepancies, where the records `left` were not written."""
        if self.judgement.foreign:
            return Ledger()
        held = self.judgement.held()

        def outcome_of(one: Difference) -> Outcome:
            if one.treatment == "ignore":
                return "ignored"
            if one.treatment == "report":
                return "reported"
            if one.record_id in held:
                return "held"
            if not applies:  # what fixing has not helped is still so
                return "left" if self.open.was_written(one) else "reported"
            is_written = one.subject in self.to_write and (one.kind, one.key) not in left
            return "fixed" if is_written else "left"

        return self.open.after(
            self.differences, outcome_of, self._is_judged, self.night, complete=self.complete
        )

    def _is_judged(self, known: Known) -> bool:
        """Whether the read could have shown it: what is of records, only where that was read."""
        is_shown = known.day in self.days or known.external_id in self.shown
        if not is_shown or known.external_id in self.unjudged:
            return False
        return known.cause != "record_differs" or known.external_id not in self.records_unread


def _left(written: Written, conflicts: Iterable[str]) -> set[str]:
    """Keys of records that were to be written and were not."""
    return {*conflicts, *(fault.id for fault in written.faults if fault.code == "refused")}
