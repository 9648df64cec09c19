"""A time zone's morning in one message: which clinics are ready for the day, and what waits. Pure.

What it says was computed when it was made, so that a message that is late says what was so then.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

from idexx_sync.alerts.slack.post import (
    LONGEST_SECTION,
    Post,
    code,
    context,
    escaped,
    joined,
    name,
    post,
    section,
    sections,
)
from idexx_sync.core.phrases import counted, phrase

MOST_NAMED: Final = 60
"""Clinics of each kind; the others are counted."""


_READY: Final = ":white_check_mark: "
_STANDS: Final[Mapping[str, str]] = {
    "new": "no run has brought all of its data yet",
    "late": "its data are older than they should be",
    "stale": "its data are old",
    "action_required": "nothing runs before somebody acts",
    "paused": "somebody has paused it",
}
"""How a clinic that is not ready stands, within a sentence."""


def digest(zone: str, day: date, told: Mapping[str, Any]) -> Post:
    """The message of that day; `told` is what `upkeep.mornings` has counted."""
    ready, waiting = _names(told.get("ready")), _entries(told.get("not_ready"))
    total = len(ready) + len(waiting)
    head = f"{escaped(zone)}, {day:%A} {day}: {len(ready)} of {counted(total, 'clinic')} ready"
    named, left = joined(ready, MOST_NAMED, LONGEST_SECTION - len(_READY))
    return post(
        head,
        [
            section(f":sunrise: *{head}*"),
            *sections([_line(one) for one in waiting[:MOST_NAMED]]),
            *_more(len(waiting) - MOST_NAMED, "not ready"),
            *([section(f"{_READY}{named}")] if named else []),
            *_more(left, "ready"),
            context(" · ".join(_waits(told))),
        ],
    )


def _line(clinic: Mapping[str, Any]) -> str:
    """A clinic that is not ready: how it stands, and the command that says why."""
    command = f"idexx-sync clinics show {clinic.get('id')}"
    stands = escaped(phrase(_STANDS, str(clinic.get("freshness"))))
    return f":warning: *{name(str(clinic.get('name')))}*: {stands}; {code(command)}"


def _more(left: int, what: str) -> list[dict[str, Any]]:
    return [context(f"and {left} more {what}")] if left > 0 else []


def _waits(told: Mapping[str, Any]) -> Iterator[str]:
    holds, differences = _number(told, "holds"), _number(told, "discrepancies")
    missed, made_up = _number(told, "missed"), _number(told, "made_up")
    listed = code("idexx-sync holds list --status open")
    yield f"{counted(holds, 'hold')} waiting at these clinics, listed with all others: {listed}"
    yield f"{counted(differences, 'difference')} to Neo open"
    yield f"{counted(missed, 'tick')} missed in 24 hours, {made_up} made up"


def _number(told: Mapping[str, Any], key: str) -> int:
    found = told.get(key)
    return found if type(found) is int else 0


def _names(stored: Any) -> Sequence[str]:
    return [name(str(one)) for one in stored] if isinstance(stored, list) else []


def _entries(stored: Any) -> Sequence[Mapping[str, Any]]:
    found = stored if isinstance(stored, list) else []
    return [one for one in found if isinstance(one, dict)]
