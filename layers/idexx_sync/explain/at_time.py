"""Why the voice agent is offered a time of a clinic's calendar, or is not: causes, the first one
first, each with what comes next. Pure.

What Neo shows is planned as a run over the day would plan it. Nothing here decides anything.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import Final

from idexx_sync.clinics.hours import closure_at, weekday_number
from idexx_sync.clinics.store import Clinic
from idexx_sync.core.clinic_time import ClockChange, clock_change, local_day, to_wall
from idexx_sync.core.errors import ConfigurationInvalid
from idexx_sync.core.faults import or_else
from idexx_sync.core.phrases import phrase
from idexx_sync.explain.at_time_records import Asked, Item, Past, items_at, past_places, planned
from idexx_sync.explain.calendar_reasons import (
    REMOVALS,
    About,
    calendar_reason,
    clock_reason,
    clock_said,
    doubt_said,
    holds_said,
    service,
)
from idexx_sync.explain.model import Booking, NeoDay, StoredDay, StoredSlot
from idexx_sync.explain.preview import Clinical
from idexx_sync.explain.reasons import steps_of
from idexx_sync.explain.runs import Runs
from idexx_sync.explain.texts import WORDS, Reason, reason_of
from idexx_sync.explain.time_texts import RULES_OF_TIME, TIME, WHY_CHANGED
from idexx_sync.syncs.decision import Decision, Fact
from idexx_sync.syncs.inbound.slots import slot_grid

CLOCK, ROOT, RECORD, SLOT, TAKEN, HISTORY, WHOLE, PARTLY, BESIDE = range(9)
"""What comes first among the causes: the clinic's clock, why runs take nothing over, what differs
between Neo and here, why there is no slot, what takes it, what took it, what is left of it, what
takes a part of it, what is so otherwise."""
MOST_PAST: Final = 5


@dataclass(frozen=True, slots=True)
class TimeExplained:
    """All that there is to say of one time."""

    asked: Asked
    neo: NeoDay
    stored: StoredDay
    runs: Runs
    slots: Sequence[StoredSlot]
    """Those that cover the time."""
    items: Sequence[Item]
    """The records that are at the time, in Neo or here."""
    why: Sequence[Reason]
    """The first one first."""
    clock: ClockChange | None
    """How the clinic's clock is put forward or back on the day."""
    past: Sequence[Past] = ()
    """What was at the time before a run moved or removed it, newest first."""

    @property
    def next_steps(self) -> list[str]:
        """What comes next, each step once."""
        return steps_of(self.why)

    @property
    def slot(self) -> StoredSlot | None:
        """The slot that covers the time; of several one of which something is left."""
        return next((slot for slot in self.slots if _left(slot) > 0), next(iter(self.slots), None))

    @property
    def is_offered(self) -> bool:
        """Whether something is left of a slot that covers the time."""
        return self.slot is not None and _left(self.slot) > 0


def within_slot(asked: Asked, stored: StoredDay) -> Asked:
    """The time of the slot that covers what is asked about; as it is asked where none does."""
    slot = next((slot for slot in stored.slots if _covers(slot, asked.at)), None)
    if slot is None:
        return asked
    start, end = span_of(slot)
    return replace(asked, start=start, end=end)


def explained_time(
    asked: Asked, neo: NeoDay, stored: StoredDay, clinic: Clinic, clinical: Clinical, runs: Runs
) -> TimeExplained:
    """Plan the day as the next run would, and say why the time is offered or not."""
    slots = [slot for slot in stored.slots if _covers(slot, asked.at)]
    items = items_at(asked, neo, stored, planned(neo, clinical, asked.day))
    told = TimeExplained(
        asked, neo, stored, runs, slots, items, (), clock_change(asked.day, clinical.zone)
    )
    told = replace(told, past=_past(told))
    causes = sorted(_causes(told, clinic, clinical), key=lambda cause: cause[0])
    return replace(told, why=list(dict.fromkeys(reason for _, reason in causes)))


type Cause = tuple[int, Reason]


