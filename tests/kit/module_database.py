"""Fixtures for folders whose modules share a database, which saves half a second for each test.

Clinics are each test's own. A folder's conftest imports both.
"""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from local_stack.postgres import Postgres


@pytest.fixture(scope="module")
def database(postgres: Postgres, prepared: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The DSN of the module's database."""
    name = request.module.__name__.rpartition(".")[2]
    postgres.create_database(name, template=prepared)
    yield postgres.dsn(name)
    postgres.drop_database(name)


@pytest.fixture(scope="module")
def conn(database: str) -> Iterator[Connection[tuple[Any, ...]]]:
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection
