"""Whether a database's schema is as new as this version of the code needs.

The code comes with the migrations that it was written for. A newer schema is fine: each migration
works with the version before it, and a deployment migrates before functions change.
"""

from functools import cache
from pathlib import Path
from typing import Any, Final

from psycopg import Connection, errors

from idexx_sync.core.errors import DatabaseUnusable

FOLDER: Final = Path(__file__).resolve().parents[3] / "migrations"
_OLDER: Final = (errors.UndefinedFunction, errors.InvalidSchemaName)
"""What a database answers that can't say its number yet."""


@cache
def needed() -> int:
    """Number of the newest migration that this version comes with."""
    return max(int(path.name[:3]) for path in FOLDER.glob("*.sql"))


def refuse_older(conn: Connection[tuple[Any, ...]]) -> None:
    """Raises DatabaseUnusable: `schema_old` where a migration is missing, `schema_rights` where
    whoever is connected may not ask."""
    try:
        row = conn.execute("SELECT idexx_sync.schema_number()").fetchone()
    except _OLDER:
        row = None
    except errors.InsufficientPrivilege:
        raise DatabaseUnusable(
            f"the role {conn.info.user} may not ask for the schema's number; its group role, or a "
            "right of that, is missing; see which with: idexx-sync migrate --check",
            code="schema_rights",
        ) from None
    found = row[0] if row and row[0] is not None else None
    if found is None or found < needed():
        has = "is older than 041" if found is None else f"is of migration {found:03}"
        raise DatabaseUnusable(
            f"the database's schema {has}, and this version needs {needed():03}; deploy the "
            "version before, or run: idexx-sync migrate",
            code="schema_old",
        )
