"""What tests of every kind share: a real Postgres, and a headless Chromium.

One cluster per test process; each test gets a database as the prepared one is. Nothing here
skips: a missing database or browser fails the run.
"""

import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection
from xdist.scheduler import LoadScopeScheduling

from dev_tools.chromium import find_chromium, playwright_package
from idexx_sync.database.connection import Database
from local_stack.postgres import Postgres, running_postgres
from neo_simulator.client import Simulator
from neo_simulator.process import running_simulator
from tests.kit.database import as_role, create_prepared
from tests.kit.lending import Lending
from tests.kit.paths import ROOT
from tests.kit.shelf import Shelf

TOGETHER = ("tests/e2e/", "tests/faults/", "tests/infra/")
"""Folders whose modules share a running stack, a rig or synthesised templates."""
ALONE = ("tests/e2e/test_nothing_left.py",)
"""Modules in there that share nothing."""
SHELF = pytest.StashKey[Shelf]()


def pytest_configure() -> None:
    # A shell's background commands ignore SIGINT, and whatever tests start would inherit that.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Whole runs give whole modules to a process; a selection is spread test by test.

    xdist's own groups write into a node's id, which pytest no longer lets them.
    """
    if config.args_source is pytest.Config.ArgsSource.ARGS:
        return None
    config.option.loadscopereorder = False  # long modules come first, as they are collected
    scheduler = LoadScopeScheduling(config, log)
    scheduler._split_scope = _started_together
    return scheduler


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """A process of several imports a share of the modules before it collects them all.

    On a fresh clone pytest writes each module anew to tell more of its assertions, and keeps the
    result on disk: so it happens once for all processes, and not once in each of them.
    """
    worker = getattr(session.config, "workerinput", None)
    if worker is None or session.config.args_source is pytest.Config.ArgsSource.ARGS:
        return
    number, processes = int(worker["workerid"].removeprefix("gw")), worker["workercount"]
    for path in sorted((ROOT / "tests").rglob("test_*.py"))[number::processes]:
        with suppress(Exception):  # collecting it will fail, and tell why
            import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))


def _started_together(nodeid: str) -> str:
    """The module, so that its database is made once, or the folder that shares a start."""
    module = nodeid.partition("::")[0]
    folders = [one for one in TOGETHER if module.startswith(one) and module not in ALONE]
    return (folders or [module])[0]


@pytest.hookimpl(optionalhook=True)
def pytest_child_begins(session: pytest.Session) -> None:
    if SHELF in session.config.stash:
        session.config.stash[SHELF].be_childs()


@pytest.hookimpl(optionalhook=True)
def pytest_child_ended(session: pytest.Session, in_order: bool) -> None:
    if SHELF in session.config.stash:
        session.config.stash[SHELF].after_child(in_order=in_order)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--examples", type=int, default=8, help="generated requests per route and kind"
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What tests have found out beyond passing: their property `figure` is printed."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == "figure" and report.when == "call":
                terminalreporter.write_line(str(value))


@pytest.fixture(autouse=True)
def _words_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a handler keeps in (`core/words.py`) is kept in until its test ends: another one may
    look for words in what libraries log."""
    monkeypatch.setattr(logging, "raiseExceptions", logging.raiseExceptions)
    for module, hook in ((sys, "excepthook"), (sys, "unraisablehook"), (threading, "excepthook")):
        monkeypatch.setattr(module, hook, getattr(module, hook))
    monkeypatch.setattr(logging, "_logRecordFactory", logging.LogRecord)


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


@pytest.fixture(scope="session")
def shelf(request: pytest.FixtureRequest, postgres: Postgres, prepared: str) -> Iterator[Shelf]:
    """Databases of this test process, used again where only their rows have changed."""
    made = Shelf(postgres, prepared)
    request.config.stash[SHELF] = made
    yield made
    made.lending.close_all()


@pytest.fixture
def database(shelf: Shelf) -> Iterator[str]:
    """The DSN of a database of this test's own, as the prepared one is."""
    name = shelf.take()
    yield shelf.postgres.dsn(name)
    shelf.give_back(name)


@pytest.fixture(scope="session")
def lending(shelf: Shelf) -> Lending:
    """Connections to databases of the shelf, kept from one test to the next."""
    return shelf.lending


@pytest.fixture
def lent(database: str, lending: Lending) -> Iterator[Database]:
    """What leads a worker to this test's database, connected if a connection was kept."""
    with lending.database(as_role(database, "worker")) as made:
        yield made


@pytest.fixture
def conn(database: str, lending: Lending) -> Iterator[Connection[tuple[Any, ...]]]:
    """An autocommit connection to this test's database."""
    with lending.connection(database) as connection:
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
