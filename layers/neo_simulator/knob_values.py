"""Checks for knob values: each takes JSON and returns it in one normal form, or says what is wrong.

`allowed` is the text that the front page and the error messages show.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from neo_simulator.errors import NotPossible

Parse = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Values:
    """A set of values: how it reads, and how one is recognised."""

    allowed: str
    parse: Parse
    choices: tuple[str, ...] = ()
    """For a plain enumeration: its words."""


def one_of(*words: str) -> Values:
    def parse(value: Any) -> str:
        if not isinstance(value, str) or value not in words:
            raise NotPossible(f"{value!r} is none of {', '.join(words)}")
        return value

    return Values(" | ".join(words), parse, words)


def flag() -> Values:
    def parse(value: Any) -> bool:
        if not isinstance(value, bool):
            raise NotPossible(f"{value!r} is neither true nor false")
        return value

    return Values("true | false", parse)


def number(least: float, most: float, *, unit: str, optional: bool = False) -> Values:
    def parse(value: Any) -> float | None:
        if optional and value is None:
            return None
        return as_number(value, least, most)

    return Values(f"{unit}, {least:g}..{most:g}" + (" | null (never)" if optional else ""), parse)


def count(least: int, most: int, *, unit: str) -> Values:
    """A whole number, or null for never."""

    def parse(value: Any) -> int | None:
        return None if value is None else as_whole(value, least, most)

    return Values(f"{unit}, {least}..{most} | null (never)", parse)


def some_of(words: Sequence[str]) -> Values:
    def parse(value: Any) -> list[str]:
        if not isinstance(value, list):
            raise NotPossible(f"{value!r} is not a list")
        return [known(item, words) for item in value]

    return Values("list of: " + ", ".join(words), parse)


def mapping(keys: Sequence[str], to: Values) -> Values:
    def parse(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise NotPossible(f"{value!r} is not an object")
        return {known(key, keys): to.parse(item) for key, item in value.items()}

    return Values(f"object: {', '.join(keys)} -> {to.allowed}", parse)


def any_text() -> Values:
    def parse(value: Any) -> str | None:
        if value is not None and not isinstance(value, str):
            raise NotPossible(f"{value!r} is neither text nor null")
        return value

    return Values("text | null", parse)


def share(*, extra: str = "", fields: dict[str, Values] | None = None) -> Values:
    """Which records: `{"count": n}`, `{"percent": p}` or `{"ids": [...]}`, with further fields.

    Null is none. A field that is not given stays away: its reader has the default.
    """
    further = fields or {}

    def parse(value: Any) -> dict[str, Any] | None:
        if value is None:
            return None
        given = as_object(value, (*SHARES, *further))
        named = [name for name in SHARES if name in given]
        if len(named) != 1:
            raise NotPossible("give one of count, percent and ids")
        out: dict[str, Any] = {named[0]: _SHARE[named[0]](given[named[0]])}
        out.update({name: further[name].parse(given[name]) for name in further if name in given})
        return out

    return Values('null | {"count": n} | {"percent": p} | {"ids": [...]}' + extra, parse)


def known(word: Any, words: Sequence[str]) -> str:
    if not isinstance(word, str) or word not in words:
        raise NotPossible(f"{word!r} is none of {', '.join(words)}")
    return word


def as_object(value: Any, keys: Sequence[str]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise NotPossible(f"{value!r} is not an object")
    for key in value:
        known(key, keys)
    return value


def as_number(value: Any, least: float, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NotPossible(f"{value!r} is not a number")
    if not least <= value <= most:
        raise NotPossible(f"{value!r} is not within {least:g}..{most:g}")
    return value


def as_whole(value: Any, least: int, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise NotPossible(f"{value!r} is not a whole number")
    return int(as_number(value, least, most))


def ids(value: Any) -> list[str]:
    if not isinstance(value, list):
        raise NotPossible(f"ids: {value!r} is not a list")
    return [str(item) for item in value]


_SHARE: dict[str, Parse] = {
    "count": lambda value: as_whole(value, 0, 1_000_000),
    "percent": lambda value: as_number(value, 0, 100),
    "ids": ids,
}
SHARES = tuple(_SHARE)
