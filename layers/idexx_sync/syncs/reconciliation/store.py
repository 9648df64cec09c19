"""SQL of what a reconciliation compares: the cases of its days, what is remembered of visits, who
has read them, and what the clinic wants done."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from idexx_sync.clinics.store import SUCCEEDED
from idexx_sync.database.connection import Conn, Cur
from idexx_sync.jobs.model import window_of
from idexx_sync.pims.protocol import Window
from idexx_sync.syncs.cases.store import EXTENSION_PREFIX
from idexx_sync.syncs.cases.stored import PREFIX
from idexx_sync.syncs.memory import AppointmentMemory, Record, VisitMemory, read_claims, read_source
from idexx_sync.syncs.memory_store import in_source
from idexx_sync.syncs.reconciliation.causes import Override, Overrides

_START = in_source(VisitMemory, "start")


def visits_with_cases(
    conn: Conn, clinic_id: UUID, window: Window, begins: datetime, ends: datetime
) -> Cur:
    """The ids of visits that have a case and are stored on a day of the window.

    `begins` and `ends` are its first midnight and the one after it. What is remembered of a visit
    tells when it is; of one that nothing is remembered of, its case.
    """
    return conn.execute(
        f"""
        SELECT external_id FROM idexx_sync.records r
         WHERE clinic_id = %(clinic_id)s AND kind = 'visit'
           AND {_START} BETWEEN %(first)s AND %(last)s
         UNION
        SELECT regexp_replace(external_id, '^({PREFIX}|{EXTENSION_PREFIX})', '')
          FROM public.cases
         WHERE clinic_id = %(clinic_id)s
           AND (external_id LIKE '{PREFIX}%%' OR external_id LIKE '{EXTENSION_PREFIX}%%')
           AND scheduled_at >= %(begins)s AND scheduled_at < %(ends)s
         UNION
        SELECT substr(k.external_id, {len(PREFIX) + 1})
          FROM idexx_sync.case_keys k JOIN public.cases c ON c.id = k.case_id
         WHERE k.clinic_id = %(clinic_id)s AND c.scheduled_at >= %(begins)s
           AND c.scheduled_at < %(ends)s
        """,
        {
            "clinic_id": clinic_id,
            "first": f"{window.first_day} 00:00:00",
            "last": f"{window.last_day} 23:59:59",
            "begins": begins,
            "ends": ends,
        },
    )


def rows_on_other_days(conn: Conn, clinic_id: UUID, window: Window, visits: Sequence[str]) -> Cur:
    """Those of the visits that have a live row on a day beside the window."""
    return conn.execute(
        """
        SELECT DISTINCT neo_appointment_id FROM public.schedule_appointments
         WHERE clinic_id = %s AND deleted_at IS NULL AND neo_appointment_id = ANY(%s)
           AND date NOT BETWEEN %s AND %s
        """,
        (clinic_id, list(visits), window.first_day, window.last_day),
    )


def first_day_stored(conn: Conn, clinic_id: UUID) -> Cur:
    """The first day of which a row was ever stored, of those that can be read; null: none."""
    return conn.execute(
        "SELECT min(date) FROM public.schedule_appointments WHERE clinic_id = %s "
        "AND date BETWEEN '0001-01-02' AND '9999-12-30'",
        (clinic_id,),
    )


def began_last(conn: Conn, clinic_id: UUID) -> Cur:
    """Per other sync, when its last run that brought all up to date began."""
    return conn.execute(
        f"""
        SELECT o.sync, (SELECT j.started_at FROM idexx_sync.jobs j
                         WHERE j.clinic_id = %s AND j.sync = o.sync AND {SUCCEEDED}
                         ORDER BY j.finished_at DESC LIMIT 1)
          FROM (VALUES ('inbound'), ('cases')) AS o (sync)
        """,
        (clinic_id,),
    )


def overrides_of(conn: Conn, clinic_id: UUID) -> Cur:
    """Cause, treatment and until when, where the clinic wants something else than all do."""
    return conn.execute(
        "SELECT cause, treatment, until FROM idexx_sync.policies WHERE clinic_id = %s",
        (clinic_id,),
    )


def read_overrides(rows: Sequence[tuple[object, ...]]) -> Overrides:
    """The overrides of rows of `overrides_of`."""
    return {cause: Override(treatment, until) for cause, treatment, until in rows}  # type: ignore[misc,arg-type]


def closed_cases(conn: Conn, clinic_id: UUID, since: datetime) -> list[UUID]:
    """Cases that carry our mark of a removal, of visits from that instant on; where nothing says
    when a visit is, by when its case was made."""
    rows = conn.execute(
        """
        SELECT id FROM public.cases
         WHERE clinic_id = %s AND coalesce(scheduled_at, created_at) >= %s
           AND metadata #>> '{reconciliation,softDeleted}' = 'true'
        """,
        (clinic_id, since),
    ).fetchall()
    return [row[0] for row in rows]


def last_left(conn: Conn, clinic_id: UUID) -> Window | None:
    """First to last of the days that the clinic's last order has left undone; None: none."""
    row = conn.execute(
        """
        SELECT result -> 'days_left' FROM idexx_sync.jobs
         WHERE clinic_id = %s AND sync = 'reconciliation' AND finished_at IS NOT NULL
           AND manner <> 'preview' AND result IS NOT NULL
         ORDER BY finished_at DESC LIMIT 1
        """,
        (clinic_id,),
    ).fetchone()
    days = window_of(row[0]) if row is not None else None
    return None if days is None else Window(*days)


class RecordsQuery:
    """What is remembered of visits in the calendar, whether they have a row or not."""

    def __init__(self, conn: Conn, clinic_id: UUID, visits: Sequence[str]) -> None:
        self._cursor = conn.execute(
            """
            SELECT external_id, source, strikes, struck_at, looked_up_at, quarantine_code, claims,
                   doubtful_reads
              FROM idexx_sync.records
             WHERE clinic_id = %s AND kind = 'appointment' AND external_id = ANY(%s)
            """,
            (clinic_id, list(visits)),
        )

    def fetch(self) -> Mapping[str, Record]:
        found = self._cursor.fetchall()
        return {
            key: Record(
                key,
                read_source(AppointmentMemory, source),
                strikes,
                struck_at,
                looked_up_at,
                code,
                read_claims(claims),
                reads,
            )
            for key, source, strikes, struck_at, looked_up_at, code, claims, reads in found
        }
