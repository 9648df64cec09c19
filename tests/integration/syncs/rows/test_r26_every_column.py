"""An unfit value in each column of ODIS's that we know: it is that row's trouble (rule R26)."""

from collections.abc import Callable
from typing import Final

import pytest

from idexx_sync.database.connection import Conn
from idexx_sync.database.schema import MIGRATED_TABLES, ODIS_TABLES
from tests.integration.syncs.rows.whole_clinic import WholeClinic
from tests.kit.database import query

LONG: Final = "repeat('9', 5000)::jsonb"
UNFIT: Final = {
    "date": ("'infinity'", "'20224-03-04'", "'0044-03-15 BC'"),
    "time without time zone": ("'24:00'",),
    "timestamp with time zone": ("'infinity'", "'-infinity'", "'20224-03-04 09:00+00'"),
    "integer": ("0", "-7", "2147483647"),
    "numeric": ("'NaN'", "'Infinity'", "1e200"),
    "text": ("E'\\u202e\\u200b\\U0001F43E'", "repeat('x', 3000)", "'a, (b) {c} \"d\" %s'"),
    "character varying": ("E'\\u202e\\u200b\\U0001F43E'", "repeat('x', 3000)"),
    "ARRAY": ("'{NULL}'", "'{{1,2},{3,4}}'", "'{}'"),
    "jsonb": (LONG, "'[1, null]'", "'\"text\"'", f"jsonb_build_object('monday', {LONG})"),
}
"""Type of a column -> values that Python cannot hold, or that nobody expects there."""
FITTING: Final = ("uuid", "boolean", "USER-DEFINED")
"""Types of which Python knows every value; the last one are ODIS's enumerations."""

TOLD: Final = {
    "cases": {"scheduled_at", "metadata", "entity_extraction"},
    "clinics": {"timezone", "business_hours"},
    "clinic_blocked_periods": {"start_time", "end_time", "days_of_week"},
    "clinic_schedule_configs": {
        *("open_time", "close_time", "days_of_week", "slot_duration_minutes", "default_capacity"),
        *("sync_horizon_days", "stale_threshold_minutes", "daily_hours", "sync_schedules"),
    },
    "patients": {"date_of_birth", "weight_kg"},
    "schedule_appointments": {"date", "start_time", "end_time"},
    "schedule_slots": {"start_time", "end_time"},
}
"""Columns whose values come into Python in a run, so that an unfit one has to be told."""
HARMLESS: Final = {
    *{
        ("clinic_schedule_configs.days_of_week", "'{}'"),
        ("clinic_blocked_periods.days_of_week", "'{}'"),
    },
    ("patients.weight_kg", "1e200"),  # a number like any other
    ("clinics.business_hours", "x"),
}
"""Values that mean something: no day at all, a weight."""


TABLES: Final = sorted({*ODIS_TABLES, *MIGRATED_TABLES} - {"users", "user_clinic_access"})
"""Those two hold ids only."""


@pytest.fixture(scope="module")
def unfit(unchecked: Conn) -> Callable[[str], dict[str, tuple[str, ...]]]:
    """Column -> unfit values, of the columns of a table that we know and that can hold any."""
    types = query(
        unchecked,
        "SELECT table_name, column_name, data_type FROM information_schema.columns "
        "WHERE table_schema = 'public'",
    )

    def of(table: str) -> dict[str, tuple[str, ...]]:
        known = {*ODIS_TABLES.get(table, ()), *MIGRATED_TABLES.get(table, ())}
        held = {row["column_name"]: row["data_type"] for row in types if row["table_name"] == table}
        return {name: UNFIT[held[name]] for name in known if held[name] not in FITTING}

    return of


@pytest.mark.parametrize("table", TABLES)
def test_r26_an_unfit_value_is_the_trouble_of_its_row(
    make: Callable[[], WholeClinic],
    neighbour: WholeClinic,
    unfit: Callable[[str], dict[str, tuple[str, ...]]],
    table: str,
) -> None:
    told = TOLD.get(table, set())
    columns = unfit(table)
    assert told <= columns.keys()
    for column in sorted(told):
        for value in columns[column]:
            clinic = make()
            clinic.put(table, column, value)
            said = what_becomes_of(clinic)
            if (f"{table}.{column}", value) not in HARMLESS:
                check_named(said, table, column, clinic.ids(table))
    check_untouched(neighbour)


@pytest.mark.parametrize("turn", range(3))
@pytest.mark.parametrize("table", TABLES)
def test_r26_unfit_values_of_columns_that_no_run_reads_hurt_nobody(
    make: Callable[[], WholeClinic],
    neighbour: WholeClinic,
    unfit: Callable[[str], dict[str, tuple[str, ...]]],
    table: str,
    turn: int,
) -> None:
    """All at once; in each turn each column has its next value."""
    clinic = make()
    for column, values in sorted(unfit(table).items()):
        if column not in TOLD.get(table, ()):
            clinic.put(table, column, values[turn % len(values)])
    what_becomes_of(clinic)
    check_untouched(neighbour)


def what_becomes_of(clinic: WholeClinic) -> str:
    """Run the syncs and look at everything; all that is told of faults."""
    shown = clinic.explained()
    said = clinic.told(clinic.runs())
    check_runs_end(clinic)
    assert shown
    return said


def check_runs_end(clinic: WholeClinic) -> None:
    running = "SELECT FROM idexx_sync.jobs WHERE clinic_id = %s AND status IN ('queued', 'running')"
    assert query(clinic.conn, running, (clinic.clinic_id,)) == []
    internal = (
        "SELECT error_message FROM idexx_sync.jobs WHERE clinic_id = %s AND error_kind = 'internal'"
    )
    assert query(clinic.conn, internal, (clinic.clinic_id,)) == []


def check_named(told: str, table: str, column: str, ids: list[str]) -> None:
    """Settings are named by their place, because a clinic has one row of them."""
    if table in ("clinics", "clinic_schedule_configs"):
        assert f"{table}.{column}" in told, told
    elif "cases_not_written" not in told:  # rule R16 has its own words, and names it in an audit
        assert column in told, told
        assert any(id_ in told for id_ in ids), told
    assert "20224" not in told
    assert "infinity" not in told.lower()


def check_untouched(neighbour: WholeClinic) -> None:
    inbound, cases = neighbour.runs()
    assert (inbound.status, cases.status) == ("succeeded", "succeeded")
    assert neighbour.status().needs == ()
    assert neighbour.metric("clinics", stage="live") >= 1
    key = neighbour.found_key()
    assert key is not None
    assert key.state == "valid"
