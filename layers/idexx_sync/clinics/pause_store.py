"""SQL of pauses: of a clinic, or of all; at most one of each stands."""

from typing import Final
from uuid import UUID

from idexx_sync.clinics.pauses import Pause
from idexx_sync.database.connection import Conn, writing

MOST_STANDING: Final = 100
"""So many pauses are listed at most."""
STANDS_FOR: Final = "p.resumed_at IS NULL AND (p.clinic_id IS NULL OR p.clinic_id = c.id)"
"""Whether a pause p stands and is one of clinic c."""
PAUSES_AS_JSON: Final = f"""
           (SELECT json_agg(json_build_object(
                       'id', p.id, 'clinic_id', p.clinic_id, 'paused_at', p.paused_at,
                       'paused_by', p.paused_by, 'reason', p.reason)
                       ORDER BY p.clinic_id NULLS FIRST)
              FROM idexx_sync.pauses p WHERE {STANDS_FOR})"""
"""Those that stand of clinic c, that of all clinics first; null: none does."""
_COLUMNS: Final = """p.id, p.clinic_id, p.paused_at, p.paused_by, p.reason, p.resumed_at,
    p.resumed_by, p.resume_reason"""


def standing(conn: Conn, clinic_id: UUID) -> list[Pause]:
    """What keeps the clinic paused: the pause of all clinics first, then its own."""
    found = conn.execute(
        f"""
        SELECT {_COLUMNS} FROM public.clinics c JOIN idexx_sync.pauses p ON {STANDS_FOR}
         WHERE c.id = %s ORDER BY p.clinic_id NULLS FIRST
        """,
        (clinic_id,),
    )
    return [Pause(*row) for row in found.fetchall()]


def all_standing(conn: Conn) -> list[Pause]:
    """The pause of all clinics first, then those of single ones, newest first; at most 100."""
    found = conn.execute(
        f"""
        SELECT {_COLUMNS} FROM idexx_sync.pauses p WHERE p.resumed_at IS NULL
         ORDER BY p.clinic_id IS NOT NULL, p.paused_at DESC, p.id LIMIT %s
        """,
        (MOST_STANDING,),
    )
    return [Pause(*row) for row in found.fetchall()]


def start(conn: Conn, clinic_id: UUID | None, by: str, reason: str) -> Pause | None:
    """Pause the clinic, or all; None if such a pause stands already."""
    with writing(conn):
        made = conn.execute(
            f"""
            INSERT INTO idexx_sync.pauses AS p (clinic_id, paused_by, reason) VALUES (%s, %s, %s)
            ON CONFLICT (clinic_id) WHERE resumed_at IS NULL DO NOTHING
            RETURNING {_COLUMNS}
            """,
            (clinic_id, by, reason),
        ).fetchone()
    return None if made is None else Pause(*made)


def end(conn: Conn, clinic_id: UUID | None, by: str, reason: str | None) -> Pause | None:
    """End the standing pause of the clinic, or of all; None if there is none."""
    with writing(conn):
        ended = conn.execute(
            f"""
            UPDATE idexx_sync.pauses p
               SET resumed_at = idexx_sync.clock(), resumed_by = %s, resume_reason = %s
             WHERE p.clinic_id IS NOT DISTINCT FROM %s AND p.resumed_at IS NULL
            RETURNING {_COLUMNS}
            """,
            (by, reason, clinic_id),
        ).fetchone()
    return None if ended is None else Pause(*ended)
