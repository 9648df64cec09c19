"""SQL of audit rows: one per record and job, in the transaction of the change (rule R21)."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from uuid import UUID

from idexx_sync.database.connection import Conn
from idexx_sync.syncs.audit import Audit


def store_audits(conn: Conn, clinic_id: UUID, job_id: UUID, audits: Sequence[Audit]) -> None:
    """Write the audits, at most one row per record.

    Where the job wrote about the record before, that row goes on: what it was and its first before
    stay, and so does a success.
    """
    for batch in _each_record_once(audits):
        _store_batch(conn, clinic_id, job_id, batch)


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


def _store_batch(conn: Conn, clinic_id: UUID, job_id: UUID, audits: Sequence[Audit]) -> None:
    conn.execute(
        """
        INSERT INTO public.case_sync_audits AS a
               (clinic_id, job_id, external_id, case_id, sync_type, status, error_message, metadata)
        SELECT %(clinic_id)s, %(job_id)s, p.external_id, p.case_id,
               coalesce(before.sync_type, p.sync_type), p.status, p.error_message,
               p.metadata::jsonb
          FROM unnest(%(ids)b::text[], %(cases)b::uuid[], %(types)b::text[], %(statuses)b::text[],
                      %(errors)b::text[], %(metadata)b::text[])
               AS p (external_id, case_id, sync_type, status, error_message, metadata)
          LEFT JOIN public.case_sync_audits before
            ON before.job_id = %(job_id)s AND before.external_id = p.external_id
        ON CONFLICT (job_id, external_id, sync_type) DO UPDATE
           SET status = CASE a.status WHEN 'success' THEN a.status ELSE EXCLUDED.status END,
               error_message = CASE a.status WHEN 'success' THEN a.error_message
                                             ELSE EXCLUDED.error_message END,
               case_id = coalesce(EXCLUDED.case_id, a.case_id),
               metadata = EXCLUDED.metadata || jsonb_build_object('reason',
                   CASE a.status WHEN 'success' THEN a.metadata -> 'reason'
                                 ELSE EXCLUDED.metadata -> 'reason' END, 'changes',
                   coalesce(a.metadata -> 'changes', '{}') || (
                       SELECT coalesce(jsonb_object_agg(c.key, c.value || CASE
                                  WHEN a.metadata #> ARRAY['changes', c.key, 'before'] IS NULL
                                  THEN '{}'::jsonb
                                  ELSE jsonb_build_object('before',
                                       a.metadata #> ARRAY['changes', c.key, 'before']) END), '{}')
                         FROM jsonb_each(EXCLUDED.metadata -> 'changes') AS c))
        """,
        {
            "clinic_id": clinic_id,
            "job_id": job_id,
            "ids": [audit.external_id for audit in audits],
            "cases": [audit.case_id for audit in audits],
            "types": [audit.sync_type for audit in audits],
            "statuses": [audit.status for audit in audits],
            "errors": [audit.error_message for audit in audits],
            "metadata": [
                json.dumps({"reason": audit.reason, "changes": audit.changes}, default=str)
                for audit in audits
            ],
        },
    )


def audited_by(conn: Conn, job_id: UUID) -> dict[str, str]:
    """External id -> type, of the records that the job has changed so far."""
    rows = conn.execute(
        """
        SELECT external_id, sync_type FROM public.case_sync_audits
         WHERE job_id = %s AND status = 'success'
        """,
        (job_id,),
    ).fetchall()
    return dict(rows)
