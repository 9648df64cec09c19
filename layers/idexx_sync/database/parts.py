"""Writing in ever smaller parts, where Postgres refuses a row (rule R26).

One statement writes all rows; only if a row of it is refused is the rest written without it. A
savepoint and its release go out with the statement, so that they cost no round trip.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

import psycopg

from idexx_sync.core.faults import Fault
from idexx_sync.database.connection import Conn, Settle

_OF_A_ROW: Final = ("09", "22", "23", "27", "38", "39", "44", "54", "P0")
"""Classes of SQLSTATE in which a row is refused: by its values, a constraint, a view's check, the
size of an index, or a trigger."""
_LEFT_TO_TRIGGERS: Final = frozenset("56789IJKLMNOPQRSTUVWXYZ")
"""How the classes begin that the standard leaves to whoever writes a trigger."""
_OF_POSTGRES: Final = ("53", "55", "57", "58", "72", "XX")
"""Those of them that are Postgres's own and about no row."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What refused a row, by name: the driver's message, its detail above all, quotes values."""

    table: str
    name: str
    """Constraint or column; the code of the error where Postgres names neither."""

    def of(self, id_: str) -> Fault:
        return Fault(self.table, self.name, id_, "refused")


@dataclass(slots=True)
class Parts[T, R]:
    """What became of the items."""

    results: list[R]
    """What `write` gave for each part that was written."""
    refused: list[tuple[T, Refusal]]


def in_parts[T, R](
    conn: Conn,
    settle: Settle,
    table: str,
    items: Sequence[T],
    write: Callable[[Sequence[T]], R],
    apart: Callable[[T], bool] = lambda _: False,
) -> Parts[T, R]:
    """Write all items at once; in halves, down to single ones, where a row is refused.

    Part of the caller's transaction. `table` is named where the error names none. Those items that
    are to be `apart`, because they were refused before, are written one by one after the others.
    """
    parts: Parts[T, R] = Parts([], [])
    together = [item for item in items if not apart(item)]
    waiting = [[item] for item in reversed(items) if apart(item)] + ([together] if together else [])
    while waiting:
        part = waiting.pop()
        outcome = tried(conn, settle, table, partial(write, part))
        if not isinstance(outcome, Refusal):
            parts.results.append(outcome)
        elif len(part) == 1:
            parts.refused.append((part[0], outcome))
        else:
            waiting += [part[len(part) // 2 :], part[: len(part) // 2]]
    return parts


def tried[R](conn: Conn, settle: Settle, table: str, write: Callable[[], R]) -> R | Refusal:
    """What `write` gives, or why Postgres refused a row of it; then nothing of it is written."""
    conn.execute("SAVEPOINT part")
    try:
        result = write()
        conn.execute("SET CONSTRAINTS ALL IMMEDIATE")  # what is deferred would refuse the commit
        settle()
    except (psycopg.Error, UnicodeEncodeError) as error:
        if not _is_of_a_row(error):
            raise
        with suppress(psycopg.errors.PipelineAborted):  # what was sent behind it
            settle()
        conn.execute("ROLLBACK TO SAVEPOINT part")
        settle()
        return _refusal(error, table)
    conn.execute("SET CONSTRAINTS ALL DEFERRED")
    conn.execute("RELEASE SAVEPOINT part")
    return result


def _is_of_a_row(error: Exception) -> bool:
    """Of the server by its code; of the driver, which finds characters that no text may hold."""
    if not isinstance(error, psycopg.Error):
        return True
    if error.sqlstate is None:
        return isinstance(error, psycopg.DataError)
    of = error.sqlstate[:2]
    return of in _OF_A_ROW or (of[0] in _LEFT_TO_TRIGGERS and of not in _OF_POSTGRES)


def _refusal(error: Exception, table: str) -> Refusal:
    if not isinstance(error, psycopg.Error):
        return Refusal(table, "characters")
    told = error.diag
    name = told.constraint_name or told.column_name or error.sqlstate or "characters"
    return Refusal(told.table_name or table, name)
