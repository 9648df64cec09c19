"""The fields that Neo's payloads are made of: texts, ids, names and times. Pure.

Whatever nobody sees of a text is dropped here and nowhere else.
"""

import re
import unicodedata
from collections.abc import Iterator
from datetime import date, datetime
from functools import lru_cache
from math import isfinite
from typing import Annotated, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)

from idexx_sync.core.invisible import HARD_BLANKS, INVISIBLE, REFUSED
from idexx_sync.core.personal import Discreet

_WALL_CLOCK: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[ T]((?:[01]\d|2[0-3]):[0-5]\d)(:[0-5]\d)?", re.ASCII
)
_DAY: Final = re.compile(r"\s*+(\d{4}-\d\d-\d\d)(?!\d)", re.ASCII)
_FIRST_DAY: Final = "1900-01-01"
_LAST_DAY: Final = "2199-12-31"
"""Of other days nobody has an appointment: somebody has mistyped a year, and no calendar can add
up what lies at the edge of the years that Python knows."""
_LONGEST_NUMBER: Final = 100
"""Characters of a number that a person has typed."""
_DROPPED: Final = re.compile(f"[{REFUSED}{INVISIBLE}]")
_HARD_BLANK: Final = re.compile(f"[{HARD_BLANKS}]")


@lru_cache(maxsize=4096)  # a calendar has few different times: this halves the reading of them
def wall_clock(text: str) -> str | None:
    """A clinic-local text as `YYYY-MM-DD HH:MM:SS`; None for an empty one.

    ValueError for anything that is not a real date and time without a zone, from 1900 to 2199.

    >>> wall_clock("2026-05-04T09:00")
    '2026-05-04 09:00:00'
    """
    if not text:
        return None
    found = _WALL_CLOCK.fullmatch(text)
    if found is None:
        raise ValueError("not a wall-clock text")
    day, minute, seconds = found.groups(":00")
    if not _FIRST_DAY <= day <= _LAST_DAY:
        raise ValueError("a year that no appointment has")
    normal = f"{day} {minute}{seconds}"
    datetime.fromisoformat(normal)
    return normal


def wall_clock_if_readable(text: str) -> str | None:
    """The same, but None for what is not a wall-clock text."""
    try:
        return wall_clock(text)
    except ValueError:
        return None


def day_if_readable(value: object) -> date | None:
    """The day that a text begins with, whatever follows it; None for anything else.

    >>> day_if_readable("2026-05-04T09:00:00.000-07:00")
    datetime.date(2026, 5, 4)
    """
    found = _DAY.match(value) if isinstance(value, str) else None
    try:
        return date.fromisoformat(found[1]) if found else None
    except ValueError:
        return None


def instant_if_readable(value: object) -> datetime | None:
    """The instant of a text that carries an offset; None for anything else.

    >>> instant_if_readable("2026-05-05T00:30:00Z").isoformat()
    '2026-05-05T00:30:00+00:00'
    """
    try:
        moment = datetime.fromisoformat(value.strip()) if isinstance(value, str) else None
    except ValueError:
        return None
    return None if moment is None or moment.tzinfo is None else moment


def storable(value: object) -> object:
    """A text that Postgres can store and a person can see all of; anything else as it is.

    NUL characters and half surrogate pairs can't be stored, invisible ones hide words.

    >>> storable("eutha\u200bnasia")
    'euthanasia'
    """
    return _DROPPED.sub("", value) if isinstance(value, str) else value


def plain(value: object) -> object:
    """The same of a text without mark-up, its hard blanks as blanks, or of a number; None for
    anything else."""
    if isinstance(value, str):
        return _HARD_BLANK.sub(" ", _DROPPED.sub("", value))
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def number_of(value: object) -> float | None:
    """A finite number, as such or typed in plain digits; None for anything else.

    >>> number_of(" 0.5 "), number_of("1_000"), number_of(10**400), number_of(True)
    (0.5, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    if isinstance(value, str) and not _is_typed_number(value):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if isfinite(number) else None


def _is_typed_number(text: str) -> bool:
    return len(text) <= _LONGEST_NUMBER and text.isascii() and "_" not in text


def contact(text: str | None) -> str | None:
    """A phone or an e-mail as a keyboard types it: full-width digits and at-signs as plain ones.

    >>> contact("robin\uff20example.com")
    'robin@example.com'
    """
    if text is None or text.isascii():
        return text
    return str(plain(unicodedata.normalize("NFKC", text))).strip() or None


def texts_in(value: object) -> Iterator[str]:
    """Every text anywhere in it, in order and without what nobody sees; keys are none."""
    left = [value]
    while left:
        inner = left.pop()
        if isinstance(inner, dict):
            left += reversed(inner.values())
        elif isinstance(inner, list):
            left += reversed(inner)
        elif isinstance(inner, str) and (text := _DROPPED.sub("", inner).strip()):
            yield text


def says_something(value: object) -> bool:
    """Whether anything in it is more than nothing, no, and blanks."""
    left = [value]
    while left:
        inner = left.pop()
        if isinstance(inner, dict):
            left += inner.values()
        elif isinstance(inner, list):
            left += inner
        elif isinstance(inner, str):
            if _DROPPED.sub("", inner).strip():
                return True
        elif inner is not None and inner is not False:
            return True
    return False


def name_of(value: object) -> object:
    """What an object calls itself; anything else as it is."""
    return value.get("name") if isinstance(value, dict) else value


# A number is taken as its digits; a bool, a list or a dot is an error.
PlainId = Annotated[
    str, StringConstraints(max_length=100, pattern=rf"^[^\s.\x00-\x1f{INVISIBLE}]*$")
]
"""An id that needs no cleaning; for a reader that cleans what does."""
Id = Annotated[PlainId, BeforeValidator(storable)]
"""Int or str in, str out; empty means none."""
PlainText = Annotated[str, StringConstraints(pattern=rf"^[^{INVISIBLE}{HARD_BLANKS}]*$")]
"""A text that needs no cleaning; for a reader that cleans what does."""
PlainName = Annotated[PlainText | None, BeforeValidator(name_of)]
"""The same of a name as text, or of an object that has one."""
Text = Annotated[str | None, BeforeValidator(plain)]
"""What people wrote: nothing in it makes the record unreadable. Stripped; empty means none."""
Named = Annotated[Text, BeforeValidator(name_of)]
"""A name as text, or as an object that has one."""
PlainWallClock = Annotated[str, AfterValidator(wall_clock)]
WallClock = Annotated[PlainWallClock, BeforeValidator(storable)]

_IDS: Final = TypeAdapter(
    Id, config=ConfigDict(coerce_numbers_to_str=True, str_strip_whitespace=True)
)


def id_if_readable(value: object) -> str | None:
    """An id as text; None for an empty one and for what is no id."""
    try:
        return _IDS.validate_python(value) or None
    except ValidationError:
        return None


def name_if_readable(value: object) -> str | None:
    """A name without what cannot be stored of it; None for an empty one and for what is none."""
    name = storable(value)
    return name.strip() or None if isinstance(name, str) else None


def branch_of(value: object) -> frozenset[str]:
    """The branch that an answer says it is of; empty where it does not say, or not readably."""
    id_ = id_if_readable(value.get("id")) if isinstance(value, dict) else None
    return frozenset({id_}) if id_ else frozenset()


class Payload(Discreet, BaseModel):
    """How every answer of Neo is read."""

    model_config = ConfigDict(
        coerce_numbers_to_str=True,
        str_strip_whitespace=True,
        loc_by_alias=False,
        extra="ignore",
        hide_input_in_errors=True,
    )
