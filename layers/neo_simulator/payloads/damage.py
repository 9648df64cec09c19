"""Calendar records that are broken or come twice, and answers that say so of themselves."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from neo_simulator.model import Room
from neo_simulator.payloads.events import Event
from neo_simulator.payloads.text import stamp

FREE_TEXT = (
    "patient_name",
    "client_title",
    "first_name",
    "last_name",
    "email",
    "phone_number",
    "phone_label",
    "provider",
    "popup_title_text",
    "appointment_room_name",
    "title",
    "type_description",
    "reason",
    "confirmed_status",
    "backgroundColor",
    "booked_by",
    "last_updated_by",
    "root_created_at_user",
)
"""Keys of a calendar entry that decide neither who, when, where nor whether."""
STAMPS = ("arrival_date_time", "booked_at", "last_updated_at", "root_created_at_local")
HALF_A_PAIR = "\ud83d"
"""The first half of an emoji, as a text has it that was cut to a number of characters."""
IDS = (
    *("id", "appointment_id", "consultation_id", "patient_id", "client_id"),
    *("resourceId", "appointment_room_id"),
)
"""Keys of a calendar entry that say who, what and where."""
WORDS = ("current_status", "status_label", "type_description")
LONG_REFERENCE = f"&#{'9' * 5_000};"
"""A reference to no character, with more digits than Python turns into a number."""
ZONE_HOURS = 7
"""What `start_utc` takes a wall clock to be behind UTC: in summer, on the west coast."""

Break = Callable[[Event], Any]


def _without(*keys: str) -> Break:
    return lambda record: {key: value for key, value in record.items() if key not in keys}


def _with(**values: Any) -> Break:
    return lambda record: {**record, **values}


def unseen(value: Any) -> str | None:
    """The value wrapped in characters that nobody sees, as an editor or a scanner leaves them."""
    return None if value is None else f"\N{ZERO WIDTH SPACE}{value}\N{ZERO WIDTH NO-BREAK SPACE}"


def _unseen(*keys: str) -> Break:
    return lambda record: {**record, **{k: unseen(record[k]) for k in keys if k in record}}


def _words_broken(record: Event) -> Event:
    said = {key: record[key] for key in WORDS if isinstance(record.get(key), str)}
    return {**record, **{key: "\N{SOFT HYPHEN}".join(word) for key, word in said.items()}}


def _full_width(record: Event) -> Event:
    wide = {ord(c): ord(c) + 0xFEE0 for c in "0123456789@"}
    said = {key: record[key] for key in ("phone_number", "email") if record.get(key)}
    return {**record, **{key: value.translate(wide) for key, value in said.items()}}


def _hard_blanks(record: Event) -> Event:
    return {
        key: value.replace(" ", "\N{NO-BREAK SPACE}")
        if key in FREE_TEXT and isinstance(value, str)
        else value
        for key, value in record.items()
    }


def _id_object(record: Event) -> Event:
    broken = {"value": record["id"]}
    return {**record, "id": broken, "appointment_id": broken}


def _people_objects(record: Event) -> Event:
    keys = ("patient_id", "client_id")
    return {**record, **{key: {"value": record.get(key)} for key in keys}}


def _time(key: str, written: Callable[[datetime], str | None]) -> Break:
    return lambda record: {**record, key: written(datetime.fromisoformat(record[key]))}


def _end_before_start(record: Event) -> Event:
    start = datetime.fromisoformat(record["start"])
    return {**record, "end": stamp(start - timedelta(minutes=30))}


def _utc(moment: datetime) -> str:
    return (moment + timedelta(hours=ZONE_HOURS)).isoformat("T", "seconds") + "Z"


def _cut_reason(record: Event) -> Event:
    return {**record, "reason": f"dental {HALF_A_PAIR}"}


def _text(character: str) -> Break:
    """The character in the midst of whatever free text there is."""
    return lambda record: {
        key: value[:3] + character + value[3:]
        if key in FREE_TEXT and isinstance(value, str)
        else value
        for key, value in record.items()
    }


def _typed(wrap: Callable[[Any], Any]) -> Break:
    """Every free text as something else, empty ones too."""
    return lambda record: {
        key: wrap(value) if key in FREE_TEXT else value for key, value in record.items()
    }


_BREAKS: dict[str, Break] = {
    "no_id": _without("id", "appointment_id"),
    "id_null": _with(id=None, appointment_id=None),
    "id_object": _id_object,
    "no_start": _without("start"),
    "start_null": _with(start=None),
    "start_garbage": _with(start="2026-02-31 25:61:00"),
    "start_us_format": _time("start", lambda moment: moment.strftime("%m/%d/%Y %I:%M %p")),
    "end_garbage": _with(end="soon"),
    "end_before_start": _end_before_start,
    "not_an_object": lambda _: "[object Object]",
    "no_end": _without("end"),
    "end_null": _with(end=None),
    "end_date_only": _time("end", lambda moment: moment.date().isoformat()),
    "start_date_only": _time("start", lambda moment: moment.date().isoformat()),
    "start_fraction": _time("start", lambda moment: f"{stamp(moment)}.000"),
    "start_offset": _time("start", lambda m: f"{m.isoformat('T', 'seconds')}-0{ZONE_HOURS}:00"),
    "start_utc": _time("start", _utc),
    "no_day": _with(start="tomorrow at nine", end="half past ten"),
    "room_object": lambda r: {
        **r,
        "resourceId": {"value": r["resourceId"]},
        "appointment_room_id": {"value": r["appointment_room_id"]},
    },
    "no_block_flag": _without("is_block"),
    "block_flag_null": _with(is_block=None),
    "block_flag_text": _with(is_block="perhaps"),
    "reason_cut": _cut_reason,
    "text_half_a_pair": _text(HALF_A_PAIR),
    "text_nul": _text("\0"),
    "text_zero_width": _text("\N{ZERO WIDTH SPACE}"),
    "text_bidi": _text("\N{RIGHT-TO-LEFT OVERRIDE}"),
    "text_soft_hyphen": _text("\N{SOFT HYPHEN}"),
    "text_bom": _text("\N{ZERO WIDTH NO-BREAK SPACE}"),
    "text_list": _typed(lambda value: [value]),
    "text_object": _typed(lambda value: {"value": value}),
    "text_number": _typed(lambda _: 7),
    "text_bool": _typed(lambda _: True),
    "text_hard_blanks": _hard_blanks,
    "ids_invisible": _unseen(*IDS),
    "words_invisible": _words_broken,
    "contact_full_width": _full_width,
    "people_objects": _people_objects,
    "stamps_garbage": _with(**dict.fromkeys(STAMPS, "just now")),
    "end_year_9999": _with(end="9999-12-31 23:59:59"),
    "end_year_1": _with(end="0001-01-01 00:00:00"),
    "text_reference": _typed(lambda _: LONG_REFERENCE),
    "text_long_number": _typed(lambda _: 10**4_000),
    "phone_blanks": _with(phone_number=f"555{' ' * 60_000}x"),
}
MALFORMED_KINDS = tuple(_BREAKS)
"""The ways in which a calendar record can be broken."""


def malformed(record: Event, kinds: Sequence[str] | None, number: int) -> Any:
    """The record broken in the way whose turn it is; the original stays whole."""
    wanted = kinds or MALFORMED_KINDS
    return _BREAKS[wanted[number % len(wanted)]](record)


# -- one record by its id --------------------------------------------------------------------

LOOK_UP_TEXT = (
    *("notes", "bookedBy", "cancelledReason", "name", "firstName", "lastName"),
    *("email", "homePhone", "mobilePhone", "color"),
)
"""Keys of a look-up, in whatever depth, that decide nothing."""
_LOOK_UP_TIMES = {"start": "startAtLocal", "end": "endAtLocal"}
LOOK_UP_KINDS = tuple(
    kind
    for kind in _BREAKS
    if kind.startswith(("text_", "start_", "end_"))
    or kind in ("no_start", "no_end", "no_day", "ids_invisible")
)


def malformed_look_up(shown: Event, kind: str) -> Event:
    """The answer of a look-up, broken as a calendar's record of that kind is."""
    if kind.startswith("text_"):
        return {key: _odd(key, value, kind) for key, value in shown.items()}
    if kind == "ids_invisible":
        return _wrapped_ids(shown)
    times = {name: shown[key] for name, key in _LOOK_UP_TIMES.items()}
    broken = _BREAKS[kind](times)
    kept = {key: value for key, value in shown.items() if key not in _LOOK_UP_TIMES.values()}
    return {**kept, **{_LOOK_UP_TIMES[name]: value for name, value in broken.items()}}


