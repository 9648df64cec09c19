"""The function that applies migrations, on a real database."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from functions.migrate.handler import handler
from idexx_sync.core.errors import ConfigurationInvalid, DatabaseUnavailable
from idexx_sync.database.migrations import apply, migrations_in
from idexx_sync.database.rights_check.check import wrong_rights
from idexx_sync.database.schema import ODIS_TABLES as ODIS_NEEDS
from idexx_sync.database.schema import missing
from local_stack.postgres import Postgres
from tests.kit.paths import ODIS_TABLES

NAMES = [migration.name for migration in migrations_in()]


@pytest.fixture
def bare(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connection[Any]]:
    """A database without any table, which the function's environment names."""
    postgres.create_database("to_migrate")
    monkeypatch.setenv("DATABASE_URL", postgres.dsn("to_migrate"))
    with psycopg.connect(postgres.dsn("to_migrate"), autocommit=True) as conn:
        yield conn
    postgres.drop_database("to_migrate")


def test_it_applies_everything_once_and_says_what(bare: Connection[Any]) -> None:
    bare.execute(ODIS_TABLES.read_bytes())

    assert handler({}, None) == {"applied": NAMES}
    assert handler({}, None) == {"applied": []}


def test_a_database_that_is_not_odis_s_is_an_error_and_stays_as_it_was(
    bare: Connection[Any],
) -> None:
    with pytest.raises(ConfigurationInvalid, match=r"public\.cases.*Nothing was applied"):
        handler({}, None)

    assert bare.execute("SELECT to_regnamespace('idexx_sync')").fetchone() == (None,)


def test_a_migration_that_fails_is_an_error(bare: Connection[Any]) -> None:
    bare.execute(ODIS_TABLES.read_bytes())
    bare.execute("CREATE TABLE clinic_api_keys (other text)")

    with pytest.raises(ConfigurationInvalid, match="001_clinic_api_keys"):
        handler({}, None)


def test_a_database_that_is_down_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody:made-up@127.0.0.1:9/none")

    with pytest.raises(DatabaseUnavailable):
        handler({}, None)


def test_r26_our_own_columns_hold_no_unfit_value(conn: Connection[Any]) -> None:
    """Each instant and day of ours has a CHECK: the one that migration 013 gives to all."""
    unchecked = conn.execute(
        """
        SELECT format('%s.%s', c.table_name, c.column_name)
          FROM information_schema.columns c
          JOIN information_schema.tables t USING (table_schema, table_name)
         WHERE c.table_schema = 'idexx_sync' AND t.table_type = 'BASE TABLE'
           AND c.data_type IN ('timestamp with time zone', 'date')
           AND NOT EXISTS (
                SELECT FROM pg_constraint k
                 WHERE k.conrelid = format('idexx_sync.%I', c.table_name)::regclass
                   AND k.contype = 'c' AND starts_with(pg_get_constraintdef(k.oid), 'CHECK')
                   AND strpos(pg_get_constraintdef(k.oid), '0001-01-02') > 0
                   AND strpos(pg_get_constraintdef(k.oid), '(' || c.column_name || ' ') > 0)
        """
    ).fetchall()
    assert unchecked == []


BEFORE = "009_job_progress"
SHAPES = {
    "as it was": "SELECT 1",
    "another column": "ALTER TABLE public.case_sync_audits RENAME COLUMN external_id TO other",
    "gone": "DROP TABLE public.case_sync_audits",
    "another type": "ALTER TABLE public.case_sync_audits ALTER COLUMN metadata DROP DEFAULT, "
    "ALTER COLUMN metadata TYPE json",
}


@pytest.mark.parametrize("change", SHAPES.values(), ids=SHAPES)
def test_a_database_of_the_release_before_is_migrated_whatever_became_of_its_audits(
    bare: Connection[Any], tmp_path: Path, change: str
) -> None:
    bare.execute(ODIS_TABLES.read_bytes())
    for one in (one for one in migrations_in() if one.name <= BEFORE):
        (tmp_path / f"{one.name}.sql").write_bytes(one.sql)
    apply(bare, tmp_path)
    bare.execute(
        """
        INSERT INTO public.clinics (id, name, slug) VALUES (gen_random_uuid(), 'Elm Street', 'elm');
        INSERT INTO idexx_sync.jobs (id, clinic_id, sync, trigger, status, params, result)
        SELECT gen_random_uuid(), id, 'inbound', 'api', 'succeeded', p::jsonb, r::jsonb
          FROM public.clinics, (VALUES ('{"dry_run": true}', '{"plan": []}'), ('{}', '{}'),
                                       ('{"dry_run": false}', NULL)) AS of (p, r);
        INSERT INTO public.case_sync_audits (clinic_id, job_id, sync_type, external_id, status)
        SELECT clinic_id, id, 'create', '600101', 'success' FROM idexx_sync.jobs;
        """
    )
    bare.execute(change.encode())

    handler({}, None)

    jobs = bare.execute("SELECT manner, params FROM idexx_sync.jobs ORDER BY manner").fetchall()
    logged = bare.execute("SELECT external_id FROM idexx_sync.changes").fetchall()
    assert jobs == [("apply", {}), ("apply", {}), ("preview", {})]
    assert len(logged) == (0 if change in (SHAPES["another column"], SHAPES["gone"]) else 3)


CALLS = {
    "gone": "DROP TABLE public.scheduled_discharge_calls, public.scheduled_discharge_emails",
    "others": "DROP TABLE public.scheduled_discharge_calls, public.scheduled_discharge_emails;"
    "CREATE TABLE public.scheduled_discharge_calls (case_id uuid, state text);"
    "CREATE VIEW public.scheduled_discharge_emails AS SELECT 1 AS id",
}


@pytest.mark.parametrize("change", CALLS.values(), ids=CALLS)
def test_a_database_without_calls_or_with_others_is_migrated_and_has_no_fault(
    bare: Connection[Any], change: str
) -> None:
    bare.execute(ODIS_TABLES.read_bytes())
    bare.execute(change.encode())

    assert handler({}, None) == {"applied": NAMES}

    assert missing(bare, ODIS_NEEDS) == []
    assert wrong_rights(bare) == {}
    told = bare.execute("SELECT relation, cases FROM idexx_sync.queued_for('{}')").fetchall()
    assert told == [("scheduled_discharge_calls", None), ("scheduled_discharge_emails", None)]
