"""Applies the numbered SQL files of `migrations/`: forward only, each in its own transaction."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from psycopg import Connection, Error

from idexx_sync.core.errors import ConfigurationInvalid
from idexx_sync.database.refusal import refusal_of_migration
from idexx_sync.database.schema import MIGRATIONS, hidden_tables

FOLDER = Path(__file__).resolve().parents[3] / "migrations"
_LOCK = 4_133_902_117  # any constant: one runner at a time per database
_OUR_TABLE = """
    CREATE SCHEMA IF NOT EXISTS idexx_sync;
    CREATE TABLE IF NOT EXISTS idexx_sync.migrations (
        name text PRIMARY KEY,
        checksum text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )
"""
_AS_OWNER = """
    SELECT set_config('role', pg_get_userbyid(nspowner), true)
      FROM pg_namespace WHERE nspname = 'idexx_sync'
"""
"""Until the transaction ends. A migration that alters a table of ODIS's begins with RESET ROLE."""


@dataclass(frozen=True, slots=True)
class Migration:
    name: str
    sql: bytes

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql).hexdigest()


def migrations_in(folder: Path = FOLDER) -> list[Migration]:
    """The folder's migrations in the order of their names."""
    return [Migration(path.stem, path.read_bytes()) for path in sorted(folder.glob("*.sql"))]


def apply(conn: Connection, folder: Path = FOLDER) -> list[str]:
    """Apply what is missing; return the names applied.

    Raises ConfigurationInvalid as `pending`, or when a migration refuses this database; what was
    applied before it stays.
    """
    applied = []
    for migration in migrations_in(folder):
        with conn.transaction():
            conn.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            if not _has_our_table(conn):
                conn.execute(_OUR_TABLE)
            if migration.name in pending(conn, folder):
                _run(conn, migration)
                applied.append(migration.name)
    return applied


def pending(conn: Connection, folder: Path = FOLDER) -> list[str]:
    """Names of migrations that this database lacks.

    Raises ConfigurationInvalid when an applied file was changed since, or when row level security
    hides from whoever is connected what was applied.
    """
    done = _checksums(conn)
    known = migrations_in(folder)
    for migration in known:
        if done.get(migration.name, migration.checksum) != migration.checksum:
            raise ConfigurationInvalid(
                f"migration {migration.name} was changed after it had been applied; "
                "restore the file and put the change into a new one",
                code="migration_changed",
            )
    return [migration.name for migration in known if migration.name not in done]


def _has_our_table(conn: Connection) -> bool:
    return conn.execute("SELECT to_regclass('idexx_sync.migrations')").fetchone() != (None,)


def _checksums(conn: Connection) -> dict[str, str]:
    if not _has_our_table(conn):
        return {}
    done: dict[str, str] = dict(
        conn.execute("SELECT name, checksum FROM idexx_sync.migrations").fetchall()
    )
    if not done and MIGRATIONS in hidden_tables(conn):
        raise ConfigurationInvalid(
            f"{MIGRATIONS}: row level security hides from whoever is connected which migrations "
            "were applied; connect as one of our roles that reads it (idexx_sync_migrate, "
            "idexx_sync_api, idexx_sync_operator), or give DATABASE_URL's login that role",
            code="migrations_hidden",
        )
    return done


def _run(conn: Connection, migration: Migration) -> None:
    """Work as the owner of our schema, so that what is made belongs to it, whoever migrates."""
    try:
        conn.execute(_AS_OWNER)
        conn.execute(migration.sql)
    except Error as error:
        raise ConfigurationInvalid(
            f"migration {migration.name}: {refusal_of_migration(error)}", code="database_unfit"
        ) from None
    conn.execute(
        "INSERT INTO idexx_sync.migrations (name, checksum) VALUES (%s, %s)",
        (migration.name, migration.checksum),
    )
