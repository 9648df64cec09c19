"""Pages of long lists: an opaque cursor says where the next one begins."""

import base64
import binascii
import json
import re
from datetime import date, datetime
from typing import Any
from uuid import UUID

from idexx_sync.core.errors import InvalidInput

Place = tuple[datetime, UUID]
"""What lists are ordered by, newest first: a moment, and an id where moments are equal."""
DayPlace = tuple[date, UUID]
"""The same of lists of what belongs to a day."""


def cursor_at(moment: datetime, id_: UUID) -> str:
    """Begin behind this place."""
    return base64.urlsafe_b64encode(json.dumps([moment.isoformat(), str(id_)]).encode()).decode()


def cursor_behind(*parts: str) -> str:
    """Begin behind what these texts name, in a list that is in their order."""
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


def cursor_among(is_open: bool, moment: datetime, id_: UUID) -> str:
    """Begin behind this place of a list in which what is open comes first."""
    return cursor_behind("open" if is_open else "closed", cursor_at(moment, id_))


def place_among(cursor: str | None) -> tuple[bool, datetime, UUID] | None:
    """Where a page begins; InvalidInput for what `cursor_among` did not make."""
    if (parts := parts_of(cursor, 2)) is None:
        return None
    place = place_of(parts[1])
    if parts[0] not in ("open", "closed") or place is None:
        raise _no_cursor()
    return parts[0] == "open", *place


def cursor_on(day: date, id_: UUID) -> str:
    """Begin behind this place of a list that goes by days."""
    return cursor_behind(day.isoformat(), str(id_))


def day_place_of(cursor: str | None) -> DayPlace | None:
    """Where a page begins; InvalidInput for what `cursor_on` did not make."""
    if (parts := parts_of(cursor, 2)) is None:
        return None
    try:
        return date.fromisoformat(parts[0]), UUID(parts[1])
    except ValueError:
        pass
    raise _no_cursor()  # outside the handler: an error of reading holds what was sent


def parts_of(cursor: str | None, number: int) -> tuple[str, ...] | None:
    """Where a page begins; InvalidInput for what `cursor_behind` did not make of so many texts."""
    if cursor is None:
        return None
    parts = _decoded(cursor)
    if not isinstance(parts, list) or len(parts) != number or not all(map(_is_text, parts)):
        raise _no_cursor()
    return tuple(parts)


def _is_text(part: object) -> bool:
    """Whether Postgres can take it as a text."""
    return isinstance(part, str) and re.search("[\0\ud800-\udfff]", part) is None


def place_of(cursor: str | None) -> Place | None:
    """Where a page begins; InvalidInput for what `cursor_at` did not make."""
    if cursor is None:
        return None
    try:
        moment, id_ = _decoded(cursor)
        return _aware(datetime.fromisoformat(moment)), UUID(id_)
    except (ValueError, TypeError, AttributeError):
        pass
    raise _no_cursor()  # outside the handler: an error of reading holds what was sent


def _decoded(cursor: str) -> Any:
    """What a cursor holds; None for what holds nothing that can be read."""
    try:
        return json.loads(base64.b64decode(cursor, altchars=b"-_", validate=True))
    except (binascii.Error, UnicodeDecodeError, ValueError, RecursionError):
        return None


def _no_cursor() -> InvalidInput:
    advice = "not a cursor of this list; take next_cursor of the page before"
    return InvalidInput("cursor", advice)


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a moment without a zone")
    return moment
