"""What an answer of Neo says of its patient's life beside words. Pure.

Only the patient search is known to say anything (`alive`, `status`, `active`); wherever another
answer does, in whatever of these forms, it counts. What nobody can read there is in doubt.
"""

import re
from collections.abc import Mapping
from typing import Final

from idexx_sync.pims.neo.payloads.fields import name_of, storable
from idexx_sync.pims.protocol import Life

OF_EVENT: Final = (
    *("patient", "patient_alive", "patient_active", "patient_status", "patient_deceased"),
    *("patient_deceased_date", "alive", "deceased", "deceased_date", "deceasedDate"),
)
"""Keys of a calendar event that are about its patient's life."""
_ALIVE: Final = ("alive", "isAlive", "is_alive")
_DIED: Final = ("deceased", "isDeceased", "is_deceased", "dead")
_WHEN: Final = (
    *("deceasedDate", "deceased_date", "dateDeceased", "dateOfDeath", "deathDate", "diedAt"),
    "deceasedAt",
)
_ACTIVE: Final = ("active", "isActive", "is_active")
_YES: Final = ("true", "1", "yes", "y")
_NO: Final = ("false", "0", "no", "n")
_DEAD: Final = ("deceased", "dead", "died", "euthanized", "euthanised")
OF_PATIENT: Final = (*_ALIVE, *_DIED, *_WHEN, *_ACTIVE, "status")
"""Keys of a patient's object that are about its life."""
_MAYBE: Final = re.compile(
    rf"^(?:d|inactive|i)$|\b(?:{'|'.join(_DEAD)}|passed|euthanasia|pts|rip)\b"
)
"""Of a status that is none of those; "not deceased" nobody reads here."""


def life_of(patient: object) -> Life | None:
    """What a patient's object says of its life.

    >>> life_of({"alive": False}), life_of({"active": False}), life_of({"alive": True})
    ('dead', 'in_doubt', None)
    """
    if not isinstance(patient, Mapping) or not patient:
        return None
    alive, died = _truth(patient, _ALIVE), _truth(patient, _DIED)
    status = _word(_named(patient.get("status")))
    when = any(_word(patient.get(key)) for key in _WHEN)
    if alive is False or died is True or when or status in _DEAD:
        return "dead"
    inactive = _truth(patient, _ACTIVE) is False or _MAYBE.search(status) is not None
    return "in_doubt" if "unclear" in (alive, died) or (inactive and alive is not True) else None


def life_of_event(event: Mapping[str, object]) -> Life | None:
    """The same of a calendar event, whose keys may name the patient or lie in an object of it."""
    of_patient = event.get("patient")
    beside = {
        key.removeprefix("patient_"): event[key]
        for key in OF_EVENT
        if key != "patient" and key in event
    }
    found = (life_of(of_patient), life_of(beside))
    return "dead" if "dead" in found else "in_doubt" if "in_doubt" in found else None


def _truth(patient: Mapping[str, object], keys: tuple[str, ...]) -> bool | str | None:
    """What those of the keys say that say anything; `unclear` if that is neither yes nor no, or
    both, None if none does."""
    said = {word for key in keys if (word := _word(patient.get(key)))}
    if not said:
        return None
    if said <= set(_YES):
        return True
    return False if said <= set(_NO) else "unclear"


def _named(status: object) -> object:
    """What a status calls itself; all of it, where it does not say so."""
    return name_of(status) or status


def _word(value: object) -> str:
    """A value as one folded word; empty for nothing."""
    return "" if value is None else str(storable(value)).strip().casefold()
