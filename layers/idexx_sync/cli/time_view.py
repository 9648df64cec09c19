"""An explained time of a clinic's calendar as a person reads it, and as one object."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from idexx_sync.cli.explain_parts import (
    Veil,
    hold_data,
    holds_shown,
    in_words,
    next_shown,
    read_data,
    reads_shown,
    reason_data,
    rules_shown,
    touches_shown,
)
from idexx_sync.cli.explain_view import record_data, row_data
from idexx_sync.cli.phrases import moment, utc
from idexx_sync.cli.tables import Shown, fact_table, heading, line
from idexx_sync.clinics.hours import hours_by_weekday, weekday_number
from idexx_sync.clinics.store import Clinic
from idexx_sync.core.clinic_time import to_instant
from idexx_sync.core.errors import ConfigurationInvalid
from idexx_sync.explain.at_time import TimeExplained, bookings_at
from idexx_sync.explain.at_time_records import rows_at
from idexx_sync.explain.model import Booking, NamedHold, StoredSlot, Touch
from idexx_sync.explain.texts import Reason

MOST_TOUCHES: Final = 20

# -- one object ----------------------------------------------------------------------------------


def time_data(told: TimeExplained, clinic: Clinic, veil: Veil) -> dict[str, Any]:
    asked = told.asked
    return {
        "clinic_id": str(clinic.id),
        "timezone": told.runs.zone.key,
        "day": str(asked.day),
        "at": f"{asked.at:%H:%M}",
        "instant": utc(_instant(told)),
        "room_id": asked.room,
        "clock_change": None if told.clock is None else _clock(told),
        "offered": told.is_offered,
        "why": [reason_data(reason) for reason in told.why],
        "next": told.next_steps,
        "neo": {
            "not_asked": told.neo.not_asked,
            "calendar": [record_data(one.shown, veil) for one in told.items if one.shown],
        },
        "stored": {
            "slots": [_slot(slot) for slot in told.slots],
            "rows": [row_data(row, None, veil) for row in rows_at(asked, told.stored)],
            "in_doubt": [one.key for one in told.items if one.memory is not None],
            "bookings": [_booking(booking) for booking in bookings_at(told)],
        },
        "hours": _hours(told, clinic),
        "holds": [hold_data(hold) for hold in _holds(told)],
        "read_last": [read_data(read) for read in told.runs.reads],
    }


def _clock(told: TimeExplained) -> dict[str, str]:
    assert told.clock is not None
    return {"before": str(told.clock.before), "after": str(told.clock.after)}


def _slot(slot: StoredSlot) -> dict[str, Any]:
    return {
        "start": f"{slot.start_time:%H:%M}",
        "end": f"{slot.end_time:%H:%M}",
        "capacity": slot.capacity,
        "booked_count": slot.booked_count,
        "last_synced_at": None if slot.last_synced_at is None else utc(slot.last_synced_at),
    }


def _booking(booking: Booking) -> dict[str, Any]:
    expires = booking.hold_expires_at
    return {
        "start": f"{booking.start_time:%H:%M}",
        "end": f"{booking.end_time:%H:%M}",
        "status": booking.status,
        "hold_expires_at": None if expires is None else utc(expires),
        "appointment_id": booking.appointment_id,
        "takes_time": booking.counts,
    }


def _hours(told: TimeExplained, clinic: Clinic) -> dict[str, Any]:
    """What the clinic's settings say of the day's weekday."""
    number = weekday_number(told.asked.day)
    blocked = [
        f"{one.start_time:%H:%M} to {one.end_time:%H:%M}"
        for one in clinic.blocked_periods
        if number in one.days_of_week
    ]
    schedule = clinic.schedule
    found: dict[str, Any] = {
        "open": None,
        "lunch": None,
        "blocked_periods": blocked,
        "slot_minutes": schedule.slot_minutes,
        "capacity": schedule.capacity,
        "horizon_days": schedule.horizon_days,
        "rooms_that_count": None if clinic.room_ids is None else list(clinic.room_ids),
    }
    try:
        hours = hours_by_weekday(clinic).get(number)
    except ConfigurationInvalid as error:
        return {**found, "unreadable": error.message}
    if hours is not None:
        found["open"] = f"{hours.opens:%H:%M} to {hours.closes:%H:%M}"
        if hours.lunch is not None:
            found["lunch"] = f"{hours.lunch[0]:%H:%M} to {hours.lunch[1]:%H:%M}"
    return found


def _holds(told: TimeExplained) -> list[NamedHold]:
    """Of the calendar, with the findings about what is at the time."""
    found = []
    for hold in told.runs.holds:
        if hold.sync == "inbound":
            keys = {item.key for item in told.items}
            findings = {key: one for key, one in hold.findings.items() if key in keys}
            found.append(NamedHold(
                hold.id, hold.sync, hold.cause, hold.status, hold.opened_at, findings,
                hold.decided_at, hold.decided_by,
            ))  # fmt: skip
    return found


# -- for a person --------------------------------------------------------------------------------


def time_shown(told: TimeExplained, clinic: Clinic, veil: Veil) -> list[Shown]:
    zone = told.runs.zone
    first, *others = told.why
    parts: list[Shown] = [line(_title(told), "bold")]
    offered = "offered" if told.is_offered else "not offered"
    parts.append(line(f" {offered}: {_state(told)}", whole=True))
    parts.append(line(f" because: {first.text} ({first.rule})", whole=True))
    parts.append(line(f" next: {first.step or _settled(told.why)}", whole=True))
    if others:
        parts += [heading("Also"), fact_table((one.rule, one.text) for one in others)]
    if [step for step in told.next_steps if step != first.step]:
        parts += next_shown([step for step in told.next_steps if step != first.step])
    parts += _neo_shown(told, veil)
    parts += _stored_shown(told, veil)
    parts += _hours_shown(told, clinic)
    if holds := _holds(told):
        parts += holds_shown(holds, zone, "Holds of the calendar")
    parts += reads_shown(told.runs)
    parts += touches_shown(_touches(told), veil, zone)
    return [*parts, *rules_shown(told.why)]


def _instant(told: TimeExplained) -> datetime:
    return to_instant(datetime.combine(told.asked.day, told.asked.at), told.runs.zone)


def _title(told: TimeExplained) -> str:
    asked = told.asked
    room = f", room {asked.room}" if asked.room is not None else ""
    there = f"{_instant(told).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return f"{asked.day:%A} {asked.day} {asked.at:%H:%M}{room}, {told.runs.zone.key} ({there})"


def _state(told: TimeExplained) -> str:
    slot = told.slot
    if slot is None:
        return "there is no slot"
    left = f"{slot.capacity - slot.booked_count} of {slot.capacity} left"
    return f"slot {slot.start_time:%H:%M} to {slot.end_time:%H:%M}, {left}"


def _settled(why: Sequence[Reason]) -> str:
    return "nothing" if not any(reason.step for reason in why) else "see below"


def _neo_shown(told: TimeExplained, veil: Veil) -> list[Shown]:
    rows: list[tuple[str, str | None]] = [
        (one.key.partition("@")[0], in_words(record_data(one.shown, veil)))
        for one in told.items
        if one.shown is not None
    ]
    if told.neo.snapshot is not None and not rows:
        rows.append(("", "nothing at this time"))
    if told.neo.not_asked is not None:
        rows.append(("not asked", told.neo.not_asked))
    return [heading("What Neo says now"), fact_table(rows)]


def _stored_shown(told: TimeExplained, veil: Veil) -> list[Shown]:
    zone = told.runs.zone
    rows: list[tuple[str, str | None]] = []
    for slot in told.slots:
        counted = f"{slot.booked_count} of {slot.capacity} booked"
        when = f"{slot.start_time:%H:%M} to {slot.end_time:%H:%M}"
        rows.append(("slot", f"{when}, {counted}, synced {moment(slot.last_synced_at, zone)}"))
    for row in rows_at(told.asked, told.stored):
        name = "row" if row.deleted_at is None else "removed row"
        what = in_words(row_data(row, None, veil), "id", "removed_at", "last_synced_at")
        gone = "" if row.deleted_at is None else f", removed {moment(row.deleted_at, zone)}"
        rows.append((name, f"{what}, synced {moment(row.last_synced_at, zone)}{gone}"))
    rows += [("booking", in_words(_booking(booking))) for booking in bookings_at(told)]
    if not rows:
        rows.append(("", "nothing"))
    return [heading("What is stored"), fact_table(rows)]


def _hours_shown(told: TimeExplained, clinic: Clinic) -> list[Shown]:
    hours = _hours(told, clinic)
    rooms = hours["rooms_that_count"]
    rows: list[tuple[str, str | None]] = [
        ("open", hours.get("unreadable") or hours["open"] or "closed"),
        ("lunch", hours["lunch"]),
        ("blocked", ", ".join(hours["blocked_periods"]) or None),
        ("slots", f"{hours['slot_minutes']} minutes, {hours['capacity']} at once"),
        ("rooms", "all" if rooms is None else ", ".join(rooms)),
        ("horizon", f"{hours['horizon_days']} days"),
    ]
    return [heading(f"The clinic's {told.asked.day:%A}s"), fact_table(rows)]


def _touches(told: TimeExplained) -> list[Touch]:
    """Of what is or was at the time."""
    keys = {item.key for item in told.items}
    keys |= {row.key for row in rows_at(told.asked, told.stored)}
    keys |= {past.key for past in told.past}
    return [one for one in told.stored.touches if one.external_id in keys][:MOST_TOUCHES]
