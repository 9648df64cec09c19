"""The database of a test: how it is made, read and written to."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from idexx_sync.database import migrations
from idexx_sync.database.connection import Conn
from local_stack.login_roles import ROLES, Role, as_login_role, make_login_roles
from local_stack.postgres import Postgres
from tests.kit.business_time import make_movable
from tests.kit.paths import MIGRATIONS, ODIS_TABLES


def create_prepared(postgres: Postgres, name: str) -> str:
    """Creates a database with ODIS's tables and our migrations, to be copied; returns its name.

    Its business time can be moved, and its cluster has a login role for each role of ours.
    """
    postgres.create_database(name)
    with psycopg.connect(postgres.dsn(name), autocommit=True) as conn:
        conn.execute(ODIS_TABLES.read_bytes())
        migrations.apply(conn, MIGRATIONS)
        make_movable(conn)
        make_login_roles(conn, dict.fromkeys(ROLES, postgres.password))
    return name


def as_role(dsn: str, role: Role) -> str:
    """The address of a test's database, whoever's it was, as the product's code has it in
    production: with the rights of that role and no others."""
    return as_login_role(dsn, role, str(conninfo_to_dict(dsn).get("password", "")))


def query(conn: Conn, statement: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
    """The rows that the statement returns, each as column -> value."""
    with conn.cursor(row_factory=dict_row) as cur:
        return cur.execute(statement, parameters).fetchall()


def insert(conn: Conn, table: str, values: Mapping[str, Any]) -> None:
    """Writes one row. A dict is stored as JSON; a list is an array unless `as_json` wrapped it."""
    conn.execute(
        f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join(['%s'] * len(values))})",
        [_adapted(value) for value in values.values()],
    )


def update(conn: Conn, table: str, values: Mapping[str, Any], **key: Any) -> None:
    """Changes the rows whose one column `key` has that value; JSON as `insert` has it."""
    ((name, wanted),) = key.items()
    conn.execute(
        f"UPDATE {table} SET {', '.join(f'{column} = %s' for column in values)} WHERE {name} = %s",
        [*(_adapted(value) for value in values.values()), wanted],
    )


def as_json(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with lists and dicts as JSON, for tables that have no arrays."""
    return {
        name: Jsonb(value) if isinstance(value, (dict, list)) else value
        for name, value in values.items()
    }


def _adapted(value: Any) -> Any:
    return Jsonb(value) if isinstance(value, dict) else value


@contextmanager
def database_default(conn: Conn, name: str, value: str) -> Iterator[None]:
    """For the time of the block new connections to the database begin with this setting."""
    database = sql.Identifier(conn.info.dbname)
    statement = sql.SQL("ALTER DATABASE {} SET {} = {}")
    conn.execute(statement.format(database, sql.Identifier(name), sql.Literal(value)))
    try:
        yield
    finally:
        conn.execute(sql.SQL("ALTER DATABASE {} RESET ALL").format(database))
