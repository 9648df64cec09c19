"""What a reconciliation tells of itself. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from idexx_sync.core.catalog import CATALOG
from idexx_sync.jobs.contract import Report, Run, Unfresh
from idexx_sync.pims.protocol import Window
from idexx_sync.syncs.cases.calendar_store import MadeWayFor
from idexx_sync.syncs.commit import Tally
from idexx_sync.syncs.gate import Doubted
from idexx_sync.syncs.reconciliation.apply import Compared
from idexx_sync.syncs.reconciliation.compare import Shown

LeftFor = MadeWayFor | Literal["deadline"]
"""What the rest of the days is left for."""


@dataclass(frozen=True, slots=True)
class Totals:
    """What this attempt has compared so far."""

    pieces: int = 0
    read: int = 0
    """Visits and blocks that Neo showed."""
    stored: int = 0
    """Rows and cases that were compared."""
    looked_up: int = 0
    records: int = 0
    """Clinical records that were compared."""
    records_left: int = 0
    waiting: int = 0
    kept_out: int = 0
    """Holds that a person has rejected and that still find something."""
    held: Mapping[str, int] = field(default_factory=dict)
    causes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    complete: bool = True
    foreign: bool = False
    doubted: Doubted | None = None
    came_later: bool = False
    warnings: Mapping[str, int] = field(default_factory=dict)
    """Of pieces that a later attempt compares again: code -> how often."""

    def and_(self, piece: Compared, answer: Shown, looked_up: int, records_left: int) -> "Totals":
        """With one piece more."""
        judgement = piece.judgement
        held = Counter(self.held)
        held.update({cause: len(keys) for cause, keys in judgement.held_for.items()})
        return Totals(
            pieces=self.pieces + 1,
            read=self.read + len(answer.snapshot.records),
            stored=self.stored + len(piece.rows.stored.rows) + len(piece.cases.stored),
            looked_up=self.looked_up + looked_up,
            records=self.records + piece.records_read,
            records_left=self.records_left + records_left,
            waiting=max(self.waiting, judgement.holds.waiting),
            kept_out=max(self.kept_out, judgement.holds.silenced),
            held=held,
            causes=_merged(self.causes, piece.ledger.counts()),
            complete=self.complete and piece.complete,
            foreign=self.foreign or judgement.foreign,
            doubted=self.doubted or judgement.doubted,
            came_later=self.came_later or judgement.came_later,
            warnings=Counter(self.warnings) + Counter({} if piece.is_done else piece.told),
        )


def _merged(
    first: Mapping[str, Mapping[str, int]], second: Mapping[str, Mapping[str, int]]
) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for counts in (first, second):
        for cause, outcomes in counts.items():
            told = Counter(found.get(cause, {}))
            told.update(outcomes)
            found[cause] = dict(told)
    return found


def last_report(
    run: Run,
    totals: Totals,
    tally: Tally,
    found: Mapping[str, Mapping[str, int]],
    todo: Sequence[Window],
    left: Sequence[Window],
    left_for: LeftFor | None,
) -> Report:
    """The report of an order: what was compared, what differs, and what is left.

    `found` is cause -> outcome -> how many, over all attempts.
    """
    counts = {
        "read": totals.read,
        "stored": totals.stored,
        **tally.counted(),
        "looked_up": totals.looked_up,
        "records_read": totals.records,
        "discrepancies": sum(sum(outcomes.values()) for outcomes in found.values()),
    }
    warnings = {
        **(Counter(tally.warnings) + Counter(totals.warnings)),
        "clinic_without_zone": int(run.clinic.timezone is None),
        "kept_out_by_a_person": totals.kept_out,
        "records_left": totals.records_left,
        "days_left": sum(len(piece.days) for piece in left),
        "stopped_by_pause": int(left_for == "pause"),
        "conflicts_left_for_next_run": len(tally.conflicts),
        "life_status_in_doubt": len(tally.for_review),
    }
    days = [day for piece in todo for day in piece.days]
    days_left = [day for piece in left for day in piece.days]
    report = Report(
        counts=counts,
        warnings={code: number for code, number in warnings.items() if number},
        waiting_holds=totals.waiting,
        held=dict(totals.held),
        window=(min(days).isoformat(), max(days).isoformat()),
        for_review=sorted(tally.for_review),
        discrepancies={cause: dict(outcomes) for cause, outcomes in found.items()},
        days_left=(min(days_left).isoformat(), max(days_left).isoformat()) if days_left else None,
        unfresh=_unfresh(run, totals, tally, days_left=bool(days_left), days=len(days)),
    )
    report.name_faults([*run.clinic.faults, *tally.faults])
    return report


def _unfresh(
    run: Run, totals: Totals, tally: Tally, *, days_left: bool, days: int
) -> Unfresh | None:
    """Why the order is no sign that the last days are right; None: it is one."""
    if run.manner != "apply":
        return "not_applied"
    if totals.foreign:
        return "foreign_calendar"
    if totals.doubted:
        return totals.doubted
    if not totals.complete:
        return "read_incomplete"
    if days_left:
        return "days_left"
    if tally.conflicts:
        return "conflicts"
    if totals.came_later:
        return "came_later"
    usual = CATALOG["reconciliation"].default_window.days_back + 1
    return None if days >= usual else "other_days"
