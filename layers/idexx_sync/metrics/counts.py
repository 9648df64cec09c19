"""What the metrics are computed from: every clinic's card, and counts over all, in one query."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from psycopg.rows import dict_row
from pydantic import BaseModel, ConfigDict

from idexx_sync.clinics.overview import CARD_QUERY, ClinicCard, card_from_row, card_parameters
from idexx_sync.clinics.store import unknown_clinic
from idexx_sync.core.catalog import SyncName
from idexx_sync.core.vocabulary import JobStatus
from idexx_sync.database.connection import Conn

WINDOW: Final = timedelta(hours=24)
QUANTILES: Final = (0.5, 0.95, 0.99)


class _Tally(BaseModel):
    model_config = ConfigDict(frozen=True)

    count: int


class JobTally(_Tally):
    """Jobs that were ordered within the window."""

    sync: SyncName
    status: JobStatus
    error_kind: str | None


class DurationTally(_Tally):
    """Jobs that came to an end within the window; seconds from first start to end."""

    sync: SyncName
    total: float
    quantiles: list[float]
    """Those of QUANTILES."""


class QueueTally(_Tally):
    """Jobs that have not ended."""

    status: JobStatus
    oldest: datetime


class DeadTally(_Tally):
    """Dead jobs that nobody has retried."""

    sync: SyncName


class HoldTally(_Tally):
    """Open holds."""

    cause: str


class LoginTally(_Tally):
    """Logins within the window."""

    outcome: str | None


class Tallies(BaseModel):
    """All counts; a group without anything to count is left out."""

    model_config = ConfigDict(frozen=True)

    jobs: list[JobTally]
    durations: list[DurationTally]
    queue: list[QueueTally]
    dead: list[DeadTally]
    holds: list[HoldTally]
    logins: list[LoginTally]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the database held at one moment."""

    cards: list[ClinicCard]
    tallies: Tallies


_OF_CLINIC = "(%(clinic_id)s::uuid IS NULL OR clinic_id = %(clinic_id)s)"
_GROUPS: Final = {
    "jobs": f"""
        SELECT sync, status, error_kind, count(*) AS count
          FROM idexx_sync.jobs
         WHERE queued_at > %(since)s AND {_OF_CLINIC}
         GROUP BY sync, status, error_kind ORDER BY sync, status, error_kind
    """,
    "durations": f"""
        SELECT sync, count(*) AS count, sum(seconds) AS total,
               percentile_cont(%(quantiles)s::float8[]) WITHIN GROUP (ORDER BY seconds)
                   AS quantiles
          FROM (SELECT sync, extract(epoch FROM finished_at - started_at)::float8 AS seconds
                  FROM idexx_sync.jobs
                 WHERE finished_at > %(since)s AND started_at IS NOT NULL AND {_OF_CLINIC}
                   AND status IN ('succeeded', 'succeeded_with_warnings', 'held', 'failed')) j
         GROUP BY sync ORDER BY sync
    """,
    "queue": f"""
        SELECT status, count(*) AS count, min(queued_at) AS oldest
          FROM idexx_sync.jobs
         WHERE status IN ('queued', 'running') AND {_OF_CLINIC}
         GROUP BY status
    """,
    "dead": f"""
        SELECT sync, count(*) AS count
          FROM idexx_sync.jobs j
         WHERE status = 'dead' AND {_OF_CLINIC}
           AND NOT EXISTS (SELECT FROM idexx_sync.jobs r WHERE r.retry_of = j.id)
         GROUP BY sync
    """,
    "holds": f"""
        SELECT cause, count(*) AS count
          FROM idexx_sync.holds
         WHERE status = 'open' AND {_OF_CLINIC}
         GROUP BY cause ORDER BY cause
    """,
    "logins": f"""
        SELECT outcome, count(*) AS count
          FROM idexx_sync.logins
         WHERE attempted_at > %(since)s AND {_OF_CLINIC}
         GROUP BY outcome ORDER BY outcome
    """,
}
_GROUPS_AS_JSON: Final = ", ".join(
    f"'{name}', (SELECT coalesce(json_agg(g), '[]') FROM ({query}) g)"
    for name, query in _GROUPS.items()
)
_QUERY: Final = f"""
    WITH cards AS ({CARD_QUERY}),
         counted AS (SELECT json_build_object({_GROUPS_AS_JSON}) AS tallies)
    SELECT * FROM cards FULL JOIN counted ON false
"""
"""One row per clinic, and one with everything that is counted over them."""


def read_tallies(conn: Conn, now: datetime, clinic_id: UUID | None = None) -> Reading:
    """Cards and counts of all clinics, or of the one named; one round trip.

    ConfigurationInvalid when ODIS has no such clinic.
    """
    parameters = {
        **card_parameters(clinic_id),
        "since": now - WINDOW,
        "quantiles": list(QUANTILES),
    }
    with conn.cursor(row_factory=dict_row) as cur:
        rows = cur.execute(_QUERY, parameters).fetchall()
    (tallies,) = (row["tallies"] for row in rows if row["tallies"] is not None)
    cards = [card_from_row(row) for row in rows if row["tallies"] is None]
    if clinic_id is not None and not cards:
        raise unknown_clinic(clinic_id)
    return Reading(cards, Tallies.model_validate(tallies))
