"""The answer of `getCalendarEventData`: which entries, in which state of repair, in what envelope.

Encoded entries are kept until they change, so that ten thousand of them are one join.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from neo_simulator.knobs import Knobs
from neo_simulator.model import Block, Roster, Status, Visit
from neo_simulator.payloads.damage import (
    SELF_DESCRIBED,
    copy_of,
    malformed,
    said_beside,
    shown_of,
)
from neo_simulator.payloads.events import Event, event
from neo_simulator.payloads.life import life_keys
from neo_simulator.payloads.text import encode, rank, retype_ids
from neo_simulator.statuses import state_of
from neo_simulator.world import LONGEST, Occurrence, World

Key = tuple[str, int, datetime]

DEFAULT_UNKNOWN_WORD = "Awaiting Telepathy"

SHAPING = ("id_types", "missing_keys", "status_words", "life_shown", "life_form")
DAMAGING = (
    "malformed_records",
    "duplicate_records",
    "unknown_status",
    "status_missing",
    "block_flag_missing",
    "consultation_hidden",
    "consultation_key_missing",
)

STATUS_KEYS = ("current_status", "status_label", "status_class")


@dataclass(slots=True)
class CalendarCache:
    """Encoded entries by what they were made from."""

    shape: Any = None
    """The knobs that they were made under."""
    parts: dict[Key, tuple[Any, bytes]] = field(default_factory=dict)


def entries_of_window(
    world: World, knobs: Knobs, start: datetime, end: datetime
) -> list[Occurrence]:
    """What the window holds, in order of start (knobs: end_bound, cancelled_visits)."""
    bound = knobs["end_bound"]
    if bound == "spanning":
        near = world.starting(start - LONGEST, end)
        entries = [entry for entry in near if entry.start < end and lasts_until(entry) > start]
    else:
        entries = [e for e in world.starting(start, end) if bound == "inclusive" or e.start < end]
    if knobs["cancelled_visits"] == "absent":
        entries = [entry for entry in entries if not _cancelled(entry)]
    return entries


def subset(entries: list[Occurrence], wanted: Any) -> list[Occurrence]:
    """What is left of them (knob calendar_subset); rosters are never dropped."""
    if wanted == "all" or "company" in wanted:
        return entries
    if wanted == "empty":
        return []
    if "drop_ids" in wanted:
        gone = set(wanted["drop_ids"])
        return [entry for entry in entries if str(entry.record.id) not in gone]
    real = [entry for entry in entries if not isinstance(entry.record, Roster)]
    number = wanted.get("drop_count", round(len(real) * wanted.get("drop_fraction", 0)))
    dropped = chosen(real, "drop", number)
    return [entry for entry in entries if entry.key not in dropped]


def calendar_body(
    world: World,
    knobs: Knobs,
    cache: CalendarCache,
    entries: Sequence[Occurrence],
    now: datetime,
) -> bytes:
    """The whole answer."""
    parts, envelope = _records(world, knobs, cache, entries, now), knobs["envelope"]
    if envelope in SELF_DESCRIBED:
        beside = encode(said_beside(envelope, len(parts)))
        return b'{"events":' + _listed(shown_of(envelope, parts)) + b"," + beside[1:]
    listed = _listed(parts)
    match envelope:
        case "bare_array":
            return listed
        case "unexpected_object":
            return b'{"status":"ok","payload":{"calendar":' + listed + b"}}"
        case "events_null":
            return b'{"events":null}'
        case _:
            return b'{"events":' + listed + b"}"


def _listed(parts: list[bytes]) -> bytes:
    return b"[" + b",".join(parts) + b"]"


def chosen(entries: Sequence[Occurrence], purpose: str, number: int) -> set[Key]:
    """So many of the entries, always the same ones, as keys."""
    ranked = sorted(entries, key=lambda entry: rank(purpose, entry.key))
    return {entry.key for entry in ranked[:number]}


def visits_chosen(world: World, purpose: str, wanted: dict[str, Any] | None) -> set[int]:
    """The ids of those of all visits that a knob means."""
    visits = [entry for entry in world.calendar() if isinstance(entry.record, Visit)]
    return {entry.record.id for entry in visits if entry.key in _share(visits, purpose, wanted)}


def _share(entries: Sequence[Occurrence], purpose: str, wanted: dict[str, Any] | None) -> set[Key]:
    if wanted is None:
        return set()
    if "ids" in wanted:
        return {entry.key for entry in entries if str(entry.record.id) in wanted["ids"]}
    number = wanted.get("count")
    if number is None:
        number = math.ceil(len(entries) * wanted["percent"] / 100)
    return chosen(entries, purpose, number)


def _records(
    world: World,
    knobs: Knobs,
    cache: CalendarCache,
    entries: Sequence[Occurrence],
    now: datetime,
) -> list[bytes]:
    shape = [knobs[name] for name in SHAPING]
    if cache.shape != shape:
        cache.parts.clear()
        cache.shape = shape
    if any(knobs[name] for name in DAMAGING):
        return _damaged(world, knobs, cache, entries, now)
    return [_encoded(world, knobs, cache, entry, now) for entry in entries]


def _encoded(
    world: World, knobs: Knobs, cache: CalendarCache, entry: Occurrence, now: datetime
) -> bytes:
    made_from = _made_from(world, entry, now)
    known = cache.parts.get(entry.key)
    if known is None or known[0] != made_from:
        known = (made_from, encode(_shown(world, knobs, entry, now)))
        cache.parts[entry.key] = known
    return known[1]


def _made_from(world: World, entry: Occurrence, now: datetime) -> Any:
    record = entry.record
    if isinstance(record, Visit):
        patient, client = world.patient_of(record)
        state = state_of(record, now)
        return record.revision, patient.id, patient.revision, client.id, client.revision, state
    return record.revision if isinstance(record, Block) else 0


def _shown(world: World, knobs: Knobs, entry: Occurrence, now: datetime) -> Event:
    record = event(world, entry, now)
    if isinstance(entry.record, Visit):
        record |= life_keys(world.patient_of(entry.record)[0], knobs, "calendar")
    return _shaped(record, knobs)


def _shaped(record: Event, knobs: Knobs) -> Event:
    words = knobs["status_words"]
    state = (record["status_class"] or "").replace("-", " ") if "status_class" in record else ""
    if state in words:
        record["current_status"] = record["status_label"] = words[state]
    retype_ids(record, "event", knobs["id_types"])
    for key in knobs["missing_keys"]:
        record.pop(key, None)
    return record


def _damaged(
    world: World,
    knobs: Knobs,
    cache: CalendarCache,
    entries: Sequence[Occurrence],
    now: datetime,
) -> list[bytes]:
    real = [entry for entry in entries if not isinstance(entry.record, Roster)]
    visits = [entry for entry in real if isinstance(entry.record, Visit)]
    broken = _share(real, "malformed", knobs["malformed_records"])
    doubled = _share(real, "duplicate", knobs["duplicate_records"])
    odd = _share(visits, "unknown status", knobs["unknown_status"])
    bare = _share(visits, "status missing", knobs["status_missing"])
    vague = _share(real, "block flag missing", knobs["block_flag_missing"])
    hidden = _share(visits, "consultation hidden", knobs["consultation_hidden"])
    unsaid = _share(visits, "consultation missing", knobs["consultation_key_missing"])
    touched = broken | doubled | odd | bare | vague | hidden | unsaid
    parts = []
    number = 0
    for entry in entries:
        if entry.key not in touched:
            parts.append(_encoded(world, knobs, cache, entry, now))
            continue
        record = _shown(world, knobs, entry, now)
        if entry.key in odd:
            word = knobs["unknown_status"].get("word", DEFAULT_UNKNOWN_WORD)
            record["current_status"] = record["status_label"] = word
        if entry.key in bare:
            record = {key: value for key, value in record.items() if key not in STATUS_KEYS}
        if entry.key in vague:
            record.pop("is_block", None)
        if entry.key in hidden and "consultation_id" in record:
            record["consultation_id"] = None
        if entry.key in unsaid:
            record.pop("consultation_id", None)
        if entry.key in doubled:
            how = knobs["duplicate_records"].get("how", "equal")
            parts.append(encode(copy_of(record, how, world.rooms.values())))
        if entry.key in broken:
            parts.append(encode(malformed(record, knobs["malformed_records"].get("kinds"), number)))
            number += 1
        else:
            parts.append(encode(record))
    return parts


def _cancelled(entry: Occurrence) -> bool:
    return isinstance(entry.record, Visit) and entry.record.status is Status.CANCELLED


def lasts_until(entry: Occurrence) -> datetime:
    """A block from midnight to midnight lasts the whole day."""
    if isinstance(entry.record, Block) and entry.end == entry.start:
        return entry.start + timedelta(days=1)
    return max(entry.end, entry.start + timedelta(seconds=1))
