"""What Postgres holds and Python cannot arrives as `Unfit`, beside everything that can be read."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from idexx_sync.core.faults import Unfit
from idexx_sync.database.connection import Conn, connect
from idexx_sync.database.loaders import read_as

UNFIT = {
    "date '20224-03-04'": "date",
    "date 'infinity'": "date",
    "date '0044-03-15 BC'": "date",
    "time '24:00'": "time",
    "timetz '24:00+00'": "timetz",
    "timestamp '-infinity'": "timestamp",
    "timestamptz 'infinity'": "timestamptz",
    "timestamptz '20224-03-04 09:00+00'": "timestamptz",
    "numeric 'NaN'": "numeric",
    "numeric '-Infinity'": "numeric",
    "repeat('9', 5000)::jsonb": "jsonb",
    "'1e400'::json": "json",
    """'{"name": "\\ud800"}'::json""": "json",
    "(repeat('[', 6000) || repeat(']', 6000))::json": "json",
}
FIT = {
    "date '9999-12-31'": "9999-12-31",
    "time '23:59:59'": "23:59:59",
    "numeric '21.4'": "21.4",
    """'{"name": "\\ud83d\\ude00 \\u00e9", "n": [1.5, null]}'::jsonb""": (
        "{'n': [1.5, None], 'name': '\U0001f600 \u00e9'}"
    ),
    "null::date": "None",
}


@pytest.fixture
def reading(database: str) -> Iterator[Conn]:
    """A connection as each of ours is made."""
    with connect(SecretStr(database)) as conn:
        yield conn


@pytest.mark.parametrize(("value", "type_"), UNFIT.items())
def test_r26_a_value_that_python_cannot_hold_is_told_by_its_type(
    reading: Conn, value: str, type_: str
) -> None:
    assert reading.execute(f"SELECT {value}, 7").fetchone() == (Unfit(type_), 7)


@pytest.mark.parametrize(("value", "shown"), FIT.items())
def test_all_other_values_arrive_as_they_are(reading: Conn, value: str, shown: str) -> None:
    row = reading.execute(f"SELECT {value}").fetchone()
    assert row is not None
    assert str(row[0]) == shown


def test_r26_an_array_keeps_the_items_that_can_be_read(reading: Conn) -> None:
    row = reading.execute("SELECT ARRAY[date 'infinity', null, '2026-05-04']").fetchone()
    assert row is not None
    unfit, nothing, day = row[0]
    assert (unfit, nothing, str(day)) == (Unfit("date"), None, "2026-05-04")


def test_r26_an_unfit_value_never_says_what_it_was() -> None:
    said = f"{Unfit('time')} {Unfit('time')!r} {Unfit('time'):%H:%M}"
    assert said == "unreadable Unfit(type='time') unreadable"


ARRAYS = (
    "ARRAY[date 'infinity', null, '2026-05-04']",
    "'{{1,2},{3,4}}'::integer[]",
    "'[0:1]={5,6}'::integer[]",
    "'{}'::text[]",
    "ARRAY['a,b', '\"', null, '🐾']",
)


@pytest.mark.parametrize("value", [*UNFIT, *FIT, *ARRAYS])
def test_r26_a_text_is_read_as_the_value_that_postgres_writes_so(reading: Conn, value: str) -> None:
    row = reading.execute(f"SELECT v, v::text, pg_typeof(v)::text FROM (SELECT {value}) t (v)")
    found, written, type_ = row.fetchone() or ()
    read = read_as(type_, written)
    assert (read, type(read)) == (found, type(found))
