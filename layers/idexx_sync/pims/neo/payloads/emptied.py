"""What an answer says is empty, which is more than saying nothing of it (rule R16). Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from idexx_sync.pims.neo.payloads.fields import name_of, storable
from idexx_sync.pims.protocol import SourceRecord

_OF_EVENT: Final[Mapping[str, Sequence[str]]] = {
    "client_name": ("first_name", "last_name"),
    "client_phone": ("phone_number",),
    "client_email": ("email",),
    "reason": ("reason",),
}
_OF_RECORD: Final[Mapping[str, Sequence[str]]] = {
    "reason": ("consultation.reason",),
    "notes_html": ("consultationNotes.notes",),
    "discharge_html": ("consultation.dischargeSummary",),
    "vital_signs": ("vitalSignGroup",),
    "breed": ("patient.breed",),
    "sex": ("patient.sex",),
    "born": ("patient.dateOfBirth",),
    "weight_kg": ("patient.weight",),
    "client_phone": (
        *("client.mobilePhone", "client.homePhone", "client.workPhone"),
        *("client.phone", "client.phoneNumber"),
    ),
    "client_email": ("client.email",),
}
"""Our name -> the keys of Neo's that the value is read from."""
_MISSING: Final = object()


def emptied_of_event(raw: Mapping[str, Any], record: SourceRecord) -> frozenset[str]:
    """Fields that the record has no value for, of which its calendar event has a key, and all
    that it has of them are empty."""
    return frozenset(
        name
        for name, paths in _OF_EVENT.items()
        if getattr(record, name) is None and _says_empty(raw, paths)
    )


def emptied_of_record(page: Mapping[str, Any]) -> frozenset[str]:
    """The same of a consultation's page. Notes are empty where the clinical notes are said to be:
    the other places for them are empty as a rule."""
    return frozenset(name for name, paths in _OF_RECORD.items() if _says_empty(page, paths))


def _says_empty(raw: Mapping[str, Any], paths: Sequence[str]) -> bool:
    found = [value for path in paths if (value := _at(raw, path)) is not _MISSING]
    return bool(found) and all(_is_empty(value) for value in found)


def _at(raw: Mapping[str, Any], path: str) -> Any:
    value: Any = raw
    for step in path.split("."):
        value = value.get(step, _MISSING) if isinstance(value, dict) else _MISSING
    return value


def _is_empty(value: object) -> bool:
    value = storable(name_of(value) if isinstance(value, dict) and "name" in value else value)
    return value in (None, [], {}) or (isinstance(value, str) and not value.strip())
