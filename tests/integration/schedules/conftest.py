"""A database as the mirror sees it, and EventBridge Scheduler as strict as AWS."""

from collections.abc import Iterator

import pytest

from idexx_sync.database.connection import Conn
from tests.kit.database import as_role
from tests.kit.lending import Lending
from tests.kit.mirror import MirroredWorld


@pytest.fixture
def upkeep(database: str, lending: Lending) -> Iterator[Conn]:
    """The product's own connection, with the rights of upkeep and no others."""
    with lending.database(as_role(database, "upkeep")) as made:
        yield made.connection()


@pytest.fixture
def world(conn: Conn, upkeep: Conn) -> MirroredWorld:
    return MirroredWorld(conn, upkeep)
