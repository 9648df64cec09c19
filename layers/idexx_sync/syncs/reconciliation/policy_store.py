"""SQL of what a clinic wants done about a cause, where that is not what is done everywhere."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from psycopg.rows import class_row

from idexx_sync.database.connection import Conn
from idexx_sync.syncs.reconciliation.causes import Cause, Treatment


@dataclass(frozen=True, slots=True)
class OwnPolicy:
    """What one clinic wants done about one cause, and who said so."""

    cause: Cause
    treatment: Treatment
    until: date | None
    """The last clinic-local day on which the cause is ignored."""
    set_by: str
    set_at: datetime


def own_policies(conn: Conn, clinic_id: UUID) -> list[OwnPolicy]:
    """All of the clinic's, over or not."""
    with conn.cursor(row_factory=class_row(OwnPolicy)) as cur:
        return cur.execute(
            """
            SELECT cause, treatment, until, set_by, set_at
              FROM idexx_sync.policies WHERE clinic_id = %s
            """,
            (clinic_id,),
        ).fetchall()


def store_policy(
    conn: Conn, clinic_id: UUID, cause: Cause, treatment: Treatment, until: date | None, by: str
) -> None:
    """Keep what the clinic wants from now on, in place of what it wanted before."""
    conn.execute(
        """
        INSERT INTO idexx_sync.policies (clinic_id, cause, treatment, until, set_by, set_at)
        VALUES (%s, %s, %s, %s, %s, idexx_sync.clock())
        ON CONFLICT (clinic_id, cause) DO UPDATE
           SET treatment = EXCLUDED.treatment, until = EXCLUDED.until,
               set_by = EXCLUDED.set_by, set_at = EXCLUDED.set_at
        """,
        (clinic_id, cause, treatment, until, by),
    )


def delete_policy(conn: Conn, clinic_id: UUID, cause: Cause) -> bool:
    """Let the clinic have what is done everywhere; whether it had wanted something else."""
    done = conn.execute(
        "DELETE FROM idexx_sync.policies WHERE clinic_id = %s AND cause = %s", (clinic_id, cause)
    )
    return done.rowcount > 0
