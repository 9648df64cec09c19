"""Which of the planned changes are plausible (rules R7 and R8). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from idexx_sync.syncs.gate import (
    FOREIGN,
    SHIFTED,
    UNPROVEN,
    Finding,
    Standing,
    Standings,
    all_shifted,
    too_many,
)
from idexx_sync.syncs.inbound.context import View
from idexx_sync.syncs.inbound.model import Change, Held, Missing, Plan, Row
from idexx_sync.syncs.memory import Record

MOST_ROWS_FOR_EMPTY: Final = 3
MOST_QUARANTINED: Final = 3
MOST_QUARANTINED_SHARE: Final = 0.05

EMPTY = "empty_calendar"
QUARANTINE = "too_many_unreadable"
FINALISED = "finalised_visit_removed"


@dataclass(slots=True)
class Judgement:
    """What may be written, and what waits for a person."""

    changes: list[Change] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    findings: dict[str, dict[str, Finding]] = field(default_factory=dict)
    """Cause -> key -> finding of what is held."""
    foreign: bool = False
    """The answer may be another clinic's calendar: nothing is written, additions included."""

    @property
    def held(self) -> int:
        return sum(len(found) for found in self.findings.values())


@dataclass(frozen=True, slots=True)
class _Loss:
    """A row that would stop occupying time without proof by id."""

    row: Row
    finding: Finding
    change: Change | None
    """None: the row is missing from the answer."""
    missing: Missing | None = None


def judge(
    plan: Plan,
    held: Held,
    view: View,
    standing: Sequence[Standing],
    known_rooms: frozenset[str],
    *,
    local_now: datetime,
    now: datetime,
) -> Judgement:
    """Let through what is proven or harmless, hold by name what is not.

    `local_now` is the clinic's naive wall-clock time; `known_rooms` are the rooms that Neo's
    configuration showed last.
    """
    standings = Standings(standing, view.window, now, plan.complete)
    gate = _Gate(plan, held, view, standings, local_now)
    if gate.is_foreign(known_rooms):
        return Judgement(findings={FOREIGN: gate.foreign_findings()}, foreign=True)
    gate.hold_shifted_times()
    gate.hold_finalised_removals()
    gate.hold_unproven_losses()
    return gate.judgement()


