"""Which cause a difference has, by the column or field that differs. Pure."""

from collections.abc import Iterable, Mapping
from typing import Final

from idexx_sync.syncs.cases.fields import STAMPS, TIMES
from idexx_sync.syncs.cases.model import REMOVED
from idexx_sync.syncs.reconciliation.causes import Cause

_ROW_CAUSES: Final[Mapping[str, Cause]] = {
    **dict.fromkeys(("date", "start_time", "end_time", "room_id"), "moved"),
    "status": "status_differs",
    **dict.fromkeys(("patient_name", "client_name", "client_phone"), "contact_differs"),
    **dict.fromkeys(("appointment_type", "provider_name"), "record_differs"),
}
"""Column of a calendar row -> the cause of its difference."""
_OF_PEOPLE: Final = (
    *("patient.name", "patient.owner_", "patient.external_id"),
    *(f"metadata.pimsAppointment.{name}" for name in ("patient.id", "patient.name", "client")),
    *(
        f"{start}.patient.{name}"
        for start in ("metadata.entities", "extraction")
        for name in ("name", "owner")
    ),
)
STATUS_FIELDS: Final = frozenset(
    ("case.status", "metadata.pimsAppointment.status", "metadata.pimsAppointment.sourceStatus")
)
TOLD_BY_STAMP: Final[frozenset[Cause]] = frozenset(
    ("cancelled_in_neo", "moved", "missing_in_odis", "status_differs", "record_differs")
)
"""Causes of which a visit's stamp tells when Neo has changed it. Patients and owners are records of
their own, whose changes no visit is stamped with."""
_OF_ODIS: Final = frozenset(("case.clinic_id", "case.user_id", "case.extreme_case_check"))
"""Fields of a case of which Neo says nothing."""


def cause_of_column(name: str) -> Cause:
    """The cause of a difference in a column of `schedule_appointments`; `removed` is its being
    there at all."""
    return _ROW_CAUSES.get(name, "reappeared")


def cause_of_field(name: str) -> Cause | None:
    """The cause of a difference in a case's field; None: it is none between ODIS and Neo."""
    if name in STAMPS or name in _OF_ODIS or "." not in name:
        return None
    if name == REMOVED:
        return "reappeared"
    if name in TIMES:
        return "moved"
    if name in STATUS_FIELDS:
        return "status_differs"
    return "contact_differs" if name.startswith(_OF_PEOPLE) else "record_differs"


def by_cause(fields: Iterable[str], cause_of: Mapping[str, Cause]) -> dict[Cause, list[str]]:
    """Cause -> its fields, in the order of the alphabet."""
    found: dict[Cause, list[str]] = {}
    for name in sorted(fields):
        if (cause := cause_of.get(name)) is not None:
            found.setdefault(cause, []).append(name)
    return found
