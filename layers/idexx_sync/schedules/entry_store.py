"""SQL of one clinic's schedules as ODIS stores them."""

from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from idexx_sync.database.connection import Conn


def lock_schedules(conn: Conn, clinic_id: UUID) -> tuple[Any] | None:
    """What is stored of the clinic's schedules, kept from others until the transaction ends; None:
    ODIS has no settings of the clinic."""
    row = conn.execute(
        "SELECT sync_schedules FROM public.clinic_schedule_configs WHERE clinic_id = %s FOR UPDATE",
        (clinic_id,),
    ).fetchone()
    return None if row is None else (row[0],)


def store_schedules(conn: Conn, clinic_id: UUID, schedules: list[Any]) -> None:
    """Keep them in place of what was stored."""
    conn.execute(
        "UPDATE public.clinic_schedule_configs SET sync_schedules = %s WHERE clinic_id = %s",
        (Jsonb(schedules), clinic_id),
    )
