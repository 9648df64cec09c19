"""A time zone's morning in one message: which clinics are ready for the day, and what waits. Pure.

What it says was computed when it was made, so that a message that is late says what was so then.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

from idexx_sync.alerts.slack.post import Post, code, context, escaped, name, post, section, sections
from idexx_sync.core.phrases import counted, phrase

MOST_NAMED: Final = 60
"""Clinics of each kind; the others are counted."""


def digest(zone: str, day: date, told: Mapping[str, Any]) -> Post:
    """The message of that day; `told` is what `upkeep.mornings` has counted."""
    ready, waiting = _names(told.get("ready")), _entries(told.get("not_ready"))
    total = len(ready) + len(waiting)
    head = f"{escaped(zone)}, {day:%A} {day}: {len(ready)} of {counted(total, 'clinic')} ready"
    return post(
        head,
        [
            section(f":sunrise: *{head}*"),
            *sections([_line(one) for one in waiting[:MOST_NAMED]]),
            *_more(len(waiting), "not ready"),
            *sections([f":white_check_mark: {', '.join(ready[:MOST_NAMED])}"] if ready else []),
            *_more(len(ready), "ready"),
            context(" · ".join(_waits(told))),
        ],
    )


def _line(clinic: Mapping[str, Any]) -> str:
    """A clinic that is not ready: how it stands, and the command that says why."""
    command = f"idexx-sync clinics show {clinic.get('id')}"
    stands = escaped(phrase({}, str(clinic.get("freshness"))))
    return f":warning: *{name(str(clinic.get('name')))}*: {stands}; {code(command)}"


def _more(number: int, what: str) -> list[dict[str, Any]]:
    return [context(f"and {number - MOST_NAMED} more {what}")] if number > MOST_NAMED else []


def _waits(told: Mapping[str, Any]) -> Iterator[str]:
    holds, differences = _number(told, "holds"), _number(told, "discrepancies")
    missed, made_up = _number(told, "missed"), _number(told, "made_up")
    yield f"{counted(holds, 'hold')} waiting: {code('idexx-sync holds list --status open')}"
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
