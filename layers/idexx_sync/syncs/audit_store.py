"""SQL of our log `idexx_sync.changes`: one row per record and job, in the transaction of the
change, and from it what ODIS is told in `case_sync_audits` (rule R21)."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from psycopg.rows import kwargs_row

from idexx_sync.core.catalog import CATALOG, SyncName
from idexx_sync.database.connection import Conn
from idexx_sync.syncs.audit import Audit, Logged, LoggedChange


def store_audits(
    conn: Conn,
    clinic_id: UUID,
    sync: SyncName,
    job_id: UUID,
    audits: Sequence[Audit],
    now: datetime,
) -> None:
    """Log the audits, at most one row per record.

    Where the job wrote about the record before, that row goes on: what it was, its first reason
    and its first before stay, and so does a success.
    """
    for batch in _each_record_once(audits):
        _store_batch(conn, clinic_id, sync, job_id, batch, now)


def tell_audits(conn: Conn, job_id: UUID, records: Sequence[str]) -> None:
    """Tell ODIS in `case_sync_audits` what the log says that the job did to the records."""
    conn.execute("SELECT idexx_sync.tell_changes(%s, %b)", (job_id, list(records)))


def _each_record_once(audits: Sequence[Audit]) -> Iterable[Sequence[Audit]]:
    """The audits in turns: one statement can write a row only once."""
    turns: list[list[Audit]] = []
    seen = Counter[str]()
    for audit in audits:
        if seen[audit.external_id] == len(turns):
            turns.append([])
        turns[seen[audit.external_id]].append(audit)
        seen[audit.external_id] += 1
    return turns


def _store_batch(
    conn: Conn,
    clinic_id: UUID,
    sync: SyncName,
    job_id: UUID,
    audits: Sequence[Audit],
    now: datetime,
) -> None:
    conn.execute(
        """
        INSERT INTO idexx_sync.changes AS c
               (job_id, clinic_id, sync, kind, external_id, case_id, action, outcome, reasons,
                fields, error, at)
        SELECT %(job_id)s, %(clinic_id)s, %(sync)s, p.kind, p.external_id, p.case_id, p.action,
               p.outcome, ARRAY[p.reason], p.fields::jsonb, p.error, %(now)s
          FROM unnest(%(ids)b::text[], %(kinds)b::text[], %(cases)b::uuid[], %(actions)b::text[],
                      %(outcomes)b::text[], %(reasons)b::text[], %(fields)b::text[],
                      %(errors)b::text[])
               AS p (external_id, kind, case_id, action, outcome, reason, fields, error)
        ON CONFLICT (job_id, kind, external_id) DO UPDATE
           SET case_id = coalesce(EXCLUDED.case_id, c.case_id),
               outcome = CASE c.outcome WHEN 'written' THEN c.outcome ELSE EXCLUDED.outcome END,
               error = CASE c.outcome WHEN 'written' THEN c.error ELSE EXCLUDED.error END,
               reasons = CASE WHEN c.outcome <> 'written' THEN EXCLUDED.reasons
                              WHEN EXCLUDED.outcome <> 'written'
                                   OR EXCLUDED.reasons <@ c.reasons THEN c.reasons
                              ELSE c.reasons || EXCLUDED.reasons END,
               fields = c.fields || (
                   SELECT coalesce(jsonb_object_agg(f.key, f.value || CASE
                              WHEN c.fields #> ARRAY[f.key, 'before'] IS NULL THEN '{}'::jsonb
                              ELSE jsonb_build_object(
                                       'before', c.fields #> ARRAY[f.key, 'before']) END), '{}')
                     FROM jsonb_each(EXCLUDED.fields) AS f)
        """,
        {
            "clinic_id": clinic_id,
            "sync": sync,
            "job_id": job_id,
            "now": now,
            "ids": [audit.external_id for audit in audits],
            "kinds": [audit.kind or CATALOG[sync].logs for audit in audits],
            "cases": [audit.case_id for audit in audits],
            "actions": [audit.action for audit in audits],
            "outcomes": [audit.outcome for audit in audits],
            "reasons": [audit.reason for audit in audits],
            "fields": [json.dumps(audit.changes, default=str) for audit in audits],
            "errors": [audit.error_message for audit in audits],
        },
    )


def written_by(conn: Conn, job_id: UUID) -> list[Logged]:
    """The records that the job has changed so far."""
    rows = conn.execute(
        """
        SELECT external_id, action, reasons FROM idexx_sync.changes
         WHERE job_id = %s AND outcome = 'written'
        """,
        (job_id,),
    ).fetchall()
    return [Logged(key, action, tuple(reasons)) for key, action, reasons in rows]


def changes_of(
    conn: Conn, clinic_id: UUID, job_id: UUID, *, after: str | None = None, limit: int
) -> list[LoggedChange]:
    """What our log says of the clinic's job, by record; `after`: begin behind this one."""
    with conn.cursor(row_factory=kwargs_row(LoggedChange.read)) as cur:
        return cur.execute(
            """
            SELECT external_id, action, outcome, reasons, fields, error, at
              FROM idexx_sync.changes
             WHERE clinic_id = %(clinic_id)s AND job_id = %(job_id)s
               AND (%(after)s::text IS NULL OR external_id COLLATE "C" > %(after)s COLLATE "C")
             ORDER BY external_id COLLATE "C" LIMIT %(limit)s
            """,
            {"clinic_id": clinic_id, "job_id": job_id, "after": after, "limit": limit},
        ).fetchall()
