"""Rights that are wider or narrower than they should be, and what to do about each. Only reads."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Final, NamedTuple

from idexx_sync.database.connection import Conn
from idexx_sync.database.rights import FUNCTIONS, MEMBER_OF, RIGHTS

Finding = tuple[str, str]
"""Where, and what is wrong there."""

OUTSIDERS: Final = ("PUBLIC", "anon", "authenticated")
"""Whoever holds the web application's public key is one of them."""
PLATFORM: Final = (*OUTSIDERS, "service_role")
KEYS, AUDITS = "public.clinic_api_keys", "public.case_sync_audits"
_GRANTEE: Final = "CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(g.grantee)::text END"


class Grant(NamedTuple):
    relation: str
    column: str | None
    """None: the whole relation."""
    role: str
    verb: str


@dataclass(frozen=True, slots=True)
class Relation:
    name: str
    kind: str
    """As in `pg_class.relkind`."""
    owner: str
    has_row_security: bool
    columns: frozenset[str]
    """Those of the system included."""
    shown_to: frozenset[str]
    """Roles that a policy shows every row."""

    @property
    def is_ours(self) -> bool:
        """ODIS may have a table of its own by the name of our audits: that has no job."""
        if self.name == AUDITS:
            return "job_id" in self.columns
        return self.name == KEYS or self.name.startswith("idexx_sync.")


def wrong_rights(conn: Conn) -> dict[str, str]:
    """Place -> what is wrong with its rights, and the statements that mend it.

    A place is a schema, relation, function or role. For a database whose migrations are applied.
    """
    relations, grants = _relations(conn), _grants(conn)
    found: dict[str, list[str]] = defaultdict(list)
    for place, what in chain(
        _wrong_roles(conn),
        _open_schema(conn),
        _wrong_functions(conn),
        _open_relations(relations, grants),
        _beyond_matrix(relations, grants),
        _hidden(relations),
    ):
        found[place].append(what)
    return {place: "; ".join(whats) for place, whats in sorted(found.items())}


def _relations(conn: Conn) -> dict[str, Relation]:
    rows = conn.execute(
        """
        SELECT format('%%s.%%s', c.relnamespace::regnamespace, c.relname), c.relkind::text,
               pg_get_userbyid(c.relowner)::text, c.relrowsecurity,
               ARRAY(SELECT a.attname::text FROM pg_attribute a
                      WHERE a.attrelid = c.oid AND NOT a.attisdropped),
               ARRAY(SELECT r FROM unnest(%s::text[]) AS r, pg_policy p
                      WHERE p.polrelid = c.oid AND p.polpermissive AND p.polcmd = '*'
                        AND pg_get_expr(p.polqual, c.oid) = 'true'
                        AND to_regrole(r) = ANY (p.polroles))
          FROM pg_class c
         WHERE c.relnamespace IN (to_regnamespace('public'), to_regnamespace('idexx_sync'))
           AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
        """,
        (list(RIGHTS),),
    ).fetchall()
    return {
        name: Relation(name, kind, owner, secured, frozenset(columns), frozenset(shown_to))
        for name, kind, owner, secured, columns, shown_to in rows
    }


def _grants(conn: Conn) -> list[Grant]:
    rows = conn.execute(
        f"""
        SELECT format('%%s.%%s', c.relnamespace::regnamespace, c.relname), g.attname, {_GRANTEE},
               g.privilege_type
          FROM pg_class c
         CROSS JOIN LATERAL (
               SELECT NULL::text AS attname, x.* FROM aclexplode(c.relacl) x
                UNION ALL
               SELECT a.attname::text, x.* FROM pg_attribute a, aclexplode(a.attacl) x
                WHERE a.attrelid = c.oid AND NOT a.attisdropped) g
         WHERE c.relnamespace IN (to_regnamespace('public'), to_regnamespace('idexx_sync'))
           AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND {_GRANTEE} = ANY (%s)
        """,
        ([*PLATFORM, *RIGHTS],),
    ).fetchall()
    return [Grant(*row) for row in rows]


