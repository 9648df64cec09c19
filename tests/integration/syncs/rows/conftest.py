"""A database without ODIS's CHECKs, because what is deployed may lack them, and a whole clinic."""

from collections.abc import Callable, Iterator

import pytest

from idexx_sync.database.connection import Conn
from tests.integration.syncs.rows.whole_clinic import WholeClinic, whole_clinic
from tests.kit.database import as_role
from tests.kit.lending import Lending
from tests.kit.module_database import conn, database

__all__ = ["conn", "database"]

_CHECKS = """
    SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname)
      FROM pg_constraint
     WHERE contype = 'c' AND connamespace = 'public'::regnamespace AND conrelid <> 0
"""


@pytest.fixture(scope="module")
def unchecked(conn: Conn) -> Conn:
    """The module's database, whose tables of ODIS's take any value."""
    for (statement,) in conn.execute(_CHECKS).fetchall():
        conn.execute(statement)
    return conn


@pytest.fixture(scope="module")
def make(unchecked: Conn, database: str, lending: Lending) -> Iterator[Callable[[], WholeClinic]]:
    """Makes one more clinic that has a row in each of ODIS's tables."""
    with lending.database(as_role(database, "worker")) as lent:
        yield lambda: whole_clinic(unchecked, database, lent, lending)


@pytest.fixture(scope="module")
def neighbour(make: Callable[[], WholeClinic]) -> WholeClinic:
    """A clinic in which all is well."""
    return make()
