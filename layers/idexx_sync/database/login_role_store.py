"""Login roles: for each part of the service one that is a member of its role, and logs in."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from psycopg import sql
from pydantic import SecretStr

from idexx_sync.core.deployments import PARTS, DatabasePart
from idexx_sync.core.errors import ConfigurationInvalid, DatabaseUnavailable
from idexx_sync.database.connection import LOST, Conn, connect

CameOf = Literal["works", "not_a_member", "fails"]
"""Of logging in: the role may do what its part needs, or not, or it does not get in."""


@dataclass(frozen=True, slots=True)
class Running:
    """One database as it runs, whatever the address that led there."""

    name: str
    id: int
    began: str
    """When its server was started; no two servers say the same."""


@dataclass(frozen=True, slots=True)
class Login:
    """What comes of logging in with an address."""

    came_of_it: CameOf
    where: Running | None = None
    more: tuple[str, ...] = ()
    """What its role has beside its part's rights."""


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
        row = conn.execute("SELECT pg_has_role(%s, %s, 'USAGE')", (name, role_of(part))).fetchone()
        if row != (True,):
            conn.execute(sql.SQL("GRANT {} TO {}").format(role, member))
        row = conn.execute(
            """
            SELECT has_database_privilege(%s, current_database(), 'CONNECT'), current_database()
            """,
            (name,),
        ).fetchone()
        assert row is not None
        may_connect, database = row
        if not may_connect:
            conn.execute(
                sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(
                    sql.Identifier(database), member
                )
            )


def hindrance(conn: Conn, stage: str, part: DatabasePart) -> str | None:
    """Why whoever is connected, and may make roles, can't make this login role or mend it."""
    name = login_role(stage, part)
    row = conn.execute(
        """
        SELECT me.rolname::text, current_database()::text,
               it.oid IS NULL OR me.rolsuper
               OR (NOT it.rolsuper
                   AND (current_setting('server_version_num')::integer < 160000
                        OR pg_has_role(it.oid, 'USAGE WITH ADMIN OPTION'))),
               has_database_privilege(current_database(), 'CONNECT WITH GRANT OPTION')
               OR has_database_privilege(of.oid, current_database(), 'CONNECT')
               OR coalesce(has_database_privilege(it.oid, current_database(), 'CONNECT'), false)
          FROM pg_roles me
          JOIN pg_roles of ON of.rolname = %(role)s
          LEFT JOIN pg_roles it ON it.rolname = %(name)s
         WHERE me.rolname = current_user
        """,
        {"role": role_of(part), "name": name},
    ).fetchone()
    assert row is not None
    me, database, may_alter, will_connect = row
    if not may_alter:
        return (
            f"its password or rights have to be mended, and {me} may not alter it; whoever has "
            f"made it, or a superuser: GRANT {name} TO {me} WITH ADMIN OPTION; or give "
            "DATABASE_URL as theirs"
        )
    if not will_connect:
        return (
            f"it would not be let into the database, and {me} may not let it in; whoever owns the "
            f'database: GRANT CONNECT ON DATABASE "{database}" TO {role_of(part)}'
        )
    return None


def running(conn: Conn) -> Running:
    row = conn.execute(
        """
        SELECT datname::text, oid::bigint, extract(epoch FROM pg_postmaster_start_time())::text
          FROM pg_database WHERE datname = current_database()
        """
    ).fetchone()
    assert row is not None
    return Running(*row)


def one_at_a_time(conn: Conn, what: str) -> None:
    """Wait until no other transaction has said the same, until ours is over."""
    conn.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (what,))


def try_login(address: SecretStr, part: DatabasePart) -> Login:
    """Log in with the address, look where it leads and what it may, and leave."""
    try:
        with connect(address) as conn:
            row = conn.execute(
                """
                SELECT of.oid IS NOT NULL AND pg_has_role(of.oid, 'USAGE'),
                       array_remove(ARRAY[
                           CASE WHEN me.rolsuper THEN 'is a superuser' END,
                           CASE WHEN me.rolcreaterole AND NOT me.rolsuper
                                THEN 'may make roles' END,
                           CASE WHEN me.rolbypassrls AND NOT me.rolsuper
                                THEN 'passes row level security' END
                       ], NULL) || ARRAY(
                           SELECT 'is a member of ' || other.rolname
                             FROM pg_roles other
                            WHERE other.rolname = ANY(%(ours)s) AND NOT me.rolsuper
                              AND pg_has_role(other.oid, 'MEMBER')
                              AND NOT coalesce(pg_has_role(of.oid, other.oid, 'MEMBER'), false)
                            ORDER BY other.rolname)
                  FROM pg_roles me LEFT JOIN pg_roles of ON of.rolname = %(role)s
                 WHERE me.rolname = current_user
                """,
                {"role": role_of(part), "ours": [*map(role_of, PARTS)]},
            ).fetchone()
            assert row is not None
            return Login("works" if row[0] else "not_a_member", running(conn), tuple(row[1]))
    except (ConfigurationInvalid, DatabaseUnavailable, *LOST):
        return Login("fails")


def leads_to(address: SecretStr) -> Running | None:
    """The database that lets somebody in with the address; None if none does."""
    try:
        with connect(address) as conn:
            return running(conn)
    except (ConfigurationInvalid, DatabaseUnavailable, *LOST):
        return None
