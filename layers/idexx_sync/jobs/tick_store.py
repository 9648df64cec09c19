"""SQL of jobs as ticks: those that did not run, and the catch-ups that make them up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from idexx_sync.clinics.pause_store import STANDS_FOR
from idexx_sync.clinics.store import ON_BOARD
from idexx_sync.core.catalog import SyncName
from idexx_sync.core.vocabulary import JobStatus
from idexx_sync.database.connection import Conn
from idexx_sync.jobs.model import RunOrder
from idexx_sync.jobs.params import params_model
from idexx_sync.schedules.ticks import MADE_UP_WITHIN

_LATELY: Final = timedelta(minutes=15)
"""A run takes five at most, so that those which come now end within it."""
_NOW: Final = "(SELECT idexx_sync.clock())"
"""Asked once, or no index would be of use."""
_AHEAD: Final = timedelta(minutes=1)
"""By so much two clocks may differ; a tick that is due later has a time that is not true, and would
stand for ever before all that are missed."""
_DID_NOT_RUN: Final = """(t.status IN ('missed', 'skipped_overlap', 'skipped_stale')
        OR t.status IN ('dead', 'failed') AND t.started_at IS NULL)"""
"""Whether nothing came of the job t of a tick: `schedules.ticks.outcome_of` in SQL."""
_DID_ITS_WORK: Final = """j.clinic_id = t.clinic_id AND j.sync = t.sync AND j.manner <> 'preview'
    AND j.status IN ('succeeded', 'succeeded_with_warnings', 'held')
    AND coalesce(j.result ->> 'unfresh', '') <> 'other_days'"""
"""Whether a job j has done what a tick t of its sync is for."""
_TO_MAKE_UP: Final = f"""
      FROM idexx_sync.jobs t
      JOIN public.clinics c ON c.id = t.clinic_id
      JOIN idexx_sync.clinic_settings s ON s.clinic_id = t.clinic_id AND {ON_BOARD}
     WHERE t.trigger = 'schedule' AND t.made_up_by IS NULL AND {_DID_NOT_RUN}
       AND t.scheduled_time BETWEEN {_NOW} - %(within)s AND {_NOW}
       AND NOT EXISTS (SELECT FROM idexx_sync.pauses p WHERE {STANDS_FOR})
       AND NOT EXISTS (SELECT FROM idexx_sync.leases l
                        WHERE l.clinic_id = t.clinic_id AND l.expires_at > clock_timestamp())
       AND NOT EXISTS (SELECT FROM idexx_sync.jobs j
                        WHERE j.clinic_id = t.clinic_id AND j.sync = t.sync
                          AND j.scheduled_time > t.scheduled_time
                          AND j.scheduled_time <= {_NOW} + %(at_most_ahead)s)
       AND NOT EXISTS (SELECT FROM idexx_sync.jobs j
                        WHERE j.clinic_id = t.clinic_id AND j.sync = t.sync
                          AND j.status IN ('queued', 'running') AND j.manner <> 'preview')
       AND NOT EXISTS (SELECT FROM idexx_sync.jobs j
                        WHERE j.finished_at >= t.scheduled_time
                          AND j.started_at >= t.scheduled_time AND {_DID_ITS_WORK})"""
"""The newest tick of a sync that did not run and whose work nobody does: its clinic is synced, free
and not paused, and no run of the sync has begun since, or waits."""


def usual_delays(conn: Conn) -> dict[SyncName, timedelta]:
    """How long after its time a tick of each sync has lately been received, by half of them; a sync
    of which none was is left out."""
    rows = conn.execute(
        """
        SELECT sync, percentile_disc(0.5) WITHIN GROUP (ORDER BY queued_at - scheduled_time)
          FROM idexx_sync.jobs
         WHERE finished_at > (SELECT idexx_sync.clock()) - %s
           AND trigger = 'schedule' AND isfinite(scheduled_time) AND isfinite(queued_at)
           AND (attempt > 0 OR status = 'skipped_overlap')
         GROUP BY sync
        """,
        (_LATELY,),
    ).fetchall()
    return dict(rows)


def insert_missed(conn: Conn, ticks: Sequence[RunOrder]) -> int:
    """Give each tick that has no job one that has ended as missed; how many those were.

    Whoever receives such a tick later finds its job ended, and does nothing.
    """
    return conn.execute(
        """
        INSERT INTO idexx_sync.jobs (id, clinic_id, sync, trigger, scheduled_time, params, manner,
                                     status, error_message, finished_at)
        SELECT n.id, n.clinic_id, n.sync, 'schedule', n.scheduled_time, n.params, n.manner,
               'missed', 'it was due, and nothing of it has arrived', idexx_sync.clock()
          FROM jsonb_to_recordset(%s)
               AS n (id uuid, clinic_id uuid, sync text, scheduled_time timestamptz, params jsonb,
                     manner text)
          JOIN public.clinics c ON c.id = n.clinic_id
         ORDER BY n.id
        ON CONFLICT DO NOTHING
        """,
        (Jsonb([_row(tick) for tick in ticks]),),
    ).rowcount


def _row(tick: RunOrder) -> dict[str, Any]:
    assert tick.scheduled_time is not None
    return {
        "id": str(tick.job_id),
        "clinic_id": str(tick.clinic_id),
        "sync": tick.sync,
        "scheduled_time": tick.scheduled_time.isoformat(),
        "params": {} if tick.params is None else tick.params.as_stored(),
        "manner": tick.manner,
    }


@dataclass(frozen=True, slots=True)
class Unrun:
    """A tick that did not run, and whose work nobody does."""

    job_id: UUID
    clinic_id: UUID
    sync: SyncName
    due: datetime
    now: datetime
    """Business time."""


def to_make_up(
    conn: Conn, sync: SyncName, behind: tuple[datetime, UUID] | None, limit: int
) -> list[Unrun]:
    """The newest tick of each clinic that did not run and whose work nobody does, newest first:
    older ones of a long outage are behind, and need not be looked through."""
    place = "" if behind is None else "AND (t.scheduled_time, t.id) < (%(due)s, %(id)s)"
    due, job_id = behind or (None, None)
    with conn.cursor(row_factory=class_row(Unrun)) as cur:
        return cur.execute(
            f"""
            SELECT t.id AS job_id, t.clinic_id, t.sync, t.scheduled_time AS due,
                   idexx_sync.clock() AS now
            {_TO_MAKE_UP} AND t.sync = %(sync)s {place}
             ORDER BY t.scheduled_time DESC, t.id DESC LIMIT %(limit)s
            """,
            {
                "within": MADE_UP_WITHIN,
                "at_most_ahead": _AHEAD,
                "sync": sync,
                "due": due,
                "id": job_id,
                "limit": limit,
            },
        ).fetchall()


def insert_catch_up(conn: Conn, tick: Unrun) -> UUID | None:
    """The catch-up of the tick and of those before it that did not run either; None if by now there
    is nothing to make up.

    It is the same one whoever makes it, so that no tick is made up twice.
    """
    catch_up = uuid5(tick.job_id, "catch_up")
    params = params_model(tick.sync).on_schedule()
    named = conn.execute(
        f"""
        WITH made AS (
            INSERT INTO idexx_sync.jobs
                   (id, clinic_id, sync, trigger, params, manner, catch_up_of, for_workers)
            SELECT %(catch_up)s, t.clinic_id, t.sync, 'catch_up', %(params)s, %(manner)s, t.id, true
            {_TO_MAKE_UP} AND t.id = %(tick)s
            ON CONFLICT DO NOTHING
            RETURNING id, clinic_id, sync
        )
        UPDATE idexx_sync.jobs t SET made_up_by = made.id
          FROM made
         WHERE t.clinic_id = made.clinic_id AND t.sync = made.sync AND t.trigger = 'schedule'
           AND t.made_up_by IS NULL AND {_DID_NOT_RUN}
           AND t.scheduled_time BETWEEN {_NOW} - %(within)s AND %(due)s
           AND t.scheduled_time > coalesce(
               (SELECT max(j.started_at) FROM idexx_sync.jobs j
                 WHERE j.finished_at > {_NOW} - %(within)s AND {_DID_ITS_WORK}),
               '-infinity')
        """,
        {
            "catch_up": catch_up,
            "params": Jsonb(params.as_stored()),
            "manner": params.manner,
            "tick": tick.job_id,
            "due": tick.due,
            "within": MADE_UP_WITHIN,
            "at_most_ahead": _AHEAD,
        },
    )
    return catch_up if named.rowcount else None


def unsent(conn: Conn, limit: int) -> list[tuple[UUID, SyncName]]:
    """Catch-ups of which no worker has been told, the oldest first."""
    return conn.execute(
        """
        SELECT id, sync FROM idexx_sync.jobs
         WHERE status = 'queued' AND attempt = 0 AND trigger = 'catch_up'
           AND dispatched_at IS NULL
         ORDER BY queued_at, id LIMIT %s
        """,
        (limit,),
    ).fetchall()


TICK_COUNTS: Final = """
    SELECT sync, status, started_at IS NOT NULL AS began, made_up_by IS NOT NULL AS made_up,
           count(*) AS count
      FROM idexx_sync.jobs
     WHERE trigger = 'schedule'
       AND scheduled_time > (SELECT idexx_sync.clock()) - %(window)s
       AND scheduled_time <= (SELECT idexx_sync.clock())
       AND (%(clinic_id)s::uuid IS NULL OR clinic_id = %(clinic_id)s)
     GROUP BY sync, status, began, made_up ORDER BY sync, status, began, made_up
"""
"""How many ticks of the window ended how, of all clinics or of the one named."""


def tick_counts(
    conn: Conn, clinic_id: UUID | None, window: timedelta
) -> list[tuple[SyncName, JobStatus, bool, bool, int]]:
    return conn.execute(TICK_COUNTS, {"clinic_id": clinic_id, "window": window}).fetchall()
