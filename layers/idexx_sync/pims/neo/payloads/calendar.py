"""Neo's JSON, read into the values of `pims.py`. Pure.

Tolerant where the Neo protocol leaves a question open (ids as number or text, names as text or
object, `T` in times), strict where a mistake would lie: the envelope, times, ids and flags.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, ValidationError

from idexx_sync.core.errors import ShapeChanged
from idexx_sync.core.faults import UNFORESEEN
from idexx_sync.core.personal import Personal
from idexx_sync.core.words import guarded
from idexx_sync.pims.neo.payloads.emptied import emptied_of_event
from idexx_sync.pims.neo.payloads.envelope import says_it_is_whole
from idexx_sync.pims.neo.payloads.fields import (
    Payload,
    PlainId,
    PlainName,
    PlainText,
    PlainWallClock,
    contact,
    day_if_readable,
    id_if_readable,
    instant_if_readable,
    name_of,
    plain,
    storable,
    wall_clock_if_readable,
)
from idexx_sync.pims.neo.payloads.life import OF_EVENT, life_of_event
from idexx_sync.pims.protocol import OCCURRENCE, RecordKind, SourceRecord, Unreadable

_FIELD_NAME: Final = re.compile(r"(envelope\.)?[A-Za-z_][A-Za-z0-9_]{0,59}")
_OTHER_NAMES: Final = "(other)"


class CalendarEvent(Payload):
    """The fields of a calendar event that we use (Neo protocol, section on the schedule).

    Ids, times, room and the block's flag decide where time is taken. All else is cleaned before
    it can make the event unreadable.
    """

    appointment_id: PlainId | None = None
    id: PlainId | None = None
    start: PlainWallClock | None = None
    end: PlainWallClock | None = None
    is_block: bool | None = None
    is_roster: object = None
    room: PlainId | None = Field(default=None, alias="resourceId")
    appointment_room_id: PlainId | None = None
    appointment_room_name: PlainName = None
    consultation_id: PlainId | None = None
    current_status: PlainText | None = None
    status_label: PlainText | None = None
    type_description: PlainName = None
    patient_id: PlainId | None = None
    patient_name: Personal[PlainText | None] = None
    client_id: PlainId | None = None
    first_name: Personal[PlainText | None] = None
    last_name: Personal[PlainText | None] = None
    email: Personal[PlainText | None] = None
    phone_number: Personal[PlainText | None] = None
    provider: Personal[PlainName] = None
    popup_title_text: Personal[PlainName] = None
    title: Personal[PlainText | None] = None
    reason: Personal[PlainText | None] = None
    last_updated_at: Annotated[str, AfterValidator(wall_clock_if_readable)] | None = None
    recurring: object = None


_KNOWN_AND_UNUSED: Final = frozenset(
    [
        "arrival_date_time",
        "client_title",
        "phone_label",
        "is_valid_mobile_phone",
        "status_class",
        "confirmed_status",
        "backgroundColor",
        "darkFont",
        "booked_by",
        "booked_at",
        "last_updated_by",
        "root_created_at_local",
        "root_created_at_user",
        "is_unmatched",
        "audit_incomplete",
        "estimate_id",
        "className",
    ]
)
KNOWN_EVENT_FIELDS: Final = (
    _KNOWN_AND_UNUSED
    | frozenset(OF_EVENT)
    | {info.alias or name for name, info in CalendarEvent.model_fields.items()}
)
_NO_TIME: Final = "1970-01-01 00:00:00"
_TRUE: Final = (True, "true", "True", "1")
_TEXTS: Final = (
    "current_status",
    "status_label",
    "patient_name",
    "first_name",
    "last_name",
    "email",
    "phone_number",
    "title",
    "reason",
    "last_updated_at",
)
_NAMES: Final = ("type_description", "provider", "popup_title_text", "appointment_room_name")
_WHOSE: Final = ("consultation_id", "patient_id", "client_id")
"""Ids that say whose record it is, and nothing about time."""


@dataclass(slots=True)
class CalendarPage:
    """One answer of the calendar, sorted into what was understood and what was not."""

    records: list[SourceRecord] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    rosters: int = 0
    unknown_fields: Counter[str] = field(default_factory=Counter)
    is_whole: bool = True
    """The answer does not say of itself that it failed, or that there is more."""

    @property
    def says_nothing(self) -> bool:
        """It says that it failed, and shows nothing: whoever asked may not be known any more."""
        return not self.is_whole and not self.records and not self.unreadable


def read_calendar(value: object) -> CalendarPage:
    """The events of one answer; ShapeChanged unless its envelope is the known one."""
    envelope = value if isinstance(value, dict) else {}
    events = envelope.get("events")
    if not isinstance(events, list):
        raise ShapeChanged(
            "the calendar's answer is JSON without a list of events where one belongs; "
            "compare it with the Neo protocol and correct the reader",
            code="calendar_envelope",
        )
    page = CalendarPage(is_whole=says_it_is_whole(envelope, len(events)))
    for name in envelope.keys() - {"events"}:
        page.unknown_fields[_name_told(f"envelope.{name}")] += 1
    for event in events:
        _sort_in(page, event)
    return page


def _sort_in(page: CalendarPage, raw: object) -> None:
    if not isinstance(raw, dict):
        page.unreadable.append(Unreadable("not_an_object", None))
        return
    if _is_true(raw.get("is_roster")):
        page.rosters += 1
        return
    for name in raw.keys() - KNOWN_EVENT_FIELDS:
        page.unknown_fields[_name_told(name)] += 1
    read = guarded(
        lambda: read_event(raw),
        lambda _: guarded(
            lambda: _unreadable(raw, UNFORESEEN), lambda _: Unreadable(UNFORESEEN, None)
        ),
        record="neo.calendar",
    )
    if isinstance(read, SourceRecord):
        page.records.append(read)
    else:
        page.unreadable.append(read)


def read_event(raw: dict[str, Any]) -> SourceRecord | Unreadable:
    """One visit or block, or what could be saved of one."""
    unclear: tuple[str, ...] = ()
    try:
        event = CalendarEvent.model_validate(raw)
    except ValidationError:
        raw = {name: storable(value) for name, value in raw.items()}
        unclear = tuple(name for name in _WHOSE if _is_no_id(raw.get(name)))
        try:
            event = CalendarEvent.model_validate(_cleaned(raw))
        except ValidationError as error:
            fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
            return _unreadable(raw, f"{fault['loc'][0]}_unreadable")
    record_id = event.appointment_id or event.id
    if record_id is None or record_id == "":
        return _unreadable(raw, "id_missing")
    if OCCURRENCE in record_id:
        return _unreadable(raw, "id_unreadable")
    for name, value in (("start", event.start), ("end", event.end)):
        if value is None:
            return _unreadable(raw, f"{name}_missing")
    if event.is_block is None and not _is_of_somebody(event):
        return _unreadable(raw, "is_block_missing")
    record = _record(event, record_id, raw, unclear)
    emptied = frozenset() if record.kind == "block" else emptied_of_event(raw, record)
    return replace(record, emptied=emptied) if emptied else record


def _cleaned(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The event without what in its free text, or in whose it is, could make it unreadable."""
    texts = {name: plain(raw.get(name)) for name in _TEXTS}
    names = {name: plain(name_of(raw.get(name))) for name in _NAMES}
    ids = {name: id_if_readable(raw.get(name)) for name in _WHOSE}
    return {**raw, **texts, **names, **ids}


