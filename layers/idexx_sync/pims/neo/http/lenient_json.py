"""Neo's JSON, however odd one value of it is: none of them may hide all the others. Pure."""

import json
import math
import re
from typing import Any, Final

from pydantic_core import from_json

DEEPEST: Final = 100
"""No answer that anybody has seen nests a tenth as deep."""
MOST_DIGITS: Final = 300
"""A longer number is none that Python, Postgres or a person could hold."""
TOO_DEEP: Final = b'{"unreadable":"nested too deep"}'
"""Stands where an answer nests deeper: an object, so that it is never taken for a text or none."""
_STEP: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)


def read_json(body: bytes) -> Any:
    """The document, with whatever stands in its texts: free text makes no record unreadable.

    The fast parser refuses half surrogate pairs, raw control characters, odd bytes, numbers of
    thousands of digits, and what nests very deep. Odd bytes become U+FFFD, so that a moment or an
    id with one in it is not taken for another. NaN and numbers beyond any are nothing, which no
    JSON has. Raises ValueError for what is no JSON.
    """
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError:
        pass
    try:
        return json.loads(
            _text(body),
            strict=False,
            parse_constant=lambda _: None,
            parse_int=_int,
            parse_float=_float,
        )
    except RecursionError:
        raise ValueError("the document nests too deep") from None


def _int(digits: str) -> int | str:
    """A text where the number is too long: nothing takes that for a number, an id or a time."""
    return int(digits) if len(digits) <= MOST_DIGITS else digits


def _float(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def _text(body: bytes) -> str:
    encoding = json.detect_encoding(body)
    if encoding.startswith("utf-8"):  # of others a byte is no sign
        body = _shallow(body)
    try:
        return body.decode(encoding, "surrogatepass")
    except UnicodeDecodeError:
        return body.decode(encoding, "replace")


def _shallow(body: bytes) -> bytes:
    """The body with TOO_DEEP in place of what nests deeper than DEEPEST."""
    kept, depth, at = [], 0, 0
    for step in _STEP.finditer(body):
        sign = step[0][:1]
        if sign in b"[{":
            depth += 1
            if depth == DEEPEST + 1:
                kept.append(body[at : step.start()])
        elif sign in b"]}":
            if depth == DEEPEST + 1:
                kept.append(TOO_DEEP)
                at = step.end()
            depth -= 1
    return b"".join([*kept, body[at:]]) if kept else body
