"""SQL of alerts that no job's end writes: data that grow old, many clinics alike, causes gone."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from idexx_sync.alerts.alike_store import BOUNDS, stands_for
from idexx_sync.alerts.kinds import HELD, STALE
from idexx_sync.alerts.store import MUTED
from idexx_sync.clinics.store import ON_BOARD
from idexx_sync.core.errors import WhoActs
from idexx_sync.database.connection import Conn, writing


@dataclass(frozen=True, slots=True)
class Grown:
    """A sync of a clinic whose data have grown old, or no longer are."""

    clinic_id: UUID
    sync: str
    is_stale: bool | None
    """None: something else is told of it, or somebody paused it, and nothing says that they are
    new again."""
    who_acts: WhoActs = "odis"
    """Nobody, where the sync's runs fail for a reason that passes by itself."""
    code: str | None = None
    """The kind of error with which they fail."""


def clinics_after(conn: Conn, after: UUID | None, limit: int) -> list[UUID]:
    """Ids of clinics that are synced, in the order of their ids, behind `after`."""
    rows = conn.execute(
        f"""
        SELECT c.id FROM public.clinics c
          JOIN idexx_sync.clinic_settings s ON s.clinic_id = c.id
         WHERE {ON_BOARD} AND (%(after)s::uuid IS NULL OR c.id > %(after)s)
         ORDER BY c.id LIMIT %(limit)s
        """,
        {"after": after, "limit": limit},
    ).fetchall()
    return [row[0] for row in rows]


def tell_grown(conn: Conn, found: Collection[Grown]) -> int:
    """Open and close the alerts on data that have grown old; how many were opened or closed."""
    if not found:
        return 0
    parameters: dict[str, Any] = {
        "clinics": [one.clinic_id for one in found],
        "syncs": [one.sync for one in found],
        "stale": [one.is_stale for one in found],
        "who_acts": [one.who_acts for one in found],
        "codes": [one.code for one in found],
        "opens": STALE,
    }
    found_rows = """
        found AS (
            SELECT clinic_id, coalesce(array_agg(sync ORDER BY sync) FILTER (WHERE is_stale), '{}')
                              AS syncs,
                   bool_and(is_stale IS FALSE) AS is_new,
                   max(who_acts) FILTER (WHERE is_stale) AS who_acts,
                   min(code) FILTER (WHERE is_stale) AS code
              FROM unnest(%(clinics)s::uuid[], %(syncs)s::text[], %(stale)s::boolean[],
                          %(who_acts)s::text[], %(codes)s::text[])
                   AS f (clinic_id, sync, is_stale, who_acts, code)
             GROUP BY clinic_id
        )"""
    with writing(conn):
        closed = conn.execute(
            f"""
            WITH {found_rows}
            UPDATE idexx_sync.alerts a
               SET closed_at = idexx_sync.clock(), closed_because = 'no_longer_so'
              FROM found
             WHERE a.clinic_id = found.clinic_id AND a.kind = %(opens)s AND a.closed_at IS NULL
               AND found.is_new
            """,
            parameters,
        )
        opened = conn.execute(
            f"""
            WITH {found_rows}
            INSERT INTO idexx_sync.alerts AS a
                   (clinic_id, kind, syncs, who_acts, code, muted_until, muted_by)
            SELECT c.id, o.kind, found.syncs, found.who_acts, found.code,
                   m.muted_until, m.muted_by
              FROM found JOIN public.clinics c ON c.id = found.clinic_id
             CROSS JOIN (VALUES (%(opens)s::text)) AS o (kind)
              LEFT JOIN LATERAL ({MUTED}) m ON true
             WHERE found.syncs <> '{{}}' ORDER BY 1
            ON CONFLICT (clinic_id, kind) WHERE closed_at IS NULL AND clinic_id IS NOT NULL
            DO UPDATE SET syncs = EXCLUDED.syncs, who_acts = EXCLUDED.who_acts,
                          code = EXCLUDED.code
                    WHERE (a.syncs, a.who_acts, a.code)
                          IS DISTINCT FROM (EXCLUDED.syncs, EXCLUDED.who_acts, EXCLUDED.code)
            """,
            parameters,
        )
    return closed.rowcount + opened.rowcount


def close_causeless(conn: Conn) -> int:
    """Close what stands of clinics that are synced no longer, and of holds that nobody waits for;
    how many."""
    with writing(conn):
        closed = conn.execute(
            f"""
            UPDATE idexx_sync.alerts a
               SET closed_at = idexx_sync.clock(),
                   closed_because = CASE WHEN a.kind = %(held)s AND found.is_on_board
                                         THEN 'no_longer_so' ELSE 'not_watched' END
              FROM (SELECT c.id, coalesce({ON_BOARD}, false) AS is_on_board
                      FROM public.clinics c
                      LEFT JOIN idexx_sync.clinic_settings s ON s.clinic_id = c.id) found
             WHERE a.closed_at IS NULL AND a.clinic_id = found.id
               AND (NOT found.is_on_board
                    OR a.kind = %(held)s AND NOT EXISTS (
                        SELECT FROM idexx_sync.holds h
                         WHERE h.clinic_id = a.clinic_id AND h.status = 'open'))
            """,
            {"held": HELD},
        )
    return closed.rowcount