def _is_no_id(value: object) -> bool:
    """Whether something stands where an id belongs that is none."""
    return value not in (None, "") and id_if_readable(value) is None


def _is_of_somebody(event: CalendarEvent) -> bool:
    """A record of a patient or an owner is a visit, whether it says so or not."""
    return bool(event.patient_id or event.patient_name or event.client_id)


def _record(
    event: CalendarEvent, record_id: str, raw: Mapping[str, Any], unclear: tuple[str, ...]
) -> SourceRecord:
    """Blocks carry nobody's name: time held in a room has neither patient nor owner."""
    kind: RecordKind = "block" if event.is_block else "visit"
    visit = not event.is_block
    patient, client = _names(event) if visit else (None, None)
    assert event.start is not None
    return SourceRecord(
        id=record_id,
        kind=kind,
        start=event.start,
        end=event.end,
        room_id=event.room or event.appointment_room_id or None,
        status=event.current_status or event.status_label or None,
        has_status="current_status" in raw or "status_label" in raw,
        type=event.type_description or None,
        patient_id=(event.patient_id or None) if visit else None,
        patient_name=patient,
        client_id=(event.client_id or None) if visit else None,
        client_name=client,
        client_phone=(contact(event.phone_number) or None) if visit else None,
        client_email=(contact(event.email) or None) if visit else None,
        provider_name=event.provider or event.popup_title_text or None,
        reason=event.reason or (None if visit else event.title) or None,
        consultation_id=(event.consultation_id or None) if visit else None,
        has_consultation="consultation_id" in raw,
        last_updated_at=event.last_updated_at,
        recurs=event.recurring if isinstance(event.recurring, bool) else None,
        unclear=unclear,
        title=(event.title or None) if visit else None,
        room_name=(event.appointment_room_name or None) if visit else None,
        life=life_of_event(raw) if visit else None,
    )


