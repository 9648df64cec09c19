"""What a clinic's PIMS says now of one appointment, or of a day: three questions at most."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from idexx_sync.core.clinic_time import day_of
from idexx_sync.core.errors import SyncError
from idexx_sync.explain.model import NeoDay, NeoSays
from idexx_sync.pims.protocol import Found, Pims, Snapshot, SourceRecord, Window
from idexx_sync.syncs.inbound.context import CalendarContext, id_of, missing_rows
from idexx_sync.syncs.inbound.model import Row, Stored
from idexx_sync.syncs.proof import ids_to_look_up


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


def ask_day(
    pims: Pims,
    context: CalendarContext,
    load: Callable[[Snapshot], Stored],
    is_asked: Callable[[Row], bool],
) -> NeoDay:
    """The calendar of the context's days, and the look-up of each row that it lacks and that
    `is_asked` about. `load` gives what a run would load beside it.

    What fails ends the asking; what was answered before is kept.
    """
    says = NeoDay()
    try:
        snapshot = pims.schedule(context.window)
        stored = load(snapshot)
        says = replace(says, snapshot=snapshot, stored=stored)
        missing = [row for row in missing_rows(snapshot, stored, context) if is_asked(row)]
        wanted = ids_to_look_up((id_of(row.key), stored.record(row.key)) for row in missing)
        if wanted:
            says = replace(says, proofs=dict(pims.appointments(wanted)))
    except SyncError as error:
        return replace(says, not_asked=error.message)
    return says
