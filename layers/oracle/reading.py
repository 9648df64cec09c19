"""What time a calendar's answer names, read by itself: tolerantly, whatever else is broken in it.

Where a reading is possible only that reading counts, so what this names is the least that must be
taken. Nothing of the product is imported.
"""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from unicodedata import category
from zoneinfo import ZoneInfo

from oracle.clock import on_the_clock

Raw = Mapping[str, Any]

FREE_WORDS = ("cancelled", "canceled", "noshow")
BUSY_WORDS = ("notarrived", "late", "arrived", "inprogress", "readytopay", "finalized")
TRUE, FALSE = (True, 1, "true", "True", "1"), (False, 0, "false", "False", "0")
NOBODY = "(no id)"
A_DAY = timedelta(days=1)

_TIME = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2})(?:[ T](?P<time>\d{2}:\d{2}(?::\d{2})?)(?:\.\d+)?"
    r"(?P<zone>Z|[+-]\d{2}:?\d{2})?)?"
)


@dataclass(frozen=True, slots=True)
class Said:
    """A time of a record as far as it can be read."""

    day: date
    moment: datetime | None
    """On the clinic's clock; None: only the day is said."""


@dataclass(frozen=True, slots=True)
class Covered:
    """Time that one version of a record names."""

    record: str
    room: str | None
    start: datetime
    end: datetime
    fills: bool
    """It takes all that there is, as a block without a room does."""
    status_known: bool = True
    """False: whether it takes any time, only what was known before can tell."""

    def overlaps(self, start: datetime, end: datetime) -> bool:
        return self.start < end and self.end > start


@dataclass(slots=True)
class Reading:
    """All that one or several answers name."""

    covered: list[Covered] = field(default_factory=list)
    undated: int = 0
    """Elements of which not even the day can be read."""
    is_one: bool = False
    """False: nothing was a list of events."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a clinic's calendar is to be read."""

    zone: ZoneInfo
    slot: timedelta
    """How long an event of no length lasts."""
    rooms: Collection[str] | None = None
    """The columns that count; None: all."""


def read_answers(bodies: Collection[str], manner: Manner) -> Reading:
    """What the answers name together, without what takes no time or lies in no room that counts."""
    reading = Reading()
    for body in bodies:
        for raw in _events(body, reading):
            if not isinstance(raw, dict):
                reading.undated += 1
            elif _matters(raw, manner):
                _sort_in(reading, raw, manner)
    return reading


def _events(body: str, reading: Reading) -> list[Any]:
    try:
        answer = json.loads(body, strict=False)
    except ValueError:
        return []
    events = answer.get("events") if isinstance(answer, dict) else None
    if not isinstance(events, list):
        return []
    reading.is_one = True
    return events


def _matters(raw: Raw, manner: Manner) -> bool:
    room = _room(raw)
    counts = manner.rooms is None or room is None or room in manner.rooms
    return counts and raw.get("is_roster") not in TRUE and _takes_time(raw) is not False


def _sort_in(reading: Reading, raw: Raw, manner: Manner) -> None:
    start = _said(raw.get("start"), manner.zone)
    if start is None:
        reading.undated += 1
        return
    begins, ends = _span(raw, start, _said(raw.get("end"), manner.zone), manner)
    covered = Covered(
        record=_id(raw.get("appointment_id")) or _id(raw.get("id")) or NOBODY,
        room=_room(raw),
        start=begins,
        end=ends,
        fills=_has_no_room(raw) and (_is_block(raw) or start.moment is None),
        status_known=_takes_time(raw) is not None,
    )
    reading.covered.append(covered)


def _span(raw: Raw, start: Said, end: Said | None, manner: Manner) -> tuple[datetime, datetime]:
    """From where to where; what is not said is the rest of the day, or all of it."""
    midnight = datetime.combine(start.day, time())
    if start.moment is None:
        last = end.day if end is not None and end.day > start.day else start.day
        return midnight, datetime.combine(last, time()) + A_DAY
    if end is None or end.moment is None or end.moment < start.moment:
        return start.moment, midnight + A_DAY
    lasts = end.moment - start.moment
    if not lasts and start.moment == midnight and _is_block(raw):
        lasts = A_DAY
    return on_the_clock(start.moment, lasts or manner.slot, manner.zone)


def _said(value: object, zone: ZoneInfo) -> Said | None:
    """A day, or a moment on the clinic's clock; None for anything else."""
    found = _TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        return None
    try:
        day = date.fromisoformat(found["day"])
        if found["time"] is None:
            return Said(day, None)
        moment = datetime.combine(day, time.fromisoformat(found["time"]))
    except ValueError:
        return None
    if found["zone"]:
        offset = datetime.fromisoformat(f"{moment.isoformat()}{found['zone']}")
        moment = offset.astimezone(UTC).astimezone(zone).replace(tzinfo=None)
    return Said(moment.date(), moment)


def _takes_time(raw: Raw) -> bool | None:
    """None: neither the word nor anything else says so."""
    if _is_block(raw):
        return True
    word = raw.get("current_status") or raw.get("status_label")
    folded = re.sub(r"[^a-z]", "", word.lower()) if isinstance(word, str) else ""
    if folded in FREE_WORDS:
        return False
    return True if folded in BUSY_WORDS else None


def _is_block(raw: Raw) -> bool:
    """By its flag; where that says nothing, by having no patient."""
    flag = raw.get("is_block")
    if flag in TRUE:
        return True
    known = flag in FALSE and flag is not None
    return not known and not raw.get("patient_id") and not raw.get("patient_name")


def _room(raw: Raw) -> str | None:
    return _id(raw.get("resourceId")) or _id(raw.get("appointment_room_id"))


def _has_no_room(raw: Raw) -> bool:
    """It says so: a room that can't be read is one."""
    return not raw.get("resourceId") and not raw.get("appointment_room_id")


def _id(value: object) -> str | None:
    """Without what nobody sees of it: that tells no two ids apart."""
    is_one = isinstance(value, int | str) and not isinstance(value, bool) and value != ""
    seen = "".join(c for c in str(value) if category(c) not in ("Cf", "Cc")).strip()
    return seen or None if is_one else None
