"""A clinic with three visits, and its API."""

from collections.abc import Iterator

import pytest

from idexx_sync.database.connection import Conn, Database
from tests.kit.api import Api
from tests.kit.bench import Bench
from tests.kit.clinic import add_clinic
from tests.kit.database import as_role
from tests.kit.lending import Lending
from tests.kit.records import visits


@pytest.fixture
def bench(conn: Conn, database: str, lent: Database) -> Bench:
    made = Bench(conn, database, add_clinic(conn), lent=lent)
    made.pims.records = visits(3)
    return made


@pytest.fixture
def api(bench: Bench, lending: Lending) -> Iterator[Api]:
    with (
        lending.database(as_role(bench.url, "api")) as asked,
        lending.database(as_role(bench.url, "authorizer")) as doorkeeper,
    ):
        yield Api(bench, add_clinic(bench.conn), asked, lent=doorkeeper)
