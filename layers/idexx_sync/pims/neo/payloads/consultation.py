"""The clinical record of one visit, as Neo's consultation page gets it. Pure.

Tolerant where the Neo protocol (section on consultations) leaves a question open: ids as number or
text, species as word or object, three places for the notes, keys that are absent. Strict where a
mistake would lie: whose record it is, whether there is one, its texts and its lines.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, FiniteFloat, ValidationError

from idexx_sync.pims.neo.payloads.emptied import emptied_of_record
from idexx_sync.pims.neo.payloads.fields import (
    FreeName,
    FreeText,
    Id,
    Payload,
    branch_of,
    id_if_readable,
    name_of,
    storable,
)
from idexx_sync.pims.protocol import Consultation, ConsultationAnswer, Gone, Line, Unknown

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
_DEEPEST: Final = 20


def _none_if_blank(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _vital_signs(value: object) -> object:
    """An object stays as it is, a list becomes `{"items": …}`, a lone value `{"value": …}`.

    None when nothing in it says anything. The key was seen, its inner shape never, so no shape is
    unreadable but one too deep to be kept.
    """
    kept = _storable_json(value, 0)
    if not _says_something(kept):
        return None
    if isinstance(kept, dict):
        return kept
    return {"items": kept} if isinstance(kept, list) else {"value": kept}


def _storable_json(value: object, depth: int) -> object:
    """JSON that Postgres can store; it knows no infinite numbers either."""
    if depth > _DEEPEST:
        raise ValueError("too deep")
    if isinstance(value, dict):
        return {storable(key): _storable_json(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list):
        return [_storable_json(inner, depth + 1) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return storable(value)


def _says_something(value: object) -> bool:
    if isinstance(value, dict):
        return any(_says_something(inner) for inner in value.values())
    if isinstance(value, list):
        return any(_says_something(inner) for inner in value)
    return value is not None and value is not False and _none_if_blank(value) is not None


class ConsultationPayload(Payload):
    id: Id = Field(min_length=1)
    status: FreeName = None
    day: FreeText | None = Field(default=None, alias="date")
    reason: FreeText | None = None
    notes: FreeText | None = None
    discharge: FreeText | None = Field(default=None, alias="dischargeSummary")


class NotesPayload(Payload):
    notes: FreeText | None = None


class LinePayload(Payload):
    id: Id | None = None
    name: Annotated[FreeText, BeforeValidator(name_of)] = Field(
        alias="productService", min_length=1
    )
    label: FreeText | None = None
    quantity: Annotated[FiniteFloat | None, BeforeValidator(_none_if_blank)] = None
    declined: bool | None = Field(default=None, alias="isDeclined")


class PatientPayload(Payload):
    """Weight and day of birth are read apart: without them the record is still worth having."""

    id: Id | None = None
    species: FreeName = None
    breed: FreeName = None
    sex: FreeName = None
    weight: object = None
    weight_unit: FreeName = Field(default=None, alias="weightUnit")
    born: object = Field(default=None, alias="dateOfBirth")


class ClientPayload(Payload):
    id: Annotated[str | None, BeforeValidator(id_if_readable)] = None
    mobile: FreeText | None = Field(default=None, alias="mobilePhone")
    home: FreeText | None = Field(default=None, alias="homePhone")
    work: FreeText | None = Field(default=None, alias="workPhone")
    phone: FreeText | None = None
    number: FreeText | None = Field(default=None, alias="phoneNumber")
    email: FreeText | None = None


class PagePayload(Payload):
    """The answer's root (Neo protocol, section on page-data); only what is used."""

    consultation: ConsultationPayload
    patient: PatientPayload | None = None
    client: ClientPayload | None = None
    notes: NotesPayload | None = Field(default=None, alias="consultationNotes")
    lines: list[LinePayload] | None = Field(default=None, alias="consultationLines")
    vital_signs: Annotated[dict[str, Any] | None, BeforeValidator(_vital_signs)] = Field(
        default=None, alias="vitalSignGroup"
    )
    branch: object = Field(default=None, alias="clientBranch")


def read_consultation(value: object, asked_id: str) -> ConsultationAnswer:
    """What Neo says of one consultation; anything but a clear answer about this id is Unknown.

    A single line that can't be read makes the whole record Unknown: it may be the euthanasia.
    """
    if not isinstance(value, dict):
        return Unknown("consultation_envelope")
    if value.get("consultation") is None:
        return Unknown("consultation_elsewhere") if _is_elsewhere(value) else Gone()
    try:
        page = PagePayload.model_validate(value)
    except ValidationError as error:
        return Unknown(_code(error))
    if page.consultation.id != asked_id:
        return Unknown("other_id")
    record = _consultation(page)
    emptied = emptied_of_record(value)
    return replace(record, emptied=frozenset(n for n in emptied if getattr(record, n) is None))


def _consultation(page: PagePayload) -> Consultation:
    shown = page.consultation
    patient = page.patient or PatientPayload()
    client = page.client or ClientPayload()
    return Consultation(
        id=shown.id,
        patient_id=patient.id or None,
        status=shown.status or None,
        day=shown.day or None,
        reason=shown.reason or None,
        notes_html=(page.notes.notes if page.notes else None) or shown.notes or None,
        discharge_html=shown.discharge or None,
        lines=_lines(page.lines),
        vital_signs=page.vital_signs,
        species=patient.species or None,
        breed=patient.breed or None,
        sex=patient.sex or None,
        born=_day_if_readable(patient.born),
        weight_kg=_kilograms(patient.weight, patient.weight_unit),
        client_id=client.id or None,
        client_phone=(
            client.mobile or client.home or client.work or client.phone or client.number or None
        ),
        client_email=client.email or None,
        branch_id=next(iter(branch_of(page.branch)), None),
    )


def _lines(shown: Sequence[LinePayload] | None) -> list[Line] | None:
    if shown is None:
        return None
    return [
        Line(
            name=line.name,
            quantity=1 if line.quantity is None else line.quantity,
            declined=bool(line.declined),
            label=line.label or None,
            id=line.id or None,
        )
        for line in shown
    ]


def _is_elsewhere(value: Mapping[str, object]) -> bool:
    """An early plan has the record inside `pageData`: if so, it would not be gone."""
    page = value.get("pageData")
    return isinstance(page, dict) and page.get("consultation") is not None


def _day_if_readable(value: object) -> date | None:
    """Only a bare day: one with a time might be another zone's."""
    if not isinstance(value, str) or not _DAY.fullmatch(value.strip()):
        return None
    try:
        return date.fromisoformat(value.strip())
    except ValueError:
        return None


def _kilograms(value: object, unit: str | None) -> float | None:
    """None without a unit (a pound is no kilogram), and for zero: nobody weighed the patient."""
    factor = _KG.get((unit or "").casefold().rstrip("."))
    if factor is None or isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        kilograms = round(float(value) * factor, 3)
    except (ValueError, OverflowError):
        return None
    return kilograms if 0 < kilograms < math.inf else None


def _code(error: ValidationError) -> str:
    """`<field>_missing` or `<field>_unreadable` of the first fault: `notes`, `patient_id`, ...

    The fields of the consultation itself stand alone; any fault in the lines is the lines'.
    """
    fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
    root, *inner = fault["loc"]
    if root in ("lines", "notes", "vital_signs"):
        return f"{root}_unreadable"
    parts = [str(part) for part in (root, *inner[:1])]
    where = "_".join(parts[1:] if root == "consultation" and inner else parts)
    return f"{where}_{'missing' if fault['type'] == 'missing' else 'unreadable'}"
