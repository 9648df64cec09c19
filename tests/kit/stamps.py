"""All moments that a clinic's rows hold, and which of them are not of its business time."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from psycopg import sql

from idexx_sync.database.connection import Conn

LEASE_TIME: Final = frozenset(
    {
        "idexx_sync.leases.expires_at",
        "idexx_sync.jobs.dispatched_at",
        "idexx_sync.schedule_mirror.modified_at",
        "idexx_sync.schedule_mirror.written_at",
    }
)
"""Columns about machines: they hold Postgres's own time, or AWS's, which nobody moves."""
TO_COME: Final = frozenset(
    {
        "idexx_sync.alerts.muted_until",
        "idexx_sync.holds.permit_until",
        "idexx_sync.jobs.scheduled_time",
        "idexx_sync.timetables.due",
        "idexx_sync.timetables.judged_until",
        "public.cases.scheduled_at",
        "public.clinic_api_keys.expires_at",
        "public.vapi_bookings.hold_expires_at",
    }
)
"""Columns that name a moment which somebody has chosen; the others say when something was done."""
CHOSEN_WITHIN: Final = timedelta(days=32)
"""Of the clinic's time, so far away nobody chooses one here."""
_DEPLOYED: Final = ("idexx_sync.migrations",)
_COLUMNS: Final = """
    SELECT format('%s.%s', c.table_schema, c.table_name), c.column_name, o.column_name
      FROM information_schema.columns c
      LEFT JOIN information_schema.columns o
        ON (o.table_schema, o.table_name) = (c.table_schema, c.table_name)
       AND o.column_name = CASE WHEN c.table_schema = 'public' AND c.table_name = 'clinics'
                                THEN 'id' ELSE 'clinic_id' END
     WHERE c.table_schema IN ('public', 'idexx_sync')
       AND c.data_type LIKE 'timestamp%'
       AND (o.column_name IS NOT NULL OR c.table_schema = 'idexx_sync')
     ORDER BY 1, 2
"""


def stamps_outside(conn: Conn, clinic_id: UUID, first: datetime, last: datetime) -> list[str]:
    """A line for each column that holds a moment before the first or after the last."""
    found = []
    for column, query in _questions(conn):
        room = CHOSEN_WITHIN if column in TO_COME else timedelta()
        row = conn.execute(query, (clinic_id, first - room, last + room)).fetchone()
        assert row is not None
        number, example = row
        if number:
            found.append(f"{column}: {number} outside of business time, such as {example}")
    return found


def columns_with_moments(conn: Conn) -> list[str]:
    """Every column that is looked at."""
    return [column for column, _ in _questions(conn)]


def _questions(conn: Conn) -> Iterator[tuple[str, sql.Composed]]:
    for table, column, owner in conn.execute(_COLUMNS).fetchall():
        name = f"{table}.{column}"
        if table not in _DEPLOYED and name not in LEASE_TIME:
            yield name, _question(table, column, owner)


def _question(table: str, column: str, owner: str | None) -> sql.Composed:
    of_clinic: sql.Composable = sql.SQL("%s::uuid IS NOT NULL")
    if owner is not None:
        of_clinic = sql.SQL("{} = %s").format(sql.Identifier(owner))
    return sql.SQL(
        "SELECT count(*), min({column}) FROM {table} "
        "WHERE {of_clinic} AND NOT {column} BETWEEN %s AND %s"
    ).format(
        column=sql.Identifier(column),
        table=sql.Identifier(*table.split(".")),
        of_clinic=of_clinic,
    )
