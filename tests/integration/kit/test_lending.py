"""A connection that was kept is as a new one is."""

import psycopg
import pytest
from psycopg.rows import dict_row

from idexx_sync.database.connection import Conn
from tests.kit.database import database_default
from tests.kit.lending import Lending
from tests.kit.shelf import Shelf


def pid_of(lending: Lending, dsn: str, *statements: str) -> int:
    """The server's process behind a lent connection, on which the statements were executed."""
    with lending.database(dsn) as lent:
        for statement in statements:
            lent.connection().execute(statement.encode())
        return lent.connection().info.backend_pid


def setting(lending: Lending, dsn: str, name: str) -> str:
    with lending.database(dsn) as lent:
        row = lent.connection().execute("SELECT current_setting(%s)", (name,)).fetchone()
    assert row is not None
    return str(row[0])


def test_a_connection_is_lent_again(lending: Lending, database: str) -> None:
    assert pid_of(lending, database) == pid_of(lending, database)


def test_two_at_once_are_two(lending: Lending, database: str) -> None:
    with lending.database(database) as one, lending.database(database) as other:
        assert one.connection().info.backend_pid != other.connection().info.backend_pid


def test_what_was_set_for_the_session_is_forgotten(lending: Lending, database: str) -> None:
    before = setting(lending, database, "work_mem")
    first = pid_of(lending, database, "SET work_mem = '5MB'", "CREATE TEMP TABLE more (id int)")

    assert setting(lending, database, "work_mem") == before
    with lending.database(database) as lent, pytest.raises(psycopg.errors.UndefinedTable):
        lent.connection().execute("SELECT 1 FROM more")
    assert pid_of(lending, database) == first


def test_one_in_a_transaction_is_closed(lending: Lending, database: str) -> None:
    first = pid_of(lending, database, "BEGIN")

    assert pid_of(lending, database) != first


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("row_factory", dict_row),
        ("cursor_factory", psycopg.ClientCursor),
        ("prepare_threshold", 0),
        ("autocommit", False),
        ("execute", print),
    ],
)
def test_one_that_works_otherwise_is_closed(
    lending: Lending, database: str, name: str, value: object
) -> None:
    with lending.database(database) as lent:
        first = lent.connection().info.backend_pid
        setattr(lent.connection(), name, value)

    assert pid_of(lending, database) != first


def test_one_that_began_with_other_defaults_is_closed(
    lending: Lending, database: str, conn: Conn
) -> None:
    lending.close(database)
    before = setting(lending, database, "statement_timeout")
    with database_default(conn, "statement_timeout", "7s"):
        lending.close(database)
        assert setting(lending, database, "statement_timeout") == "7s"

    assert setting(lending, database, "statement_timeout") == before


def test_one_that_the_server_ended_is_replaced(lending: Lending, database: str, conn: Conn) -> None:
    first = pid_of(lending, database)
    conn.execute("SELECT pg_terminate_backend(%s, 5000)", (first,))

    assert pid_of(lending, database) != first


def test_what_a_test_left_open_ends_with_it_and_what_is_kept_stays(shelf: Shelf) -> None:
    name = shelf.take()
    dsn = shelf.postgres.dsn(name)
    kept = pid_of(shelf.lending, dsn)
    with psycopg.connect(dsn, autocommit=True) as left:
        shelf.give_back(name)

        with pytest.raises(psycopg.OperationalError):
            left.execute("SELECT 1")
    assert shelf.take() == name
    assert pid_of(shelf.lending, dsn) == kept
    shelf.give_back(name)
