"""The time that a record takes beside its row, or without one (rules R3 and R10). Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, time, timedelta
from typing import Final

from idexx_sync.core.clinic_time import (
    LAST_SECOND,
    MOST_DAYS_OF_ONE,
    EndsBeforeStart,
    Span,
    local_day,
    occupied_span,
    spans_after,
)
from idexx_sync.core.vocabulary import FREES_TIME, appointment_status
from idexx_sync.pims.protocol import Found, SourceRecord, Unreadable
from idexx_sync.syncs.inbound.context import CalendarContext
from idexx_sync.syncs.inbound.model import Appointment, RowChange, Stored
from idexx_sync.syncs.memory import Claim, Record

_MIDNIGHT: Final = time(0, 0)
_A_DAY: Final = timedelta(days=1)

type Claims = tuple[Claim, ...]


def of_versions(versions: Iterable[SourceRecord | Found], context: CalendarContext) -> Claims:
    """All that any of the versions takes: every day, time and room."""
    return distinct(claim for version in versions for claim in _of_version(version, context))


def of_days_after(version: SourceRecord | Found, context: CalendarContext) -> Claims:
    """What the record takes on the days after the one that its row is about.

    Raises EndsBeforeStart.
    """
    spans = spans_after(
        version.start,
        version.end,
        context.zone,
        context.slot_minutes,
        is_block=version.kind == "block",
    )
    return _claims(spans, version.room_id, fills=_fills(version))


def of_unreadable(item: Unreadable, context: CalendarContext) -> Claims:
    """What a record takes that could not be read, as far as it names a time or a day.

    From the start to the end, or to the end of the last day that it names; without a start from
    the beginning of its first day.
    """
    day = item.first_day
    if day is None or not context.allows(item.room_id):
        return ()
    if item.start is None:
        fills = item.fills or item.room_id is None
        first = min(day, _day_there(item, context))
        last = max(day, item.last_day or day, _day_there(item, context))
        return whole_days(first, last, item.room_id, fills=fills)
    known = _spans(item.start, item.end, context, is_block=True) if item.end else None
    if known is not None:
        return _claims(known, item.room_id, fills=item.fills)
    rest = _rest_of_day(item.start, item.room_id, context, fills=item.fills)
    if day == date.max or item.last_day is None:
        return (rest,)
    return (rest, *whole_days(day + _A_DAY, item.last_day, item.room_id, fills=item.fills))


def _day_there(item: Unreadable, context: CalendarContext) -> date:
    """The day on the clinic's calendar, where the start carries an offset from somewhere else."""
    assert item.first_day is not None
    if item.instant is None:
        return item.first_day
    try:
        return local_day(item.instant, context.zone)
    except OverflowError:
        return item.first_day


def _of_change(change: RowChange) -> Claims:
    """What the change would take, for as long as it is not written."""
    after = change.after
    if change.action == "remove" or after.frees_time:
        return ()
    return distinct([_claim_of(after), *change.record.claims])


def unwritten(changes: Iterable[RowChange], stored: Stored) -> Iterator[Record]:
    """What there is to remember of changes that are not written: both of their times are taken."""
    for change in changes:
        before = stored.record(change.key)
        claims = distinct([*before.claims, *_of_change(change)])
        if (record := replace(before, claims=claims)) != before:
            yield record


def enlarged(records: Iterable[Record], stored: Stored) -> Iterator[Record]:
    """The records, each of which takes what it took before as well, as far as that is news."""
    for record in records:
        before = stored.record(record.key)
        taking = replace(record, claims=distinct([*before.claims, *record.claims]))
        if taking != before:
            yield taking


def distinct(claims: Iterable[Claim]) -> Claims:
    """Each of them once, in a steady order."""
    return tuple(sorted(set(claims), key=_in_order))


def touches(claims: Sequence[Claim], context: CalendarContext) -> bool:
    """Whether any of them lies on a day of the window."""
    return any(context.covers(claim.day) for claim in claims)


def _of_version(version: SourceRecord | Found, context: CalendarContext) -> Claims:
    if appointment_status(version.status) in FREES_TIME or not context.allows(version.room_id):
        return ()
    fills = _fills(version)
    is_block = version.kind == "block"
    spans = _spans(version.start, version.end, context, is_block=is_block)
    if spans is None:
        return (_rest_of_day(version.start, version.room_id, context, fills=fills),)
    return _claims(spans, version.room_id, fills=fills)


def _spans(
    start: str, end: str | None, context: CalendarContext, *, is_block: bool
) -> list[Span] | None:
    """Every day's part of it; None where it ends before its start."""
    zone, minutes = context.zone, context.slot_minutes
    try:
        return [
            occupied_span(start, end, zone, minutes, is_block=is_block),
            *spans_after(start, end, zone, minutes, is_block=is_block),
        ]
    except EndsBeforeStart:
        return None


def _rest_of_day(start: str, room: str | None, context: CalendarContext, *, fills: bool) -> Claim:
    first = occupied_span(start, None, context.zone, context.slot_minutes, is_block=False)
    return Claim(first.day, first.start, LAST_SECOND, room, fills)


def _claims(spans: Iterable[Span], room: str | None, *, fills: bool) -> Claims:
    return tuple(Claim(span.day, span.start, span.end, room, fills) for span in spans)


def whole_days(first: date, last: date, room: str | None, *, fills: bool) -> Claims:
    """From the first to the last day; none where that lies before the first."""
    number = min((last - first).days, MOST_DAYS_OF_ONE)
    days = (first + timedelta(days=n) for n in range(number + 1))
    return tuple(Claim(day, _MIDNIGHT, LAST_SECOND, room, fills) for day in days)


def _fills(version: SourceRecord | Found) -> bool:
    """A block without a room takes every one."""
    return version.kind == "block" and version.room_id is None


def _in_order(claim: Claim) -> tuple[date, time, time, str, bool]:
    return claim.day, claim.start, claim.end, claim.room or "", claim.fills


def _claim_of(appointment: Appointment) -> Claim:
    """What a row says that it takes."""
    fills = appointment.kind == "block" and appointment.room_id is None
    return Claim(
        appointment.date, appointment.start_time, appointment.end_time, appointment.room_id, fills
    )
