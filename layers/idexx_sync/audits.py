"""Audit rows: one per record and job, in the transaction of the change (rule R21)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from idexx_sync.db import Conn


@dataclass(frozen=True, slots=True)
class Audit:
    """What happened to one record; `changes` is field -> {"before": ..., "after": ...}."""

    external_id: str
    sync_type: Literal["create", "update", "reconcile"]
    reason: str
    changes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Personal fields hold {"changed": true, "hash": keyed hash}, never a value."""
    status: Literal["success", "error", "skipped"] = "success"
    error_message: str | None = None


def store_audits(conn: Conn, clinic_id: UUID, job_id: UUID, audits: Sequence[Audit]) -> None:
    """Write the audits. Where the job wrote about the record before, the first before stays."""
    if not audits:
        return
    conn.execute(
        """
        INSERT INTO public.case_sync_audits AS a
               (clinic_id, job_id, external_id, sync_type, status, error_message, metadata)
        SELECT %s, %s, p.external_id, p.sync_type, p.status, p.error_message, p.metadata::jsonb
          FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[], %b::text[])
               AS p (external_id, sync_type, status, error_message, metadata)
        ON CONFLICT (job_id, external_id, sync_type) DO UPDATE
           SET status = EXCLUDED.status, error_message = EXCLUDED.error_message,
               metadata = EXCLUDED.metadata || jsonb_build_object('changes',
                   coalesce(a.metadata -> 'changes', '{}') || (
                       SELECT coalesce(jsonb_object_agg(c.key, c.value || CASE
                                  WHEN a.metadata #> ARRAY['changes', c.key, 'before'] IS NULL
                                  THEN '{}'::jsonb
                                  ELSE jsonb_build_object('before',
                                       a.metadata #> ARRAY['changes', c.key, 'before']) END), '{}')
                         FROM jsonb_each(EXCLUDED.metadata -> 'changes') AS c))
        """,
        (
            clinic_id,
            job_id,
            [audit.external_id for audit in audits],
            [audit.sync_type for audit in audits],
            [audit.status for audit in audits],
            [audit.error_message for audit in audits],
            [
                json.dumps({"reason": audit.reason, "changes": audit.changes}, default=str)
                for audit in audits
            ],
        ),
    )
