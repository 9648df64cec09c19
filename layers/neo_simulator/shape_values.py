"""Words and checks of the knobs that shape or damage answers."""

import re
from typing import Any

from neo_simulator.errors import NotPossible
from neo_simulator.knob_values import Values, as_number, as_object, as_whole, flag

EXPIRED_ANSWERS = (
    "302_login",
    "302_root",
    "302_login_timeout",
    "200_login_html",
    "200_page",
    "200_json",
    "204",
    "400",
    "401_json",
    "401_empty",
    "403",
    "404",
    "410",
    "419",
)
"""What a request for JSON may get when its session is none."""

ID_FIELDS = (
    "event.id",
    "event.appointment_id",
    "event.consultation_id",
    "event.patient_id",
    "event.client_id",
    "event.resourceId",
    "event.appointment_room_id",
    "view.appointmentRooms.id",
    "view.appointmentTypes.id",
    "view.providers.id",
    "appointment.id",
    "appointment.patient.id",
    "appointment.patient.client.id",
    "appointment.appointmentType.id",
    "appointment.appointmentRoom.id",
    "appointment.provider.id",
    "page.consultation.id",
    "page.patient.id",
    "page.client.id",
)
"""The id fields whose JSON type can be chosen: answer, then path."""

OPTIONAL_KEYS = (
    "is_block",
    "is_roster",
    "recurring",
    "appointment_id",
    "consultation_id",
    "patient_id",
    "client_id",
    "arrival_date_time",
    "last_updated_at",
    "consultationLines",
    "consultationNotes",
    "clientBranch",
    "vitalSignGroup",
)
"""Keys of calendar entries and of page-data that reality may leave out."""
LIFE_PLACES = ("calendar", "consultation", "look_up")
LIFE_FORMS = ("alive", "status", "deceased_date")
"""Where a patient's life may be shown beside the patient search, and as what."""


def calendar_subset() -> Values:
    allowed = (
        'all | empty | {"drop_fraction": 0..1} | {"drop_count": n} | {"drop_ids": [...]}'
        ' | {"company": "other company\'s id"}'
    )

    def parse(value: Any) -> Any:
        if value in ("all", "empty"):
            return value
        if not isinstance(value, dict) or len(value) != 1:
            raise NotPossible(f"{value!r} is none of these")
        given = as_object(value, ("drop_fraction", "drop_count", "drop_ids", "company"))
        ((name, wanted),) = given.items()
        if name == "drop_fraction":
            return {name: as_number(wanted, 0, 1)}
        if name == "drop_count":
            return {name: as_whole(wanted, 0, 1_000_000)}
        if name == "company":
            return {name: str(wanted)}
        if not isinstance(wanted, list):
            raise NotPossible(f"drop_ids: {wanted!r} is not a list")
        return {name: [str(item) for item in wanted]}

    return Values(allowed, parse)


def by_id(whose: str, what: str, to: Values) -> Values:
    """An object whose keys are ids of records."""

    def parse(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise NotPossible(f"{value!r} is not an object")
        return {_number(key): to.parse(item) for key, item in value.items()}

    return Values(f"object: {whose} -> {what}" + (f" ({to.allowed})" * bool(to.choices)), parse)


def an_id() -> Values:
    return Values("id", _number)


def _number(value: Any) -> str:
    text = str(value)
    if not (text.isascii() and text.isdigit()):
        raise NotPossible(f"{value!r} is no id")
    return text


def delay() -> Values:
    def parse(value: Any) -> Any:
        if not isinstance(value, dict):
            return as_number(value, 0, 600_000)
        for path in value:
            try:
                re.compile(path)
            except re.error as error:
                raise NotPossible(f"{path!r} is no regular expression: {error}") from None
        return {path: as_number(ms, 0, 600_000) for path, ms in value.items()}

    return Values("ms | object: path regex -> ms, the first that matches", parse)


def delay_for(value: Any, path: str) -> float:
    """Seconds of delay for a path."""
    if not isinstance(value, dict):
        return float(value) / 1000
    for pattern, ms in value.items():
        if re.search(pattern, path):
            return float(ms) / 1000
    return 0.0


def lag() -> Values:
    """How far a second server is behind, and what it answers."""
    allowed = (
        'null | {"minutes": n}, with "every": answers the second server gives one of (1: all), '
        '"look_ups": true | false'
    )

    def parse(value: Any) -> Any:
        if value is None:
            return None
        given = as_object(value, ("minutes", "every", "look_ups"))
        if "minutes" not in given:
            raise NotPossible("give minutes")
        return {
            "minutes": as_number(given["minutes"], 0, 100_000),
            "every": as_whole(given.get("every", 1), 1, 1_000),
            "look_ups": flag().parse(given.get("look_ups", False)),
        }

    return Values(allowed, parse)
