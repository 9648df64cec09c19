"""Discrepancies as people list them, a page at a time: a job's, or a clinic's open ones."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from psycopg.rows import kwargs_row

from idexx_sync.core.catalog import LoggedKind
from idexx_sync.database.connection import Conn
from idexx_sync.syncs.reconciliation.causes import Cause, Outcome, Treatment
from idexx_sync.syncs.reconciliation.model import MissedBy

type DayPlace = tuple[date, UUID]
"""What these lists are ordered by, the newest day first: the record's day, and the id."""


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """A discrepancy, as a job saw it or as it stands."""

    id: UUID
    kind: LoggedKind
    external_id: str
    cause: Cause
    day: date
    decision: Mapping[str, Any]
    missed_by: MissedBy | None
    treatment: Treatment
    """Of a job: what was to be done when it saw it."""
    outcome: Outcome
    """Of a job: what became of it in that job."""
    nights: int
    """Clinic-local days on which a complete run has judged it, up to now."""
    first_seen_at: datetime
    last_seen_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class WantedDiscrepancies:
    """Of discrepancies those that fit all that is named."""

    cause: Cause | None = None
    kind: LoggedKind | None = None
    outcome: Outcome | None = None
    missed_by: MissedBy | None = None


_COLUMNS: Final = """d.id, d.kind, d.external_id, d.cause, d.day, d.decision, d.missed_by, d.nights,
    d.first_seen_at, d.last_seen_at, d.ended_at"""


def discrepancies_of_job(
    conn: Conn,
    job_id: UUID,
    wanted: WantedDiscrepancies = WantedDiscrepancies(),
    *,
    after: DayPlace | None = None,
    limit: int,
) -> list[Discrepancy]:
    """What the job saw that fits, the newest day first; `after`: begin behind this place."""
    return _listed(
        conn,
        f"""
        SELECT {_COLUMNS}, s.treatment, s.outcome
          FROM idexx_sync.sightings s JOIN idexx_sync.discrepancies d ON d.id = s.discrepancy_id
         WHERE s.job_id = %(whose)s AND (%(outcome)s::text IS NULL OR s.outcome = %(outcome)s)
        """,
        job_id,
        wanted,
        after,
        limit,
    )


def open_discrepancies_of(
    conn: Conn,
    clinic_id: UUID,
    wanted: WantedDiscrepancies = WantedDiscrepancies(),
    *,
    after: DayPlace | None = None,
    limit: int,
) -> list[Discrepancy]:
    """The clinic's open ones that fit, the newest day first; `after`: begin behind this place."""
    return _listed(
        conn,
        f"""
        SELECT {_COLUMNS}, d.treatment, d.outcome
          FROM idexx_sync.discrepancies d
         WHERE d.clinic_id = %(whose)s AND d.ended_at IS NULL
           AND (%(outcome)s::text IS NULL OR d.outcome = %(outcome)s)
        """,
        clinic_id,
        wanted,
        after,
        limit,
    )


def _listed(
    conn: Conn,
    select: str,
    whose: UUID,
    wanted: WantedDiscrepancies,
    after: DayPlace | None,
    limit: int,
) -> list[Discrepancy]:
    after_day, after_id = after or (None, None)
    with conn.cursor(row_factory=kwargs_row(Discrepancy)) as cur:
        return cur.execute(
            f"""
            {select}
               AND (%(cause)s::text IS NULL OR d.cause = %(cause)s)
               AND (%(kind)s::text IS NULL OR d.kind = %(kind)s)
               AND (%(missed_by)s::text IS NULL OR d.missed_by = %(missed_by)s)
               AND (%(after_id)s::uuid IS NULL
                    OR (d.day, d.id) < (%(after_day)s::date, %(after_id)s))
             ORDER BY d.day DESC, d.id DESC LIMIT %(limit)s
            """,
            {
                **asdict(wanted),
                "whose": whose,
                "after_day": after_day,
                "after_id": after_id,
                "limit": limit,
            },
        ).fetchall()
