"""SQL of discrepancies: what is open, what a run found, which job saw which."""

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from psycopg import Cursor
from psycopg.rows import class_row

from idexx_sync.database.connection import Conn
from idexx_sync.syncs.proof import UNPROVEN
from idexx_sync.syncs.reconciliation.causes import POLICIES
from idexx_sync.syncs.reconciliation.ledger import NIGHTS_THAT_TELL
from idexx_sync.syncs.reconciliation.model import Known, Seen

SEEN_LATELY: Final = timedelta(days=2)
"""A night has seen it that long ago at most."""
SIGHT: Final = timedelta(days=7)
"""What nobody has seen for so long has ended, as far as anybody knows."""


def open_discrepancies(conn: Conn, clinic_id: UUID, job_id: UUID) -> Cursor[Known]:
    """Those that are open, for the job; a cursor, because the caller may be pipelining."""
    return conn.cursor(row_factory=class_row(Known)).execute(
        """
        SELECT id, kind, external_id, cause, day, fingerprint, nights, last_night, outcome,
               first_seen_at,
               EXISTS (SELECT FROM idexx_sync.sightings
                        WHERE job_id = %s AND discrepancy_id = d.id) AS is_of_this_job,
               last_seen_at < idexx_sync.clock() - %s AS is_out_of_sight
          FROM idexx_sync.discrepancies d
         WHERE clinic_id = %s AND ended_at IS NULL
        """,
        (job_id, SIGHT, clinic_id),
    )


def store_ended(conn: Conn, clinic_id: UUID, ended: Sequence[UUID], now: datetime) -> None:
    """Write that these are found no more; part of the caller's transaction."""
    if ended:
        conn.execute(
            "UPDATE idexx_sync.discrepancies SET ended_at = %s WHERE clinic_id = %s "
            "AND id = ANY(%s)",
            (now, clinic_id, list(ended)),
        )


def store_seen(
    conn: Conn, clinic_id: UUID, job_id: UUID, now: datetime, seen: Sequence[Seen]
) -> None:
    """Write what a piece has found, and that the job saw it; part of the caller's transaction."""
    conn.execute(
        """
        WITH told AS (
            SELECT * FROM unnest(%b::uuid[], %b::text[], %b::text[], %b::text[], %b::date[],
                                 %b::text[], %b::text[], %b::text[], %b::text[], %b::text[],
                                 %b::integer[], %b::date[])
                AS p (id, kind, external_id, cause, day, fingerprint, decision, missed_by,
                      treatment, outcome, nights, last_night)),
        stored AS (
            INSERT INTO idexx_sync.discrepancies AS d
                   (id, clinic_id, kind, external_id, cause, day, fingerprint, decision, missed_by,
                    treatment, outcome, nights, last_night, first_seen_at, last_seen_at)
            SELECT p.id, %s, p.kind, p.external_id, p.cause, p.day, p.fingerprint,
                   p.decision::jsonb, p.missed_by, p.treatment, p.outcome, p.nights, p.last_night,
                   %s, %s
              FROM told p
            ON CONFLICT (id) DO UPDATE
               SET day = EXCLUDED.day, fingerprint = EXCLUDED.fingerprint,
                   decision = EXCLUDED.decision, missed_by = EXCLUDED.missed_by,
                   treatment = EXCLUDED.treatment, outcome = EXCLUDED.outcome,
                   nights = EXCLUDED.nights, last_night = EXCLUDED.last_night,
                   last_seen_at = EXCLUDED.last_seen_at
            RETURNING id, treatment, outcome)
        INSERT INTO idexx_sync.sightings AS s
               (job_id, discrepancy_id, clinic_id, treatment, outcome)
        SELECT %s, id, %s, treatment, outcome FROM stored
        ON CONFLICT (job_id, discrepancy_id) DO UPDATE
           SET treatment = EXCLUDED.treatment, outcome = EXCLUDED.outcome
        """,
        (*_columns(seen), clinic_id, now, now, job_id, clinic_id),
    )


def _columns(seen: Sequence[Seen]) -> tuple[list[Any], ...]:
    found = [one.difference for one in seen]
    return (
        [one.known or uuid4() for one in seen],
        [one.kind for one in found],
        [one.key for one in found],
        [one.cause for one in found],
        [one.day for one in found],
        [one.fingerprint for one in seen],
        [json.dumps(one.decision.as_data()) for one in found],
        [one.missed_by for one in found],
        [one.treatment for one in found],
        [one.outcome for one in seen],
        [one.nights for one in seen],
        [one.last_night for one in seen],
    )


_OURS: Final = [cause for cause, policy in POLICIES.items() if policy.passes]


def standing(conn: Conn, clinic_id: UUID, now: datetime) -> list[UUID]:
    """Open discrepancies that have been there on three nights although one of our syncs should have
    ended them, the oldest first; those that no night looks at any more are not among them."""
    rows = conn.execute(
        """
        SELECT id FROM idexx_sync.discrepancies
         WHERE clinic_id = %s AND ended_at IS NULL AND nights >= %s AND cause = ANY(%s)
           AND treatment <> 'ignore' AND outcome <> 'held'
           AND (outcome IN ('fixed', 'left') OR missed_by IS NOT NULL)
           AND last_seen_at > %s AND decision ->> 'code' <> ALL(%s)
         ORDER BY first_seen_at, id
        """,
        (clinic_id, NIGHTS_THAT_TELL, _OURS, now - SEEN_LATELY, list(UNPROVEN)),
    ).fetchall()
    return [row[0] for row in rows]


def counts_of_job(conn: Conn, job_id: UUID) -> dict[str, dict[str, int]]:
    """Cause -> outcome -> how many the job saw."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for cause, outcome, number in conn.execute(
        """
        SELECT d.cause, s.outcome, count(*)
          FROM idexx_sync.sightings s JOIN idexx_sync.discrepancies d ON d.id = s.discrepancy_id
         WHERE s.job_id = %s GROUP BY 1, 2 ORDER BY 1, 2
        """,
        (job_id,),
    ).fetchall():
        found[cause][outcome] = number
    return dict(found)
