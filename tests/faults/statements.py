"""Postgres fails at statement n of a run: it says so itself, the connection is gone, or silent.

The statements are counted where psycopg sends them, inside of pipelines too; what goes wrong is
Postgres's own doing, so that the error arrives exactly as a real one would.
"""

from collections.abc import Callable
from typing import Any

from psycopg import Cursor

from idexx_sync.database.connection import Conn

ERRORS = {
    "deadlock": "40P01",
    "lock time-out": "55P03",
    "statement time-out": "57014",
    "serialization": "40001",
    "shutdown": "57P01",
    "out of memory": "53200",
    "disk full": "53100",
}
"""What Postgres says when it can't carry a statement out, though nothing is wrong with it."""
KILLED = "killed"
"""The server ends the connection at this statement."""
SILENT = "silent"
"""Nothing passes on the connection from this statement on."""


class Counter:
    """Counts the statements of a run and makes one of them fail."""

    def __init__(
        self,
        fail_at: int | None = None,
        how: str = KILLED,
        *,
        fall_silent: Callable[[], None] = lambda: None,
    ) -> None:
        """`fall_silent` lets the connection do so, where that is how it fails."""
        self._fall_silent = fall_silent
        self.fail_at = fail_at
        self.how = how
        self.number = 0
        self.struck = False
        self.failing = False

    def before_statement(self, execute: Callable[[str], Any]) -> None:
        self.number += 1
        if self.number == self.fail_at:
            self.struck = True
            if self.how == SILENT:
                self._fall_silent()
            else:
                execute(_failure(self.how))


def inject(conn: Conn, counter: Counter) -> None:
    """From now on the connection's statements are counted; a new connection is a healthy one."""

    class CountedCursor(Cursor[Any]):
        """Tells of every statement before it is sent."""

        def execute(self, query: Any, *args: Any, **kwargs: Any) -> Any:
            if not counter.failing:
                counter.failing = True  # what we add ourselves does not count
                try:
                    counter.before_statement(super().execute)
                finally:
                    counter.failing = False
            return super().execute(query, *args, **kwargs)

    conn.cursor_factory = CountedCursor


def _failure(how: str) -> str:
    if how == KILLED:
        return "SELECT pg_terminate_backend(pg_backend_pid())"
    return f"DO $$ BEGIN RAISE EXCEPTION 'as told' USING ERRCODE = '{ERRORS[how]}'; END $$"