def _names(event: CalendarEvent) -> tuple[str | None, str | None]:
    """Patient and owner; what has no field of its own is taken from `PATIENT; LAST, FIRST`."""
    patient = event.patient_name
    client = " ".join(part for part in (event.first_name, event.last_name) if part)
    if patient and client:
        return patient, client
    title_patient, semicolon, owner = (event.title or "").partition(";")
    if semicolon:
        last, _, first = owner.partition(",")
        patient = patient or title_patient.strip()
        client = client or f"{first.strip()} {last.strip()}".strip()
    return patient or None, client or None


def _unreadable(raw: dict[str, Any], code: str) -> Unreadable:
    start = _wall(raw.get("start"))
    room = id_if_readable(raw.get("resourceId")) or id_if_readable(raw.get("appointment_room_id"))
    says_no_room = not (raw.get("resourceId") or raw.get("appointment_room_id"))
    return Unreadable(
        code=code,
        id=_record_id(raw.get("appointment_id")) or _record_id(raw.get("id")),
        kind="block" if _is_true(raw.get("is_block")) else "visit",
        start=start,
        end=None if start is None else _wall(raw.get("end")),
        day=day_if_readable(raw.get("start")),
        last_day=day_if_readable(raw.get("end")),
        instant=instant_if_readable(raw.get("start")),
        room_id=room,
        fills=room is None and not (says_no_room and _is_visit(raw)),
        told=_told(raw),
    )


def _told(raw: dict[str, Any]) -> SourceRecord | None:
    """The words of a visit of which something else cannot be read: they may tell of a death."""
    record_id = _record_id(raw.get("appointment_id")) or _record_id(raw.get("id"))
    patient_id = id_if_readable(raw.get("patient_id"))
    if record_id is None or patient_id is None or _is_true(raw.get("is_block")):
        return None
    words = {name: _word(raw.get(name)) for name in ("type_description", "reason", "title")}
    return SourceRecord(
        record_id,
        "visit",
        start=_NO_TIME,
        end=None,
        patient_id=patient_id,
        patient_name=_word(raw.get("patient_name")),
        type=words["type_description"],
        reason=words["reason"],
        title=words["title"],
        life=life_of_event(raw),
    )


def _word(value: object) -> str | None:
    text = plain(name_of(storable(value)))
    return (text.strip() or None) if isinstance(text, str) else None


def _record_id(value: object) -> str | None:
    """An id that is not to be confused with that of an occurrence."""
    record_id = id_if_readable(value)
    return None if record_id is None or OCCURRENCE in record_id else record_id


def _wall(value: object) -> str | None:
    return wall_clock_if_readable(value.strip()) if isinstance(value, str) else None


def _is_visit(raw: Mapping[str, Any]) -> bool:
    """Whether the event is certainly a visit, which takes no more than one place."""
    return raw.get("is_block") in (False, "false", "False", "0", 0)


def _name_told(name: str) -> str:
    """A field's name if it looks like one: what else it may hold is nobody's to see."""
    return name if _FIELD_NAME.fullmatch(name) else _OTHER_NAMES


def _is_true(value: object) -> bool:
    return value in _TRUE if isinstance(value, (bool, int, str)) else False
