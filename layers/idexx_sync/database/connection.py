"""One connection per process, and the transaction that every writer uses.

A transaction pooler may stand between: nothing is prepared on the server, nothing is set for the
session, no lock outlives its transaction.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from psycopg import Connection, Cursor
from psycopg.pq import TransactionStatus
from pydantic import SecretStr

from idexx_sync.core.errors import ConfigurationInvalid, DatabaseUnavailable
from idexx_sync.database.loaders import READING

Conn = Connection[tuple[Any, ...]]
Cur = Cursor[tuple[Any, ...]]

DriverError = psycopg.Error
"""Whatever the driver raises."""
LOST: Final = (psycopg.OperationalError, psycopg.InterfaceError)
"""What the driver raises when Postgres does not answer, or the connection broke."""
LACKING: Final = (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn)
NOT_ALLOWED: Final = (psycopg.errors.InsufficientPrivilege,)
CONNECT_TIMEOUT_S = 10
TIMED_OUT: Final = psycopg.errors.ConnectionTimeout.__name__.lower()
"""The code of a DatabaseUnavailable that nobody answered: no refusal, whatever the password."""
LOCK_TIMEOUT = "10s"
STATEMENT_TIMEOUT = "60s"
IDLE_TIMEOUT = "20s"
"""A frozen writer must not hold its locks for longer; a live one never pauses as long."""
_OPEN, _FAILED = TransactionStatus.INTRANS, TransactionStatus.INERROR


def connect(database_url: SecretStr) -> Conn:
    """A new autocommit connection.

    Raises DatabaseUnavailable when Postgres does not answer or refuses us, ConfigurationInvalid
    when the address makes no sense.
    """
    try:
        return psycopg.connect(
            database_url.get_secret_value(),
            autocommit=True,
            prepare_threshold=None,
            connect_timeout=CONNECT_TIMEOUT_S,
            application_name="idexx-sync",
            context=READING,
        )
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(
            "Postgres did not answer or refused us; check that it runs, and that host, port, "
            "user, password and database in DATABASE_URL are right",
            code=type(error).__name__.lower(),
        ) from None
    except psycopg.ProgrammingError:
        raise ConfigurationInvalid(
            "DATABASE_URL: not an address that Postgres's driver can read; "
            "write it as postgresql://USER:PASSWORD@HOST:PORT/DATABASE",
            code="database_url",
        ) from None


class Database:
    """The process's connection, opened at first use and replaced once it is broken."""

    def __init__(
        self, database_url: SecretStr, newest_url: Callable[[], SecretStr] | None = None
    ) -> None:
        """`newest_url` gives the address that counts by now, once one was refused."""
        self._url = database_url
        self._newest_url = newest_url or (lambda: self._url)
        self._conn: Conn | None = None
        self._cursor: Cur | None = None

    def connection(self) -> Conn:
        if self._conn is None or self._conn.closed or self._conn.broken:
            self._conn = self.another()
        return self._conn

    def answering(self) -> Conn:
        """The kept connection if it still answers, else a new one."""
        conn = self.connection()
        try:
            conn.execute("SELECT 1")
        except (psycopg.OperationalError, psycopg.InterfaceError):
            return self.reconnect()
        return conn

    def cursor(self) -> Cur:
        """A kept cursor of the connection, for one short statement that is asked all the time.

        Making a cursor costs a fifth of such a statement. Two threads must not use it at once:
        one would fetch the other's answer.
        """
        conn = self.connection()
        if self._cursor is None or self._cursor.connection is not conn:
            self._cursor = conn.cursor()
        return self._cursor

    def another(self) -> Conn:
        """A connection of its own, for another thread; its caller closes it."""
        try:
            return connect(self._url)
        except (DatabaseUnavailable, ConfigurationInvalid) as error:
            if error.code == TIMED_OUT or (newest := self._newest_url()) == self._url:
                raise
        self._url = newest
        return connect(newest)

    def reconnect(self) -> Conn:
        self.close()
        return self.connection()

    def close(self) -> None:
        if self._conn is not None:
            self._conn.close()
        self._conn = None


Settle = Callable[[], None]
"""Waits for the answers to all that was sent so far; results can be fetched afterwards."""


@contextmanager
def writing(conn: Conn) -> Iterator[Settle]:
    """A transaction with bounded waits whose statements go out without waiting for each other.

    Before a result is fetched, settle: that waits for all that was sent, and raises its errors.
    A fetch alone would wait too, but only flush: the server would take the batch for unfinished
    and never count a frozen client as idle. psycopg's own `transaction()` waits at each of its
    ends inside a pipeline, which would double a run's round trips. The limits are the
    transaction's own, because a pooler hands the session to others.
    """
    try:
        with conn.pipeline() as pipeline:
            conn.execute("BEGIN")
            bound_waits(conn)
            yield pipeline.sync
            conn.execute("COMMIT")
    except BaseException:
        if conn.info.transaction_status in (_OPEN, _FAILED):
            conn.execute("ROLLBACK")
        raise


def bound_waits(conn: Conn) -> None:
    """Bound the waits of the transaction that has just begun."""
    conn.execute(
        """
        SELECT set_config('lock_timeout', %s, true),
               set_config('statement_timeout', %s, true),
               set_config('idle_in_transaction_session_timeout', %s, true)
        """,
        (LOCK_TIMEOUT, STATEMENT_TIMEOUT, IDLE_TIMEOUT),
    )


def unavailable(error: psycopg.Error) -> DatabaseUnavailable:
    """What a broken connection means to a sync; the driver's text may name hosts and users."""
    return DatabaseUnavailable(
        "Postgres did not answer, or the connection broke; the run can be repeated safely",
        code=type(error).__name__.lower(),
    )
