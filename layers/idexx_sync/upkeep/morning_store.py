"""SQL of mornings: which time zones have clinics, and what waits in one of them."""

from dataclasses import dataclass
from uuid import UUID

from idexx_sync.clinics.store import ON_BOARD
from idexx_sync.database.connection import Conn


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits, or was missed, at some clinics."""

    holds: int
    discrepancies: int
    missed: int
    """Ticks of the last 24 hours that did not run."""
    made_up: int


def zone_names(conn: Conn) -> list[str]:
    """The time zones of clinics that are synced, as ODIS has them; empty: none is set."""
    rows = conn.execute(
        f"""
        SELECT DISTINCT coalesce(c.timezone, '')
          FROM public.clinics c
          JOIN idexx_sync.clinic_settings s ON s.clinic_id = c.id
         WHERE {ON_BOARD}
        """
    ).fetchall()
    return [name for (name,) in rows]


def clinics_in(conn: Conn, zones: list[str]) -> list[UUID]:
    """The clinics that are synced and have one of these, in the order of their names."""
    rows = conn.execute(
        f"""
        SELECT c.id
          FROM public.clinics c
          JOIN idexx_sync.clinic_settings s ON s.clinic_id = c.id
         WHERE {ON_BOARD} AND coalesce(c.timezone, '') = ANY(%s) ORDER BY c.name, c.id
        """,
        (zones,),
    ).fetchall()
    return [clinic_id for (clinic_id,) in rows]


def waiting_at(conn: Conn, clinic_ids: list[UUID]) -> Waiting:
    row = conn.execute(
        """
        SELECT (SELECT count(*) FROM idexx_sync.holds
                 WHERE status = 'open' AND clinic_id = ANY(%(ids)s)),
               (SELECT count(*) FROM idexx_sync.discrepancies
                 WHERE ended_at IS NULL AND clinic_id = ANY(%(ids)s)),
               count(*), count(made_up_by)
          FROM idexx_sync.jobs
         WHERE trigger = 'schedule' AND clinic_id = ANY(%(ids)s)
           AND scheduled_time > idexx_sync.clock() - interval '24 hours'
           AND (status IN ('missed', 'skipped_overlap', 'skipped_stale')
                OR status = 'dead' AND started_at IS NULL)
        """,
        {"ids": clinic_ids},
    ).fetchone()
    assert row is not None
    return Waiting(*row)
