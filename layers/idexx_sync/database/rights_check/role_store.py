"""Asks who is there. Only reads."""

from typing import Final

from idexx_sync.database.connection import Conn
from idexx_sync.database.rights import RIGHTS
from idexx_sync.database.rights_check.facts import PLATFORM, Membership, Role, Who

PLATFORMS_OWN: Final = frozenset(
    (
        *("postgres", "dashboard_user", "cli_login_postgres", "pgbouncer"),
        *("supabase_admin", "supabase_auth_admin", "supabase_storage_admin"),
        *("supabase_realtime_admin", "supabase_replication_admin", "supabase_functions_admin"),
        *("supabase_etl_admin", "supabase_read_only_user", "supabase_privileged_role"),
    )
)
"""Roles by which the hosting platform runs a database, where it does. Nobody else can change them,
so that nothing would mend a finding about them."""


def who_is_there(conn: Conn, administrators: frozenset[str]) -> Who:
    """All roles. Administrators are superusers, the owner of the database, those named, and the
    platform's own where it is one."""
    roles = conn.execute(
        """
        SELECT quote_ident(r.rolname),
               ARRAY(SELECT a.name FROM (VALUES
                        ('SUPERUSER', r.rolsuper), ('LOGIN', r.rolcanlogin),
                        ('CREATEROLE', r.rolcreaterole), ('CREATEDB', r.rolcreatedb),
                        ('REPLICATION', r.rolreplication), ('BYPASSRLS', r.rolbypassrls)
                     ) AS a (name, has) WHERE a.has),
               pg_has_role(r.oid, 'pg_read_all_data', 'USAGE')
               OR pg_has_role(r.oid, 'pg_write_all_data', 'USAGE'),
               r.rolsuper OR r.rolname = 'pg_database_owner' OR r.rolname = ANY (%s)
               OR r.oid = (SELECT datdba FROM pg_database WHERE datname = current_database())
          FROM pg_roles r
        """,
        (list(administrators),),
    ).fetchall()
    memberships = conn.execute(
        """
        SELECT quote_ident(pg_get_userbyid(roleid)), quote_ident(pg_get_userbyid(member)),
               quote_ident(pg_get_userbyid(grantor)), admin_option,
               -- Before Postgres 16 neither column is there, and every membership gives rights.
               coalesce((to_jsonb(m) ->> 'inherit_option')::boolean
                        OR (to_jsonb(m) ->> 'set_option')::boolean, true)
          FROM pg_auth_members m
        """
    ).fetchall()
    may_all = frozenset(name for name, _, _, administers in roles if administers)
    if "supabase_admin" in may_all:
        may_all |= PLATFORMS_OWN
    return Who(
        {name: Role(name, frozenset(has), holds) for name, has, holds, _ in roles},
        tuple(Membership(*row) for row in memberships),
        may_all - {*PLATFORM, *RIGHTS},
    )
