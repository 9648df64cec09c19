"""A clinic with a scripted PIMS, and its command line."""

import pytest

from idexx_sync.database.connection import Conn, Database
from tests.kit.bench import Bench
from tests.kit.clinic import add_clinic
from tests.kit.command_line import CommandLine
from tests.kit.lending import Lending


@pytest.fixture
def bench(conn: Conn, database: str, lent: Database) -> Bench:
    return Bench(conn, database, add_clinic(conn), lent=lent)


@pytest.fixture
def idexx_sync(bench: Bench, lending: Lending) -> CommandLine:
    return CommandLine(bench, lending=lending)
