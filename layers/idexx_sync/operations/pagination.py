"""Pages of long lists: an opaque cursor says where the next one begins."""

import base64
import binascii
import json
from datetime import datetime
from uuid import UUID

from idexx_sync.core.errors import InvalidInput

Place = tuple[datetime, UUID]
"""What lists are ordered by, newest first: a moment, and an id where moments are equal."""


def cursor_at(moment: datetime, id_: UUID) -> str:
    """Begin behind this place."""
    return base64.urlsafe_b64encode(json.dumps([moment.isoformat(), str(id_)]).encode()).decode()


def place_of(cursor: str | None) -> Place | None:
    """Where a page begins; InvalidInput for what `cursor_at` did not make."""
    if cursor is None:
        return None
    try:
        moment, id_ = json.loads(base64.b64decode(cursor, altchars=b"-_", validate=True))
        return _aware(datetime.fromisoformat(moment)), UUID(id_)
    except (binascii.Error, UnicodeDecodeError, ValueError, TypeError, AttributeError):
        advice = "not a cursor of this list; take next_cursor of the page before"
    raise InvalidInput("cursor", advice)  # outside the handler: json's error holds what was sent


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a moment without a zone")
    return moment
