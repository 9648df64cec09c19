"""Connections that are kept from one test to the next.

A new connection costs Postgres some five milliseconds, and as many times more until it has read
what the catalogue says of each table. A connection is kept only if it is as a new one is; what
is not, or may not be, is closed.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakSet

import psycopg
from psycopg import Connection, Cursor, IsolationLevel
from psycopg.pq import PipelineStatus, TransactionStatus
from psycopg.rows import tuple_row
from pydantic import SecretStr

from idexx_sync.database.connection import Conn, Database
from idexx_sync.database.waits import Patience, PatientConnection

_PUT_BACK = (
    "CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; UNLISTEN *; "
    "SELECT pg_advisory_unlock_all(); DISCARD TEMP"
)
"""DISCARD ALL, but what the driver has prepared: it would not know that it is gone."""
_OTHER_DEFAULTS = (
    "SELECT 1 FROM pg_settings WHERE source IN ('database', 'user', 'database user', 'global')"
)
"""Whether the session began with settings of its database or its role."""

_INHERITED: list[dict[str, list[Conn]]] = []
"""A connection that is collected is closed, and its parent's with it."""


class Lending:
    """Idle connections by the address they lead to, each lent to one user at a time."""

    def __init__(self) -> None:
        self._idle: dict[str, list[Conn]] = defaultdict(list)
        self._plain: WeakSet[Conn] = WeakSet()
        """Those that are known to have begun without settings of their own: that never changes."""

    @contextmanager
    def connection(self, dsn: str) -> Iterator[Conn]:
        """An autocommit connection for the time of the block."""
        conn = self._take(dsn, Connection) or psycopg.connect(dsn, autocommit=True)
        try:
            yield conn
        finally:
            self.give_back(dsn, conn)

    @contextmanager
    def database(self, dsn: str) -> Iterator[Database]:
        """The product's `Database` for the time of the block, connected if one was kept.

        A test in which new connections matter closes it first.
        """
        made = Database(SecretStr(dsn))
        kept = self.take(dsn)
        if kept is not None:
            kept.patience = made.patience
            made._conn = kept
        try:
            yield made
        finally:
            conn, made._conn = made._conn, None
            if conn is not None:
                self.give_back(dsn, conn)

    def database_of_a_process(self, dsn: str) -> Database:
        """A `Database` whose connection is given back when it is closed, as by a process's end."""
        return _OfAProcess(self, dsn)

    def pids(self, dsn: str) -> list[int]:
        """The server's processes behind what is idle, whoever's it was."""
        idle = (conn for one in self._of_same_database(dsn) for conn in self._idle[one])
        return [conn.info.backend_pid for conn in idle if not conn.closed]

    def close(self, dsn: str) -> None:
        """Close what is idle, whoever's it was: its database goes away."""
        for one in self._of_same_database(dsn):
            for conn in self._idle.pop(one):
                conn.close()

    def forget(self) -> None:
        """In a child process: all belongs to the parent, and is neither used nor closed here."""
        _INHERITED.append(self._idle)
        self._idle = defaultdict(list)

    def close_all(self) -> None:
        for dsn in list(self._idle):
            self.close(dsn)

    def _of_same_database(self, dsn: str) -> list[str]:
        """The addresses of the same database as all logins have them."""
        place = dsn.rpartition("@")[2]
        return [one for one in self._idle if one.rpartition("@")[2] == place]

    def take(self, dsn: str) -> PatientConnection | None:
        """An idle connection of the product's own kind, now somebody's."""
        found = self._take(dsn, PatientConnection)
        return found if isinstance(found, PatientConnection) else None

    def _take(self, dsn: str, kind: type[Connection[Any]]) -> Conn | None:
        """The last one that still answers: a test may have ended those of its database."""
        for conn in [conn for conn in reversed(self._idle[dsn]) if type(conn) is kind]:
            self._idle[dsn].remove(conn)
            try:
                conn.execute("SELECT 1")
            except psycopg.Error:
                conn.close()
            else:
                return conn
        return None

    def give_back(self, dsn: str, conn: Conn) -> None:
        if self._is_as_new(conn):
            self._idle[dsn].append(conn)
        else:
            conn.close()

    def _is_as_new(self, conn: Conn) -> bool:
        """Puts the session back; false where that fails or somebody may still use it."""
        if conn.closed or conn.lock.locked() or not _is_unchanged(conn):
            return False
        if isinstance(conn, PatientConnection):
            conn.patience = Patience()
        try:
            conn.execute(_PUT_BACK)
            if conn not in self._plain and conn.execute(_OTHER_DEFAULTS).fetchone() is None:
                self._plain.add(conn)
        except psycopg.Error:
            return False
        return conn in self._plain


class _OfAProcess(Database):
    def __init__(self, lending: Lending, dsn: str) -> None:
        super().__init__(SecretStr(dsn))
        self._lending, self._dsn = lending, dsn
        self._conn = lending.take(dsn)
        if self._conn is not None:
            self._conn.patience = self.patience

    def close(self) -> None:
        conn, self._conn = self._conn, None
        if conn is not None:
            self._lending.give_back(self._dsn, conn)


def _is_unchanged(conn: Conn) -> bool:
    """Whether it waits for a statement, and works as when it was made."""
    ours = isinstance(conn, PatientConnection)
    return (
        conn.info.transaction_status is TransactionStatus.IDLE
        and conn.info.pipeline_status is PipelineStatus.OFF
        and conn.autocommit
        and conn.row_factory is tuple_row
        and conn.cursor_factory is Cursor
        and conn.prepare_threshold == (None if ours else 5)
        and conn.isolation_level == (IsolationLevel.READ_COMMITTED if ours else None)
        and conn.read_only == (False if ours else None)
        and not conn._notice_handlers
        and vars(conn).keys().isdisjoint(dir(type(conn)))
    )
