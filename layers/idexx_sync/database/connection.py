"""One connection per process, and the transaction that every writer uses.

A transaction pooler may stand between: nothing is prepared on the server, nothing is set for the
session, no lock outlives its transaction.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any, Final

import psycopg
from psycopg import Connection, Cursor, IsolationLevel
from psycopg.pq import TransactionStatus
from pydantic import SecretStr

from idexx_sync.core.errors import DatabaseUnavailable, DatabaseUnusable, SyncError
from idexx_sync.database.loaders import READING
from idexx_sync.database.waits import Patience, PatientConnection

Conn = Connection[tuple[Any, ...]]
Cur = Cursor[tuple[Any, ...]]

DriverError = psycopg.Error
"""Whatever the driver raises."""
LOST: Final = (psycopg.OperationalError, psycopg.InterfaceError)
"""What the driver raises when Postgres does not answer, or the connection broke."""
LACKING: Final = (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn)
NOT_ALLOWED: Final = (psycopg.errors.InsufficientPrivilege,)
CONNECT_TIMEOUT_S = 5
NO_TIME: Final = "no_time"
UNANSWERED: Final = (psycopg.errors.ConnectionTimeout.__name__.lower(), NO_TIME)
"""Codes of a DatabaseUnavailable that nobody answered: no refusal, whatever the password."""
LEAST_CONNECT_S: Final = 2
"""The driver waits no shorter for a connection."""
TRUSTED_S = 60.0
"""A connection that was idle for longer may be dead without knowing: it is asked first."""
CHECK_S = 2.0
"""For how long it is asked."""
NETWORK: Final[dict[str, Any]] = {
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""Signs of life on a quiet connection, in seconds, and how long sent bytes may stay unconfirmed,
in milliseconds: no gateway forgets a connection in use, and one that is gone is found out."""
LOCK_TIMEOUT = "10s"
STATEMENT_TIMEOUT = "60s"
IDLE_TIMEOUT = "20s"
"""A frozen writer must not hold its locks for longer; a live one never pauses as long."""
CLIENT_CHECK_INTERVAL = "1s"
"""How soon Postgres drops a statement whose client is gone, and frees its locks."""
BEGIN: Final = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
"""Said each time: a database or a role may have other defaults, under which a locked row would be
counted as it was before."""
_OPEN, _FAILED = TransactionStatus.INTRANS, TransactionStatus.INERROR


def connect(database_url: SecretStr, patience: Patience | None = None) -> PatientConnection:
    """A new autocommit connection, which waits no longer than `patience` allows.

    Raises DatabaseUnavailable when Postgres does not answer or refuses us, DatabaseUnusable
    when the address makes no sense, or the database writes dates in a way that we don't read.
    """
    patience = patience or Patience()
    if patience.left() <= 0:
        raise DatabaseUnavailable("no time was left to connect to Postgres", code=NO_TIME)
    began = monotonic()
    refusal: SyncError | None = None
    try:
        conn = PatientConnection.connect(
            database_url.get_secret_value(),
            autocommit=True,
            prepare_threshold=None,
            connect_timeout=int(max(LEAST_CONNECT_S, min(CONNECT_TIMEOUT_S, patience.left()))),
            application_name="idexx-sync",
            context=READING,
            client_encoding="UTF8",
            **NETWORK,
        )
    except psycopg.OperationalError as error:
        refusal = DatabaseUnavailable(
            "Postgres did not answer or refused us; check that it runs, and that host, port, "
            "user, password and database are right in DATABASE_URL, or in the secret that "
            "IDEXX_SYNC_DATABASE_SECRET names",
            code=type(error).__name__.lower(),
        )
    except psycopg.ProgrammingError:
        refusal = DatabaseUnusable(
            "DATABASE_URL: not an address that Postgres's driver can read; "
            "write it as postgresql://USER:PASSWORD@HOST:PORT/DATABASE",
            code="database_url",
        )
    finally:
        patience.spend(monotonic() - began)
    if refusal is not None:  # outside the handlers: psycopg's errors may quote the address
        raise refusal
    conn.patience = patience
    # What psycopg's own transaction() begins with.
    conn.isolation_level, conn.read_only = IsolationLevel.READ_COMMITTED, False
    _require_readable(conn)
    return conn


