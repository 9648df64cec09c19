"""The fields that Neo's payloads are made of: texts, ids, names and times. Pure."""

import re
from datetime import datetime
from functools import lru_cache
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

_WALL_CLOCK: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[ T]((?:[01]\d|2[0-3]):[0-5]\d)(:[0-5]\d)?", re.ASCII
)
_NOT_STORABLE: Final = re.compile("[\x00\ud800-\udfff]")


@lru_cache(maxsize=4096)  # a calendar has few different times: this halves the reading of them
def wall_clock(text: str) -> str | None:
    """A clinic-local text as `YYYY-MM-DD HH:MM:SS`; None for an empty one.

    ValueError for anything that is not a real date and time without a zone.

    >>> wall_clock("2026-05-04T09:00")
    '2026-05-04 09:00:00'
    """
    if not text:
        return None
    found = _WALL_CLOCK.fullmatch(text)
    if found is None:
        raise ValueError("not a wall-clock text")
    day, minute, seconds = found.groups(":00")
    normal = f"{day} {minute}{seconds}"
    datetime.fromisoformat(normal)
    return normal


def wall_clock_if_readable(text: str) -> str | None:
    """The same, but None for what is not a wall-clock text."""
    try:
        return wall_clock(text)
    except ValueError:
        return None


def storable(value: object) -> object:
    """A text without NUL characters and half surrogate pairs: Postgres can store neither."""
    return _NOT_STORABLE.sub("", value) if isinstance(value, str) else value


def name_of(value: object) -> object:
    """What an object calls itself; anything else as it is."""
    return value.get("name") if isinstance(value, dict) else value


# A number is taken as its digits; a bool, a list or a NUL character is an error.
Id = Annotated[str, StringConstraints(max_length=100, pattern=r"^[^\s.\x00-\x1f]*$")]
"""Int or str in, str out; empty means none."""
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]
"""Stripped; empty means none."""
Named = Annotated[Text | None, BeforeValidator(name_of)]
"""A name as text, or as an object that has one."""
FreeText = Annotated[str, BeforeValidator(storable)]
"""What people wrote: no character of it makes the record unreadable. Stripped; empty means none."""
FreeName = Annotated[FreeText | None, BeforeValidator(name_of)]
"""The same as `Named`, of words that people chose."""
WallClock = Annotated[str, AfterValidator(wall_clock)]

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


class Payload(BaseModel):
    """How every answer of Neo is read."""

    model_config = ConfigDict(
        coerce_numbers_to_str=True,
        str_strip_whitespace=True,
        loc_by_alias=False,
        extra="ignore",
        hide_input_in_errors=True,
    )
