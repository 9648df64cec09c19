"""The clinical record of one visit, as Neo's consultation page gets it. Pure.

Tolerant where the Neo protocol (section on consultations) leaves a question open: ids as number or
text, species as word or object, places of notes, keys that are absent. Only whose record it is,
and its id, make all of it unreadable; whatever else is odd hides itself and is told.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Final

from idexx_sync.pims.neo.payloads.emptied import emptied_of_record
from idexx_sync.pims.neo.payloads.envelope import says_there_is_none
from idexx_sync.pims.neo.payloads.fields import (
    branch_of,
    contact,
    id_if_readable,
    number_of,
    plain,
    says_something,
)
from idexx_sync.pims.neo.payloads.life import OF_PATIENT, life_of
from idexx_sync.pims.neo.payloads.lines import read_lines
from idexx_sync.pims.neo.payloads.notes import has_place, read_notes
from idexx_sync.pims.neo.payloads.parts import Parts
from idexx_sync.pims.neo.payloads.vital_signs import read_vital_signs
from idexx_sync.pims.protocol import Consultation, ConsultationAnswer, Gone, Unknown

_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_KG: Final = {
    "kg": 1.0,
    "kgs": 1.0,
    "g": 0.001,
    "lb": 0.45359237,
    "lbs": 0.45359237,
    "oz": 0.028349523125,
}
"""The units that the form for vital signs offers, in kilograms."""
_PHONES: Final = ("mobilePhone", "homePhone", "workPhone", "phone", "phoneNumber")
"""The mobile one before home and work."""
_KNOWN: Final = {
    "page": frozenset(
        {"consultation", "patient", "client", "pageData", "clientBranch", "consultationNotes"}
        | {"consultationLines", "vitalSignGroup"}
    ),
    "consultation": frozenset(
        {"id", "consultationId", "status", "date", "reason", "notes", "dischargeSummary"}
    ),
    "consultationNotes": frozenset({"notes"}),
    "patient": frozenset(
        {"id", "formattedId", "name", "species", "breed", "sex", "gender", "color", "microchip"}
        | {"dateOfBirth", "dob", "age", "weight", "weightUnit", "client"}
        | set(OF_PATIENT)
    ),
}
"""Keys of each object of the answer whose texts are read as what they are, or say nothing."""
_ABOUT_THE_VISIT: Final = re.compile(
    "note|problem|diagnos|comment|summar|discharge|assess|histor|alert|deceased", re.IGNORECASE
)
"""What keys at the answer's root are called that may hold words about the patient."""
_CHOICES: Final = re.compile(
    "template|option|types|choice|config|setting|permission|providers|users"
    "|list|master|available|reasons",
    re.IGNORECASE,
)
"""What keys are called that hold what may be chosen, whoever the patient is."""


def read_consultation(value: object, asked_id: str) -> ConsultationAnswer:
    """What Neo says of one consultation; anything but a clear answer about this id is Unknown."""
    if not isinstance(value, dict):
        return Unknown("consultation_envelope")
    shown = value.get("consultation")
    if shown is None:
        if _is_elsewhere(value):
            return Unknown("consultation_elsewhere")
        return Gone() if says_there_is_none(value) else Unknown("consultation_failed")
    if not isinstance(shown, dict):
        return Unknown("consultation_unreadable")
    record_id = id_if_readable(shown.get("id"))
    if record_id is None:
        return Unknown("id_unreadable" if "id" in shown else "id_missing")
    if record_id != asked_id:
        return Unknown("other_id")
    patient = value.get("patient")
    if patient is not None and not isinstance(patient, dict):
        return Unknown("patient_unreadable")
    patient_id = id_if_readable((patient or {}).get("id"))
    if patient_id is None and (patient or {}).get("id") not in (None, ""):
        return Unknown("patient_id_unreadable")
    record = _consultation(value, shown, patient or {}, record_id, patient_id)
    emptied = emptied_of_record(value)
    return replace(record, emptied=frozenset(n for n in emptied if getattr(record, n) is None))