def _wrong_roles(conn: Conn) -> Iterator[Finding]:
    rows = conn.execute(
        """
        SELECT n, r.oid IS NOT NULL,
               r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication
                   OR r.rolbypassrls OR r.rolcanlogin,
               ARRAY(SELECT pg_get_userbyid(m.roleid)::text FROM pg_auth_members m
                      WHERE m.member = r.oid),
               ARRAY(SELECT pg_get_userbyid(m.member)::text FROM pg_auth_members m
                      WHERE m.roleid = r.oid AND pg_get_userbyid(m.member) = ANY (%s))
          FROM unnest(%s::text[]) AS n LEFT JOIN pg_roles r ON r.rolname = n
        """,
        ([*PLATFORM, "authenticator"], list(RIGHTS)),
    ).fetchall()
    for role, exists, is_strong, member_of, members in rows:
        if not exists:
            yield (
                role,
                f"there is no such role; run: CREATE ROLE {role} NOLOGIN",
            )
            continue
        if is_strong:
            none = "NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS NOLOGIN"
            yield role, f"has attributes that it must not have; run: ALTER ROLE {role} {none}"
        for other in sorted({*member_of} - MEMBER_OF.get(role, frozenset())):
            yield role, f"has the rights of {other}, too; run: REVOKE {other} FROM {role}"
        for other in sorted(MEMBER_OF.get(role, frozenset()) - {*member_of}):
            yield role, f"lacks the rights of {other}; run: GRANT {other} TO {role}"
        for other in members:
            yield role, f"{other} is a member of it; run: REVOKE {role} FROM {other}"


def _open_schema(conn: Conn) -> Iterator[Finding]:
    rows = conn.execute(
        f"""
        SELECT {_GRANTEE}, g.privilege_type FROM pg_namespace n, aclexplode(n.nspacl) g
         WHERE n.nspname = 'idexx_sync' AND {_GRANTEE} = ANY (%s)
        """,
        (list(PLATFORM),),
    ).fetchall()
    for role, verb in rows:
        if (role, verb) != ("service_role", "USAGE"):
            yield "idexx_sync", _open(role, verb, "SCHEMA idexx_sync")


def _wrong_functions(conn: Conn) -> Iterator[Finding]:
    rows = conn.execute(
        f"""
        SELECT p.oid::regprocedure::text, p.proname::text, pg_get_userbyid(p.proowner)::text,
               p.prosecdef AND coalesce(strpos(p.proconfig::text, 'search_path=') = 0, true),
               ARRAY(SELECT {_GRANTEE}
                       FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) g)
          FROM pg_proc p WHERE p.pronamespace = to_regnamespace('idexx_sync')
         ORDER BY 1
        """
    ).fetchall()
    for signature, name, owner, is_led, may_execute in rows:
        if is_led:
            yield (
                signature,
                "runs with its owner's rights in whatever search_path its caller has; "
                f"run: ALTER FUNCTION {signature} SET search_path = ''",
            )
        needed = {role for role, names in FUNCTIONS.items() if name in names}
        watched = {*PLATFORM, *RIGHTS} - {owner}
        for role in sorted(watched & {*may_execute} - needed):
            yield signature, _open(role, "EXECUTE", f"FUNCTION {signature}")
        for role in sorted(needed - {*may_execute} - {"service_role"}):
            yield signature, _lacking(role, "EXECUTE", f"FUNCTION {signature}")


def _open_relations(relations: dict[str, Relation], grants: Iterable[Grant]) -> Iterator[Finding]:
    open_to: dict[tuple[str, str], set[str]] = defaultdict(set)
    for grant in grants:
        if grant.role in PLATFORM and relations[grant.relation].is_ours and not _reads(grant):
            open_to[grant.relation, grant.role].add(grant.verb)
    for (name, role), verbs in sorted(open_to.items()):
        kind = "SEQUENCE" if relations[name].kind == "S" else "TABLE"
        yield name, _open(role, ", ".join(sorted(verbs)), f"{kind} {name}")
    for relation in relations.values():
        if relation.is_ours and relation.kind in "rp" and not relation.has_row_security:
            mended = f"ALTER TABLE {relation.name} ENABLE ROW LEVEL SECURITY"
            yield relation.name, f"row level security is off; run: {mended}"


