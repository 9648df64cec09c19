"""What of a message's event is kept: ids, numbers, times and words of ours. Pure.

Whatever else stands in an event may be somebody's name, a key of an object as well. So a text is
kept only if it can be none: a UUID, a day or an instant, or a word that this service knows.
"""

import math
import re
from typing import Any, Final, get_args
from uuid import UUID

from idexx_sync.core.catalog import CATALOG, SYNCS
from idexx_sync.core.id_prefix import WHOLE_ID
from idexx_sync.core.vocabulary import JobStatus, Manner, Mode, Trigger
from idexx_sync.jobs.event import WorkerEvent
from idexx_sync.jobs.params import PARAMS

MOST_LEAVES: Final = 60
DEEPEST: Final = 3
LARGEST_NUMBER: Final = 999_999
"""A longer one may be a phone's."""
_OF_PARAMS: Final = frozenset(
    name
    for model in PARAMS.values()
    for field, about in model.model_fields.items()
    for name in (field, about.alias or field)
)
_FIELDS: Final = frozenset(WorkerEvent.model_fields) | _OF_PARAMS
_WORDS: Final = frozenset(
    {
        *SYNCS,
        *(word for row in CATALOG.values() for word in row.also_scheduled_as),
        *get_args(Trigger),
        *get_args(Manner),
        *get_args(JobStatus),
        *get_args(Mode),
    }
)
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?")
_UUID: Final = re.compile(WHOLE_ID)
_LEFT_OUT: Final = object()


class Kept:
    """The part of an event that is kept."""

    def __init__(self, payload: Any) -> None:
        self.left_out = 0
        """How many values of it are not kept; more than none: it is not the whole order."""
        self._leaves = 0
        found = self._of(payload, 0)
        self.event: dict[str, Any] | None = found if isinstance(found, dict) else None
        """None: it is no object, or nothing was sent."""

    def id_of(self, field: str) -> UUID | None:
        """The id that a field of the event holds."""
        value = None if self.event is None else self.event.get(field)
        return UUID(value) if isinstance(value, str) and _UUID.fullmatch(value) else None

    def _of(self, value: Any, depth: int) -> Any:
        if isinstance(value, (dict, list)) and depth >= DEEPEST:
            return self._leave_out()
        if isinstance(value, dict):
            named = {
                key: self._of(one, depth + 1) if _is_ours(key) else self._leave_out()
                for key, one in value.items()
            }
            return {key: one for key, one in named.items() if one is not _LEFT_OUT}
        if isinstance(value, list):
            listed = [self._of(one, depth + 1) for one in value]
            return [one for one in listed if one is not _LEFT_OUT]
        self._leaves += 1
        if self._leaves > MOST_LEAVES or not _is_clear(value):
            return self._leave_out()
        return value

    def _leave_out(self) -> object:
        self.left_out += 1
        return _LEFT_OUT


def _is_ours(key: str) -> bool:
    return key in _FIELDS


def _is_clear(value: Any) -> bool:
    """Whether nobody's name can be behind it."""
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, (int, float)):
        return math.isfinite(value) and abs(value) <= LARGEST_NUMBER
    return isinstance(value, str) and (
        value in _WORDS or bool(_UUID.fullmatch(value) or _TIME.fullmatch(value))
    )
