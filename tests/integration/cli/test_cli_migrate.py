"""`idexx-sync migrate`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from idexx_sync.database.migrations import migrations_in
from local_stack.postgres import Postgres
from tests.kit.command_line import CommandLine
from tests.kit.settings import make_settings

ODIS_TABLES = Path(__file__).parents[3] / "layers" / "local_stack" / "odis.sql"
NAMES = [migration.name for migration in migrations_in()]


@pytest.fixture
def bare(postgres: Postgres, idexx_sync: CommandLine) -> Iterator[CommandLine]:
    """The command line, on a database without any table."""
    postgres.create_database("bare")
    idexx_sync.settings = make_settings(postgres.dsn("bare"))
    yield idexx_sync
    postgres.drop_database("bare")


def test_odis_tables_come_first_and_each_missing_one_is_named(bare: CommandLine) -> None:
    answer = bare("migrate")

    assert (answer.code, answer.out) == (1, "")
    assert "lacks what belongs to ODIS: public.cases, public.clinic_blocked_periods" in answer.err
    assert "Nothing was applied" in answer.err


def test_migrate_applies_everything_once(bare: CommandLine, postgres: Postgres) -> None:
    with psycopg.connect(postgres.dsn("bare"), autocommit=True) as conn:
        conn.execute(ODIS_TABLES.read_bytes())

    before = bare("migrate", "--check", "--json")
    first, second = bare("migrate", "--json"), bare("migrate", "--json")
    after = bare("migrate", "--check", "--json")

    assert before.code == 1
    assert before.json["differences"] == {
        f"migration {name}": "not applied; run: idexx-sync migrate" for name in NAMES
    }
    assert (first.code, first.json) == (0, {"applied": NAMES})
    assert (second.code, second.json) == (0, {"applied": []})
    assert (after.code, after.json) == (0, {"equal": True, "differences": {}})


def test_check_names_each_difference(
    idexx_sync: CommandLine, conn: Connection[tuple[Any, ...]]
) -> None:
    def places() -> list[str]:
        answer = idexx_sync("migrate", "--check")
        assert answer.code == 1
        return [line.partition(": ")[0] for line in answer.out.splitlines()]

    conn.execute("""
        DROP TABLE vapi_bookings;
        DROP TABLE user_clinic_access CASCADE;
        ALTER TABLE cases DROP COLUMN extreme_case_check;
        ALTER TABLE patients DROP COLUMN owner_phone;
        ALTER TABLE users RENAME TO people;
        ALTER TABLE schedule_slots DROP COLUMN sync_id;
        ALTER TABLE clinics RENAME timezone TO zone;
        ALTER TABLE clinic_schedule_configs DROP COLUMN sync_schedules;
        DROP TABLE case_sync_audits;
    """)
    odis = [
        "public.cases.extreme_case_check",
        "public.clinics.timezone",
        "public.patients.owner_phone",
        "public.schedule_slots.sync_id",
        "public.user_clinic_access",
        "public.users",
        "public.vapi_bookings",
    ]
    ours = ["public.case_sync_audits", "public.clinic_schedule_configs.sync_schedules"]
    granted = ["public.clinics", "public.people"]  # under another name than our roles need
    assert places() == odis + ours + granted

    conn.execute("DELETE FROM idexx_sync.migrations WHERE name = '003_case_sync_audits'")
    assert places() == [*odis, "migration 003_case_sync_audits"]


def test_check_says_when_row_level_security_would_hide_everything(
    idexx_sync: CommandLine, conn: Connection[tuple[Any, ...]], database: str
) -> None:
    conn.execute("DROP ROLE IF EXISTS outsider")
    conn.execute("CREATE ROLE outsider LOGIN PASSWORD 'made-up'")
    conn.execute("GRANT ALL ON ALL TABLES IN SCHEMA public, idexx_sync TO outsider")
    conn.execute("GRANT USAGE ON SCHEMA public, idexx_sync TO outsider")
    outsider = psycopg.conninfo.make_conninfo(database, user="outsider", password="made-up")
    idexx_sync.settings = make_settings(outsider)

    answer = idexx_sync("migrate", "--check", "--json")
    conn.execute("DROP OWNED BY outsider")
    conn.execute("DROP ROLE outsider")

    assert answer.code == 1
    found = answer.json["differences"]
    assert "row level security" in found["public.schedule_appointments"]
    assert "row level security" in found["idexx_sync.migrations"]
    assert not [place for place in found if place.startswith("migration ")]


def test_a_migration_that_was_changed_afterwards_is_named(
    idexx_sync: CommandLine, conn: Connection[tuple[Any, ...]]
) -> None:
    conn.execute("UPDATE idexx_sync.migrations SET checksum = 'other' WHERE name LIKE '004%'")

    answer = idexx_sync("migrate", "--check", "--json")

    assert answer.code == 1
    assert answer.json["error"]["code"] == "migration_changed"
    assert "004_idexx_sync was changed" in answer.json["error"]["message"]


def test_check_leaves_out_whom_an_operator_calls_an_administrator(
    idexx_sync: CommandLine, conn: Connection[tuple[Any, ...]]
) -> None:
    conn.execute('CREATE ROLE "Back Up" LOGIN; GRANT SELECT ON idexx_sync.jobs TO "Back Up"')

    named = idexx_sync("migrate", "--check", "--json")
    left_out = idexx_sync("migrate", "--check", "--administrator", "Back Up", "--json")
    wrong = idexx_sync("migrate", "--administrator", "Back Up")
    conn.execute('DROP OWNED BY "Back Up"; DROP ROLE "Back Up"')

    assert named.json["differences"] == {
        "idexx_sync.jobs": '"Back Up" may SELECT and must not; '
        'run: REVOKE SELECT ON TABLE idexx_sync.jobs FROM "Back Up"'
    }
    assert (left_out.code, left_out.json["equal"]) == (0, True)
    assert wrong.code == 2