def _wrapped_ids(shown: Event) -> Event:
    """The ids of all that it names."""
    return {
        key: _wrapped_ids(value)
        if isinstance(value, dict)
        else (unseen(value) if key == "id" else value)
        for key, value in shown.items()
    }


def _odd(key: str, value: Any, kind: str) -> Any:
    if isinstance(value, dict):
        return {inner: _odd(inner, one, kind) for inner, one in value.items()}
    return _BREAKS[kind]({"reason": value})["reason"] if key in LOOK_UP_TEXT else value


# -- records that come twice -----------------------------------------------------------------


def _later(record: Event, minutes: int, *keys: str) -> Event:
    step = timedelta(minutes=minutes)
    return {
        **record,
        **{key: stamp(datetime.fromisoformat(record[key]) + step) for key in keys if record[key]},
    }


def _newer(record: Event) -> Event:
    stamps = [key for key in ("last_updated_at",) if key in record]
    return _later(_later(record, 60, "start", "end"), 5, *stamps)


def _other_provider(record: Event) -> Event:
    spelled = (record["provider"] or "Dr. N. Obody").swapcase()
    return {**record, "provider": spelled, "popup_title_text": spelled}


_COPIES: dict[str, Break] = {
    "equal": dict,
    "differing": _newer,
    "other_provider": _other_provider,
    "other_start": lambda record: _later(record, 60, "start", "end"),
    "other_end": lambda record: _later(record, 60, "end"),
    "no_end": _without("end"),
    "start_date_only": _BREAKS["start_date_only"],
    "other_room": dict,
}
DUPLICATES = tuple(_COPIES)
"""How the first of two versions differs from the record; only `differing` has another stamp."""


