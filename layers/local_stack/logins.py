"""A login for each role of ours, as a deployment makes them: here, and for tests."""

import re
from collections.abc import Mapping
from typing import Final, Literal

from psycopg import Connection, sql

Login = Literal["migrate", "worker", "api", "authorizer", "operator"]
LOGINS: Final[tuple[Login, ...]] = ("migrate", "worker", "api", "authorizer", "operator")


def make_logins(conn: Connection, passwords: Mapping[Login, str]) -> None:
    """Make the cluster's logins, or give them these passwords; the migrations made their roles."""
    for name in LOGINS:
        known = conn.execute("SELECT to_regrole(%s)", (f"idexx_sync_local_{name}",)).fetchone()
        statement = sql.SQL("{} ROLE {} LOGIN PASSWORD {}; GRANT {} TO {}").format(
            sql.SQL("CREATE" if known == (None,) else "ALTER"),
            sql.Identifier(f"idexx_sync_local_{name}"),
            sql.Literal(passwords[name]),
            sql.Identifier(f"idexx_sync_{name}"),
            sql.Identifier(f"idexx_sync_local_{name}"),
        )
        conn.execute(statement)


def as_login(url: str, name: Login, password: str) -> str:
    """The address of a database, whoever's it was, as it is that login's."""
    return re.sub(r"//[^@/]*@", f"//idexx_sync_local_{name}:{password}@", url, count=1)
