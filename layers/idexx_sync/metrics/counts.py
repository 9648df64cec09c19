"""What metrics are computed from: every clinic's state, and counts over all, in one query.

Previews, and runs that failed on somebody's own machine, are in none of the counts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from idexx_sync.clinics.state import (
    STATE_QUERY,
    ClinicState,
    state_from_row,
    state_parameters,
)
from idexx_sync.clinics.store import TELLS
from idexx_sync.core.catalog import SyncName
from idexx_sync.core.errors import NotFound, WhoActs
from idexx_sync.core.vocabulary import JobStatus
from idexx_sync.database.connection import Conn
from idexx_sync.jobs.tick_store import TICK_COUNTS

WINDOW: Final = timedelta(hours=24)
QUANTILES: Final = (0.5, 0.95, 0.99)


class _Count(BaseModel):
    model_config = ConfigDict(frozen=True)

    count: int


class JobCount(_Count):
    """Jobs that were ordered within the window."""

    sync: SyncName
    status: JobStatus
    error_kind: str | None


class TickCount(_Count):
    """Scheduled times within the window that have a job, or were missed."""

    sync: SyncName
    status: JobStatus
    began: bool
    made_up: bool
    """Whether a catch-up does its work."""


class DurationCount(_Count):
    """Jobs that came to an end within the window; seconds from first start to end."""

    sync: SyncName
    total: float
    quantiles: list[float]
    """Those of QUANTILES."""


class QueueCount(_Count):
    """Jobs that have not ended."""

    status: JobStatus
    oldest: datetime


class DeadCount(_Count):
    """Dead jobs that nobody has retried."""

    sync: SyncName


class HoldCount(_Count):
    """Open holds."""

    cause: str


class DiscrepancyCount(_Count):
    """Open discrepancies."""

    cause: str
    missed_by: str | None


class LetterCount(_Count):
    """Dead letters that wait for a person."""


class AlertCount(_Count):
    """Open alerts of clinics, or those that stand for many."""

    kind: str
    who_acts: WhoActs
    of_many: bool


class MessageCount(_Count):
    """What is to be told in Slack and is not known to be there."""

    oldest: datetime


class LoginCount(_Count):
    """Logins within the window; one of which nothing has left us is none."""

    outcome: str | None


class Counts(BaseModel):
    """All counts; a group without anything to count is left out."""

    model_config = ConfigDict(frozen=True)

    read_at: datetime
    """Business time."""
    jobs: list[JobCount]
    ticks: list[TickCount]
    durations: list[DurationCount]
    queue: list[QueueCount]
    dead: list[DeadCount]
    holds: list[HoldCount]
    discrepancies: list[DiscrepancyCount]
    alerts: list[AlertCount]
    letters: list[LetterCount]
    messages: list[MessageCount]
    logins: list[LoginCount]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the database held at one moment."""

    states: Iterator[ClinicState]
    """Read one after the other, once."""
    counts: Counts