def copy_of(record: Event, how: str, rooms: Iterable[Room]) -> Event:
    """The same id once more, as another version of the record."""
    copy: Event = _COPIES[how](record)
    if how == "other_room":
        room = next(room for room in rooms if room.id != record["appointment_room_id"])
        copy.update(
            resourceId=type(record["resourceId"] or "")(room.id),
            appointment_room_id=room.id,
            appointment_room_name=room.name,
        )
    return copy


# -- answers that say of themselves that they are not whole -----------------------------------

_SAID: dict[str, dict[str, Any]] = {
    "failed_empty": {"success": False},
    "failed_with_events": {"success": False},
    "error_with_events": {"error": "the schedule could not be loaded completely"},
    "incomplete": {"complete": False},
    "partial": {"partial": True},
    "truncated": {"truncated": True},
    "has_more": {"hasMore": True},
    "next_page": {"nextPage": 2},
    "succeeded": {"success": True},
    "unknown_keys": {"success": True, "generatedBy": "schedule-7", "ttl": 30},
}
ALL_EVENTS = ("failed_with_events", "error_with_events", "succeeded", "unknown_keys")
SELF_DESCRIBED = (*_SAID, "total_beyond")
"""Envelopes that hold a list of events, and say something about it beside."""


def said_beside(envelope: str, number: int) -> dict[str, Any]:
    """What such an answer says beside its events; `number`: how many entries there are in all."""
    return _SAID.get(envelope, {"total": number})


def shown_of(envelope: str, parts: list[bytes]) -> list[bytes]:
    """The entries that such an answer holds: all, none, or the first half."""
    if envelope in ALL_EVENTS:
        return parts
    return [] if envelope == "failed_empty" else parts[: len(parts) // 2]
