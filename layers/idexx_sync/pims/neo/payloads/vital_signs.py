"""The vital signs of a clinical record: the key was seen, its inner shape never. Pure."""

import math
from typing import Any, Final

from idexx_sync.pims.neo.payloads.fields import says_something, storable
from idexx_sync.pims.neo.payloads.parts import Parts

_DEEPEST: Final = 20
_MOST_CHARACTERS: Final = 50_000
_MOST_VALUES: Final = 5_000
"""Signs of one visit are far fewer; what has more is something else."""


class _NotKept(Exception):
    """Too deep, or too large, to be stored."""


def read_vital_signs(shown: object, parts: Parts) -> dict[str, Any] | None:
    """An object stays as it is, a list becomes `{"items": …}`, a lone value `{"value": …}`.

    None when nothing in it says anything, or where it is too deep or too large to be kept.
    """
    if not says_something(shown):
        return None
    parts.unclear(shown)
    try:
        kept = _Kept().of(shown, 0)
    except _NotKept:
        parts.odd("vital_signs")
        return None
    if isinstance(kept, dict):
        return kept
    return {"items": kept} if isinstance(kept, list) else {"value": kept}


class _Kept:
    """JSON that Postgres can store, as long as it is no more than vital signs may be."""

    def __init__(self) -> None:
        self._values = _MOST_VALUES
        self._characters = _MOST_CHARACTERS

    def of(self, value: object, depth: int) -> Any:
        self._values -= 1
        self._characters -= len(value) if isinstance(value, str) else 0
        if depth > _DEEPEST or self._values < 0 or self._characters < 0:
            raise _NotKept
        if isinstance(value, dict):
            return {storable(key): self.of(inner, depth + 1) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.of(inner, depth + 1) for inner in value]
        if isinstance(value, float) and not math.isfinite(value):
            return None
        return storable(value)
