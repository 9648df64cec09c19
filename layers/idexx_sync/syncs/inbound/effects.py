"""What a plan would do to each record: the time that it takes before and after (rule R9). Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, time
from typing import Final

from idexx_sync.syncs.consequence import Effect
from idexx_sync.syncs.inbound.model import Apart, Appointment, Missing, Plan, RowChange, Stored
from idexx_sync.syncs.memory import Claim, Record, settled

APPROVED: Final = "approved"
"""Why a row is removed that nothing has proven gone."""

type SlotTimes = Mapping[date, Sequence[tuple[time, time]]]
"""Day -> start and end of each slot that is stored."""
type _Span = tuple[date, time, time]


def approved_removal(missing: Missing) -> RowChange:
    """The removal of a row that nothing has proven gone, once a person lets it through."""
    row = missing.row
    memory = settled(missing.record)
    return RowChange(row.key, "remove", APPROVED, row.appointment, row, memory)


def effects_of(plan: Plan, stored: Stored, slots: SlotTimes) -> dict[str, Effect]:
    """Record -> what would be done to it: of planned changes, and of what only a permit allows."""
    told = {key: _of_apart(item, stored, slots) for key, item in plan.apart.items()}
    gone = map(approved_removal, plan.missing)
    for change in [*gone, *plan.changes]:
        told[change.key] = _of_change(change, stored, slots)
    return told


def _of_apart(item: Apart, stored: Stored, slots: SlotTimes) -> Effect:
    if item.change is not None:
        return _of_change(item.change, stored, slots)
    before = map(_span_of, stored.record(item.record.key).claims)
    return Effect("settle", None, None, _freed(before, map(_span_of, item.record.claims), slots))


def _of_change(change: RowChange, stored: Stored, slots: SlotTimes) -> Effect:
    before = change.row.appointment if change.row is not None and change.row.occupies else None
    goes = change.action == "remove" or change.after.frees_time
    after = None if goes else change.after
    return Effect(
        change.action,
        _place(before),
        _place(after),
        _freed(
            _spans(before, stored.record(change.key)),
            _spans(after, change.record) if after is not None else (),
            slots,
        ),
    )


def _place(taken: Appointment | None) -> str | None:
    """`2026-05-04 09:00:00 to 09:30:00, room 3`."""
    if taken is None:
        return None
    room = "" if taken.room_id is None else f", room {taken.room_id}"
    return f"{taken.date} {taken.start_time} to {taken.end_time}{room}"


def _spans(taken: Appointment | None, memory: Record) -> list[_Span]:
    own = [] if taken is None else [(taken.date, taken.start_time, taken.end_time)]
    return [*own, *map(_span_of, memory.claims)]


def _span_of(claim: Claim) -> _Span:
    return claim.day, claim.start, claim.end


def _freed(before: Iterable[_Span], after: Iterable[_Span], slots: SlotTimes) -> tuple[str, ...]:
    """The slots of which a place is taken before and not after."""
    taken, still = _touched(before, slots), _touched(after, slots)
    return tuple(sorted(taken - still))


def _touched(spans: Iterable[_Span], slots: SlotTimes) -> set[str]:
    return {
        f"{day} {begins:%H:%M}"
        for day, start, end in spans
        for begins, ends in slots.get(day, ())
        if start < ends and end > begins
    }