def stand_together(conn: Conn) -> int:
    """Open, keep and close the alerts that stand for many clinics alike; how many changed.

    What more than 5 clinics and more than a tenth of those that are synced begin to have within
    some hours, for one reason, is told once. As many that begin to have it later join the one that
    stands, which is told anew; fewer are told by themselves. So are those that are left when it no
    longer is, and whoever has had it for longer.
    """
    with writing(conn):
        conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('alerts for many', 0))")
        changed = conn.execute(_CHANGE, BOUNDS)
        joined = conn.execute(
            f"""
            UPDATE idexx_sync.alerts a SET incident_id = found.incident_id
              FROM (SELECT s.id, i.id AS incident_id
                      FROM idexx_sync.alerts s
                      LEFT JOIN idexx_sync.alerts i ON {_IS_OF}
                     WHERE s.closed_at IS NULL AND s.clinic_id IS NOT NULL
                       AND s.incident_id IS DISTINCT FROM i.id) found
             WHERE a.id = found.id AND a.closed_at IS NULL
            """,
            BOUNDS,
        )
    return changed.rowcount + joined.rowcount


_IS_OF: Final = stands_for("s.kind", "s.code", "s.opened_at")
"""Whether an alert s is one of those for which the alert i stands."""
_CHANGE: Final = f"""
    WITH bound AS (
        SELECT greatest(%(least)s, %(share)s * count(*)) AS more_than
          FROM public.clinics c
          JOIN idexx_sync.clinic_settings s ON s.clinic_id = c.id WHERE {ON_BOARD}
    ), alike AS (
        SELECT s.kind, s.code, count(*) AS clinics, max(s.opened_at) AS newest,
               (array_agg(s.job_id ORDER BY s.last_at DESC))[1] AS job_id
          FROM idexx_sync.alerts s
         WHERE s.closed_at IS NULL AND s.clinic_id IS NOT NULL
           AND s.opened_at > idexx_sync.clock() - %(within)s
           AND NOT EXISTS (SELECT FROM idexx_sync.alerts i WHERE {_IS_OF})
         GROUP BY s.kind, s.code
        HAVING count(*) > (SELECT more_than FROM bound)
    ), members AS (
        SELECT i.id, i.kind, i.code, count(s.id) AS clinics, max(s.opened_at) AS newest
          FROM idexx_sync.alerts i
          LEFT JOIN idexx_sync.alerts s
            ON s.clinic_id IS NOT NULL AND s.closed_at IS NULL AND {_IS_OF}
         WHERE i.clinic_id IS NULL AND i.closed_at IS NULL GROUP BY i.id
    ), stands AS (
        SELECT m.id, m.clinics + coalesce(alike.clinics, 0) AS clinics,
               greatest(m.newest, alike.newest) AS newest, alike.clinics IS NOT NULL AS anew
          FROM members m
          LEFT JOIN alike ON alike.kind = m.kind AND alike.code IS NOT DISTINCT FROM m.code
    ), few AS (
        UPDATE idexx_sync.alerts i
           SET closed_at = idexx_sync.clock(),
               closed_because = CASE WHEN o.clinics = 0 THEN 'no_longer_so' ELSE 'few_left' END
          FROM stands o, bound
         WHERE i.id = o.id AND o.clinics <= %(until)s * bound.more_than
        RETURNING i.id
    ), more AS (
        UPDATE idexx_sync.alerts i
           SET clinics = greatest(i.clinics, o.clinics), last_at = greatest(i.last_at, o.newest),
               times = i.times + o.anew::int
          FROM stands o, bound
         WHERE i.id = o.id AND o.clinics > %(until)s * bound.more_than
           AND (o.anew OR i.clinics < o.clinics OR i.last_at < o.newest)
        RETURNING i.id
    ), many AS (
        INSERT INTO idexx_sync.alerts AS i
               (kind, who_acts, code, job_id, clinics, muted_until, muted_by)
        SELECT alike.kind, 'odis', alike.code, alike.job_id, alike.clinics,
               m.muted_until, m.muted_by
          FROM alike
          LEFT JOIN LATERAL (
               SELECT e.muted_until, e.muted_by FROM idexx_sync.alerts e
                WHERE e.clinic_id IS NULL AND e.kind = alike.kind
                  AND e.code IS NOT DISTINCT FROM alike.code
                  AND e.muted_until > idexx_sync.clock()
                ORDER BY e.opened_at DESC LIMIT 1) m ON true
        ON CONFLICT (kind, coalesce(code, '')) WHERE closed_at IS NULL AND clinic_id IS NULL
        DO NOTHING
        RETURNING i.id
    )
    SELECT id FROM few UNION ALL SELECT id FROM more UNION ALL SELECT id FROM many
"""
