"""SQL of alerts where a job ends: part of the statement that ends it.

`ended` is the job's row there. A run that somebody made on a machine of their own tells nothing
when it fails, and a preview never does, as for a clinic's status.
"""

from typing import Any, Final

from idexx_sync.alerts.kinds import OF_THE_LOGIN, STALE, makes_good, opening
from idexx_sync.clinics.store import TELLS
from idexx_sync.core.errors import SyncError
from idexx_sync.core.vocabulary import JobStatus

OPENS: Final = f"""
    opened AS (
        INSERT INTO idexx_sync.alerts AS a
               (clinic_id, kind, syncs, who_acts, code, job_id, incident_id, muted_until, muted_by)
        SELECT j.clinic_id, %(opens)s, ARRAY[j.sync], %(who_acts)s, %(code)s, j.id,
               (SELECT i.id FROM idexx_sync.alerts i
                 WHERE i.clinic_id IS NULL AND i.kind = %(opens)s AND i.closed_at IS NULL),
               m.muted_until, m.muted_by
          FROM ended j
          LEFT JOIN LATERAL (
               SELECT e.muted_until, e.muted_by FROM idexx_sync.alerts e
                WHERE e.clinic_id = j.clinic_id AND e.kind = %(opens)s
                  AND e.muted_until > idexx_sync.clock()
                ORDER BY e.opened_at DESC LIMIT 1) m ON true
         WHERE {TELLS}
        ON CONFLICT (clinic_id, kind) WHERE closed_at IS NULL AND clinic_id IS NOT NULL DO UPDATE
           SET syncs = CASE WHEN EXCLUDED.syncs <@ a.syncs THEN a.syncs
                            ELSE a.syncs || EXCLUDED.syncs END,
               who_acts = EXCLUDED.who_acts, code = EXCLUDED.code, job_id = EXCLUDED.job_id,
               times = a.times + 1, last_at = idexx_sync.clock()
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
           AND a.kind IS DISTINCT FROM %(opens)s
           AND (a.kind <> %(stale)s OR j.fresh)
           AND {TELLS}
    )"""


def telling(status: JobStatus, error: SyncError | None) -> tuple[str, dict[str, Any]]:
    """What ends a job so writes about it besides: parts of its statement, and their parameters."""
    opens = opening(status, error)
    parts = [*([OPENS] if opens else []), *([CLOSES] if makes_good(status) else [])]
    return "".join(f",{part}" for part in parts), {
        "opens": opens and opens.kind,
        "who_acts": opens and opens.who_acts,
        "code": opens and opens.code,
        "of_the_login": list(OF_THE_LOGIN),
        "stale": STALE,
    }