def _consultation(
    page: Mapping[str, Any],
    shown: Mapping[str, Any],
    patient: Mapping[str, Any],
    record_id: str,
    patient_id: str | None,
) -> Consultation:
    parts = Parts()
    client = _client(page.get("client"), parts)
    beside = _unknown(page, "page")
    placed = has_place(page, shown, {**beside, **_unknown(shown, "consultation")})
    parts.unclear([v for k, v in beside.items() if not placed or _ABOUT_THE_VISIT.search(k)])
    parts.unclear(_unknown_within(page, shown, patient))
    phones = (contact(parts.word("client_phone", client.get(name))) for name in _PHONES)
    read: dict[str, Any] = {
        "status": parts.word("status", shown.get("status")),
        "day": parts.word("day", shown.get("date")),
        "reason": parts.text("reason", shown.get("reason")),
        "notes_html": read_notes(page, shown, parts),
        "discharge_html": parts.html("discharge", shown.get("dischargeSummary")),
        "lines": read_lines(page.get("consultationLines"), parts),
        "vital_signs": read_vital_signs(page.get("vitalSignGroup"), parts),
        "species": parts.word("species", patient.get("species")),
        "breed": parts.word("breed", patient.get("breed")),
        "sex": parts.word("sex", patient.get("sex")),
        "born": _day_if_readable(patient.get("dateOfBirth")),
        "weight_kg": _weight(patient, parts),
        "client_id": id_if_readable(client.get("id")),
        "client_phone": next(filter(None, phones), None),
        "client_email": contact(parts.word("client_email", client.get("email"))),
        "patient_name": parts.word("patient_name", patient.get("name")),
        "life": life_of(patient),
    }
    return Consultation(
        id=record_id,
        patient_id=patient_id,
        branch_id=next(iter(branch_of(page.get("clientBranch"))), None),
        has_notes_place=placed,
        unread=parts.unread,
        hidden=parts.hidden,
        unread_texts=parts.unread_texts,
        unknown_texts=parts.unknown_texts,
        **read,
    )


def _unknown_within(
    page: Mapping[str, Any], shown: Mapping[str, Any], patient: Mapping[str, Any]
) -> list[object]:
    """What the objects of the record hold under keys that nobody knows."""
    notes = page.get("consultationNotes")
    held = {"consultation": shown, "patient": patient}
    if isinstance(notes, dict):
        held["consultationNotes"] = notes
    return [value for what, one in held.items() for value in _unknown(one, what).values()]


def _unknown(held: Mapping[str, Any], what: str) -> dict[str, object]:
    known = _KNOWN[what]
    return {k: v for k, v in held.items() if k not in known and not _CHOICES.search(k)}


def _client(shown: object, parts: Parts) -> Mapping[str, Any]:
    if isinstance(shown, dict):
        return shown
    if says_something(shown):
        parts.odd("client")
    return {}


def _is_elsewhere(value: Mapping[str, object]) -> bool:
    """An early plan has the record inside `pageData`: if so, it would not be gone."""
    page = value.get("pageData")
    return isinstance(page, dict) and page.get("consultation") is not None


def _day_if_readable(value: object) -> date | None:
    """Only a bare day: one with a time might be another zone's."""
    text = plain(value)
    if not isinstance(text, str) or not _DAY.fullmatch(text.strip()):
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def _weight(patient: Mapping[str, Any], parts: Parts) -> float | None:
    value = patient.get("weight")
    if isinstance(value, (dict, list)) and says_something(value):
        parts.odd("weight")
    return _kilograms(plain(value), parts.word("weight_unit", patient.get("weightUnit")))


def _kilograms(value: object, unit: str | None) -> float | None:
    """None without a unit (a pound is no kilogram), and for zero: nobody weighed the patient."""
    factor = _KG.get((unit or "").casefold().rstrip("."))
    number = number_of(value)
    if factor is None or number is None:
        return None
    kilograms = round(number * factor, 3)
    return kilograms if kilograms > 0 else None
