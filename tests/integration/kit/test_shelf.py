"""A database that a test gets is as the prepared one is, whatever another test did to it."""

import psycopg
import pytest

from tests.kit.clinic import add_clinic
from tests.kit.shelf import Shelf

RESHAPED = {
    "a column": "ALTER TABLE public.clinics ADD COLUMN seen text",
    "a column less": "ALTER TABLE public.clinics DROP COLUMN business_hours CASCADE",
    "a table": "CREATE TABLE public.more (id int)",
    "a table less": "DROP TABLE idexx_sync.unknown_words",
    "a trigger": "ALTER TABLE public.clinics DISABLE TRIGGER ALL",
    "a migration less": "DELETE FROM idexx_sync.migrations",
}


def clinics(shelf: Shelf, name: str) -> int:
    with psycopg.connect(shelf.postgres.dsn(name), autocommit=True) as conn:
        row = conn.execute("SELECT count(*) FROM public.clinics").fetchone()
    assert row is not None
    return int(row[0])


def changed(shelf: Shelf, name: str, statement: str) -> None:
    with psycopg.connect(shelf.postgres.dsn(name), autocommit=True) as conn:
        conn.execute(statement.encode())


def test_a_database_with_other_rows_is_emptied_and_used_again(shelf: Shelf) -> None:
    name = shelf.take()
    with psycopg.connect(shelf.postgres.dsn(name), autocommit=True) as conn:
        add_clinic(conn)
    assert clinics(shelf, name) == 1

    shelf.give_back(name)

    assert shelf.take() == name
    assert clinics(shelf, name) == 0
    shelf.give_back(name)


@pytest.mark.parametrize("statement", RESHAPED.values(), ids=RESHAPED.keys())
def test_a_database_of_another_shape_is_thrown_away(shelf: Shelf, statement: str) -> None:
    name = shelf.take()
    changed(shelf, name, statement)

    shelf.give_back(name)

    again = shelf.take()
    assert again != name
    shelf.give_back(again)
