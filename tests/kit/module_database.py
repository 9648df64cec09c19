"""Fixtures for folders whose modules share a database, which saves half a second for each test.

Clinics are each test's own. A folder's conftest imports both.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from psycopg import Connection

from tests.kit.lending import Lending
from tests.kit.shelf import Shelf


@pytest.fixture(scope="module")
def database(shelf: Shelf) -> Iterator[str]:
    """The DSN of the module's database."""
    name = shelf.take()
    yield shelf.postgres.dsn(name)
    shelf.give_back(name)


@pytest.fixture(scope="module")
def conn(database: str, lending: Lending) -> Iterator[Connection[tuple[Any, ...]]]:
    with lending.connection(database) as connection:
        yield connection
