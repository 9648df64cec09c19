"""SQL of alerts where a job ends: part of the statement that ends it.

`ended` is the job's row there. A run that somebody made on a machine of their own tells nothing
when it fails, and a preview never does, as for a clinic's status. Of a clinic that is not synced
nothing is told anew. A run of days that somebody named shows nothing of those that fail.
"""

from typing import Any, Final

from idexx_sync.alerts.kinds import HELD, OF_THE_LOGIN, STALE, makes_good, opening
from idexx_sync.clinics.store import ON_BOARD, TELLS
from idexx_sync.core.errors import SyncError
from idexx_sync.core.vocabulary import JobStatus

MUTED: Final = """
    SELECT e.muted_until, e.muted_by FROM idexx_sync.alerts e
     WHERE e.clinic_id = c.id AND e.kind = %(opens)s AND e.muted_until > idexx_sync.clock()
     ORDER BY e.opened_at DESC LIMIT 1"""
"""Until when a kind is muted at a clinic c, by an alert that was closed or is open."""
OPEN_HOLD: Final = "h.clinic_id = j.clinic_id AND h.sync = j.sync AND h.status = 'open'"
OPENS: Final = f"""
    opened AS (
        INSERT INTO idexx_sync.alerts AS a
               (clinic_id, kind, syncs, who_acts, code, job_id, incident_id, muted_until, muted_by)
        SELECT j.clinic_id, %(opens)s, ARRAY[j.sync], %(who_acts)s, w.code, j.id,
               (SELECT i.id FROM idexx_sync.alerts i
                 WHERE i.clinic_id IS NULL AND i.closed_at IS NULL
                   AND i.kind = %(opens)s AND i.code IS NOT DISTINCT FROM w.code),
               m.muted_until, m.muted_by
          FROM ended j
          JOIN public.clinics c ON c.id = j.clinic_id
          JOIN idexx_sync.clinic_settings s ON s.clinic_id = j.clinic_id AND {ON_BOARD}
         CROSS JOIN LATERAL (
               SELECT CASE WHEN %(opens)s = %(held)s
                           THEN (SELECT h.cause FROM idexx_sync.holds h WHERE {OPEN_HOLD}
                                  ORDER BY h.opened_at DESC LIMIT 1)
                           ELSE %(code)s END AS code) w
          LEFT JOIN LATERAL ({MUTED}) m ON true
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
           AND CASE a.kind WHEN %(stale)s THEN j.fresh
                           WHEN %(held)s THEN NOT EXISTS (
                                SELECT FROM idexx_sync.holds h WHERE {OPEN_HOLD})
                           ELSE NOT j.of_other_days OR a.kind = ANY(%(of_the_login)s) END
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
        "held": HELD,
    }
