"""What a piece of a reconciliation writes: rows and cases that are put right, discrepancies."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from idexx_sync.syncs.cases.apply import CasePiece
from idexx_sync.syncs.change import Change
from idexx_sync.syncs.commit import Transaction, Written
from idexx_sync.syncs.gate import Judgement
from idexx_sync.syncs.holds import HoldDecisions
from idexx_sync.syncs.inbound.apply import CalendarPiece
from idexx_sync.syncs.memory import Record
from idexx_sync.syncs.reconciliation.causes import Outcome
from idexx_sync.syncs.reconciliation.discrepancy_store import store_ledger
from idexx_sync.syncs.reconciliation.ledger import Open
from idexx_sync.syncs.reconciliation.model import Difference, Known, Ledger


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
    """Identities of differences that the changes of this piece end."""
    open: Open
    judged: Collection[str]
    """Records about which the read says something."""
    days: Collection[date]
    complete: bool
    strikes: Sequence[Record] = ()
    """What to remember of visits without a row."""
    read_records: Collection[str] = ()
    """Visits whose clinical record was compared."""
    warnings: Mapping[str, int] = field(default_factory=dict)
    ledger: Ledger = field(default_factory=Ledger)
    """What becomes of the discrepancies; filled by writing."""

    @property
    def changes(self) -> Sequence[Change]:
        return [*self.rows.changes, *self.cases.changes]

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
        refused = {fault.id for fault in (*rows.faults, *cases.faults) if fault.code == "refused"}
        conflicts = rows.conflicts | cases.conflicts
        self._tell(transaction, conflicts | refused, applies=True)
        return Written(
            changes=[*rows.changes, *cases.changes],
            conflicts=conflicts,
            records={
                "appointment": [*rows.records.get("appointment", ()), *self.strikes],
                "visit": cases.records.get("visit", ()),
            },
            skipped=[*rows.skipped, *cases.skipped],
            case_ids=cases.case_ids,
            for_review=cases.for_review,
            faults=[*rows.faults, *cases.faults],
            read=frozenset({self.name}),
        )

    def observe(self, transaction: Transaction) -> Written:
        """Write no row of ODIS's: strikes and discrepancies are ours."""
        observed = self.rows.observe(transaction)
        self._tell(transaction, frozenset(), applies=False)
        told = [*observed.records.get("appointment", ()), *self.strikes]
        records: dict[Any, Sequence[Any]] = {
            "appointment": list({record.key: record for record in told}.values())
        }
        return Written(records=records, read=frozenset({self.name}))

    def judged_only(self) -> Ledger:
        """What would become of the discrepancies, of a run that remembers nothing."""
        return self._after(frozenset(), applies=False)

    def _tell(self, transaction: Transaction, left: frozenset[str], *, applies: bool) -> None:
        self.ledger = self._after(left, applies=applies)
        conn, clinic_id = transaction.conn, transaction.clinic_id
        store_ledger(conn, clinic_id, transaction.job_id, self.ledger, transaction.now)

    def _after(self, left: frozenset[str], *, applies: bool) -> Ledger:
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
            if one.identity not in self.to_write or {one.key, one.record_id} & left:
                return "left"
            return "fixed" if applies else "reported"

        return self.open.after(
            self.differences, outcome_of, self._is_judged, self.night, complete=self.complete
        )

    def _is_judged(self, known: Known) -> bool:
        """Whether the read could have shown it: what is of records, only where that was read."""
        if known.day not in self.days:
            return False
        return known.cause != "record_differs" or known.external_id in self.judged
