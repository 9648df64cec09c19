"""What the source says is empty and a case still says (rule R16). Pure.

Once is no proof: somebody may be typing. What is empty in two reads a day apart is taken out of
the case; until then nobody is called about it.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from idexx_sync.pims.protocol import Consultation, SourceRecord
from idexx_sync.syncs.cases.fields import ENTITIES
from idexx_sync.syncs.cases.mapping import iso

DAY_APART: Final = timedelta(hours=20)
"""Two daily reads, however early the second one comes."""
_RECORD: Final = "metadata.pimsConsultation"


def _leaves(*paths: str) -> tuple[str, ...]:
    return tuple(f"{start}.{path}" for start in ENTITIES for path in paths)


_PHONE: Final = ("patient.owner_phone", *_leaves("patient.owner.phone"))
_EMAIL: Final = ("patient.owner_email", *_leaves("patient.owner.email"))
_SUMMARY: Final = (f"{_RECORD}.dischargeSummary", "metadata.dischargeSummary")
OF_VISIT: Final[Mapping[str, Sequence[str]]] = {
    "client_name": (
        *("metadata.pimsAppointment.client.name", "patient.owner_name"),
        *_leaves("patient.owner.name"),
    ),
    "client_phone": ("metadata.pimsAppointment.client.phone", *_PHONE),
    "client_email": ("metadata.pimsAppointment.client.email", *_EMAIL),
    "reason": ("metadata.pimsAppointment.reason", *_leaves("clinical.visitReason")),
}
"""Field of the calendar's visit -> the fields of the case that say the same."""
OF_RECORD: Final[Mapping[str, Sequence[str]]] = {
    "notes_html": (
        *(f"{_RECORD}.notes", f"{_RECORD}.notesHtml", *_SUMMARY),
        *_leaves("clinical.clinicalNotes"),
    ),
    "discharge_html": _SUMMARY,
    "reason": (f"{_RECORD}.reason",),
    "vital_signs": (f"{_RECORD}.vitalSigns",),
    "breed": (
        *("metadata.pimsAppointment.patient.breed", "patient.breed"),
        *_leaves("patient.breed"),
    ),
    "sex": ("patient.sex",),
    "born": ("patient.date_of_birth",),
    "weight_kg": ("patient.weight_kg",),
    "client_phone": _PHONE,
    "client_email": _EMAIL,
}
"""The same of a clinical record."""
OF_RECORD_ALONE: Final = _leaves(
    *("clinical.clinicalNotes", "clinical.productsServicesProvided"),
    "clinical.productsServicesDeclined",
)
"""What a record says of itself beside our own document of it; another one never says it."""
OF_VISIT_TOO: Final = frozenset(n for names in OF_VISIT.values() for n in names)
"""What the record says only where the calendar says nothing."""


class Emptied(NamedTuple):
    """What becomes of fields that are said to be empty."""

    since: Mapping[str, str] = {}
    """Field of the source -> instant of the first read that said so; the case still has it."""
    cleared: Sequence[str] = ()
    """Fields of the case to be taken out now."""


def emptied(
    source: SourceRecord | Consultation,
    says_empty: Collection[str],
    fields: Mapping[str, Sequence[str]],
    is_stored: Callable[[str], bool],
    before: Mapping[str, str],
    now: datetime,
) -> Emptied:
    """What the read means for fields of which `source` has no value.

    `says_empty` are those that it says are empty. `is_stored` tells whether a field of the case
    still has a value that was taken from this source, and is nobody's edit.
    """
    since: dict[str, str] = {}
    cleared: list[str] = []
    for name, feeds in fields.items():
        known = name in says_empty
        if not known and (name not in before or getattr(source, name) is not None):
            continue
        stored = [field for field in feeds if is_stored(field)]
        if not stored:
            continue
        first = before.get(name)
        if known and first is not None and now - datetime.fromisoformat(first) >= DAY_APART:
            cleared += stored
        else:
            since[name] = first or iso(now)
    return Emptied(since, list(dict.fromkeys(cleared)))


def still_said(since: Mapping[str, str], values: Mapping[str, Any]) -> bool:
    """Whether the calendar has emptied something that the record does not say either."""
    return any(not any(values.get(field) for field in OF_VISIT.get(name, ())) for name in since)
