"""SQL of timetables: when each clinic's syncs are due as the watchdog has seen it, and how far the
ticks have been looked at."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Self
from uuid import UUID

from psycopg.rows import class_row, kwargs_row
from psycopg.types.json import Jsonb

from idexx_sync.clinics.store import ON_BOARD, texts_of
from idexx_sync.core.catalog import SYNCS, SyncName
from idexx_sync.database.connection import Conn
from idexx_sync.schedules.ticks import MADE_UP_WITHIN, SETTLES, Crons, Silence


@dataclass(frozen=True, slots=True)
class Changed:
    """A clinic whose timetables are not read from what ODIS says of it now."""

    clinic_id: UUID
    timezone: str | None
    sync_schedules: Any
    """As ODIS stores them."""
    read_from: str | None
    """By what the database knows what it says now; None: the clinic is not synced."""


@dataclass(frozen=True, slots=True)
class Timetable:
    """When a clinic's sync is due, or was."""

    id: int
    clinic_id: UUID
    sync: SyncName
    by: Crons
    judged_until: datetime
    """Each tick until then has been looked at."""
    due: datetime | None
    """The first tick after that."""
    ended_at: datetime | None
    """When it was seen last; None: it stands."""

    @classmethod
    def read(cls, *, zone: str, crons: Any, **columns: Any) -> Self:
        return cls(by=Crons(zone, texts_of(crons)), **columns)


@dataclass(frozen=True, slots=True)
class New:
    """A timetable that begins to count."""

    clinic_id: UUID
    sync: SyncName
    read_from: str
    by: Crons
    judged_until: datetime
    due: datetime | None


_COLUMNS: Final = "id, clinic_id, sync, zone, crons, judged_until, due, ended_at"


def changed(conn: Conn, reading: str, limit: int) -> list[Changed]:
    """Clinics that came on board or left, whose schedules or zone have changed, or whose timetables
    were read by a release that reads otherwise."""
    with conn.cursor(row_factory=class_row(Changed)) as cur:
        return cur.execute(
            f"""
            WITH said AS (
                SELECT c.id AS clinic_id, c.timezone, g.sync_schedules,
                       md5(concat_ws(' ', %(reading)s::text, c.timezone, g.sync_schedules))
                           AS read_from
                  FROM public.clinics c
                  JOIN idexx_sync.clinic_settings s ON s.clinic_id = c.id AND {ON_BOARD}
                  LEFT JOIN public.clinic_schedule_configs g ON g.clinic_id = c.id
            ), kept AS (
                SELECT clinic_id, count(*) AS number, min(read_from) AS from_first,
                       max(read_from) AS from_last
                  FROM idexx_sync.timetables WHERE ended_at IS NULL GROUP BY clinic_id
            )
            SELECT clinic_id, timezone, sync_schedules, read_from
              FROM said FULL JOIN kept USING (clinic_id)
             WHERE (read_from, read_from, %(syncs)s)
                   IS DISTINCT FROM (from_first, from_last, number)
             ORDER BY clinic_id LIMIT %(limit)s
            """,
            {"reading": reading, "syncs": len(SYNCS), "limit": limit},
        ).fetchall()


def standing(conn: Conn, clinic_ids: Collection[UUID]) -> list[Timetable]:
    """Those that stand of the clinics."""
    with conn.cursor(row_factory=kwargs_row(Timetable.read)) as cur:
        return cur.execute(
            f"""
            SELECT {_COLUMNS} FROM idexx_sync.timetables
             WHERE clinic_id = ANY(%s) AND ended_at IS NULL
            """,
            (list(clinic_ids),),
        ).fetchall()


def confirm(conn: Conn, read_from: Mapping[int, str]) -> None:
    """Say of timetables that they are what can be read from what ODIS says now."""
    conn.execute(
        """
        UPDATE idexx_sync.timetables t SET read_from = n.read_from
          FROM unnest(%s::bigint[], %s::text[]) AS n (id, read_from) WHERE t.id = n.id
        """,
        (list(read_from), list(read_from.values())),
    )


