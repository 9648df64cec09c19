"""What a clinic's PIMS says of one appointment now: three questions at most."""

from dataclasses import replace
from datetime import date

from idexx_sync.core.clinic_time import day_of
from idexx_sync.core.errors import SyncError
from idexx_sync.explain.model import NeoSays
from idexx_sync.pims.protocol import Found, Pims, SourceRecord, Window


def ask(pims: Pims, appointment_id: str, known_start: str | None) -> NeoSays:
    """The look-up by id, the calendar of its day, and the record of its consultation.

    `known_start` is where we have it: the day to read if the look-up does not tell one. What
    fails ends the asking; what was answered before is kept.
    """
    says = NeoSays()
    try:
        says = replace(says, lookup=pims.appointments([appointment_id])[appointment_id])
        day = _day(says, known_start)
        if day is not None:
            says = _with_calendar(says, pims, appointment_id, day)
        if says.record is not None and says.record.consultation_id is not None:
            answers = dict(pims.consultations([says.record.consultation_id]))
            says = replace(says, consultation=answers[says.record.consultation_id])
    except SyncError as error:
        return replace(says, not_asked=error.message)
    return says


def _day(says: NeoSays, known_start: str | None) -> date | None:
    start = says.lookup.start if isinstance(says.lookup, Found) else known_start
    return None if start is None else day_of(start)


def _with_calendar(says: NeoSays, pims: Pims, appointment_id: str, day: date) -> NeoSays:
    """With the day's calendar: an element without an id stays, because it may be anybody's."""
    snapshot = pims.schedule(Window(day, day))
    records = sorted((r for r in snapshot.records if r.id == appointment_id), key=_start)
    unreadable = [item for item in snapshot.unreadable if item.id in (appointment_id, None)]
    return replace(says, snapshot=replace(snapshot, records=records, unreadable=unreadable))


def _start(record: SourceRecord) -> str:
    return record.start
