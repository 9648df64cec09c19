"""What the observer sees of a clinic's rows at one moment."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tests.support import Conn, query

OWN = (
    "date",
    "start_time",
    "end_time",
    "room_id",
    "status",
    "appointment_type",
    "patient_name",
    "client_name",
    "client_phone",
    "provider_name",
)
"""The columns of an appointment that a sync owns."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One appointment's row."""

    key: str
    removed: bool
    content: tuple[Any, ...]


Observation = dict[UUID, Seen]
"""Row id -> row."""


def observe(conn: Conn, clinic_id: UUID) -> Observation:
    rows = query(
        conn,
        "SELECT id, neo_appointment_id, deleted_at IS NOT NULL AS removed, "
        + ", ".join(OWN)
        + " FROM public.schedule_appointments WHERE clinic_id = %s",
        (clinic_id,),
    )
    return {
        row["id"]: Seen(row["neo_appointment_id"], row["removed"], tuple(row[name] for name in OWN))
        for row in rows
    }


def changed_keys(before: Observation, after: Observation) -> list[str]:
    """The key of each row that differs, once per row."""
    ids = before.keys() | after.keys()
    return sorted(
        (after.get(row_id) or before[row_id]).key
        for row_id in ids
        if before.get(row_id) != after.get(row_id)
    )


def newly_removed(before: Observation, after: Observation) -> list[str]:
    """Keys of rows that were live before and are not any more."""
    return sorted(
        seen.key
        for row_id, seen in before.items()
        if not seen.removed and (row_id not in after or after[row_id].removed)
    )
