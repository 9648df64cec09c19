"""Texts that act on a terminal, models that are full of them, and whether any of them got out."""

import types
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final, Literal, TypeAliasType, Union, get_args, get_origin
from uuid import UUID

from pydantic import AwareDatetime, BaseModel

from idexx_sync.core.invisible import escaped

HOSTILE: Final = (
    "A\x1b[31mB\x9b2J\u202eC\nFORGED line\tD\x07\rE\x7f\u200bF\u2028G\x85H\x1b]8;;x\x1b\\\u2066I"
)
"""Escapes of C0 and C1, a forged line, a bell, a hidden part, a text that runs backwards."""


def full_of_it(annotation: Any, names: Sequence[str] = ()) -> Any:
    """A JSON value of the type that says HOSTILE wherever it may say what it wants to.

    Where `names` are given, objects of free fields have them.
    """
    if isinstance(annotation, TypeAliasType):
        return full_of_it(annotation.__value__, names)
    origin, of = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return full_of_it(of[0], names)
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    if origin in (Union, types.UnionType):
        return full_of_it(next(one for one in of if one is not types.NoneType), names)
    if origin is Literal:
        return of[0]
    if origin is tuple:
        inner = of[:1] if of[-1] is Ellipsis else of
        return [full_of_it(one, names) for one in inner]
    if isinstance(origin, type) and issubclass(origin, Mapping):
        keys = [HOSTILE, *names] if of[1] in (Any, str) else [HOSTILE]
        return {key: full_of_it(of[1], names) for key in keys}
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = annotation.model_fields.items()
        return {name: full_of_it(field.annotation, names) for name, field in fields}
    return HOSTILE


_PLAIN: Final[Mapping[Any, Any]] = {
    UUID: str(UUID(int=7)),
    int: 1,
    bool: True,
    date: "2026-05-04",
    AwareDatetime: datetime(2026, 5, 4, tzinfo=UTC).isoformat(),
}


def acting(text: str) -> Iterator[str]:
    """What of a text acts on a terminal, and the lines that somebody else made."""
    yield from (line for line in text.splitlines() if line.startswith("FORGED"))
    yield from (one for one in text if one != "\n" and escaped(one) != one)
