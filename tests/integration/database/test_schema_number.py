"""A version of the functions that no longer fits the schema refuses to work, by name."""

import ast
from typing import Any

import pytest
from psycopg import Connection
from pydantic import SecretStr

from functions.inbound_sync.handler import worker
from idexx_sync.core.errors import DatabaseUnusable
from idexx_sync.database.connection import Database
from idexx_sync.database.schema_number_store import needed, refuse_older
from idexx_sync.jobs.wiring import make_dependencies
from idexx_sync.jobs.worker import sync_worker
from idexx_sync.syncs.inbound.sync import InboundSync
from local_stack.login_roles import Role
from tests.kit.clinic import add_clinic
from tests.kit.database import as_role, query
from tests.kit.paths import ROOT
from tests.kit.settings import make_settings, process_environment

Conn = Connection[tuple[Any, ...]]
ROLES: tuple[Role, ...] = ("worker", "api", "authorizer", "upkeep", "operator")


def refused(database: str, role: Role = "worker") -> DatabaseUnusable:
    with pytest.raises(DatabaseUnusable) as raised:
        Database(SecretStr(as_role(database, role)), require=refuse_older).connection()
    assert raised.value.code == "schema_old"
    return raised.value


def test_needed_is_the_newest_migration_that_the_version_comes_with() -> None:
    newest = max(path.name for path in (ROOT / "migrations").glob("*.sql"))

    assert f"{needed():03}" == newest[:3]


@pytest.mark.parametrize("role", ROLES)
def test_each_role_finds_out_that_it_fits(database: str, role: Role) -> None:
    kept = Database(SecretStr(as_role(database, role)), require=refuse_older)

    assert kept.connection().execute("SELECT 1").fetchone() == (1,)
    kept.close()


@pytest.mark.parametrize("role", ROLES)
def test_a_schema_that_lacks_the_newest_migration_is_refused(
    conn: Conn, database: str, role: Role
) -> None:
    conn.execute("DELETE FROM idexx_sync.migrations WHERE left(name, 3)::integer = %s", (needed(),))

    error = refused(database, role)

    assert f"is of migration {needed() - 1:03}, and this version needs {needed():03}" in str(error)
    assert "idexx-sync migrate" in str(error)


def test_so_is_one_from_before_it_could_say_its_number(conn: Conn, database: str) -> None:
    conn.execute("DROP FUNCTION idexx_sync.schema_number()")

    assert "is older than 041" in str(refused(database))


def test_so_is_a_database_that_nobody_has_migrated(conn: Conn, database: str) -> None:
    conn.execute("ALTER SCHEMA idexx_sync RENAME TO elsewhere")

    refused(database)


def test_a_newer_schema_is_fine(conn: Conn, database: str) -> None:
    """Migrations are applied first, and a version that is turned back to stays behind."""
    conn.execute(
        "INSERT INTO idexx_sync.migrations (name, checksum) VALUES ('999_to_come', 'none')"
    )

    kept = Database(SecretStr(as_role(database, "worker")), require=refuse_older)
    assert not kept.connection().closed
    kept.close()


def test_a_process_asks_once_and_again_only_after_a_refusal(conn: Conn, database: str) -> None:
    asked = []

    def counted(one: Conn) -> None:
        asked.append(one)
        refuse_older(one)

    kept = Database(SecretStr(as_role(database, "worker")), require=counted)
    conn.execute("ALTER SCHEMA idexx_sync RENAME TO elsewhere")
    with pytest.raises(DatabaseUnusable):
        kept.connection()
    conn.execute("ALTER SCHEMA elsewhere RENAME TO idexx_sync")

    kept.connection()
    kept.close()
    kept.connection()
    kept.close()

    assert len(asked) == 2


def test_a_role_that_may_not_ask_is_told_that_and_not_that_the_schema_is_old(
    conn: Conn, database: str
) -> None:
    conn.execute("REVOKE EXECUTE ON FUNCTION idexx_sync.schema_number() FROM idexx_sync_worker")

    with pytest.raises(DatabaseUnusable, match="may not ask") as raised:
        Database(SecretStr(as_role(database, "worker")), require=refuse_older).connection()
    assert raised.value.code == "schema_rights"


def test_another_address_is_asked_anew(conn: Conn, database: str) -> None:
    """A secret that leads elsewhere by now, to a copy of last week, say."""
    addresses = [SecretStr(as_role(database, "worker"))]
    kept = Database(addresses[0], lambda: addresses[-1], require=refuse_older)
    kept.connection()
    kept.close()
    conn.execute("DELETE FROM idexx_sync.migrations WHERE left(name, 3)::integer = %s", (needed(),))
    addresses.append(SecretStr(as_role(database, "api")))
    kept._url = SecretStr("postgresql://nobody:wrong@127.0.0.1:1/refused")

    with pytest.raises(DatabaseUnusable):
        kept.connection()


def test_an_order_that_meets_an_old_schema_comes_back(conn: Conn, database: str) -> None:
    """Answered as done, it would be lost: nothing can be recorded of it."""
    clinic_id = add_clinic(conn)
    conn.execute("DROP FUNCTION idexx_sync.schema_number()")
    settings = make_settings(as_role(database, "worker"))
    made = make_dependencies(settings, retried=True, require=refuse_older)
    handler = sync_worker(InboundSync(), lambda: made)

    with pytest.raises(DatabaseUnusable, match="migrate"):
        handler({"v": 1, "clinic_id": str(clinic_id), "trigger": "api"}, None)
    assert query(conn, "SELECT FROM idexx_sync.jobs") == []


def test_each_process_of_a_function_asks() -> None:
    made = [
        (path.name, {one.arg for one in call.keywords})
        for path in (ROOT / "layers" / "idexx_sync").rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Database"
    ]

    assert len(made) == 4  # workers, the API, the authorizer, upkeep
    assert [name for name, given in made if "require" not in given] == []


def test_a_worker_as_it_is_deployed_asks(
    conn: Conn, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic_id = add_clinic(conn)
    conn.execute("DROP FUNCTION idexx_sync.schema_number()")
    event = {"v": 1, "clinic_id": str(clinic_id), "trigger": "api"}

    with (
        process_environment(monkeypatch, database, "https://neo.example"),
        pytest.raises(DatabaseUnusable),
    ):
        worker(event, None)