def _causes(told: TimeExplained, clinic: Clinic, clinical: Clinical) -> Iterator[Cause]:
    runs = told.runs
    if told.clock is not None and _is_at_clock_change(told):
        yield CLOCK, clock_reason(told.clock, runs.zone)
    own = [cause for item in told.items for cause in _of_item(item, told, clinical)]
    differs = told.neo.snapshot is None or any(weight == RECORD for weight, _ in own)
    for reason in service(clinical, runs, ("inbound",)):
        yield (ROOT if differs else BESIDE), reason
    foreign = runs.foreign("inbound")
    if foreign is not None:
        yield from ((ROOT, reason) for reason in holds_said([foreign], runs))
    yield from own
    if told.slot is None:
        yield SLOT, _no_slot(told, clinic)
    else:
        yield from _of_slot(told.slot, told, clinic)
    yield from _of_bookings(told)
    yield from ((HISTORY, reason) for reason in _history(told))


def _is_at_clock_change(told: TimeExplained) -> bool:
    wall = datetime.combine(told.asked.day, told.asked.at)
    return told.clock is not None and told.clock.touches(wall, wall)


# -- records -------------------------------------------------------------------------------------


def _of_item(item: Item, told: TimeExplained, clinical: Clinical) -> Iterator[Cause]:
    """What the plan decides about the record, or that it takes the time."""
    runs, holds = told.runs, item.holds(told.runs.holds)
    about = About(told.asked.day, clinical.room_ids, item.is_in_doubt, holds)
    found: list[Reason] = []
    for decision in item.decisions:
        if decision.code not in WORDS and (decision.facts or decision.code != "outside_window"):
            reason = calendar_reason(decision, runs, about)
            changes = item.changes_said if decision.code in ("changed", "rederived") else ""
            found.append(replace(reason, text=f"{reason.text}{changes}"))
    if item.memory is not None:
        found += doubt_said(item.memory.record, runs, about)
    if holds:
        found = [*holds_said(holds, runs), *found]
    if item.shown is not None and not _is_at_clock_change(told):
        for reason in clock_said(runs.zone, item.shown.start, item.shown.end):
            yield CLOCK, replace(reason, text=f"{item.name}: {reason.text}")
    differs = RECORD if item.counts or told.slot is None or told.is_offered else BESIDE
    for reason in found:
        yield differs, replace(reason, text=f"{item.name}: {reason.text}")
    if not found:
        yield _taking(told), _settled(item, told)


def _taking(told: TimeExplained) -> int:
    """What takes a time of which something is left is not why it is offered."""
    return PARTLY if told.is_offered else TAKEN


def _settled(item: Item, told: TimeExplained) -> Reason:
    """Of a record that is here as Neo shows it."""
    status = item.status
    if status is not None:
        return _said("called_off", name=item.name, status=status)
    code = "taken" if told.neo.snapshot is not None else "taken_by_row"
    return _said(code, name=item.name)


def _past(told: TimeExplained) -> list[Past]:
    there = {item.key for item in told.items if item.counts}
    past = [one for one in past_places(told.asked, told.stored) if one.key not in there]
    return past[:MOST_PAST]


def _history(told: TimeExplained) -> Iterator[Reason]:
    """What was at the time before a run moved or removed it."""
    for one in told.past:
        code = one.reason or "no reason"
        why = {**WHY_CHANGED, **REMOVALS}.get(code, phrase({}, code))
        facts = {"until": told.runs.moment(one.until), "why": why, "job": str(one.job_id)}
        if one.removed:
            again = None  # in a room that does not count it is in Neo as before
            if code != "room_not_synced":
                next_run = told.runs.next_run("inbound", told.asked.day)
                again = f"if it is to be taken, enter it in Neo again; {next_run}"
            yield _said("was_here_removed", name=one.name, step=again, **facts)
        elif one.moved_to is not None:
            yield _said("was_here_moved", name=one.name, to=one.moved_to, **facts)
        else:
            yield _said("was_here_changed", name=one.name, **facts)


# -- the slot ------------------------------------------------------------------------------------


