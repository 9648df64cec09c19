"""What a plan would do to each record: the time that it takes before and after (rule R9). Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, time
from typing import Final

from idexx_sync.syncs.consequence import Effect, EffectAction
from idexx_sync.syncs.inbound.model import Apart, Appointment, Missing, Plan, RowChange, Stored
from idexx_sync.syncs.memory import Record, settled

APPROVED: Final = "approved"
"""Why a row is removed that nothing has proven gone."""

type SlotTimes = Mapping[date, Sequence[tuple[time, time]]]
"""Day -> start and end of each slot that is stored."""
type _Span = tuple[date, time, time, str | None]


def approved_removal(missing: Missing) -> RowChange:
    """The removal of a row that nothing has proven gone, once a person lets it through."""
    row = missing.row
    memory = settled(missing.record)
    return RowChange(row.key, "remove", APPROVED, row.appointment, row, memory)


def effects_of(plan: Plan, stored: Stored, slots: SlotTimes) -> dict[str, Effect]:
    """Record -> what would be done to it: of planned changes, and of what only a permit allows."""
    told = {key: _of_apart(item, stored, slots) for key, item in plan.apart.items()}
    for item in plan.missing:
        told[item.row.key] = _of_change(approved_removal(item), stored, slots, item.record)
    for change in plan.changes:
        told[change.key] = _of_change(change, stored, slots)
    return told


def _of_apart(item: Apart, stored: Stored, slots: SlotTimes) -> Effect:
    if item.change is not None:
        return _of_change(item.change, stored, slots, item.memory)
    claimed = _claimed(stored.record(item.record.key), item.memory)
    return _effect("settle", [], claimed, [], _claimed(item.record), slots)


def _of_change(
    change: RowChange, stored: Stored, slots: SlotTimes, waiting: Record | None = None
) -> Effect:
    """`waiting` is what is remembered as long as nobody lets it through."""
    is_taken = change.row is not None and change.row.occupies
    before = [_own(change.row.appointment)] if change.row is not None and is_taken else []
    goes = change.action == "remove" or change.after.frees_time
    after = [] if goes else [_own(change.after)]
    stored_record = stored.record(change.key)
    claimed = _claimed(stored_record, waiting or stored_record)
    still = [] if goes else _claimed(change.record)
    return _effect(change.action, before, claimed, after, still, slots)


def _effect(
    action: EffectAction,
    before: list[_Span],
    claimed: list[_Span],
    after: list[_Span],
    still_claimed: list[_Span],
    slots: SlotTimes,
) -> Effect:
    """What its row takes before and after, and what it takes by claims."""
    freed = {*claimed} - {*before, *after, *still_claimed}
    touched = _touched([*before, *claimed], slots) - _touched([*after, *still_claimed], slots)
    return Effect(
        action,
        next(map(_place, before), None),
        next(map(_place, after), None),
        slots=tuple(sorted(touched)),
        frees=tuple(sorted(map(_place, freed))),
    )


def _place(span: _Span) -> str:
    """`2026-05-04 09:00:00 to 09:30:00, room 3`."""
    day, start, end, room = span
    return f"{day} {start} to {end}" + ("" if room is None else f", room {room}")


def _own(taken: Appointment) -> _Span:
    return taken.date, taken.start_time, taken.end_time, taken.room_id


def _claimed(*memories: Record) -> list[_Span]:
    claims = (claim for memory in memories for claim in memory.claims)
    return [(claim.day, claim.start, claim.end, claim.room) for claim in claims]


def _touched(spans: Iterable[_Span], slots: SlotTimes) -> set[str]:
    return {
        f"{day} {begins:%H:%M}"
        for day, start, end, _ in spans
        for begins, ends in slots.get(day, ())
        if start < ends and end > begins
    }
