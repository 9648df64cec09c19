"""Many clinics at once: with a few zones, ways to write hours, and schedules between them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from psycopg.types.json import Jsonb

from idexx_sync.core.catalog import SYNCS
from idexx_sync.database.connection import Conn
from tests.kit.clinic import AS_WRITTEN

_ZONES: Final = (
    *("America/New_York", "America/Chicago", "America/Denver"),
    *("America/Phoenix", "America/Los_Angeles", "Pacific/Honolulu"),
)
_OPEN: Final = {"open": "08:00", "close": "18:00", "lunch_start": "12:00", "lunch_end": "13:00"}
_DAILY_HOURS: Final = (None, {str(day): {"enabled": True, **_OPEN} for day in range(1, 6)})
DEFAULTS: Final = {
    "inbound": "*/15 * * * *",
    "cases": "0 */2 * * *",
    "reconciliation": "0 2 * * *",
}
"""ODIS's own, which stand for a time of each clinic's own."""
_CHOSEN: Final = [
    {"type": "inbound", "cron": "H/10 7-19 * * 1-6", "enabled": True},
    {"type": "cases", "cron": "H H/3 * * *", "enabled": True},
    {"type": "reconciliation", "cron": "H 3 * * *", "enabled": True},
]
_RESULT: Final = {
    "summary": "nothing changed (checked 238)",
    "counts": {"read": 238},
    "warnings": {},
    "held": {},
    "window": ["2026-05-04", "2026-05-17"],
    "fresh": True,
    "unfresh": None,
}


def add_fleet(
    conn: Conn, clinics: int, schedules: Sequence[Any] = (DEFAULTS, AS_WRITTEN, _CHOSEN)
) -> None:
    """So many live clinics with their credentials."""
    conn.execute(
        """
        WITH made AS (
            INSERT INTO public.clinics (id, name, slug, timezone)
            SELECT gen_random_uuid(), 'Clinic ' || n, n::text,
                   (%(zones)s::text[])[1 + n %% cardinality(%(zones)s::text[])]
              FROM generate_series(1, %(clinics)s) AS n
            RETURNING id, slug::int AS n
        ), planned AS (
            INSERT INTO public.clinic_schedule_configs
                   (clinic_id, slot_duration_minutes, daily_hours, sync_schedules)
            SELECT id, 30, (%(hours)s::jsonb[])[1 + n %% cardinality(%(hours)s::jsonb[])],
                   (%(schedules)s::jsonb[])[1 + n %% cardinality(%(schedules)s::jsonb[])]
              FROM made
        ), with_credentials AS (
            INSERT INTO idexx_sync.credentials (clinic_id, version, sealed)
            SELECT id, 1, ''::bytea FROM made
        )
        INSERT INTO idexx_sync.clinic_settings (clinic_id, base_url, stage)
        SELECT id, 'https://us.idexxneo.com', 'live' FROM made
        """,
        {
            "clinics": clinics,
            "zones": list(_ZONES),
            "hours": [None if hours is None else Jsonb(hours) for hours in _DAILY_HOURS],
            "schedules": [Jsonb(one) for one in schedules],
        },
    )


def add_runs(conn: Conn, now: datetime) -> None:
    """A run of each sync of each clinic, which succeeded some minutes ago; a login a day ago."""
    conn.execute(
        """
        INSERT INTO idexx_sync.logins
               (clinic_id, credential_version, attempted_at, outcome, ended_at, submitted)
        SELECT id, 1, l.at, 'ok', l.at + interval '9 seconds', true
          FROM public.clinics, (SELECT %s::timestamptz - interval '1 day' AS at) l
        """,
        (now,),
    )
    conn.execute(
        """
        INSERT INTO idexx_sync.jobs
               (id, clinic_id, sync, trigger, scheduled_time, status, attempt,
                queued_at, started_at, finished_at, result)
        SELECT gen_random_uuid(), c.id, n.sync, 'schedule', r.began, 'succeeded', 1,
               r.began, r.began, r.began + interval '40 seconds', %(result)s
          FROM public.clinics c, unnest(%(syncs)s::text[]) AS n (sync),
               (SELECT %(now)s::timestamptz - interval '6 minutes' AS began) r
        """,
        {"now": now, "syncs": list(SYNCS), "result": Jsonb(_RESULT)},
    )
    conn.execute("ANALYZE")
