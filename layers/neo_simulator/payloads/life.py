"""What an answer shows of its patient's life, where a knob says that it shows any.

Only the patient search is known to (Neo protocol, section on patients and clients).
"""

from collections.abc import Callable
from typing import Any

from neo_simulator.knobs import Knobs
from neo_simulator.model import Patient


def life_keys(patient: Patient, knobs: Knobs, place: str) -> dict[str, Any]:
    """The keys of `place` (knobs life_shown, life_form); the calendar's name the patient."""
    if place not in knobs["life_shown"]:
        return {}
    said = _FORMS[knobs["life_form"]](patient)
    return {_OF_EVENT[key]: value for key, value in said.items()} if place == "calendar" else said


_FORMS: dict[str, Callable[[Patient], dict[str, Any]]] = {
    "alive": lambda patient: {"alive": patient.alive, "active": patient.active},
    "status": lambda patient: {"status": _status(patient)},
    "deceased_date": lambda patient: {"deceasedDate": None if patient.alive else "2026-05-01"},
}
_OF_EVENT = {
    "alive": "patient_alive",
    "active": "patient_active",
    "status": "patient_status",
    "deceasedDate": "patient_deceased_date",
}


def _status(patient: Patient) -> str:
    if not patient.alive:
        return "deceased"
    return "active" if patient.active else "inactive"
