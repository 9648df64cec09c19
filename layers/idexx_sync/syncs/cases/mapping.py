"""What ODIS should hold of a visit, by what its PIMS says (ODIS schema, fields). Pure.

Where each value comes from stands here; whether a person may have corrected it, so that it is only
changed as rule R15 allows, stands in `fields`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from idexx_sync.core.clinic_time import day_of, occupied_span, parse_wall, to_instant
from idexx_sync.core.personal import Discreet, Personal
from idexx_sync.core.vocabulary import appointment_status
from idexx_sync.pims.protocol import Consultation, Line, SourceRecord
from idexx_sync.syncs.cases.fields import ENTITIES, FIELDS, Owner
from idexx_sync.syncs.cases.html_text import text_of
from idexx_sync.syncs.cases.life_status import is_screened_whole, screen
from idexx_sync.syncs.cases.phones import normal_phone
from idexx_sync.syncs.cases.vocabulary import GUARD_WORDS, case_type, entity_case_type, species

PREFILLED: Final = "appointment reason:"
UNKNOWN_NAME: Final = "Unknown"
_CONFIDENCE: Final = {"overall": 0.9, "patient": 0.95, "clinical": 0.85}


@dataclass(slots=True, repr=False)
class MappedFields(Discreet):
    """Fields and the values they should have; an empty value says that nothing is known."""

    values: Personal[dict[str, Any]] = field(default_factory=dict)

    @property
    def ours(self) -> dict[str, Any]:
        """Those that always say what the source says."""
        return self._of("ours")

    @property
    def derived(self) -> dict[str, Any]:
        """Those that a person may have corrected."""
        return self._of("derived")

    def entity(self, path: str, value: Any) -> None:
        """The same leaf in both documents that hold entities."""
        self.values |= {f"{start}.{path}": value for start in ENTITIES}

    def _of(self, owner: Owner) -> dict[str, Any]:
        return {name: v for name, v in self.values.items() if FIELDS[name].owner == owner}


def map_visit(visit: SourceRecord, zone: ZoneInfo, slot_minutes: int) -> MappedFields:
    """What the calendar says. Raises EndsBeforeStart for a visit of negative length, and
    OutOfCalendar for one of which the instant is none."""
    start = to_instant(parse_wall(visit.start), zone)
    status = appointment_status(visit.status)
    name = visit.patient_name or UNKNOWN_NAME
    phone = normal_phone(visit.client_phone) if visit.client_phone else None
    mapped = MappedFields()
    mapped.values = {
        "case.scheduled_at": start,
        "patient.external_id": visit.patient_id,
        **_under(
            "metadata.pimsAppointment.",
            {
                "id": visit.id,
                "consultationId": visit.consultation_id,
                "date": day_of(visit.start).isoformat(),
                "startTime": iso(start),
                "duration": _minutes(visit, zone, slot_minutes),
                "status": GUARD_WORDS.get(status, visit.status),
                "sourceStatus": visit.status,
                "patient.id": visit.patient_id,
                "patient.name": visit.patient_name,
                "client.id": visit.client_id,
                "client.name": visit.client_name,
                "client.phone": visit.client_phone,
                "client.email": visit.client_email,
                "provider.id": None,
                "provider.name": visit.provider_name,
                "type": visit.type,
                "reason": visit.reason,
            },
        ),
        "case.type": case_type(visit.type),
        "patient.name": name,
        "patient.owner_name": visit.client_name,
        "patient.owner_phone": phone,
        "patient.owner_email": visit.client_email,
    }
    mapped.entity("patient.name", name)
    mapped.entity("patient.owner.name", visit.client_name)
    mapped.entity("patient.owner.phone", phone)
    mapped.entity("patient.owner.email", visit.client_email)
    mapped.entity("clinical.visitReason", visit.reason)
    mapped.entity("caseType", entity_case_type(visit.type))
    return mapped


def map_consultation(record: Consultation, visit: SourceRecord) -> MappedFields:
    """What the clinical record adds; contacts only where the calendar has none."""
    notes = text_of(record.notes_html) if record.notes_html else None
    summary = text_of(record.discharge_html) if record.discharge_html else notes
    accepted, declined = (
        products(record.lines, declined=False),
        products(record.lines, declined=True),
    )
    phone = normal_phone(record.client_phone) if record.client_phone else None
    mapped = MappedFields()
    mapped.values = {
        **_under(
            "metadata.pimsConsultation.",
            {
                "id": record.id,
                "notes": notes,
                "notesHtml": record.notes_html,
                "dischargeSummary": summary,
                "status": record.status,
                "reason": record.reason,
                "date": record.day,
            },
        ),
        "metadata.dischargeSummary": summary,
        "metadata.pimsAppointment.patient.species": record.species,
        "metadata.pimsAppointment.patient.breed": record.breed,
    }
    if record.lines is not None:
        mapped.values |= _under(
            "metadata.pimsConsultation.",
            {
                "productsServices": as_text(accepted),
                "declinedProductsServices": as_text(declined),
                "products": [_product(line) for line in accepted],
                "declinedProducts": [_product(line) for line in declined],
            },
        )
        mapped.entity("clinical.productsServicesProvided", [line.name for line in accepted])
        mapped.entity("clinical.productsServicesDeclined", [line.name for line in declined])
    if record.vital_signs is not None:
        mapped.values["metadata.pimsConsultation.vitalSigns"] = dict(record.vital_signs)
    mapped.entity("clinical.clinicalNotes", notes)
    if record.species:
        mapped.values["patient.species"] = species(record.species)
        mapped.entity("patient.species", species(record.species))
    mapped.entity("patient.breed", record.breed)
    mapped.values |= {
        "patient.breed": record.breed,
        "patient.sex": record.sex,
        "patient.date_of_birth": record.born,
        "patient.weight_kg": record.weight_kg,
    }
    if record.client_id not in (None, visit.client_id):
        return mapped  # its contacts are another owner's
    if not visit.client_phone:
        mapped.values["patient.owner_phone"] = phone
        mapped.entity("patient.owner.phone", phone)
    if not visit.client_email:
        mapped.values["patient.owner_email"] = record.client_email
        mapped.entity("patient.owner.email", record.client_email)
    return mapped


def private_words(visit: SourceRecord) -> dict[str, str | None]:
    """Field of our own document -> what the calendar says there of a person."""
    return _under(
        "metadata.pimsAppointment.",
        {
            "patient.name": visit.patient_name,
            "client.name": visit.client_name,
            "client.phone": visit.client_phone,
            "client.email": visit.client_email,
            "provider.name": visit.provider_name,
            "reason": visit.reason,
        },
    )


def says_something(notes: str | None) -> bool:
    """Whether staff have written notes: new ones begin with the reason of the booking, filled in
    by Neo (Neo protocol, notes content)."""
    return any(
        line.strip() and not line.casefold().startswith(PREFILLED)
        for line in (notes or "").splitlines()
    )


def stamps(places: set[str], now: datetime) -> dict[str, Any]:
    """What is said along with a change of a document and is no change by itself."""
    said: dict[str, Any] = {}
    if "metadata" in places:
        said |= {
            "metadata.entities.confidence": _CONFIDENCE,
            "metadata.entities.extractedAt": iso(now),
            "metadata.syncedAt": iso(now),
            "metadata.syncSource": "IDEXX Neo",
        }
    if "extraction" in places:
        said |= {"extraction.confidence": _CONFIDENCE, "extraction.extractedAt": iso(now)}
    return said


def calendar_texts(visit: SourceRecord) -> list[str]:
    """What of a visit may tell that its patient has died (rule R19)."""
    return [text for text in (visit.type, visit.reason) if text]


def record_texts(record: Consultation) -> list[str]:
    """What of a clinical record may tell that its patient has died (rule R19)."""
    html = [text_of(text) for text in (record.notes_html, record.discharge_html) if text]
    told = (record.reason, *html, *_names(record, declined=False))
    return [*filter(None, told), *_telling(record.unread_texts)]


def doubtful_texts(record: Consultation) -> list[str]:
    """The same, of which nobody knows whether it came about: what the owner declined, and what
    stands where nobody knows what it is about."""
    return [*_names(record, declined=True), *_telling(record.unknown_texts)]


def _telling(texts: Sequence[str]) -> Iterator[str]:
    """Those that tell something, or may: of others of which nothing is stored it is no news that
    they changed."""
    found = map(text_of, texts)
    return (t for t in found if not is_screened_whole([t]) or screen([t]) is not None)


def _names(record: Consultation, *, declined: bool) -> list[str]:
    lines = products(record.lines, declined=declined)
    return [text for line in lines for text in (line.name, line.label) if text]


def products(lines: Sequence[Line] | None, *, declined: bool) -> list[Line]:
    return [line for line in lines or () if line.declined == declined]


def as_text(lines: Sequence[Line]) -> str | None:
    """The form that ODIS's readers split again: `name; name (Qty: 2)`."""
    return "; ".join(_named(line) for line in lines) or None


def _named(line: Line) -> str:
    if line.quantity in (1, None):
        return line.name
    return f"{line.name} (Qty: {line.quantity:g})"


def _product(line: Line) -> dict[str, Any]:
    return {"id": line.id, "name": line.name, "label": line.label, "quantity": line.quantity}


def _minutes(visit: SourceRecord, zone: ZoneInfo, slot_minutes: int) -> int:
    occupied_span(visit.start, visit.end, zone, slot_minutes, is_block=False)  # refuses a negative
    length = parse_wall(visit.end) - parse_wall(visit.start) if visit.end else None
    return int(length.total_seconds() // 60) if length else slot_minutes


def iso(instant: datetime) -> str:
    """ISO 8601 in UTC, to the second: `2026-05-04T13:00:00Z`."""
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _under(prefix: str, leaves: dict[str, Any]) -> dict[str, Any]:
    return {f"{prefix}{name}": value for name, value in leaves.items()}
