"""A database as the mirror sees it, and EventBridge Scheduler as strict as AWS."""

from collections.abc import Iterator

import pytest

from idexx_sync.database.connection import Conn
from tests.kit.database import as_role
from tests.kit.lending import Lending
from tests.kit.mirror import MirroredWorld


@pytest.fixture
def upkeep(database: str, lending: Lending) -> Iterator[Conn]:
    """A connection with the rights of upkeep and no others."""
    with lending.connection(as_role(database, "upkeep")) as conn:
        yield conn


@pytest.fixture
def world(conn: Conn, upkeep: Conn) -> MirroredWorld:
    return MirroredWorld(conn, upkeep)
