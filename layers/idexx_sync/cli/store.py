"""SQL of what only the command line shows."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from psycopg.rows import class_row

from idexx_sync.access import LoginOutcome
from idexx_sync.clinics import unknown_clinic
from idexx_sync.db import Conn
from idexx_sync.vocabulary import Stage


@dataclass(frozen=True, slots=True)
class ClinicCard:
    """A clinic as it stands, however incomplete; None where nothing is set."""

    id: UUID
    name: str
    is_active: bool
    timezone: str | None
    base_url: str | None
    """None: the clinic is not set up for this service."""
    transport: Literal["http", "browser"] | None
    room_ids: list[str] | None
    stage: Stage | None
    killed: bool | None
    paused_at: datetime | None
    paused_reason: str | None
    stale_minutes: int | None
    """None: ODIS has no schedule settings of the clinic."""
    credential_version: int | None
    credentials_set_at: datetime | None
    changed_at: datetime | None
    """When settings or credentials were changed last."""
    last_success_at: datetime | None

    @property
    def paused(self) -> bool:
        return self.paused_at is not None or bool(self.killed)


def clinic_card(conn: Conn, clinic_id: UUID) -> ClinicCard:
    """What is known of a clinic; ConfigurationInvalid only if ODIS does not have it."""
    with conn.cursor(row_factory=class_row(ClinicCard)) as cur:
        card = cur.execute(
            """
            SELECT c.id, c.name, c.is_active, c.timezone, s.base_url, s.transport, s.room_ids,
                   s.stage, s.killed, s.paused_at, s.paused_reason,
                   g.stale_threshold_minutes AS stale_minutes,
                   v.version AS credential_version, v.created_at AS credentials_set_at,
                   greatest(s.updated_at, v.created_at) AS changed_at,
                   (SELECT max(j.finished_at) FROM idexx_sync.jobs j
                     WHERE j.clinic_id = c.id AND j.sync = 'inbound'
                       AND j.status IN ('succeeded', 'succeeded_with_warnings')
                       AND NOT coalesce((j.params ->> 'dry_run')::boolean, false)
                   ) AS last_success_at
              FROM public.clinics c
              LEFT JOIN idexx_sync.clinic_settings s ON s.clinic_id = c.id
              LEFT JOIN public.clinic_schedule_configs g ON g.clinic_id = c.id
              LEFT JOIN LATERAL (SELECT version, created_at FROM idexx_sync.credentials
                                  WHERE clinic_id = c.id ORDER BY version DESC LIMIT 1) v ON true
             WHERE c.id = %s
            """,
            (clinic_id,),
        ).fetchone()
    if card is None:
        raise unknown_clinic(clinic_id)
    return card


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


def zone_names(conn: Conn, clinic_ids: set[UUID]) -> dict[UUID, str | None]:
    """The time zone of each clinic, as ODIS has it."""
    rows = conn.execute(
        "SELECT id, timezone FROM public.clinics WHERE id = ANY(%s)", (list(clinic_ids),)
    ).fetchall()
    return dict(rows)
