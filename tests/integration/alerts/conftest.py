"""What tests of telling share."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from idexx_sync.database.connection import Conn, connect
from local_stack.sinks.server import running_sinks
from tests.kit.business_time import set_business_time
from tests.kit.database import as_role
from tests.kit.records import MORNING
from tests.kit.slack_bench import Bench


@pytest.fixture
def bench(conn: Conn, database: str) -> Iterator[Bench]:
    set_business_time(conn, MORNING)
    with running_sinks() as sinks, connect(SecretStr(as_role(database, "upkeep"))) as upkeep:
        yield Bench(conn, upkeep, sinks, database)
