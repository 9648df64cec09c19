"""Asks for relations, their grants and their policies. Only reads."""

from typing import Final

from idexx_sync.database.connection import Conn
from idexx_sync.database.rights import RIGHTS
from idexx_sync.database.rights_check.facts import Grant, Policy, Relation
from idexx_sync.database.rights_check.grants_sql import GIVEN, RELATION

IN_BOTH: Final = """
    c.relnamespace IN (to_regnamespace('public'), to_regnamespace('idexx_sync'))
    AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
"""


def relations(conn: Conn) -> dict[str, Relation]:
    """Those of ODIS's schema and of ours, by name."""
    rows = conn.execute(
        f"""
        SELECT {RELATION}, c.relkind::text, quote_ident(pg_get_userbyid(c.relowner)),
               EXISTS (SELECT FROM pg_depend d
                        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                          AND d.deptype IN ('a', 'i')),
               c.relrowsecurity,
               ARRAY(SELECT a.attname::text FROM pg_attribute a
                      WHERE a.attrelid = c.oid AND NOT a.attisdropped),
               ARRAY(SELECT r FROM unnest(%s::text[]) AS r, pg_policy p
                      WHERE p.polrelid = c.oid AND p.polpermissive AND p.polcmd = '*'
                        AND pg_get_expr(p.polqual, c.oid) = 'true'
                        AND to_regrole(r) = ANY (p.polroles))
          FROM pg_class c WHERE {IN_BOTH}
        """,
        (list(RIGHTS),),
    ).fetchall()
    return {
        name: Relation(
            name,
            kind,
            owner,
            kind == "S" and follows,
            secured,
            frozenset(columns),
            frozenset(shown),
        )
        for name, kind, owner, follows, secured, columns, shown in rows
    }


def relation_grants(conn: Conn) -> list[Grant]:
    rows = conn.execute(
        f"""
        SELECT {RELATION}, g.attname, {GIVEN}
          FROM pg_class c
         CROSS JOIN LATERAL (
               SELECT NULL::text AS attname, x.* FROM aclexplode(c.relacl) x
                UNION ALL
               SELECT a.attname::text, x.* FROM pg_attribute a, aclexplode(a.attacl) x
                WHERE a.attrelid = c.oid AND NOT a.attisdropped) g
         WHERE {IN_BOTH}
        """
    ).fetchall()
    return [Grant(*row) for row in rows]


def policies(conn: Conn) -> list[Policy]:
    rows = conn.execute(
        f"""
        SELECT {RELATION}, quote_ident(p.polname),
               ARRAY(SELECT CASE r WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r)) END
                       FROM unnest(p.polroles) AS r),
               p.polcmd::text, p.polpermissive,
               replace(coalesce(pg_get_expr(p.polqual, c.oid), ''), 'public.', '')
          FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE {IN_BOTH}
         ORDER BY 1, 2
        """
    ).fetchall()
    return [Policy(table, name, tuple(roles), *rest) for table, name, roles, *rest in rows]