def _reads(grant: Grant) -> bool:
    """Whether the platform's role is meant to have it: audits are shown to members, and the service
    role serves the two tables that lie among ODIS's."""
    if grant.role == "service_role":
        return grant.relation in (KEYS, AUDITS)
    return grant[2:] == ("authenticated", "SELECT") and grant.relation == AUDITS


Held = dict[tuple[str, str, str], set[str]]
"""(relation, role, verb) -> columns, those of the system included."""


def _beyond_matrix(relations: dict[str, Relation], grants: Iterable[Grant]) -> Iterator[Finding]:
    """What a role of ours may do to a relation, verb by verb, against what it needs."""
    held, needed = _held(relations, grants), _needed(relations)
    for place in sorted(held.keys() | needed.keys()):
        name, role, verb = place
        has, needs = held[place], needed[place]
        named = RIGHTS[role].get(name, {}).get(verb, ())
        some = f"{verb} ({', '.join(sorted(needs))})" if named else verb
        if has - needs:
            again = f"; GRANT {some} ON TABLE {name} TO {role}" if needs else ""
            yield (
                name,
                f"{role} may {verb} more than it needs ({_listed(has - needs)}); "
                f"run: REVOKE {verb} ON TABLE {name} FROM {role}{again}",
            )
        if needs - has:
            yield name, _lacking(role, some, f"TABLE {name}")


def _held(relations: dict[str, Relation], grants: Iterable[Grant]) -> Held:
    held: Held = defaultdict(set)
    for grant in grants:
        relation = relations[grant.relation]
        if grant.role in RIGHTS and grant.role != relation.owner:
            columns = relation.columns if grant.column is None else {grant.column}
            held[grant.relation, grant.role, grant.verb] |= columns
    return held


def _needed(relations: dict[str, Relation]) -> Held:
    """Of what is there: what is missing is said elsewhere."""
    needed: Held = defaultdict(set)
    for relation, role, verbs in _used(relations):
        for verb, columns in verbs.items():
            every = relation.columns
            needed[relation.name, role, verb] |= {*columns} & every if columns else every
    return needed


def _used(
    relations: dict[str, Relation],
) -> Iterator[tuple[Relation, str, Mapping[str, tuple[str, ...]]]]:
    """Each relation that a role of ours uses, with what it needs there."""
    for role, rights in RIGHTS.items():
        for name, verbs in rights.items():
            relation = relations.get(name)
            if relation is not None and (relation.is_ours or name != AUDITS):
                yield relation, role, verbs


def _hidden(relations: dict[str, Relation]) -> Iterator[Finding]:
    for relation, role, verbs in _used(relations):
        may_see = {role, *MEMBER_OF.get(role, ())} & relation.shown_to
        if relation.has_row_security and verbs.keys() != {"REFERENCES"} and not may_see:
            yield (
                relation.name,
                f"row level security hides its rows from {role}; run as its owner: CREATE POLICY "
                f"{role} ON {relation.name} TO {role} USING (true) WITH CHECK (true)",
            )


def _open(role: str, verbs: str, what: str) -> str:
    return f"{role} may {verbs} and must not; run: REVOKE {verbs} ON {what} FROM {role}"


def _lacking(role: str, verbs: str, what: str) -> str:
    return f"{role} needs {verbs} and may not; run as its owner: GRANT {verbs} ON {what} TO {role}"


def _listed(columns: Iterable[str]) -> str:
    first, more = sorted(columns)[:3], len(set(columns)) - 3
    return ", ".join(first) + (f" and {more} more" if more > 0 else "")
