"""A clinic on a simulated Neo whose visits become cases; the tests of a module share a database."""

from collections.abc import Iterator
from typing import Any

import pytest
from psycopg import Connection

from neo_simulator.client import Simulator
from tests.kit.module_database import conn, database
from tests.kit.neo_cases_bench import NeoCasesBench

__all__ = ["conn", "database"]


@pytest.fixture
def clinic(
    conn: Connection[tuple[Any, ...]], database: str, simulator: Simulator
) -> Iterator[NeoCasesBench]:
    made = NeoCasesBench(conn, database, simulator)
    yield made
    made.close()
