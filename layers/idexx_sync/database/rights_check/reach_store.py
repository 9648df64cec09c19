"""Asks for our functions, and for functions and views of others that lead to what is ours. Only
reads."""

from collections.abc import Collection, Iterable
from typing import Final

from idexx_sync.database.connection import Conn
from idexx_sync.database.rights_check.facts import Grant, Routine, View
from idexx_sync.database.rights_check.grants_sql import GIVEN, RELATION, by_place

ROUTINE: Final = """
    p.pronamespace::regnamespace || '.' || quote_ident(p.proname)
    || '(' || replace(oidvectortypes(p.proargtypes), ', ', ',') || ')'
"""


def routines(conn: Conn, ours: Collection[str]) -> list[Routine]:
    """All of our schema; of others those that name what is ours (the relations, or the schema) and
    run with the rights of an owner who has some there."""
    rows = conn.execute(
        f"""
        SELECT {ROUTINE}, p.proname::text, quote_ident(pg_get_userbyid(p.proowner)),
               CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END,
               p.pronamespace = to_regnamespace('idexx_sync'),
               p.prosecdef AND coalesce(strpos(p.proconfig::text, 'search_path=') = 0, true)
          FROM pg_proc p
         CROSS JOIN (SELECT array_agg(to_regclass(o)::oid) AS oids,
                            string_agg(split_part(o, '.', 2), '|')
                                FILTER (WHERE o LIKE 'public.%%') AS names
                       FROM unnest(%s::text[]) AS o) AS ours
         WHERE p.pronamespace = to_regnamespace('idexx_sync')
            OR p.prosecdef AND p.pronamespace <> ALL (
                   '{{pg_catalog,information_schema}}'::regnamespace[])
           AND (concat_ws(' ', p.prosrc, p.proconfig::text)
                    ~* concat('\\m(idexx_sync"?\\s*\\.|search_path=[^}}]*\\midexx_sync\\M|(',
                              ours.names, ')\\M)')
                OR EXISTS (SELECT FROM pg_depend d
                            WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
                              AND d.refclassid = 'pg_class'::regclass
                              AND d.refobjid = ANY (ours.oids)))
           AND (EXISTS (SELECT FROM unnest(ours.oids) AS o
                         WHERE has_table_privilege(p.proowner, o,
                                   'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')
                            OR has_any_column_privilege(p.proowner, o, 'SELECT, INSERT, UPDATE'))
                OR EXISTS (SELECT FROM pg_proc f
                            WHERE f.pronamespace = to_regnamespace('idexx_sync') AND f.prosecdef
                              AND has_function_privilege(p.proowner, f.oid, 'EXECUTE')))
         ORDER BY 1
        """,
        (list(ours),),
    ).fetchall()
    return [Routine(*row) for row in rows]


def routine_grants(conn: Conn, routines: Iterable[Routine]) -> dict[str, list[Grant]]:
    rows = conn.execute(
        f"""
        SELECT * FROM (
            SELECT {ROUTINE} AS signature, NULL::text, {GIVEN}
              FROM pg_proc p
             CROSS JOIN aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) g
             WHERE p.prosecdef OR p.pronamespace = to_regnamespace('idexx_sync')) AS given
         WHERE signature = ANY (%s)
        """,
        ([routine.signature for routine in routines],),
    ).fetchall()
    return by_place(Grant(*row) for row in rows)


def views(conn: Conn, ours: Collection[str]) -> list[View]:
    """Those outside of our schema that show rows of ours, by whatever way through other views, and
    not as whoever looks; but for those whose owner sees nothing."""
    rows = conn.execute(
        f"""
        WITH RECURSIVE above AS (
            SELECT d.refobjid AS root, r.ev_class AS view
              FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid
             WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass
               AND d.refobjid = ANY (SELECT to_regclass(o) FROM unnest(%s::text[]) AS o)
               AND r.ev_class <> d.refobjid
             UNION
            SELECT a.root, r.ev_class
              FROM above a
              JOIN pg_depend d ON d.refobjid = a.view AND d.refclassid = 'pg_class'::regclass
                              AND d.classid = 'pg_rewrite'::regclass
              JOIN pg_rewrite r ON r.oid = d.objid AND r.ev_class <> a.view)
        SELECT {RELATION}, c.relkind = 'm', quote_ident(pg_get_userbyid(c.relowner)),
               array_agg(DISTINCT o.relnamespace::regnamespace || '.' || quote_ident(o.relname))
          FROM above a JOIN pg_class c ON c.oid = a.view JOIN pg_class o ON o.oid = a.root
         WHERE c.relnamespace IS DISTINCT FROM to_regnamespace('idexx_sync')
           AND (c.relkind = 'm' OR c.relkind = 'v'
                AND NOT EXISTS (SELECT FROM pg_options_to_table(c.reloptions)
                                 WHERE option_name = 'security_invoker' AND option_value::boolean)
                AND (has_table_privilege(c.relowner, o.oid, 'SELECT, INSERT, UPDATE, DELETE')
                     OR has_any_column_privilege(c.relowner, o.oid, 'SELECT, INSERT, UPDATE')))
         GROUP BY c.oid, c.relnamespace, c.relname, c.relkind, c.relowner
         ORDER BY 1
        """,
        (list(ours),),
    ).fetchall()
    return [View(name, stored, owner, tuple(over)) for name, stored, owner, over in rows]


def view_grants(conn: Conn, views: Iterable[View]) -> dict[str, list[Grant]]:
    rows = conn.execute(
        f"""
        SELECT * FROM (
            SELECT {RELATION} AS name, NULL::text, {GIVEN}
              FROM pg_class c
             CROSS JOIN LATERAL (
                   SELECT x.* FROM aclexplode(c.relacl) x
                    UNION ALL
                   SELECT x.* FROM pg_attribute a, aclexplode(a.attacl) x
                    WHERE a.attrelid = c.oid AND NOT a.attisdropped) g
             WHERE c.relkind IN ('v', 'm')) AS given
         WHERE name = ANY (%s)
        """,
        ([view.name for view in views],),
    ).fetchall()
    return by_place(Grant(*row) for row in rows)
