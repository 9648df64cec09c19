"""The two smaller answers of Neo: one appointment, and the clinic's configuration. Pure."""

from collections.abc import Iterator
from typing import Annotated, Final

from pydantic import BeforeValidator, Field, ValidationError

from idexx_sync.core.errors import ShapeChanged
from idexx_sync.core.faults import UNFORESEEN
from idexx_sync.core.personal import Personal
from idexx_sync.core.vocabulary import appointment_status
from idexx_sync.core.words import guarded
from idexx_sync.pims.identity import Shown
from idexx_sync.pims.neo.payloads.envelope import says_there_is_none
from idexx_sync.pims.neo.payloads.fields import (
    Id,
    Named,
    Payload,
    Text,
    WallClock,
    branch_of,
    id_if_readable,
    name_if_readable,
    storable,
)
from idexx_sync.pims.neo.payloads.life import life_of
from idexx_sync.pims.protocol import Configuration, Found, Gone, Lookup, Room, Unknown


class RoomPayload(Payload):
    id: Id = Field(min_length=1)
    name: Text = None
    position: int | None = None


class AppointmentRoom(Payload):
    id: Id | None = None


class AppointmentPayload(Payload):
    """One appointment by id (Neo protocol, section on getAppointment); only what may be used."""

    id: Id = Field(min_length=1)
    start: WallClock = Field(alias="startAtLocal")
    end: WallClock | None = Field(default=None, alias="endAtLocal")
    deleted: bool | None
    block: bool | None = None
    status: Text = None
    room: AppointmentRoom | None = Field(default=None, alias="appointmentRoom")
    cancelled_reason: Personal[Text] = Field(default=None, alias="cancelledReason")
    patient: Personal[object] = None


class AppointmentType(Payload):
    id: object = None
    name: Named = None


class ViewPayload(Payload):
    """The calendar's configuration (Neo protocol, section on getAppointmentView)."""

    slot_minutes: Annotated[int, BeforeValidator(storable)] = Field(
        alias="slotInterval", ge=1, le=24 * 60
    )
    rooms: list[RoomPayload] = Field(alias="appointmentRooms")
    types: list[AppointmentType] = Field(default=[], alias="appointmentTypes")
    providers: Personal[object] = None
    branch: Personal[object] = Field(default=None, alias="clientBranch")


def read_appointment(value: object, asked_id: str) -> Lookup:
    """What Neo says of one id; anything but a clear answer about this very id is Unknown."""
    if not isinstance(value, dict):
        return Unknown("lookup_envelope")
    if value.get("appointment") is None:
        return Gone() if says_there_is_none(value) else Unknown("lookup_failed")
    try:
        found = AppointmentPayload.model_validate(value["appointment"])
    except ValidationError as error:
        return Unknown(_code(error))
    if found.id != asked_id:
        return Unknown("other_id")
    if not found.start:
        return Unknown("start_unreadable")
    return Found(
        id=found.id,
        kind="block" if found.block else "visit",
        start=found.start,
        end=found.end,
        room_id=(found.room.id or None) if found.room else None,
        status=found.status or None,
        deleted=bool(found.deleted),
        cancelled=_is_cancelled(found),
        patient_id=_patient_id(found),
        life=life_of(found.patient),
    )


def read_configuration(value: object) -> Configuration:
    """Rooms in the order of the calendar's columns; ShapeChanged unless all of it is readable."""
    found = guarded(lambda: _configuration(value), lambda _: UNFORESEEN, record="neo.view")
    if isinstance(found, Configuration):
        return found
    code = f"configuration_{found}"
    raise ShapeChanged(
        "the clinic's configuration in Neo no longer has the shape the reader knows; "
        "compare it with the Neo protocol and correct the reader",
        code=code,
    )


def _configuration(value: object) -> Configuration | str:
    """What it says, or what of it is wrong, in one word."""
    try:
        view = ViewPayload.model_validate(value)
    except ValidationError as error:
        return _code(error)
    rooms = sorted(view.rooms, key=lambda room: (room.position is None, room.position or 0))
    return Configuration(
        slot_minutes=view.slot_minutes,
        rooms=[Room(room.id, room.name or "") for room in rooms],
        appointment_types=[kind.name for kind in view.types if kind.name],
        shown=_shown(view),
    )


def _shown(view: ViewPayload) -> Shown:
    """What identifies the company; what of it can't be read is not said."""
    kinds = ((id_if_readable(kind.id), kind.name) for kind in view.types)
    return Shown(
        rooms={room.id: room.name for room in view.rooms if room.name},
        types={id_: name for id_, name in kinds if id_ and name},
        providers=dict(_providers(view.providers)),
        branches=branch_of(view.branch),
    )


def _providers(shown: object) -> Iterator[tuple[str, str]]:
    for provider in shown if isinstance(shown, list) else ():
        if isinstance(provider, dict):
            id_, name = id_if_readable(provider.get("id")), name_if_readable(provider.get("name"))
            if id_ and name:
                yield id_, name


_NO_REASON: Final = frozenset({"", "null", "none", "na", "nil", "no", "false", "undefined"})


def _is_cancelled(found: AppointmentPayload) -> bool:
    """A reason is a word: a number, a dash or a written-out nothing frees no time."""
    reason = "".join(filter(str.isalpha, found.cancelled_reason or "")).casefold()
    return reason not in _NO_REASON or appointment_status(found.status) == "cancelled"


def _patient_id(found: AppointmentPayload) -> str | None:
    """None when it can't be read: the proof of rule R6 must not hang on whose visit it is."""
    return id_if_readable(found.patient.get("id")) if isinstance(found.patient, dict) else None


def _code(error: ValidationError) -> str:
    """`<field>_missing` or `<field>_unreadable`, of the first field that is wrong."""
    fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = str(fault["loc"][0]) if fault["loc"] else "object"
    return f"{where}_{'missing' if fault['type'] == 'missing' else 'unreadable'}"
