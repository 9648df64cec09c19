"""Counts that a warm, unchanged run must keep, whatever the number of rows."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from idexx_sync.database.connection import Database
from idexx_sync.pims.protocol import SourceRecord
from tests.kit.bench import Bench
from tests.kit.database import query
from tests.kit.records import visit

MOST_ROUND_TRIPS = 6
ODIS_TABLES = ("schedule_appointments", "schedule_slots", "case_sync_audits", "schedule_syncs")


def week_of_visits(count: int) -> list[SourceRecord]:
    """So many visits spread over one week, in many rooms."""
    return [
        visit(
            str(600000 + n),
            f"2026-05-{4 + n % 7:02} {8 + n // 7 % 20 // 2:02}:{n // 7 % 2 * 30:02}:00",
            room_id=str(1 + n % 9),
        )
        for n in range(count)
    ]


def dead_tuples(conn: Connection[tuple[Any, ...]]) -> dict[str, int]:
    """Rows that were written over or deleted in this database, per table of ODIS."""
    conn.execute("SELECT pg_stat_force_next_flush()")
    found = query(
        conn,
        "SELECT relname, n_tup_upd + n_tup_del AS dead FROM pg_stat_user_tables "
        "WHERE relname = ANY(%s)",
        (list(ODIS_TABLES),),
    )
    return {table["relname"]: table["dead"] for table in found}


@pytest.mark.parametrize("rows", [60, 6000])
def test_unchanged_run_needs_few_round_trips_and_leaves_no_dead_tuple(
    bench: Bench, rows: int, tmp_path: Path
) -> None:
    bench.pims.records = week_of_visits(rows)
    assert bench.sync().status == "succeeded"
    bench.later(10)
    flush(bench.database)
    before = dead_tuples(bench.conn)
    bench.pims.reads = 0

    with waits_counted(bench.database, tmp_path / "protocol.txt") as waits:
        job = bench.sync()

    assert job.result is not None
    assert job.result["summary"] == f"nothing changed (checked {rows})"
    assert 0 < waits() <= MOST_ROUND_TRIPS
    assert bench.pims.reads == 1
    assert bench.pims.looked_up == []
    flush(bench.database)
    assert dead_tuples(bench.conn) == before


@contextmanager
def waits_counted(database: Database, protocol: Path) -> Iterator[Callable[[], int]]:
    """How often the connection asked the server for all answers so far, by libpq's own trace.

    Bytes on the wire would not tell: the server answers the first statements of a large flush
    while the client is still sending the rest. psycopg ends each wait with a Flush message.
    """
    pgconn = database.connection().pgconn
    with protocol.open("w+") as trace:
        pgconn.trace(trace.fileno())
        yield lambda: len(re.findall(r"\tF\t\d+\t(?:Flush|Query)\b", protocol.read_text()))
        pgconn.untrace()


def flush(database: Database) -> None:
    """Make the run's own connection hand its table statistics over now."""
    database.connection().execute("SELECT pg_stat_force_next_flush()")
    database.connection().execute("SELECT 1")


def test_one_schedule_syncs_row_is_all_that_an_unchanged_run_adds(bench: Bench) -> None:
    bench.pims.records = week_of_visits(60)
    bench.sync()
    before = sizes(bench)
    bench.later(10)

    bench.sync()

    after = sizes(bench)
    assert after.pop("schedule_syncs") == before.pop("schedule_syncs") + 1
    assert after == before


def test_an_unchanged_run_within_a_minute_adds_nothing(bench: Bench) -> None:
    bench.pims.records = week_of_visits(60)
    bench.sync()
    before = sizes(bench)
    bench.later(0.5)

    bench.sync()

    assert sizes(bench) == before


def sizes(bench: Bench) -> dict[str, int]:
    return {
        table: query(bench.conn, f"SELECT count(*) AS n FROM public.{table}")[0]["n"]
        for table in ODIS_TABLES
    }
