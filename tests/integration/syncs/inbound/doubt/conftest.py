"""A clinic on a simulated Neo; the tests of a module share a database."""

from collections.abc import Iterator
from typing import Any

import pytest
from psycopg import Connection

from neo_simulator.client import Simulator
from tests.kit.module_database import conn, database
from tests.kit.neo_bench import NeoBench

__all__ = ["conn", "database"]


@pytest.fixture
def clinic(
    conn: Connection[tuple[Any, ...]],
    database: str,
    simulator: Simulator,
    request: pytest.FixtureRequest,
) -> Iterator[NeoBench]:
    """With one place in each slot, unless a test says otherwise."""
    made = NeoBench(conn, database, simulator, capacity=getattr(request, "param", 1))
    yield made
    made.close()
