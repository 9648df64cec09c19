"""Every field of a case that we write or read by name, one row each. Pure.

A field is named by its place: `case.<column>`, `patient.<column>`, `metadata.<path>` and
`extraction.<path>`, the latter two being ODIS's documents `metadata` and `entity_extraction`. A
field that has no row here is personal, and no visit is planned with it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from idexx_sync.syncs.cases.phones import normal_phone
from idexx_sync.syncs.cases.vocabulary import case_type, entity_case_type, species

Owner = Literal["ours", "derived", "stamp", "ruled"]
"""Who decides the value: `ours` always says what the source says; `derived` may be a person's
edit; `stamp` is said along with a change and is none by itself; `ruled` has a rule of its own."""


@dataclass(frozen=True, slots=True)
class Stored:
    """Where an earlier service stored the source's word for a derived field, and its readings."""

    name: str
    """The field with the word."""
    readings: tuple[Callable[[Any], Any], ...] = ()
    """What it may have been derived to; none: the value itself, of whatever type."""
    type: type = str
    """Of a value that the readings take."""

    def of(self, value: Any) -> tuple[Any, ...]:
        """All that the stored value may have been derived to."""
        if not self.readings:
            return (value,)
        is_readable = isinstance(value, self.type)
        return tuple(read(value) for read in self.readings) if is_readable else ()


@dataclass(frozen=True, slots=True)
class Field:
    """What is true of one field, whatever its value."""

    name: str
    owner: Owner
    clearable: bool = False
    """A null takes the value away; all others keep what was known."""
    is_time: bool = False
    """It tells when the visit is."""
    is_object: bool = False
    """It must be an object or nothing, because we read what is in it (rule R16)."""
    column: str = "text"
    """Type of a patient's column in Postgres."""
    before: tuple[Stored, ...] = ()
    """The source's own word in the documents, for cases that were another service's (rule R15)."""
    default_before: tuple[Any, ...] = ()
    """What an earlier service derived without any word."""
    explained: bool = False
    """A person who asks about a case is shown whether it is set."""
    in_calendar: str | None = None
    """The calendar's value that an explained field is compared with."""

    @property
    def place(self) -> str:
        """`case`, `patient`, `metadata` or `extraction`."""
        return self.name.partition(".")[0]

    @property
    def path(self) -> str:
        """The column, or the path inside the document."""
        return self.name.partition(".")[2]


_APPOINTMENT: Final = "metadata.pimsAppointment"
_CONSULTATION: Final = "metadata.pimsConsultation"


def _as_given(text: str) -> str:
    return text


def _listed(text: str) -> list[str]:
    return text.split("; ")


def _names(products: list[Any]) -> list[Any]:
    return [one.get("name") for one in products if isinstance(one, dict)]


_NAME: Final = (Stored(f"{_APPOINTMENT}.patient.name"),)
_SPECIES: Final = (Stored(f"{_APPOINTMENT}.patient.species", (_as_given, species)),)
_BREED: Final = (Stored(f"{_APPOINTMENT}.patient.breed"),)
_OWNER_NAME: Final = (Stored(f"{_APPOINTMENT}.client.name"),)
_PHONE: Final = (Stored(f"{_APPOINTMENT}.client.phone", (_as_given, normal_phone)),)
_EMAIL: Final = (Stored(f"{_APPOINTMENT}.client.email"),)
_TYPE: Final = (Stored(f"{_APPOINTMENT}.type", (case_type,)),)
_ENTITY_TYPE: Final = (Stored(f"{_APPOINTMENT}.type", (entity_case_type, case_type)),)
_REASON: Final = (Stored(f"{_APPOINTMENT}.reason"),)
_NOTES: Final = (Stored(f"{_CONSULTATION}.notes"), Stored(f"{_CONSULTATION}.dischargeSummary"))
_PROVIDED: Final = (
    Stored(f"{_CONSULTATION}.productsServices", (_listed,)),
    Stored(f"{_CONSULTATION}.products", (_names,), list),
)
_DECLINED: Final = (
    Stored(f"{_CONSULTATION}.declinedProductsServices", (_listed,)),
    Stored(f"{_CONSULTATION}.declinedProducts", (_names,), list),
)
_CHECKUP: Final = ("checkup",)

