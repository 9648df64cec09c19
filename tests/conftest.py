"""What tests of every kind share: a real Postgres, and a headless Chromium.

One cluster per test process; each test gets a copy of one prepared database. Nothing here
skips: a missing database or browser fails the run.
"""

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from dev_tools.chromium import find_chromium, playwright_package
from local_stack.postgres import Postgres, running_postgres
from neo_simulator.client import Simulator
from neo_simulator.process import running_simulator
from tests.kit.database import create_prepared

_numbers = count(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--examples", type=int, default=15, help="generated requests per route and kind"
    )


@pytest.fixture(scope="session")
def examples(request: pytest.FixtureRequest) -> int:
    """How many generated requests are sent to each route, right ones and wrong ones each."""
    return int(request.config.getoption("examples"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A running cluster of this test process."""
    with running_postgres(durable=False) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def prepared(postgres: Postgres) -> str:
    """The name of a database with ODIS's tables and our migrations, to be copied."""
    return create_prepared(postgres, "prepared")


@pytest.fixture
def database(postgres: Postgres, prepared: str) -> Iterator[str]:
    """The DSN of a fresh database of this test's own."""
    name = f"test_{next(_numbers)}"
    postgres.create_database(name, template=prepared)
    yield postgres.dsn(name)
    postgres.drop_database(name)


@pytest.fixture
def conn(database: str) -> Iterator[Connection[tuple[Any, ...]]]:
    """An autocommit connection to this test's database."""
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def simulator() -> Iterator[Simulator]:
    """A simulated Neo of this test process; each test makes a company of its own."""
    with running_simulator() as running:
        yield running


@pytest.fixture(scope="session")
def chromium_path() -> Path:
    """A headless Chromium that starts; `./run test` installs one where there is none."""
    found = find_chromium(os.environ, playwright_package())
    assert found is not None, "no headless Chromium on this machine: ./run test installs one"
    return found
