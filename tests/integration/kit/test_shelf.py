"""A database that a test gets is as the prepared one is, whatever another test did to it."""

from itertools import pairwise

import psycopg
import pytest

from tests.kit.clinic import add_clinic
from tests.kit.shelf import _SWEPT_EVERY, Shelf

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


def size_of_users(shelf: Shelf, name: str) -> int:
    with psycopg.connect(shelf.postgres.dsn(name), autocommit=True) as conn:
        row = conn.execute("SELECT pg_relation_size('auth.users')").fetchone()
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


def test_a_database_that_is_used_again_does_not_grow(shelf: Shelf) -> None:
    many = "INSERT INTO auth.users SELECT gen_random_uuid() FROM generate_series(1, 1000)"
    sizes = []
    for _ in range(_SWEPT_EVERY + 2):
        name = shelf.take()
        sizes.append(size_of_users(shelf, name))
        changed(shelf, name, many)
        shelf.give_back(name)

    assert any(later < earlier for earlier, later in pairwise(sizes)), sizes


@pytest.mark.parametrize("statement", RESHAPED.values(), ids=RESHAPED.keys())
def test_a_database_of_another_shape_is_thrown_away(shelf: Shelf, statement: str) -> None:
    name = shelf.take()
    changed(shelf, name, statement)

    shelf.give_back(name)

    again = shelf.take()
    assert again != name
    shelf.give_back(again)


def test_a_database_that_a_child_process_threw_away_is_given_to_nobody(shelf: Shelf) -> None:
    name = shelf.take()
    shelf.give_back(name)
    shelf.postgres.drop_database(name)  # as the child, whose shelf is a copy, does

    shelf.after_child(in_order=True)

    again = shelf.take()
    assert clinics(shelf, again) == 0
    shelf.give_back(again)
