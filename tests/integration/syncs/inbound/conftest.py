"""A clinic with a scripted PIMS over a real database."""

from collections.abc import Iterator
from typing import Any

import pytest
from psycopg import Connection

from tests.kit.bench import Bench
from tests.kit.clinic import add_clinic
from tests.kit.database import as_role
from tests.kit.lending import Lending


@pytest.fixture
def bench(conn: Connection[tuple[Any, ...]], database: str, lending: Lending) -> Iterator[Bench]:
    """A clinic of two rooms with half-hour slots, a horizon of a week and an empty calendar."""
    with lending.database(as_role(database, "worker")) as lent:
        yield Bench(conn, database, add_clinic(conn, sync_horizon_days=7), lent=lent)
