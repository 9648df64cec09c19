"""Login roles: for each part of the service one that is a member of its role, and logs in."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from psycopg import sql
from pydantic import SecretStr

from idexx_sync.core.deployments import DatabasePart
from idexx_sync.core.errors import ConfigurationInvalid, DatabaseUnavailable
from idexx_sync.database.connection import Conn, connect

Login = Literal["works", "not_a_member", "fails"]
"""What comes of logging in: the role may do what its part needs, or not, or it does not get in."""


@dataclass(frozen=True, slots=True)
class Maker:
    """Whether whoever is connected may make login roles."""

    name: str
    makes_roles: bool
    lacks: tuple[str, ...]
    """Roles of ours that it may not make others members of."""


def login_role(stage: str, part: DatabasePart) -> str:
    """Roles are the whole cluster's, and a cluster may have several stages."""
    return f"idexx_sync_{stage}_{part}"


def role_of(part: DatabasePart) -> str:
    """What the login role is a member of; migrations have made it."""
    return f"idexx_sync_{part}"


def roles_there(conn: Conn, names: Collection[str]) -> set[str]:
    """Those that the cluster has."""
    rows = conn.execute(
        "SELECT rolname::text FROM pg_roles WHERE rolname = ANY(%s)", (sorted(names),)
    ).fetchall()
    return {name for (name,) in rows}


def maker(conn: Conn, parts: Collection[DatabasePart]) -> Maker:
    row = conn.execute(
        """
        SELECT me.rolname::text, me.rolsuper OR me.rolcreaterole,
               ARRAY(SELECT r FROM unnest(%s::text[]) AS r
                      WHERE NOT pg_has_role(r, 'USAGE WITH ADMIN OPTION')
                        -- Before Postgres 16 whoever makes roles may grant every role.
                        AND NOT (me.rolcreaterole
                                 AND current_setting('server_version_num')::integer < 160000)
                      ORDER BY r)
          FROM pg_roles me WHERE me.rolname = current_user
        """,
        (sorted(map(role_of, parts)),),
    ).fetchone()
    assert row is not None
    return Maker(row[0], row[1], tuple(row[2]))


def make_login_role(conn: Conn, stage: str, part: DatabasePart, password: str) -> None:
    """Make it, or give it this password, and whatever else it lacks to do its work.

    The password itself is not sent: Postgres would write it into its log.
    """
    name = login_role(stage, part)
    kept = conn.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256")
    role, member = sql.Identifier(role_of(part)), sql.Identifier(name)
    with conn.transaction():
        is_new = not roles_there(conn, [name])
        conn.execute(
            sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(
                sql.SQL("CREATE" if is_new else "ALTER"), member, sql.Literal(kept.decode())
            )
        )
        row = conn.execute(
            """
            SELECT pg_has_role(%(name)s, %(role)s, 'USAGE'),
                   has_database_privilege(%(name)s, current_database(), 'CONNECT'),
                   current_database()
            """,
            {"name": name, "role": role_of(part)},
        ).fetchone()
        assert row is not None
        is_member, may_connect, database = row
        if not is_member:
            conn.execute(sql.SQL("GRANT {} TO {}").format(role, member))
        if not may_connect:
            conn.execute(
                sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(
                    sql.Identifier(database), member
                )
            )


def try_login(address: SecretStr, part: DatabasePart) -> Login:
    """Log in with the address, look whether it has the part's rights, and leave."""
    try:
        with connect(address) as conn:
            row = conn.execute(
                "SELECT to_regrole(%(r)s) IS NOT NULL AND pg_has_role(to_regrole(%(r)s), 'USAGE')",
                {"r": role_of(part)},
            ).fetchone()
    except (ConfigurationInvalid, DatabaseUnavailable):
        return "fails"
    return "works" if row == (True,) else "not_a_member"