def _require_readable(conn: Conn) -> None:
    """No round trip: the server has said it with its greeting."""
    for name, wanted in (("DateStyle", "ISO"), ("IntervalStyle", "postgres")):
        if not (conn.info.parameter_status(name) or wanted).startswith(wanted):
            conn.close()
            raise DatabaseUnusable(
                f"{name}: the database or its role sets another one than {wanted}; set it back "
                f"with: ALTER ROLE the-role SET {name} = '{wanted}'",
                code=name.lower(),
            )


class Database:
    """The process's connection, opened at first use and replaced once it is broken."""

    def __init__(
        self,
        database_url: SecretStr,
        newest_url: Callable[[], SecretStr] | None = None,
        patience: Patience | None = None,
        *,
        require: Callable[[Conn], None] | None = None,
    ) -> None:
        """`newest_url` gives the address that counts by now, once one was refused.

        `require` raises where the database is not one that the process can work with; it is asked
        once of each address, because a schema never gets older.
        """
        self._url = database_url
        self._newest_url = newest_url or (lambda: self._url)
        self._conn: PatientConnection | None = None
        self._cursor: Cur | None = None
        self._require, self._fits = require, require is None
        self.patience = patience or Patience()
        """How long the process waits for Postgres."""

    def connection(self, trusted_s: float | None = None) -> Conn:
        """The kept connection; if it was idle for longer than `trusted_s`, only if it answers.

        Raises DatabaseUnavailable when a new one is needed and can't be had, DatabaseUnusable
        when it leads to a schema that is older than this version needs.
        """
        conn, trusted_s = self._conn, TRUSTED_S if trusted_s is None else trusted_s
        if conn is None or conn.closed or conn.broken or not self._is_alive(conn, trusted_s):
            self.close()
            conn = self.another(self.patience)
            self._require_fitting(conn)
            self._conn = conn
        return conn

    def answering(self) -> Conn:
        """The kept connection if it still answers, else a new one."""
        return self.connection(trusted_s=0)

    def cursor(self) -> Cur:
        """A kept cursor of the connection, for one short statement that is asked all the time.

        Making a cursor costs a fifth of such a statement. Two threads must not use it at once:
        one would fetch the other's answer.
        """
        conn = self.connection()
        if self._cursor is None or self._cursor.connection is not conn:
            self._cursor = conn.cursor()
        return self._cursor

    def another(self, patience: Patience | None = None) -> PatientConnection:
        """A connection of its own, for another thread; its caller closes it."""
        try:
            return connect(self._url, patience)
        except (DatabaseUnavailable, DatabaseUnusable) as error:
            if error.code in UNANSWERED or (newest := self._newest_url()) == self._url:
                raise
        self._url, self._fits = newest, self._require is None
        return connect(newest, patience)

    def close(self) -> None:
        if self._conn is not None:
            self._conn.close()
        self._conn = None

    def _require_fitting(self, conn: PatientConnection) -> None:
        if self._fits or self._require is None:
            return
        try:
            self._require(conn)
        except LOST as error:
            conn.close()
            raise unavailable(error) from None
        except BaseException:
            conn.close()
            raise
        self._fits = True

    def _is_alive(self, conn: PatientConnection, trusted_s: float) -> bool:
        """Whether it may be used as it is; asked of the server only after it has been idle."""
        if conn.idle_s <= trusted_s:
            return True
        try:
            with self.patience.at_most(CHECK_S):
                conn.execute("SELECT 1")
        except LOST:
            return False
        return True


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
            conn.execute(BEGIN)
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
               set_config('idle_in_transaction_session_timeout', %s, true),
               set_config('client_connection_check_interval', %s, true)
        """,
        (LOCK_TIMEOUT, STATEMENT_TIMEOUT, IDLE_TIMEOUT, CLIENT_CHECK_INTERVAL),
    )


def unavailable(error: psycopg.Error) -> DatabaseUnavailable:
    """What a broken connection means to a sync; the driver's text may name hosts and users."""
    return DatabaseUnavailable(
        "Postgres did not answer, or the connection broke; the run can be repeated safely",
        code=type(error).__name__.lower(),
    )


def is_gone(conn: Conn, error: psycopg.Error) -> bool:
    """Whether the connection went with the error; one that only waited too long for a lock, or was
    chosen to end a deadlock, goes on."""
    return isinstance(error, LOST) and (conn.closed or conn.broken)
