"""What a line of the log may hold: the fields by name, each with the shape of its values. Pure.

Lines are written by hand all over the service, and one of them naming a visit's owner would be a
leak that nobody sees. So the list is closed: what has no name here, or another shape than its own,
is left out of the line and told by name only. A model is never written, whatever it holds.
"""

import json
import re
from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, Final

REFUSED: Final = "fields_refused"
"""The field that names what was left out."""
MOST_TEXT: Final = 4000
"""Characters of a text of ours."""
MOST_ITEMS: Final = 100
MOST_NUMBER: Final = 2**63

Shape = Callable[[Any], bool]

_WORD: Final = re.compile(r"[A-Za-z_][\w.:/?-]{0,99}", re.ASCII)
_ID: Final = re.compile(r"[\w.:=?~-]{1,160}(@\d[\d:T -]{0,30})?", re.ASCII)
"""What follows an @ is the time of an occurrence, or it would be an address."""
_PLACE: Final = re.compile(r"[\w./<>-]{1,200}:\d{1,6}( [\w<>]{1,100})?", re.ASCII)
_FLAG: Final = re.compile(r"--[a-z-]{1,60}(=[\w./-]{0,100})?", re.ASCII)
_NAME: Final = re.compile(r"[a-z_]{1,40}|\?")


def is_word(value: Any) -> bool:
    """A code, kind or name of ours: no blank, no sign that writes an address or a number."""
    return value is None or (type(value) is str and _WORD.fullmatch(value) is not None)


def is_id(value: Any) -> bool:
    """What names a row, a record or a request, and says nothing of it."""
    return value is None or (type(value) is str and _ID.fullmatch(value) is not None)


def is_number(value: Any) -> bool:
    """One that JSON can say."""
    if type(value) is int:
        return abs(value) < MOST_NUMBER
    return value is None or type(value) is bool or (type(value) is float and isfinite(value))


def is_text(value: Any) -> bool:
    """Words of our own, as errors of our own carry them."""
    return value is None or (type(value) is str and len(value) <= MOST_TEXT)


def is_place(value: Any) -> bool:
    """Where in the source text: `file.py:12 function`."""
    return type(value) is str and _PLACE.fullmatch(value) is not None


def _is_flag(value: Any) -> bool:
    return type(value) is str and _FLAG.fullmatch(value) is not None


def _is_name(value: Any) -> bool:
    return type(value) is str and _NAME.fullmatch(value) is not None


def are(shape: Shape) -> Shape:
    """A list of such."""
    return lambda value: (
        value is None
        or (type(value) in (list, tuple) and len(value) <= MOST_ITEMS and all(map(shape, value)))
    )


def by_word(shape: Shape) -> Shape:
    """Such, each under a word."""
    return lambda value: (
        value is None
        or (
            isinstance(value, Mapping)
            and len(value) <= MOST_ITEMS
            and all(is_word(name) and shape(one) for name, one in value.items())
        )
    )


def _is_error(value: Any) -> bool:
    """One of `words.described`."""
    return (
        type(value) is dict
        and value.keys() <= {"relation", "type", "at"}
        and is_word(value.get("relation"))
        and is_word(value.get("type"))
        and are(is_place)(value.get("at"))
    )


FIELDS: Final[Mapping[str, Shape]] = {
    # the logger's own
    "level": is_word,
    "location": is_text,
    "message": is_text,
    "timestamp": is_text,
    "service": is_word,
    "xray_trace_id": is_id,
    # what a line is about
    "job_id": is_id,
    "clinic_id": is_id,
    "request_id": is_id,
    "gateway_id": is_id,
    "message_id": is_id,
    "key_id": is_id,
    "key": is_id,
    "sync": is_word,
    "record": is_word,
    "step": is_word,
    "operation": is_word,
    "rule": is_word,
    "invocation_id": is_id,
    "log_group": is_id,
    # how it went
    "trigger": is_word,
    "manner": is_word,
    "status": is_word,
    "reason": is_word,
    "error": is_word,
    "error_kind": is_word,
    "error_message": is_text,
    "errors": are(_is_error),
    "faults": is_text,
    "refused_by": is_word,
    "warning": is_word,
    "at": is_place,
    "once_more_with": are(_is_flag),
    "first_findings": are(is_text),
    "migrations": are(is_text),
    # how much of it
    "attempt": is_number,
    "delivery": is_number,
    "back_after_s": is_number,
    "seconds": is_number,
    "http_status": is_number,
    "count": is_number,
    "failed": is_number,
    "findings": is_number,
    "complete": is_number,
    "dry_run": is_number,
    "submitted": is_number,
    "duration_ms": is_number,
    "billed_ms": is_number,
    "init_ms": is_number,
    "memory_mb": is_number,
    "memory_used_mb": is_number,
    "counts": by_word(is_number),
    "failures": by_word(is_number),
    "warnings": by_word(is_number),
    "held": by_word(is_number),
    # of a line that was written before and is passed on
    REFUSED: are(_is_name),
}
"""Name of a field -> what its values look like."""


def line(said: Mapping[str, Any]) -> str:
    """The line as JSON, in ASCII: what is none acts on some terminals. One that can't be written
    says so, and where it would have been written."""
    try:
        return _written(said)
    except Exception as error:  # noqa: BLE001 logging itself would leave it out and tell nobody
        told = {name: said.get(name) for name in ("location", "timestamp")}
        return _written(
            {
                "level": "ERROR",
                "message": "a line that could not be written",
                **told,
                "error": type(error).__name__,
            }
        )


def _written(said: Mapping[str, Any]) -> str:
    told = {name: value for name, value in said.items() if _is_told(name, value)}
    left_out = [name if _is_name(name) else "?" for name in said if name not in told]
    if left_out:
        told[REFUSED] = [*(told.get(REFUSED) or ()), *left_out]
    return json.dumps(told, separators=(",", ":"), default=_plain, allow_nan=False)


def _is_told(name: str, value: Any) -> bool:
    shape = FIELDS.get(name)
    return shape is not None and shape(value)


def _plain(value: object) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a line holds no {type(value).__name__}")
