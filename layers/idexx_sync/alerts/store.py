"""SQL of alerts where a job ends: part of the statement that ends it, however many it opens.

`ended` is the job's row there. A run that somebody made on a machine of their own tells nothing
when it fails, and a preview never does, as for a clinic's status. Of a clinic that is not synced
nothing is told anew. A run of days that somebody named shows nothing of those that fail; what each
run says anew it shows whatever its days.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, Final

from idexx_sync.alerts.alike_store import BOUNDS, stands_for
from idexx_sync.alerts.kinds import (
    HELD,
    OF_THE_LOGIN,
    SAID_ANEW,
    STALE,
    Opening,
    makes_good,
    openings,
)
from idexx_sync.clinics.store import ON_BOARD, TELLS
from idexx_sync.core.errors import SyncError
from idexx_sync.core.vocabulary import JobStatus

MUTED: Final = """
    SELECT e.muted_until, e.muted_by FROM idexx_sync.alerts e
     WHERE e.clinic_id = c.id AND e.kind = o.kind AND e.muted_until > idexx_sync.clock()
     ORDER BY e.opened_at DESC LIMIT 1"""
"""Until when the kind of an opening o is muted at a clinic c, by an alert that was closed or is
open."""
OPEN_HOLD: Final = "h.clinic_id = j.clinic_id AND h.sync = j.sync AND h.status = 'open'"
FINDINGS: Final = "(SELECT count(*) FROM jsonb_object_keys(h.findings))"
"""How many records a hold h is about."""
OPENS: Final = f"""
    opened AS (
        INSERT INTO idexx_sync.alerts AS a
               (clinic_id, kind, syncs, who_acts, code, records, job_id, incident_id, muted_until,
                muted_by)
        SELECT j.clinic_id, o.kind, ARRAY[j.sync], o.who_acts, w.code, o.records, j.id,
               (SELECT i.id FROM idexx_sync.alerts i
                 WHERE {stands_for("o.kind", "w.code", "idexx_sync.clock()")}),
               m.muted_until, m.muted_by
          FROM ended j
         CROSS JOIN jsonb_to_recordset(%(openings)s::jsonb)
               AS o (kind text, who_acts text, code text, records text[])
          JOIN public.clinics c ON c.id = j.clinic_id
          JOIN idexx_sync.clinic_settings s ON s.clinic_id = j.clinic_id AND {ON_BOARD}
         CROSS JOIN LATERAL (
               SELECT CASE WHEN o.kind = %(held)s
                           THEN (SELECT h.cause FROM idexx_sync.holds h WHERE {OPEN_HOLD}
                                  ORDER BY h.opened_at DESC, {FINDINGS} DESC, h.cause LIMIT 1)
                           ELSE o.code END AS code) w
          LEFT JOIN LATERAL ({MUTED}) m ON true
         WHERE {TELLS}
           AND (o.kind <> %(held)s OR j.manner = 'apply' OR w.code IS NOT NULL)
         ORDER BY o.kind
        ON CONFLICT (clinic_id, kind) WHERE closed_at IS NULL AND clinic_id IS NOT NULL DO UPDATE
           SET syncs = CASE WHEN EXCLUDED.syncs <@ a.syncs THEN a.syncs
                            ELSE a.syncs || EXCLUDED.syncs END,
               who_acts = EXCLUDED.who_acts, code = EXCLUDED.code, records = EXCLUDED.records,
               job_id = EXCLUDED.job_id, times = a.times + 1, last_at = idexx_sync.clock()
    )"""
CLOSES: Final = f"""
    closed AS (
        UPDATE idexx_sync.alerts a
           SET syncs = CASE WHEN a.syncs <@ ARRAY[j.sync] OR a.kind = ANY(%(of_the_login)s)
                            THEN a.syncs ELSE array_remove(a.syncs, j.sync) END,
               closed_at = CASE WHEN a.syncs <@ ARRAY[j.sync] OR a.kind = ANY(%(of_the_login)s)
                                THEN idexx_sync.clock() END,
               closed_because = CASE
                   WHEN a.syncs <@ ARRAY[j.sync] OR a.kind = ANY(%(of_the_login)s)
                   THEN 'succeeded' END
          FROM ended j
         WHERE a.clinic_id = j.clinic_id AND a.closed_at IS NULL
           AND (j.sync = ANY(a.syncs) OR a.kind = ANY(%(of_the_login)s))
           AND a.kind <> ALL(%(opens)s)
           AND CASE a.kind WHEN %(stale)s THEN j.fresh
                           WHEN %(held)s THEN NOT EXISTS (
                                SELECT FROM idexx_sync.holds h WHERE {OPEN_HOLD})
                           ELSE NOT j.of_other_days OR a.kind = ANY(%(whatever_the_days)s) END
           AND {TELLS}
    )"""


def telling(
    status: JobStatus, error: SyncError | None, also_tells: Iterable[Opening] = ()
) -> tuple[str, dict[str, Any]]:
    """What ends a job so writes about it besides: parts of its statement, and their parameters."""
    opens = openings(status, error, also_tells)
    parts = [*([OPENS] if opens else []), *([CLOSES] if makes_good(status) else [])]
    return "".join(f",{part}" for part in parts), {
        "opens": [one.kind for one in opens],
        "openings": json.dumps([asdict(one) for one in opens]),
        "of_the_login": list(OF_THE_LOGIN),
        "whatever_the_days": [*OF_THE_LOGIN, *SAID_ANEW],
        "stale": STALE,
        "held": HELD,
        **BOUNDS,
    }
