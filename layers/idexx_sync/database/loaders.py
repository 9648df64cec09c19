"""How values of Postgres become Python's: what does not fit becomes `Unfit` instead of an error.

The driver raises while it fetches, so that one value in one row takes all rows of a statement
with it, and a statement may be about a whole fleet. Judged in SQL each of a hundred columns would
need a guard, and the next one that is selected would be forgotten.
"""

import json
import math
from typing import Any, Final, NoReturn

import psycopg
from psycopg.abc import AdaptContext, Buffer, Loader
from psycopg.adapt import AdaptersMap
from psycopg.adapt import Loader as BaseLoader
from psycopg.pq import Format

from idexx_sync.core.faults import Unfit

GUARDED: Final = ("date", "time", "timetz", "timestamp", "timestamptz", "interval", "numeric")
"""Types of which Postgres knows more values than Python."""
DOCUMENTS: Final = ("json", "jsonb")
DEEPEST: Final = 100
_RAISED: Final = (psycopg.DataError, psycopg.NotSupportedError, ValueError, OverflowError)


def _guarded(name: str, oid: int) -> type[BaseLoader]:
    """A loader that asks the driver's own one."""
    found = psycopg.adapters.get_loader(oid, Format.TEXT)
    assert found is not None, f"psycopg has no loader for {name}"
    own, unfit = found, Unfit(name)

    class Guarded(BaseLoader):
        format = Format.TEXT

        def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
            super().__init__(oid, context)
            self._own: Loader = own(oid, context)

        def load(self, data: Buffer) -> Any:
            try:
                value = self._own.load(data)
            except _RAISED:
                return unfit
            is_finite = getattr(value, "is_finite", None)  # of a numeric: NaN and infinity
            return unfit if is_finite is not None and not is_finite() else value

    return Guarded


def _document(name: str) -> type[BaseLoader]:
    unfit = Unfit(name)

    class Document(BaseLoader):
        format = Format.TEXT

        def load(self, data: Buffer) -> Any:
            text = bytes(data)
            try:
                value = _decoded(text.decode())
                if text.count(b"[") + text.count(b"{") >= DEEPEST and _is_deep(value):
                    return unfit
                if b"\\u" in text:  # half a surrogate pair can be written, and never stored again
                    json.dumps(value, ensure_ascii=False).encode()
            except (ValueError, RecursionError):  # of an integer of more than 4,300 digits too
                return unfit
            return value

    return Document


def _decoded(text: str) -> Any:
    try:
        value, end = _DECODER.raw_decode(text)
    except ValueError:
        end = None
    # Looking for blanks around a document takes longer than most documents do: few have any.
    return value if end == len(text) else _DECODER.decode(text)


def _is_deep(document: Any) -> bool:
    """Whether comparing or writing it would exhaust the stack; nobody means such a document."""
    level = [document]
    for _ in range(DEEPEST):
        level = [
            inner
            for outer in level
            if isinstance(outer, (list, dict))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return True


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("more than a float holds")
    return number


def _refuse(_name: str) -> NoReturn:
    raise ValueError("no number of JSON")


_DECODER: Final = json.JSONDecoder(parse_float=_finite, parse_constant=_refuse)
"""Made once: to make one costs more than most documents."""


def _adapters() -> AdaptersMap:
    adapters = AdaptersMap(psycopg.adapters)
    for name in GUARDED:
        oid = psycopg.adapters.types[name].oid
        adapters.register_loader(oid, _guarded(name, oid))
    for name in DOCUMENTS:
        adapters.register_loader(psycopg.adapters.types[name].oid, _document(name))
    return adapters


class _Context:
    """What a new connection takes its adapters from."""

    adapters = _adapters()
    connection = None


READING: Final = _Context()
"""Given to each connection of ours."""


def read_as(type_: str, written: str | None) -> Any:
    """The value of a type that Postgres writes so, as our connections read it. Of many equal ones
    a statement selects the text, and one of them is read."""
    if written is None:
        return None
    oid = psycopg.adapters.types.get_oid(type_)
    loader = READING.adapters.get_loader(oid, Format.TEXT)
    assert loader is not None, f"psycopg has no loader for {type_}"
    return loader(oid, READING).load(written.encode())
