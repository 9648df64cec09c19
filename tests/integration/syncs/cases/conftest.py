"""A clinic with a scripted PIMS, an acting user, and live since long ago."""

from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection

from tests.kit.cases_bench import CasesBench
from tests.kit.clinic import add_clinic, add_user
from tests.kit.database import as_role
from tests.kit.lending import Lending
from tests.kit.module_database import conn, database

__all__ = ["conn", "database"]


@pytest.fixture
def user_id(conn: Connection[tuple[Any, ...]]) -> UUID:
    return add_user(conn)


@pytest.fixture
def other_clinic(
    conn: Connection[tuple[Any, ...]], database: str, lending: Lending
) -> Iterator[CasesBench]:
    with lending.database(as_role(database, "worker")) as lent:
        yield CasesBench(conn, database, add_clinic(conn), lent=lent)


@pytest.fixture
def bench(
    conn: Connection[tuple[Any, ...]], database: str, user_id: UUID, lending: Lending
) -> Iterator[CasesBench]:
    clinic_id = add_clinic(conn, acting_user_id=user_id, live_from=date(2026, 1, 1))
    with lending.database(as_role(database, "worker")) as lent:
        yield CasesBench(conn, database, clinic_id, lent=lent)