_SINCE = "(SELECT idexx_sync.clock()) - %(window)s"
_OF_CLINIC = "(%(clinic_id)s::uuid IS NULL OR clinic_id = %(clinic_id)s)"
_GROUPS: Final = {
    "jobs": f"""
        SELECT sync, status, error_kind, count(*) AS count
          FROM idexx_sync.jobs j
         WHERE queued_at > {_SINCE} AND {_OF_CLINIC} AND {TELLS}
         GROUP BY sync, status, error_kind ORDER BY sync, status, error_kind
    """,
    "ticks": TICK_COUNTS,
    "durations": f"""
        SELECT sync, count(*) AS count, sum(seconds) AS total,
               percentile_cont(%(quantiles)s::float8[]) WITHIN GROUP (ORDER BY seconds)
                   AS quantiles
          FROM (SELECT sync, extract(epoch FROM finished_at - started_at)::float8 AS seconds
                  FROM idexx_sync.jobs j
                 WHERE finished_at > {_SINCE} AND started_at IS NOT NULL AND {_OF_CLINIC}
                   AND {TELLS}
                   AND status IN ('succeeded', 'succeeded_with_warnings', 'held', 'failed')) n
         GROUP BY sync ORDER BY sync
    """,
    "queue": f"""
        SELECT status, count(*) AS count, min(queued_at) AS oldest
          FROM idexx_sync.jobs j
         WHERE status IN ('queued', 'running') AND {_OF_CLINIC} AND {TELLS}
         GROUP BY status
    """,
    "dead": f"""
        SELECT sync, count(*) AS count
          FROM idexx_sync.jobs j
         WHERE status = 'dead' AND {_OF_CLINIC} AND {TELLS}
           AND NOT EXISTS (SELECT FROM idexx_sync.jobs r WHERE r.retry_of = j.id)
         GROUP BY sync
    """,
    "holds": f"""
        SELECT cause, count(*) AS count
          FROM idexx_sync.holds
         WHERE status = 'open' AND {_OF_CLINIC}
         GROUP BY cause ORDER BY cause
    """,
    "discrepancies": f"""
        SELECT cause, missed_by, count(*) AS count
          FROM idexx_sync.discrepancies
         WHERE ended_at IS NULL AND {_OF_CLINIC}
         GROUP BY cause, missed_by ORDER BY cause, missed_by
    """,
    "alerts": f"""
        SELECT kind, who_acts, clinic_id IS NULL AS of_many, count(*) AS count
          FROM idexx_sync.alerts
         WHERE closed_at IS NULL AND {_OF_CLINIC}
         GROUP BY kind, who_acts, of_many ORDER BY kind, who_acts, of_many
    """,
    "letters": f"""
        SELECT count(*) AS count
          FROM idexx_sync.dead_letters
         WHERE status = 'parked' AND {_OF_CLINIC}
    """,
    "messages": """
        SELECT count(*) AS count, min(m.made_at) AS oldest
          FROM idexx_sync.messages m
          LEFT JOIN idexx_sync.alerts a ON a.id = m.alert_id
         WHERE m.sent_at IS NULL
           AND (%(clinic_id)s::uuid IS NULL OR a.clinic_id = %(clinic_id)s)
        HAVING count(*) > 0
    """,
    "logins": f"""
        SELECT outcome, count(*) AS count
          FROM idexx_sync.logins
         WHERE attempted_at > {_SINCE} AND {_OF_CLINIC} AND submitted IS NOT FALSE
         GROUP BY outcome ORDER BY outcome
    """,
}
_GROUPS_AS_JSON: Final = ", ".join(
    f"'{name}', (SELECT coalesce(json_agg(g), '[]') FROM ({query}) g)"
    for name, query in _GROUPS.items()
)
_QUERY: Final = f"""
    WITH states AS ({STATE_QUERY}),
         counted AS (SELECT json_build_object('read_at', idexx_sync.clock(), {_GROUPS_AS_JSON})
                         AS counts)
    SELECT counts, states.* FROM states FULL JOIN counted ON false ORDER BY counts IS NULL
"""
"""One row with everything that is counted over the clinics, then one per clinic."""


def read_counts(conn: Conn, clinic_id: UUID | None = None) -> Reading:
    """States and counts of all clinics, or of the one named; one round trip.

    NotFound when ODIS has no such clinic.
    """
    parameters = {
        **state_parameters(None if clinic_id is None else [clinic_id]),
        "clinic_id": clinic_id,
        "window": WINDOW,
        "quantiles": list(QUANTILES),
    }
    # Not all clinics' rows at once: so many objects keep the collector of garbage busy.
    cur = conn.execute(_QUERY, parameters)
    counted = cur.fetchone()
    if clinic_id is not None and cur.rowcount == 1:
        raise NotFound("clinic", clinic_id)
    assert counted is not None
    states = (state_from_row(row[1:]) for row in cur)
    return Reading(states, Counts.model_validate(counted[0]))
