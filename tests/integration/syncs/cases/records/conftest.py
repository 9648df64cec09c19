"""A live clinic on a simulated Neo whose visits become cases; a module shares a database."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from psycopg import Connection

from neo_simulator.client import Simulator
from tests.integration.syncs.cases.records.clinic_of_cases import ClinicOfCases
from tests.kit.clinic import add_user
from tests.kit.database import update
from tests.kit.module_database import conn, database

__all__ = ["conn", "database"]


@pytest.fixture
def clinic(
    conn: Connection[tuple[Any, ...]], database: str, simulator: Simulator
) -> Iterator[ClinicOfCases]:
    made = ClinicOfCases(conn, database, simulator)
    update(
        conn,
        "idexx_sync.clinic_settings",
        {"live_from": date(2026, 1, 1), "acting_user_id": add_user(conn)},
        clinic_id=made.clinic_id,
    )
    yield made
    made.close()
