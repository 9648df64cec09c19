"""SQL of what only the command line shows."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from idexx_sync.database.connection import Conn
from idexx_sync.pims.access import LoginOutcome


@dataclass(frozen=True, slots=True)
class LoginAttempt:
    credential_version: int
    attempted_at: datetime
    outcome: LoginOutcome | None
    """None: nobody knows how it ended."""
    ended_at: datetime | None
    job_id: UUID | None


def login_attempts(conn: Conn, clinic_id: UUID, limit: int) -> list[LoginAttempt]:
    """The clinic's logins, newest first."""
    with conn.cursor(row_factory=class_row(LoginAttempt)) as cur:
        return cur.execute(
            """
            SELECT credential_version, attempted_at, outcome, ended_at, job_id
              FROM idexx_sync.logins WHERE clinic_id = %s ORDER BY id DESC LIMIT %s
            """,
            (clinic_id, limit),
        ).fetchall()
