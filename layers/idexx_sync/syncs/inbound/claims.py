"""The time that a record takes beside its row, or without one (rules R3 and R10). Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, time
from typing import Final

from idexx_sync.core.clinic_time import (
    LAST_SECOND,
    EndsBeforeStart,
    Span,
    occupied_span,
    spans_after,
)
from idexx_sync.core.vocabulary import FREES_TIME, appointment_status
from idexx_sync.pims.protocol import Found, SourceRecord, Unreadable
from idexx_sync.syncs.inbound.context import CalendarContext
from idexx_sync.syncs.inbound.model import Appointment, RowChange, Stored
from idexx_sync.syncs.memory import Claim, Record

_MIDNIGHT: Final = time(0, 0)

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
    """What a record takes that could not be read, as far as it names a time or a day."""
    day = item.first_day
    if day is None or not context.allows(item.room_id):
        return ()
    if item.start is None:
        return (_whole_day(day, item.room_id, fills=item.fills or item.room_id is None),)
    return _from_start(item.start, item.end, item.room_id, context, fills=item.fills)


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
        if (record := replace(before, claims=_of_change(change))) != before:
            yield record


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
    return _from_start(version.start, version.end, version.room_id, context, fills, version)


def _from_start(
    start: str,
    end: str | None,
    room: str | None,
    context: CalendarContext,
    fills: bool,
    version: SourceRecord | Found | None = None,
) -> Claims:
    """From the start to the end; where that can't be read, to the end of the day."""
    is_block = version is not None and version.kind == "block"
    zone, minutes = context.zone, context.slot_minutes
    if end is not None or version is not None:
        try:
            first = occupied_span(start, end, zone, minutes, is_block=is_block)
            following = spans_after(start, end, zone, minutes, is_block=is_block)
            return _claims([first, *following], room, fills=fills)
        except EndsBeforeStart:
            pass
    first = occupied_span(start, None, zone, minutes, is_block=False)
    return (Claim(first.day, first.start, LAST_SECOND, room, fills),)


def _claims(spans: Iterable[Span], room: str | None, *, fills: bool) -> Claims:
    return tuple(Claim(span.day, span.start, span.end, room, fills) for span in spans)


def _whole_day(day: date, room: str | None, *, fills: bool) -> Claim:
    return Claim(day, _MIDNIGHT, LAST_SECOND, room, fills)


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