class _Gate:
    def __init__(
        self,
        plan: Plan,
        held: Held,
        view: View,
        standings: Standings,
        local_now: datetime,
    ) -> None:
        self.plan = plan
        self.standings = standings
        self.local_now = local_now
        self.ours = [
            row
            for row in held.rows.values()
            if not row.deleted
            and row.appointment.status != "cancelled"
            and view.covers(row.appointment.date)
        ]
        """Rows that a read of the window should show."""
        self.approved: list[Change] = []
        self.losses_held = False

    def is_foreign(self, known_rooms: frozenset[str]) -> bool:
        settled = {change.key for change in self.plan.changes if change.proven}
        expected = [row for row in self.ours if row.key not in settled]
        rooms = {row.appointment.room_id for row in expected if row.appointment.room_id}
        foreign = self.standings.are_about_another_calendar(
            {row.key: _missing_finding(row) for row in expected},
            self.plan.present,
            known_rooms | rooms,
            self.plan.rooms,
        )
        return foreign and not self.standings.permit_all(FOREIGN, self.foreign_findings())

    def foreign_findings(self) -> dict[str, Finding]:
        return {row.key: _missing_finding(row) for row in self.ours}

    def hold_shifted_times(self) -> None:
        moved = [change for change in self.plan.changes if change.shift_minutes]
        all_moved = all_shifted([c.shift_minutes for c in moved], self.plan.visits_compared)
        for change in moved:
            finding = {"shift_minutes": change.shift_minutes, **_times(change)}
            stands = self.standings.cause_of(change.key, finding) == SHIFTED
            if stands or all_moved:
                self.standings.hold(SHIFTED, change.key, finding)

    def hold_finalised_removals(self) -> None:
        for change in self.plan.changes:
            if change.action == "remove" and change.row is not None:
                self._hold_if_finalised(change)

    def _hold_if_finalised(self, removal: Change) -> bool:
        """A finalised visit is never removed without a person; what a look-up says counts too."""
        row = removal.row
        if row is None or "finalized" not in (row.appointment.status, removal.after.status):
            return False
        return self.standings.hold(
            FINALISED, removal.key, {"removal": removal.reason, **_when(row)}
        )

    def hold_unproven_losses(self) -> None:
        losses = self._unproven_losses()
        cause = self._cause_for_all(losses)
        for kind in ("visit", "block"):
            of_kind = [loss for loss in losses if loss.row.appointment.kind == kind]
            ours = sum(row.appointment.kind == kind for row in self.ours)
            general = cause or (UNPROVEN[kind] if too_many(len(of_kind), ours) else None)
            for loss in of_kind:
                reason = general or self.standings.cause_of(loss.row.key, loss.finding)
                # A foreign calendar's hold is about the whole answer, not about its rows.
                if reason and reason != FOREIGN:
                    self._hold_loss(reason, loss)

    def judgement(self) -> Judgement:
        held = {key for found in self.standings.findings.values() for key in found}
        return Judgement(
            changes=[c for c in self.plan.changes if c.key not in held] + self.approved,
            records=self.plan.records + self._looked_up(),
            findings=self.standings.findings,
        )

    def _unproven_losses(self) -> list[_Loss]:
        turned = [
            _Loss(change.row, {**_when(change.row), **_statuses(change)}, change)
            for change in self.plan.changes
            if change.is_loss
            and not change.proven
            and change.row is not None
            and _start(change.row) > self.local_now
        ]
        gone = [
            _Loss(item.row, _missing_finding(item.row), None, item)
            for item in self.plan.missing
            if item.row.occupies
        ]
        return turned + gone

    def _cause_for_all(self, losses: list[_Loss]) -> str | None:
        """The cause for which every unproven loss is held, however few there are."""
        gone = any(loss.missing is not None for loss in losses)
        if gone and not self.plan.present and len(self.ours) > MOST_ROWS_FOR_EMPTY:
            return EMPTY
        unreadable = len(self.plan.quarantined)
        seen = self.plan.read + unreadable
        if unreadable > max(MOST_QUARANTINED, MOST_QUARANTINED_SHARE * seen):
            return QUARANTINE
        return None

    def _hold_loss(self, cause: str, loss: _Loss) -> None:
        may_go = loss.missing is None or (self.plan.complete and loss.missing.verdict != "alive")
        if may_go and self.standings.permits(cause, loss.row.key, loss.finding):
            if loss.missing is not None:
                removal = _approved_removal(loss.missing)
                if not self._hold_if_finalised(removal):
                    self.approved.append(removal)
            return
        self.losses_held = True
        self.standings.findings.setdefault(cause, {})[loss.row.key] = loss.finding

    def _looked_up(self) -> list[Record]:
        """Remember the look-ups; a run whose losses are held strikes nobody."""
        approved = {change.key for change in self.approved}
        records = []
        for item in self.plan.missing:
            if item.verdict == "not_looked_up" or item.row.key in approved:
                continue
            if self.losses_held and item.verdict == "not_found_yet":
                records.append(_unstruck(item))
            else:
                records.append(item.record)
        return records


def _approved_removal(missing: Missing) -> Change:
    row = missing.row
    memory = replace(missing.record, strikes=0, struck_at=None)
    return Change(row.key, "remove", "approved", row.appointment, row, memory)


def _unstruck(missing: Missing) -> Record:
    record = missing.record
    if record.struck_at == record.looked_up_at:  # struck in this very run
        return replace(record, strikes=record.strikes - 1, struck_at=None)
    return record


def _start(row: Row) -> datetime:
    return datetime.combine(row.appointment.date, row.appointment.start_time)


def _when(row: Row) -> Finding:
    return {"start": _start(row).isoformat(" "), "kind": row.appointment.kind}


def _missing_finding(row: Row) -> Finding:
    return {"missing": True, **_when(row)}


def _statuses(change: Change) -> Finding:
    assert change.row is not None
    return {"status": [change.row.appointment.status, change.after.status]}


def _times(change: Change) -> Finding:
    assert change.row is not None
    after = datetime.combine(change.after.date, change.after.start_time)
    return {"start": [_start(change.row).isoformat(" "), after.isoformat(" ")]}
