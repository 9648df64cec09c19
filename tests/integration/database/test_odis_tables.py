"""ODIS's tables for demo and tests behave as ODIS's database does."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import Connection

from local_stack.postgres import Postgres
from tests.kit.paths import ODIS_TABLES

type Conn = Connection[tuple[Any, ...]]


@pytest.fixture
def clinic(conn: Conn) -> UUID:
    return make_clinic(conn, "Elm Street Vets")


def make_clinic(conn: Conn, name: str) -> UUID:
    row = conn.execute(
        "INSERT INTO clinics (name, slug) VALUES (%s, %s) RETURNING id", (name, name)
    ).fetchone()
    assert row is not None
    clinic_id: UUID = row[0]
    return clinic_id


def upsert_appointment(conn: Conn, clinic: UUID, conflict: str) -> None:
    conn.execute(
        f"""
        INSERT INTO schedule_appointments
               (clinic_id, neo_appointment_id, date, start_time, end_time, status)
        VALUES (%s, '7', '2026-01-20', '09:00', '09:15', 'scheduled')
        ON CONFLICT (clinic_id, neo_appointment_id) {conflict}
        DO UPDATE SET status = excluded.status
        """,
        (clinic,),
    )


def names(conn: Conn, query: str) -> set[str]:
    return {row[0] for row in conn.execute(query)}


def test_the_file_applies_to_a_second_database_of_the_same_cluster(postgres: Postgres) -> None:
    for name in ("odis_1", "odis_2"):
        postgres.create_database(name)
        with psycopg.connect(postgres.dsn(name), autocommit=True) as conn:
            conn.execute(ODIS_TABLES.read_bytes())
    with psycopg.connect(postgres.dsn("odis_2"), autocommit=True) as conn:
        tables = names(conn, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        columns = names(
            conn,
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_name = 'clinic_schedule_configs'",
        )
    for name in ("odis_1", "odis_2"):
        postgres.drop_database(name)

    assert {"clinics", "schedule_slots", "schedule_appointments", "cases"} <= tables
    assert not tables & {"clinic_api_keys", "case_sync_audits", "clinic_schedule_config"}
    assert "daily_hours" in columns
    assert "sync_schedules" not in columns


def test_the_partial_key_of_appointments_serves_only_with_its_predicate(
    conn: Conn, clinic: UUID
) -> None:
    with pytest.raises(psycopg.errors.InvalidColumnReference):
        upsert_appointment(conn, clinic, "")

    upsert_appointment(conn, clinic, "WHERE deleted_at IS NULL")
    upsert_appointment(conn, clinic, "WHERE deleted_at IS NULL")
    assert conn.execute("SELECT count(*) FROM schedule_appointments").fetchone() == (1,)


def test_a_deleted_appointment_leaves_its_number_free(conn: Conn, clinic: UUID) -> None:
    for _ in range(2):
        upsert_appointment(conn, clinic, "WHERE deleted_at IS NULL")
        conn.execute("UPDATE schedule_appointments SET deleted_at = now()")

    assert conn.execute("SELECT count(*) FROM schedule_appointments").fetchone() == (2,)


def test_two_clinics_may_have_appointments_of_the_same_number(conn: Conn, clinic: UUID) -> None:
    upsert_appointment(conn, clinic, "WHERE deleted_at IS NULL")
    upsert_appointment(conn, make_clinic(conn, "Oak Lane Vets"), "WHERE deleted_at IS NULL")

    assert conn.execute("SELECT count(*) FROM schedule_appointments").fetchone() == (2,)


def test_updated_at_moves_by_itself_where_odis_has_the_trigger(conn: Conn) -> None:
    with_trigger = names(
        conn,
        "SELECT tgrelid::regclass::text FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid "
        "WHERE NOT tgisinternal AND c.relnamespace = 'public'::regnamespace",
    )

    assert with_trigger == {
        "clinics",
        "clinic_schedule_configs",
        "clinic_blocked_periods",
        "providers",
        "schedule_slots",
        "schedule_appointments",
    }


def test_the_trigger_moves_updated_at(conn: Conn, clinic: UUID) -> None:
    old = datetime(2020, 1, 1, tzinfo=UTC)
    conn.execute(
        "INSERT INTO schedule_slots (clinic_id, date, start_time, end_time, updated_at)"
        " VALUES (%s, '2026-01-20', '09:00', '09:15', %s)",
        (clinic, old),
    )

    moved = conn.execute(
        "UPDATE schedule_slots SET booked_count = 1 RETURNING updated_at > %s", (old,)
    ).fetchone()

    assert moved == (True,)


def test_upserting_a_case_that_is_gone_makes_an_empty_one(conn: Conn) -> None:
    conn.execute(
        "INSERT INTO cases (id, metadata) VALUES (%s, '{}')"
        " ON CONFLICT (id) DO UPDATE SET metadata = excluded.metadata",
        (uuid4(),),
    )

    row = conn.execute("SELECT clinic_id, status, source, visibility FROM cases").fetchone()
    assert row == (None, None, "manual", "private")


def test_json_null_is_not_sql_null(conn: Conn, clinic: UUID) -> None:
    conn.execute(
        """
        INSERT INTO cases (clinic_id, metadata)
        VALUES (%s, '{"pimsAppointment": {"consultationId": null}}')
        """,
        (clinic,),
    )

    row = conn.execute(
        """
        SELECT metadata -> 'pimsAppointment' -> 'consultationId' IS NOT NULL,
               metadata #>> '{pimsAppointment,consultationId}' IS NOT NULL
          FROM cases
        """
    ).fetchone()
    assert row == (True, False)


def test_a_stranger_sees_nothing_and_a_member_only_the_own_clinic(conn: Conn, clinic: UUID) -> None:
    other = make_clinic(conn, "Oak Lane Vets")
    for each in (clinic, other):
        upsert_appointment(conn, each, "WHERE deleted_at IS NULL")
    member = uuid4()
    conn.execute("INSERT INTO auth.users (id) VALUES (%s)", (member,))
    conn.execute(
        "INSERT INTO user_clinic_access (user_id, clinic_id) VALUES (%s, %s)", (member, clinic)
    )
    seen = {}
    for name, user in (("stranger", uuid4()), ("member", member)):
        with conn.transaction():
            conn.execute("SET LOCAL ROLE authenticated")
            claims = f'{{"sub": "{user}", "role": "authenticated"}}'
            conn.execute("SELECT set_config('request.jwt.claims', %s, true)", (claims,))
            seen[name] = conn.execute("SELECT clinic_id FROM schedule_appointments").fetchall()

    assert seen == {"stranger": [], "member": [(clinic,)]}


def test_a_role_without_bypass_may_not_insert(conn: Conn, clinic: UUID) -> None:
    conn.execute("SET ROLE authenticated")

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        upsert_appointment(conn, clinic, "WHERE deleted_at IS NULL")


def test_the_service_role_may_do_everything(conn: Conn, clinic: UUID) -> None:
    with conn.transaction():
        conn.execute("SET LOCAL ROLE service_role")
        upsert_appointment(conn, clinic, "WHERE deleted_at IS NULL")

    assert conn.execute("SELECT count(*) FROM schedule_appointments").fetchone() == (1,)


@pytest.mark.parametrize(
    "change",
    [
        "open_time = close_time",
        "slot_duration_minutes = 121",
        "default_capacity = 0",
        "sync_horizon_days = 61",
    ],
)
def test_impossible_configurations_are_refused(conn: Conn, clinic: UUID, change: str) -> None:
    conn.execute("INSERT INTO clinic_schedule_configs (clinic_id) VALUES (%s)", (clinic,))

    with pytest.raises(psycopg.errors.CheckViolation):
        conn.execute(f"UPDATE clinic_schedule_configs SET {change}".encode())


def test_a_direct_connection_carries_no_claims(conn: Conn) -> None:
    row = conn.execute("SELECT auth.uid(), auth.jwt(), auth.role()").fetchone()

    assert row == (None, None, None)
