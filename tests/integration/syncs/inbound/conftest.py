"""A clinic with a scripted PIMS over a real database."""

from collections.abc import Iterator
from typing import Any

import pytest
from psycopg import Connection

from tests.kit.bench import Bench
from tests.kit.clinic import add_clinic


@pytest.fixture
def bench(conn: Connection[tuple[Any, ...]], database: str) -> Iterator[Bench]:
    """A clinic of two rooms with half-hour slots and an empty calendar."""
    made = Bench(conn, database, add_clinic(conn))
    yield made
    made.database.close()
