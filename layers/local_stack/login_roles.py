"""The login roles of a deployment, one for each role of ours: here, and for tests."""

import re
from collections.abc import Mapping
from typing import Final, Literal, get_args

from psycopg import Connection, sql

Role = Literal["migrate", "worker", "api", "authorizer", "operator", "upkeep"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)


def make_login_roles(conn: Connection, passwords: Mapping[Role, str]) -> None:
    """Make them, or give them these passwords; what they are members of, migrations have made."""
    for role in ROLES:
        name = f"idexx_sync_local_{role}"
        is_new = conn.execute("SELECT to_regrole(%s) IS NULL", (name,)).fetchone() == (True,)
        statement = sql.SQL("{} ROLE {} LOGIN PASSWORD {}; GRANT {} TO {}").format(
            sql.SQL("CREATE" if is_new else "ALTER"),
            sql.Identifier(name),
            sql.Literal(passwords[role]),
            sql.Identifier(f"idexx_sync_{role}"),
            sql.Identifier(name),
        )
        conn.execute(statement)


def as_login_role(url: str, role: Role, password: str) -> str:
    """The address of a database, whoever's it was, as it is that role's."""
    return re.sub(r"//[^@/]*@", f"//idexx_sync_local_{role}:{password}@", url, count=1)
