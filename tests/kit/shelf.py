"""Databases that are emptied after a test and given to the next one.

Making a copy of the prepared database and removing it costs some hundred milliseconds of disk
and processor; emptying it costs some ten, over a connection that is kept. A database whose
tables, rules or settings were touched is thrown away, so that a test may change whatever it
likes.
"""

import os
from collections import Counter
from itertools import count

import psycopg
from psycopg import sql

from idexx_sync.database.connection import Conn
from local_stack.postgres import Postgres
from tests.kit.lending import Lending

_CATALOGUES = {
    **dict.fromkeys(("pg_class", "pg_constraint", "pg_attrdef", "pg_trigger", "pg_proc"), "oid"),
    **dict.fromkeys(("pg_type", "pg_enum", "pg_policy", "pg_rewrite"), "oid"),
    "pg_attribute": "attrelid",
    "pg_namespace": "",
    "pg_extension": "",
}
"""Catalogue -> the column that is large for what is not Postgres's own; where it is few, all."""
_SHAPE = (
    " UNION ALL ".join(
        f"SELECT '{name}', count(*)::text, max(xmin::text::bigint)::text FROM {name}"
        + (f" WHERE {number} >= 16384" if number else "")
        for name, number in _CATALOGUES.items()
    )
    + """
     UNION ALL SELECT 'settings', setconfig::text, '' FROM pg_db_role_setting
                WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
     UNION ALL SELECT 'migration', m::text, '' FROM idexx_sync.migrations m
"""
)
"""Whatever is added or changed has a newer transaction than all before; what is gone is counted."""
_KEPT = ("idexx_sync", "migrations")
"""The one table whose rows belong to the prepared database; `_SHAPE` looks at them."""
_SWEPT_EVERY = 20
"""Emptyings after which the space of deleted rows is given back: whoever reads a table passes
over all of it, and nothing else here removes it."""


class Shelf:
    """Hands out databases as the prepared one is, each to one test at a time."""

    def __init__(self, postgres: Postgres, prepared: str) -> None:
        self.postgres = postgres
        self.lending = Lending()
        self._prepared = prepared
        self._numbers = count(1)
        self._free: list[str] = []
        self._emptied_times: Counter[str] = Counter()
        with psycopg.connect(postgres.dsn(prepared), autocommit=True) as conn:
            self._shape = _shape(conn)
            self._emptying = _emptying(conn)
            self._sweeping = sql.SQL("VACUUM {}").format(sql.SQL(", ").join(_tables(conn)))
            assert _filled(conn) == [], "rows of the prepared database would be lost"

    def take(self) -> str:
        """The name of a database that nobody uses."""
        if self._free:
            return self._free.pop()
        name = f"test_{next(self._numbers)}"
        self.postgres.create_database(name, template=self._prepared)
        return name

    def give_back(self, name: str) -> None:
        """End all connections that are in use, and keep the database if it was not reshaped."""
        if self._emptied(name):
            self._free.append(name)
        else:
            self.lending.close(self.postgres.dsn(name))
            self.postgres.drop_database(name)

    def be_childs(self) -> None:
        """In a child process: new databases have names that the parent gives to none."""
        self.lending.forget()
        self._numbers = count(os.getpid() * 1000)

    def after_child(self, *, in_order: bool) -> None:
        """In the parent: what a child has made goes, and what it may have left unempty; what it
        has thrown away is known no more."""
        with self.lending.connection(self.postgres.dsn()) as conn:
            found = conn.execute("SELECT datname FROM pg_database WHERE datname LIKE 'test\\_%'")
            there = {name for (name,) in found}
        kept = [name for name in self._free if in_order and name in there]
        for name in set(self._free).difference(kept):
            self.lending.close(self.postgres.dsn(name))
        self._free = kept
        unknown = there.difference(kept)
        for name in unknown:
            self.postgres.drop_database(name)

    def _emptied(self, name: str) -> bool:
        dsn = self.postgres.dsn(name)
        with self.lending.connection(dsn) as conn:
            conn.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE "
                "datname = current_database() AND pid <> pg_backend_pid() AND pid <> ALL (%s)",
                (self.lending.pids(dsn),),
            )
            if _shape(conn) != self._shape:
                return False
            conn.execute(self._emptying)
            self._emptied_times[name] += 1
            if self._emptied_times[name] % _SWEPT_EVERY == 0:
                conn.execute(self._sweeping)
            return True


def _shape(conn: Conn) -> list[tuple[str, ...]]:
    """Equal for two databases that differ in rows only; empty if even our schema is gone."""
    try:
        return sorted(conn.execute(_SHAPE).fetchall())
    except psycopg.errors.UndefinedTable:
        return []


def _tables(conn: Conn) -> list[sql.Identifier]:
    found = conn.execute(
        "SELECT schemaname, tablename FROM pg_tables "
        "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    )
    return [sql.Identifier(*names) for names in found if names != _KEPT]


def _emptying(conn: Conn) -> sql.Composed:
    """Removes all rows without asking keys and triggers, and lets numbers begin anew."""
    statements: list[sql.Composable] = [sql.SQL("SET session_replication_role = replica")]
    statements += [sql.SQL("DELETE FROM {}").format(table) for table in _tables(conn)]
    statements.append(
        sql.SQL(
            "SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)"
            " FROM pg_sequences WHERE last_value IS NOT NULL"
        )
    )
    return sql.SQL("; ").join(statements)


def _filled(conn: Conn) -> list[str]:
    """Tables with rows that emptying would take away."""
    return [
        table.as_string(conn)
        for table in _tables(conn)
        if conn.execute(sql.SQL("SELECT 1 FROM {} LIMIT 1").format(table)).fetchone()
    ]