_CASE: Final = (
    Field("case.clinic_id", "ours"),
    Field("case.user_id", "ours"),
    Field("case.status", "ruled"),
    Field("case.type", "derived", before=_TYPE, default_before=_CHECKUP),
    Field("case.scheduled_at", "ours", is_time=True),
    Field("case.extreme_case_check", "ruled"),
)
_PATIENT: Final = (
    Field("patient.name", "derived", before=_NAME, explained=True, in_calendar="patient_name"),
    Field("patient.species", "derived", before=_SPECIES),
    Field("patient.breed", "derived", before=_BREED),
    Field("patient.sex", "derived"),
    Field("patient.date_of_birth", "derived", column="date"),
    Field("patient.weight_kg", "derived", column="numeric"),
    Field(
        "patient.owner_name",
        "derived",
        before=_OWNER_NAME,
        explained=True,
        in_calendar="client_name",
    ),
    Field(
        "patient.owner_phone", "derived", before=_PHONE, explained=True, in_calendar="client_phone"
    ),
    Field(
        "patient.owner_email", "derived", before=_EMAIL, explained=True, in_calendar="client_email"
    ),
    Field("patient.external_id", "ours"),
)
_OF_APPOINTMENT: Final = (
    Field("id", "ours"),
    Field("consultationId", "ours", clearable=True),
    Field("date", "ours", is_time=True),
    Field("startTime", "ours", is_time=True),
    Field("duration", "ours", is_time=True),
    Field("status", "ours"),
    Field("sourceStatus", "ours"),
    Field("patient.id", "ours"),
    Field("patient.name", "ours"),
    Field("patient.species", "ours"),
    Field("patient.breed", "ours"),
    Field("client.id", "ours"),
    Field("client.name", "ours"),
    Field("client.phone", "ours"),
    Field("client.email", "ours"),
    Field("provider.id", "ours", clearable=True),
    Field("provider.name", "ours", explained=True, in_calendar="provider_name"),
    Field("type", "ours"),
    Field("reason", "ours", explained=True, in_calendar="reason"),
)
_OF_CONSULTATION: Final = (
    Field("id", "ours"),
    Field("notes", "ours", explained=True),
    Field("notesHtml", "ours"),
    Field("dischargeSummary", "ours", explained=True),
    Field("status", "ours", clearable=True),
    Field("reason", "ours"),
    Field("date", "ours", clearable=True),
    Field("productsServices", "ours", clearable=True, explained=True),
    Field("declinedProductsServices", "ours", clearable=True),
    Field("products", "ours"),
    Field("declinedProducts", "ours"),
    Field("vitalSigns", "ours"),
    Field("vanishedAt", "ruled"),
)
_METADATA: Final = (
    Field(_CONSULTATION, "ours"),
    Field("metadata.dischargeSummary", "ours"),
    Field("metadata.reconciliation", "ruled", is_object=True),
    Field("metadata.syncedAt", "stamp"),
    Field("metadata.syncSource", "stamp"),
)
_ENTITIES: Final = (
    Field("patient.name", "derived", before=_NAME),
    Field("patient.species", "derived", before=_SPECIES),
    Field("patient.breed", "derived", before=_BREED),
    Field("patient.owner.name", "derived", before=_OWNER_NAME),
    Field("patient.owner.phone", "derived", before=_PHONE),
    Field("patient.owner.email", "derived", before=_EMAIL),
    Field("caseType", "derived", before=_ENTITY_TYPE, default_before=_CHECKUP),
    Field("clinical.visitReason", "derived", before=_REASON),
    Field("clinical.clinicalNotes", "derived", before=_NOTES),
    Field("clinical.productsServicesProvided", "derived", before=_PROVIDED),
    Field("clinical.productsServicesDeclined", "derived", before=_DECLINED),
    Field("confidence", "stamp"),
    Field("extractedAt", "stamp"),
)
"""The same in both documents that hold entities."""
ENTITIES: Final = ("metadata.entities", "extraction")
"""Where they are."""


def _under(start: str, fields: tuple[Field, ...]) -> Iterator[Field]:
    return (replace(field, name=f"{start}.{field.name}") for field in fields)


FIELDS: Final = {
    field.name: field
    for field in (
        *_CASE,
        *_PATIENT,
        *_under(_APPOINTMENT, _OF_APPOINTMENT),
        *_METADATA,
        *_under(_CONSULTATION, _OF_CONSULTATION),
        *(field for start in ENTITIES for field in _under(start, _ENTITIES)),
    )
}
"""Name -> row."""
PATIENT_COLUMNS: Final = {f.path: f.column for f in FIELDS.values() if f.place == "patient"}
"""Column -> its type in Postgres."""
PATIENT_LINKS: Final = ("metadata", "canonical_patient_id", "client_id")
"""Columns of a patient's row that others write, and that are about this patient alone."""
TIMES: Final = frozenset(f.name for f in FIELDS.values() if f.is_time)
STAMPS: Final = frozenset(f.name for f in FIELDS.values() if f.owner == "stamp")
CLEARABLE: Final = frozenset(f.name for f in FIELDS.values() if f.clearable)
EXPLAINED: Final = {f.name: f.in_calendar for f in FIELDS.values() if f.explained}


def _parents(field: Field) -> Iterator[str]:
    steps = field.name.split(".")
    return (".".join(steps[:length]) for length in range(1, len(steps)))


OBJECTS: Final = tuple(
    sorted(
        {f.name for f in FIELDS.values() if f.is_object}
        | {
            parent
            for field in FIELDS.values()
            if field.place in ("metadata", "extraction")
            for parent in _parents(field)
        }
    )
)
"""Where objects must be, or nothing, for our leaves to have a place (rule R16)."""
