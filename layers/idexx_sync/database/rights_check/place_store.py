"""Asks who may make something, and for whom what is made is open. Only reads."""

from idexx_sync.database.connection import Conn
from idexx_sync.database.rights_check.facts import OWNER, SCHEMA, Default, Grant, Place
from idexx_sync.database.rights_check.grants_sql import GIVEN, GRANTEE, by_place


def places(conn: Conn) -> list[Place]:
    """Our schema, ODIS's and the database."""
    rows = conn.execute(
        """
        SELECT quote_ident(nspname), quote_ident(pg_get_userbyid(nspowner)), 'SCHEMA'
          FROM pg_namespace WHERE nspname IN ('idexx_sync', 'public')
         UNION ALL
        SELECT quote_ident(datname), quote_ident(pg_get_userbyid(datdba)), 'DATABASE'
          FROM pg_database WHERE datname = current_database()
        """
    ).fetchall()
    return [Place(*row) for row in rows]


def place_grants(conn: Conn) -> dict[str, list[Grant]]:
    """By kind and name."""
    rows = conn.execute(
        f"""
        SELECT 'SCHEMA ' || quote_ident(n.nspname), NULL::text, {GIVEN}
          FROM pg_namespace n, aclexplode(n.nspacl) g WHERE n.nspname IN ('idexx_sync', 'public')
         UNION ALL
        SELECT 'DATABASE ' || quote_ident(b.datname), NULL::text, {GIVEN}
          FROM pg_database b, aclexplode(b.datacl) g WHERE b.datname = current_database()
        """
    ).fetchall()
    return by_place(Grant(*row) for row in rows)


def defaults(conn: Conn) -> list[Default]:
    """What new objects are granted to beyond Postgres's own defaults: those of our role, and those
    that anybody makes in our schema."""
    rows = conn.execute(
        f"""
        SELECT quote_ident(pg_get_userbyid(d.defaclrole)), quote_ident(n.nspname),
               CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES'
                    WHEN 'f' THEN 'FUNCTIONS' WHEN 'T' THEN 'TYPES' WHEN 'n' THEN 'SCHEMAS'
                    ELSE 'LARGE OBJECTS' END,
               {GRANTEE}, g.privilege_type
          FROM pg_default_acl d
          LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace
         CROSS JOIN aclexplode(d.defaclacl) g
         WHERE (d.defaclrole = to_regrole(%s) OR n.nspname = %s)
           AND NOT (d.defaclobjtype = 'T' AND g.grantee = 0 AND n.nspname IS NULL)
         ORDER BY 1, 2, 3, 4, 5
        """,
        (OWNER, SCHEMA),
    ).fetchall()
    return [Default(*row) for row in rows]


def functions_are_closed(conn: Conn) -> bool:
    """Whether everybody may not execute what our role makes, as Postgres has it by itself."""
    (is_off,) = conn.execute(
        """
        SELECT to_regrole(%s) IS NULL OR EXISTS (
            SELECT FROM pg_default_acl d WHERE d.defaclrole = to_regrole(%s)
               AND d.defaclnamespace = 0 AND d.defaclobjtype = 'f')
        """,
        (OWNER, OWNER),
    ).fetchone() or (True,)
    return bool(is_off)