def end(conn: Conn, ids: Sequence[int], seen_at: datetime | None) -> None:
    """End timetables that were seen last at that moment; what was due before it is still to be
    looked at. None: nobody knows when they were, and nothing is."""
    conn.execute(
        """
        WITH ended AS (
            UPDATE idexx_sync.timetables SET ended_at = %(seen_at)s
             WHERE id = ANY(%(ids)s) AND due <= %(seen_at)s RETURNING id
        )
        DELETE FROM idexx_sync.timetables
         WHERE id = ANY(%(ids)s) AND id NOT IN (SELECT id FROM ended)
        """,
        {"ids": list(ids), "seen_at": seen_at},
    )


def begin(conn: Conn, new: Sequence[New]) -> None:
    """Let timetables count from now on; one that stands already stays."""
    conn.execute(
        """
        INSERT INTO idexx_sync.timetables
               (clinic_id, sync, read_from, zone, crons, judged_until, due)
        SELECT n.* FROM jsonb_to_recordset(%s)
            AS n (clinic_id uuid, sync text, read_from text, zone text, crons jsonb,
                  judged_until timestamptz, due timestamptz)
          JOIN public.clinics c ON c.id = n.clinic_id
        ON CONFLICT (clinic_id, sync) WHERE ended_at IS NULL DO NOTHING
        """,
        (Jsonb([_row(one) for one in new]),),
    )


def _row(new: New) -> dict[str, Any]:
    return {
        "clinic_id": str(new.clinic_id),
        "sync": new.sync,
        "read_from": new.read_from,
        "zone": new.by.zone,
        "crons": list(new.by.crons),
        "judged_until": new.judged_until.isoformat(),
        "due": None if new.due is None else new.due.isoformat(),
    }


def due_before(conn: Conn, until: Mapping[SyncName, datetime], limit: int) -> list[Timetable]:
    """Those with a tick that nobody has looked at, due up to the sync's moment; until the caller's
    transaction ends nobody else looks at them."""
    with conn.cursor(row_factory=kwargs_row(Timetable.read)) as cur:
        return cur.execute(
            f"""
            SELECT {_COLUMNS} FROM idexx_sync.timetables t
              JOIN unnest(%s::text[], %s::timestamptz[]) AS u (sync, until) USING (sync)
             WHERE t.due <= u.until
             ORDER BY t.due, t.id LIMIT %s
               FOR UPDATE OF t SKIP LOCKED
            """,
            (list(until), list(until.values()), limit),
        ).fetchall()


def go_on(conn: Conn, judged: Mapping[int, tuple[datetime, datetime | None]]) -> None:
    """Say until when ticks have been looked at, and which one comes next; a timetable that has
    ended goes with its last one."""
    until, due = zip(*judged.values(), strict=True)
    conn.execute(
        """
        UPDATE idexx_sync.timetables t SET judged_until = n.judged_until, due = n.due
          FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[])
               AS n (id, judged_until, due)
         WHERE t.id = n.id
        """,
        (list(judged), list(until), list(due)),
    )
    conn.execute(
        """
        DELETE FROM idexx_sync.timetables
         WHERE id = ANY(%s) AND ended_at IS NOT NULL AND (due IS NULL OR due > ended_at)
        """,
        (list(judged),),
    )


def forget(conn: Conn, ids: Sequence[int]) -> None:
    """Delete timetables that can't be read any more; they are made anew."""
    conn.execute("DELETE FROM idexx_sync.timetables WHERE id = ANY(%s)", (list(ids),))


def silences(conn: Conn, clinic_ids: Collection[UUID]) -> list[tuple[UUID | None, Silence]]:
    """Pauses of these clinics, and of all (None), that ticks of the last day may lie in."""
    rows = conn.execute(
        """
        SELECT clinic_id, paused_at, resumed_at FROM idexx_sync.pauses
         WHERE (clinic_id IS NULL OR clinic_id = ANY(%s))
           AND (resumed_at IS NULL OR resumed_at > idexx_sync.clock() - %s)
        """,
        (list(clinic_ids), MADE_UP_WITHIN + SETTLES + timedelta(hours=1)),
    ).fetchall()
    return [(clinic_id, Silence(since, until)) for clinic_id, since, until in rows]