def _no_slot(told: TimeExplained, clinic: Clinic) -> Reason:
    """Why no slot covers the time."""
    asked, runs = told.asked, told.runs
    days, today = runs.window("inbound"), local_day(runs.now, runs.zone)
    by_hours = f"change it in ODIS's clinic settings; then {runs.next_run('inbound', asked.day)}"
    if asked.day < today:
        return _said("past_day")
    try:
        closure = closure_at(clinic, weekday_number(asked.day), asked.at)
        grid = slot_grid(clinic, runs.zone, [asked.day])
    except ConfigurationInvalid as error:
        then = runs.next_run("inbound", asked.day)
        return _said("hours_unreadable", step=f"correct it; then {then}", message=error.message)
    if closure is not None:
        facts: dict[str, str] = {"weekday": f"{asked.day:%A}"}
        facts["minutes"] = str(clinic.schedule.slot_minutes)
        since, until = closure.span or (None, None)
        facts["since"], facts["until"] = (f"{one:%H:%M}" if one else "" for one in (since, until))
        return _said(closure.code, step=by_hours, name=None, **facts)
    if told.clock is not None and not any(s.start <= asked.at < s.end for s in grid):
        return clock_reason(told.clock, runs.zone)
    if asked.day > days.last_day:
        return _said(
            "behind_horizon",
            step="it is offered once the horizon reaches it (sync_horizon_days in ODIS's settings)",
            days=runs.horizon_days,
            last=str(days.last_day),
            zone=runs.zone.key,
        )
    return _said("not_made", step=runs.next_run("inbound", asked.day))


def _of_slot(slot: StoredSlot, told: TimeExplained, clinic: Clinic) -> Iterator[Cause]:
    asked, runs = told.asked, told.runs
    if datetime.combine(asked.day, asked.start) <= to_wall(runs.now, runs.zone):
        yield BESIDE, _said("begun")
    if _is_off_grid(slot, asked, clinic, runs):
        yield TAKEN, _said("off_grid")
    fills = any(item.fills for item in told.items)
    named = sum(item.counts for item in told.items) + sum(b.counts for b in bookings_at(told))
    if slot.booked_count > named and not fills and asked.room is None:
        step = runs.next_run("inbound", asked.day)
        yield _taking(told), _said("untold", step=step, booked=slot.booked_count, named=named)
    if _left(slot) > 0 and slot.booked_count > 0:
        yield (
            WHOLE,
            _said(
                "capacity",
                step="if fewer are possible at once, lower default_capacity in ODIS's settings",
                capacity=slot.capacity,
                booked=f"{slot.booked_count} {'is' if slot.booked_count == 1 else 'are'}",
                left=f"{_left(slot)} {'is' if _left(slot) == 1 else 'are'}",
            ),
        )
    elif _left(slot) > 0 and not told.items:
        room = f" in room {asked.room}" if asked.room is not None else ""
        yield WHOLE, _said("free" if told.neo.snapshot is not None else "free_here", room=room)


def _is_off_grid(slot: StoredSlot, asked: Asked, clinic: Clinic, runs: Runs) -> bool:
    try:
        grid = slot_grid(clinic, runs.zone, [asked.day])
    except ConfigurationInvalid:
        return False
    return all(one.start != slot.start_time for one in grid)


def _of_bookings(told: TimeExplained) -> Iterator[Cause]:
    for booking in bookings_at(told):
        became = f", it became visit {booking.appointment_id}" if booking.appointment_id else ""
        yield (
            _taking(told) if booking.counts else BESIDE,
            _said(
                "booking" if booking.counts else "booking_over",
                since=f"{booking.start_time:%H:%M}",
                until=f"{booking.end_time:%H:%M}",
                status=booking.status,
                became=became,
            ),
        )


def bookings_at(told: TimeExplained) -> list[Booking]:
    """The voice agent's bookings at the time."""
    return [one for one in told.stored.bookings if told.asked.meets(*span_of(one))]


def _covers(slot: StoredSlot, at: time) -> bool:
    start, end = span_of(slot)
    return start <= at < end


def span_of(one: StoredSlot | Booking) -> tuple[time, time]:
    """From when to when; a time that cannot be read is any."""
    start: time = or_else(one.start_time, time.min)
    end: time = or_else(one.end_time, time.max)
    return start, end


def _left(slot: StoredSlot) -> int:
    return slot.capacity - slot.booked_count


def _said(code: str, *, name: str | None = None, step: str | None = None, **facts: Fact) -> Reason:
    reason = reason_of(TIME, Decision(RULES_OF_TIME[code], code, facts))
    text = reason.text if name is None else f"{name} {reason.text}"
    return replace(reason, text=text, step=step)
