"""A clinic with a scripted PIMS, and its command line."""

from collections.abc import Iterator

import pytest

from idexx_sync.database.connection import Conn
from tests.kit.bench import Bench
from tests.kit.clinic import add_clinic
from tests.kit.command_line import CommandLine
from tests.kit.lending import Lending


@pytest.fixture
def bench(conn: Conn, database: str, lending: Lending) -> Iterator[Bench]:
    with lending.database(database) as lent:
        yield Bench(conn, database, add_clinic(conn), lent=lent)


@pytest.fixture
def idexx_sync(bench: Bench) -> CommandLine:
    return CommandLine(bench)
