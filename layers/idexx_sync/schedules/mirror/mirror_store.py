"""SQL of the mirror: what the clinics' rows say, and what we know of the schedules we wrote."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from idexx_sync.clinics.pause_store import STANDS_FOR
from idexx_sync.clinics.store import ON_BOARD
from idexx_sync.core.faults import or_else
from idexx_sync.database.connection import Conn, writing
from idexx_sync.schedules.mirror.plan import Fleet, Listed, Remembered
from idexx_sync.schedules.mirror.wanted import ClinicRow


def clinic_rows(conn: Conn, clinic_id: UUID | None) -> list[ClinicRow]:
    """The clinic's row, if it is there; all clinics' without one."""
    found = conn.execute(
        f"""
        SELECT c.id, c.timezone, s.clinic_id IS NOT NULL,
               coalesce({ON_BOARD}, false)
               AND NOT EXISTS (SELECT FROM idexx_sync.pauses p WHERE {STANDS_FOR}),
               g.clinic_id IS NOT NULL, g.sync_schedules
          FROM public.clinics c
          LEFT JOIN idexx_sync.clinic_settings s ON s.clinic_id = c.id
          LEFT JOIN public.clinic_schedule_configs g ON g.clinic_id = c.id
         WHERE %(id)s::uuid IS NULL OR c.id = %(id)s
         ORDER BY c.id
        """,
        {"id": clinic_id},
    )
    return [ClinicRow(*row) for row in found.fetchall()]


def fleet(conn: Conn) -> Fleet:
    """How many clinics are set up, and how many schedules are remembered, of all clinics."""
    row = conn.execute(
        """
        SELECT (SELECT count(*) FROM public.clinics c
                  JOIN idexx_sync.clinic_settings s ON s.clinic_id = c.id),
               (SELECT count(*) FROM idexx_sync.schedule_mirror)
        """
    ).fetchone()
    assert row is not None
    return Fleet(*row)


def remembered(conn: Conn, clinic_id: UUID | None) -> dict[str, Remembered]:
    """What was written of the clinic's schedules, by name; of all clinics' without one."""
    found = conn.execute(
        """
        SELECT name, digest, written_at, modified_at FROM idexx_sync.schedule_mirror
         WHERE %(id)s::uuid IS NULL OR clinic_id = %(id)s
        """,
        {"id": clinic_id},
    )
    return {
        name: Remembered(digest, or_else(written_at), or_else(modified_at))
        for name, digest, written_at, modified_at in found.fetchall()
    }


def keep_written(conn: Conn, written: Sequence[tuple[str, UUID, str, datetime | None]]) -> None:
    """Remember name, clinic, digest and AWS's moment of what was written just now.

    A clinic that is gone meanwhile is not remembered; its schedules are deleted by name.
    """
    names, clinics, digests, moments = zip(*written, strict=True)
    with writing(conn):
        conn.execute(
            """
            INSERT INTO idexx_sync.schedule_mirror AS m (name, clinic_id, digest, written_at)
            SELECT n.name, n.clinic_id, n.digest, n.written_at
              FROM unnest(%s::text[], %s::uuid[], %s::text[], %s::timestamptz[])
                   AS n (name, clinic_id, digest, written_at)
              JOIN public.clinics c ON c.id = n.clinic_id
             ORDER BY n.name
            ON CONFLICT (name) DO UPDATE
               SET digest = EXCLUDED.digest, written_at = EXCLUDED.written_at, modified_at = NULL
            """,
            (list(names), list(clinics), list(digests), list(moments)),
        )


def keep_listed(conn: Conn, listed: Iterable[Listed]) -> None:
    """Remember AWS's LastModificationDate of what was listed since it was written."""
    found = list(listed)
    with writing(conn):
        conn.execute(
            """
            UPDATE idexx_sync.schedule_mirror m SET modified_at = n.modified_at
              FROM unnest(%s::text[], %s::timestamptz[]) AS n (name, modified_at)
             WHERE m.name = n.name
            """,
            ([one.name for one in found], [one.modified_at for one in found]),
        )


def forget(conn: Conn, names: Iterable[str]) -> None:
    """They are there no more."""
    with writing(conn):
        conn.execute("DELETE FROM idexx_sync.schedule_mirror WHERE name = ANY(%s)", (list(names),))
