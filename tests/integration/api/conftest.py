"""A clinic with three visits, and its API."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from idexx_sync.database.connection import Conn, Database
from tests.kit.api import Api
from tests.kit.bench import Bench
from tests.kit.clinic import add_clinic
from tests.kit.records import visits


@pytest.fixture
def bench(conn: Conn, database: str) -> Iterator[Bench]:
    made = Bench(conn, database, add_clinic(conn))
    made.pims.records = visits(3)
    yield made
    made.database.close()


@pytest.fixture
def api(bench: Bench) -> Iterator[Api]:
    made = Api(bench, add_clinic(bench.conn), Database(SecretStr(bench.url)))
    yield made
    made.close()
