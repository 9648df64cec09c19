"""A clinic that is live, with a scripted PIMS and all three syncs."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from psycopg import Connection

from tests.kit.clinic import add_clinic, add_user
from tests.kit.database import as_role
from tests.kit.lending import Lending
from tests.kit.module_database import conn, database
from tests.kit.reconciliation_bench import ReconciliationBench

__all__ = ["conn", "database"]


@pytest.fixture
def bench(
    conn: Connection[tuple[Any, ...]], database: str, lending: Lending
) -> Iterator[ReconciliationBench]:
    clinic_id = add_clinic(
        conn, acting_user_id=add_user(conn), live_from=date(2026, 1, 1), sync_horizon_days=7
    )
    with lending.database(as_role(database, "worker")) as lent:
        yield ReconciliationBench(conn, database, clinic_id, lent=lent)
