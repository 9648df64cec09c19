"""Whatever a database or a role has as its defaults, runs mean the same, or are refused by name."""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

import pytest
from psycopg import Connection

from idexx_sync.core.errors import ConfigurationInvalid
from tests.kit.cases_bench import CasesBench
from tests.kit.clinic import add_clinic, add_user
from tests.kit.database import database_default, query
from tests.kit.records import block, chart, seen, visit

SAME: Final = {
    "default_transaction_isolation": ("repeatable read", "serializable"),
    "default_transaction_read_only": ("on",),
    "default_transaction_deferrable": ("on",),
    "timezone": ("Asia/Kolkata", "America/Los_Angeles", "<-12>+12"),
    "search_path": ("", "pg_temp"),
    "standard_conforming_strings": ("off",),
    "bytea_output": ("escape",),
    "extra_float_digits": ("-15",),
    "client_encoding": ("LATIN1",),
    "xmlbinary": ("hex",),
    "statement_timeout": ("30s",),
    "DateStyle": ("ISO, DMY",),
}
"""Settings of a database under which a run means the same as ever."""
REFUSED: Final = {"DateStyle": "SQL, DMY", "IntervalStyle": "sql_standard"}
"""Those under which the driver would misread what Postgres writes."""

SHOWN: Final = (
    "SELECT neo_appointment_id, date, start_time, end_time, status, appointment_type, deleted_at, "
    "last_synced_at FROM public.schedule_appointments ORDER BY 1",
    "SELECT date, start_time, end_time, capacity, booked_count FROM public.schedule_slots "
    "ORDER BY 1, 2",
    "SELECT external_id, status, scheduled_at, metadata, extreme_case_check FROM public.cases "
    "ORDER BY 1",
    "SELECT external_id, sync_type, status FROM public.case_sync_audits ORDER BY 1, 2, 3",
    "SELECT kind, external_id, source, read_at, strikes FROM idexx_sync.records ORDER BY 1, 2",
    "SELECT sync, status, attempt, error_kind, error_message, result FROM idexx_sync.jobs "
    "ORDER BY queued_at",
    "SELECT sync, cause, status, findings FROM idexx_sync.holds ORDER BY 1, 2",
)

EMPTIED: Final = (
    "public.case_sync_audits",
    "public.patients",
    "idexx_sync.case_keys",
    "public.cases",
    "public.schedule_slots",
    "public.schedule_appointments",
    "public.schedule_syncs",
    "idexx_sync.holds",
    "idexx_sync.records",
    "idexx_sync.unknown_words",
    "idexx_sync.leases",
    "idexx_sync.jobs",
)


@pytest.fixture
def bench(conn: Connection[tuple[Any, ...]], database: str) -> Iterator[CasesBench]:
    clinic_id = add_clinic(conn, acting_user_id=add_user(conn), live_from=date(2026, 1, 1))
    made = CasesBench(conn, database, clinic_id)
    yield made
    made.database.close()


def lived(bench: CasesBench) -> list[list[dict[str, Any]]]:
    """What a short life leaves: made, moved, called off, removed, read."""
    bench.database.close()
    late = visit("600103", "2026-05-06 23:30:00", end="2026-05-07 00:30:00")
    bench.pims.records = [seen(), visit("600102", "2026-05-04 10:00:00"), block(), late]
    bench.pims.charts = {"9600101": chart()}
    bench.sync()
    bench.cases()
    bench.later()
    bench.pims.records = [seen(), visit("600102", "2026-05-04 11:00:00", status="Cancelled")]
    bench.sync()
    bench.later()
    bench.sync()
    bench.cases()
    return [query(bench.conn, statement) for statement in SHOWN]


@pytest.fixture
def expected(bench: CasesBench) -> list[list[dict[str, Any]]]:
    """The same life of another clinic, under the usual defaults."""
    found = lived(bench)
    for table in EMPTIED:
        bench.conn.execute(f"DELETE FROM {table}")
    bench.conn.execute(
        "UPDATE idexx_sync.clinic_settings SET neo_configuration = NULL, "
        "neo_configuration_read_at = NULL"
    )
    bench.later(-30)
    return found


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in SAME.items() for value in values]
)
def test_a_run_means_the_same_under_any_default(
    bench: CasesBench, expected: list[list[dict[str, Any]]], name: str, value: str
) -> None:
    with database_default(bench.conn, name, value):
        found = lived(bench)

    assert found == expected


@pytest.mark.parametrize(("name", "value"), REFUSED.items())
def test_a_way_of_writing_that_is_not_read_is_refused_by_name(
    bench: CasesBench, name: str, value: str
) -> None:
    with (
        database_default(bench.conn, name, value),
        pytest.raises(ConfigurationInvalid, match=f"^{name}: "),
    ):
        lived(bench)
    assert query(bench.conn, "SELECT 1 FROM idexx_sync.jobs") == []
