"""What the observer sees of a clinic's rows at one moment."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from idexx_sync.database.connection import Conn
from tests.kit.database import query

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


@dataclass(frozen=True, slots=True)
class SeenCase:
    """One case with its patients."""

    key: str
    """Under which changes of it are audited."""
    versions: str
    """Of its row and of those of its patients."""
    status: str | None


Cases = dict[UUID, SeenCase]


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


def observe_cases(conn: Conn, clinic_id: UUID) -> Cases:
    rows = query(
        conn,
        """
        SELECT c.id, coalesce(k.external_id, c.id::text) AS key, c.status::text,
               concat_ws(' ', c.xmin, (SELECT string_agg(p.id || ':' || p.xmin, ' ' ORDER BY p.id)
                                         FROM public.patients p WHERE p.case_id = c.id)) AS versions
          FROM public.cases c
          LEFT JOIN idexx_sync.case_keys k ON k.case_id = c.id AND k.clinic_id = %s
         WHERE c.clinic_id = %s OR k.case_id IS NOT NULL
        """,
        (clinic_id, clinic_id),
    )
    return {row["id"]: SeenCase(row["key"], row["versions"], row["status"]) for row in rows}


def changed_cases(before: Cases, after: Cases) -> dict[UUID, str]:
    """Case -> the id of its audit, of those that were written or are gone."""
    return {
        case_id: (after.get(case_id) or before[case_id]).key
        for case_id in before.keys() | after.keys()
        if case_id not in before
        or case_id not in after
        or before[case_id].versions != after[case_id].versions
    }
