"""The calendar's plan in the terms of the judge, and what is left of the plan after it
(rules R7 and R8). Pure."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from idexx_sync.syncs.gate import DOUBTS, Comparison, Doubt, Judgement, Loss
from idexx_sync.syncs.holds import Finding
from idexx_sync.syncs.inbound.claims import unwritten
from idexx_sync.syncs.inbound.context import CalendarContext
from idexx_sync.syncs.inbound.effects import APPROVED, SlotTimes, approved_removal, effects_of
from idexx_sync.syncs.inbound.model import Apart, Missing, Plan, Row, RowChange, Stored
from idexx_sync.syncs.memory import Record


@dataclass(frozen=True, slots=True)
class Allowed:
    """What may be written of a plan."""

    changes: list[RowChange]
    records: list[Record]
    """What to remember of records whose rows do not change."""


def comparison(
    plan: Plan,
    stored: Stored,
    context: CalendarContext,
    known_rooms: Collection[str],
    local_now: datetime,
    slots: SlotTimes | None = None,
) -> Comparison:
    """What the calendar showed beside what is stored.

    `local_now` is the clinic's naive wall-clock time; `known_rooms` are the rooms that Neo's
    configuration showed last; `slots` are those that are stored of the days in question.
    """
    ours = [row for row in stored.rows.values() if _is_expected(row, context)]
    settled = {change.key for change in plan.changes if change.proven}
    rooms = {row.appointment.room_id for row in ours if row.key not in settled}
    return Comparison(
        window=context.window,
        complete=plan.complete,
        stored={row.key: _missing_finding(row) for row in ours},
        settled=settled,
        present=plan.present,
        rooms=plan.rooms,
        known_rooms={*known_rooms, *(room for room in rooms if room)},
        moved={c.key: _moved(c) for c in plan.changes if c.shift_minutes},
        starts_compared=plan.visits_compared,
        finalised_removals={
            change.key: _removal(change.row, change.reason)
            for change in plan.changes
            if change.action == "remove" and change.row and _was_finalised(change)
        },
        losses=[*_turned(plan, local_now), *_gone(plan)],
        occupying=Counter(row.appointment.kind for row in ours),
        read=plan.read,
        unreadable=len(plan.quarantined),
        apart={key: _doubt(item) for key, item in plan.apart.items()},
        effects=effects_of(plan, stored, slots or {}),
        planned=[change.key for change in plan.changes],
    )


def frees_nothing(plan: Plan, judgement: Judgement) -> bool:
    """Whether a record may be on any day and nobody has let it through (rule R3)."""
    return plan.frees_nothing or not plan.of_no_day <= judgement.let_through


def allowed(plan: Plan, stored: Stored, judgement: Judgement) -> Allowed:
    """What is left of the plan, with what a person has let through.

    What is held takes its new time beside its old one until a person has decided (rule R10).
    """
    if judgement.foreign:
        return Allowed([], [])
    held = judgement.held(but=DOUBTS) | judgement.unseen
    approved = [
        approved_removal(item) for item in plan.missing if item.row.key in judgement.approved
    ]
    let_through = [plan.apart[key] for key in sorted(judgement.let_through & plan.apart.keys())]
    waiting = [change for change in plan.changes if change.key in held]
    return Allowed(
        changes=[
            *(change for change in plan.changes if change.key not in held),
            *approved,
            *(item.change for item in let_through if item.change is not None),
        ],
        records=[
            *_remembered(plan, judgement),
            *_looked_up(plan, judgement),
            *unwritten(waiting, stored),
            *(item.record for item in let_through if item.change is None),
        ],
    )


def _remembered(plan: Plan, judgement: Judgement) -> Iterator[Record]:
    """What to remember without a row; a run whose losses are held strikes nobody."""
    unstruck = plan.unstruck if judgement.losses_held else {}
    for record in plan.records:
        if record.key not in judgement.let_through:
            yield unstruck.get(record.key, record)


def _doubt(item: Apart) -> Doubt:
    finalised, change = None, item.change
    if change and change.row and change.action == "remove" and _was_finalised(change):
        finalised = _removal(change.row, change.reason)
    return Doubt(item.cause, item.finding, item.is_asked, finalised)


def _is_expected(row: Row, context: CalendarContext) -> bool:
    """Whether a read of the window should show the row."""
    return (
        not row.deleted
        and row.appointment.status != "cancelled"
        and context.covers(row.appointment.date)
    )


def _turned(plan: Plan, local_now: datetime) -> list[Loss]:
    """Visits to come that the answer shows, and says to occupy no time any more."""
    return [
        Loss(change.key, change.row.appointment.kind, {**_when(change.row), **_statuses(change)})
        for change in plan.changes
        if change.is_loss
        and not change.proven
        and change.row is not None
        and _start(change.row) > local_now
    ]


def _gone(plan: Plan) -> list[Loss]:
    """Rows that the answer does not show; what was seen alive is not removed by a permit."""
    return [
        Loss(
            item.row.key,
            item.row.appointment.kind,
            _missing_finding(item.row),
            missing=True,
            may_be_approved=plan.complete and item.verdict != "alive",
            removes_finalised=_removal(item.row, APPROVED) if _is_finalised(item.row) else None,
        )
        for item in plan.missing
        if item.row.occupies
    ]


def _looked_up(plan: Plan, judgement: Judgement) -> list[Record]:
    """Remember the look-ups; a run whose losses are held strikes nobody."""
    records = []
    for item in plan.missing:
        is_settled = item.row.key in judgement.approved or item.row.key in judgement.let_through
        if item.verdict == "not_looked_up" or is_settled:
            continue
        if judgement.losses_held and item.verdict == "not_found_yet":
            records.append(_unstruck(item))
        else:
            records.append(item.record)
    return records


def _unstruck(missing: Missing) -> Record:
    record = missing.record
    if record.struck_at == record.looked_up_at:  # struck in this very run
        return replace(record, strikes=record.strikes - 1, struck_at=None)
    return record


def _is_finalised(row: Row) -> bool:
    return row.appointment.status == "finalized"


def _was_finalised(removal: RowChange) -> bool:
    """A finalised visit is never removed without a person; what a look-up says counts too."""
    return "finalized" in (
        removal.row.appointment.status if removal.row else None,
        removal.after.status,
    )


def _start(row: Row) -> datetime:
    return datetime.combine(row.appointment.date, row.appointment.start_time)


def _when(row: Row) -> Finding:
    return {"start": _start(row).isoformat(" "), "kind": row.appointment.kind}


def _removal(row: Row, reason: str) -> Finding:
    return {"removal": reason, **_when(row)}


def _missing_finding(row: Row) -> Finding:
    return {"missing": True, **_when(row)}


def _statuses(change: RowChange) -> Finding:
    assert change.row is not None
    return {"status": [change.row.appointment.status, change.after.status]}


def _moved(change: RowChange) -> Finding:
    assert change.row is not None
    after = datetime.combine(change.after.date, change.after.start_time)
    return {
        "shift_minutes": change.shift_minutes,
        "start": [_start(change.row).isoformat(" "), after.isoformat(" ")],
    }
