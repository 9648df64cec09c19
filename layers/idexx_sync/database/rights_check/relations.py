"""Tables, views and sequences: whose they are, and who may do what to them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from idexx_sync.database.rights import MEMBER_OF, RIGHTS
from idexx_sync.database.rights_check.facts import (
    AUDITS,
    KEYS,
    OWNER,
    Finding,
    Grant,
    Relation,
    Who,
)
from idexx_sync.database.rights_check.statements import (
    AS_OWNER,
    kept_to_oneself,
    lacking,
    listed,
    run,
    taken_back,
)
from idexx_sync.database.schema import OPTIONAL_TABLES

Relations = Mapping[str, Relation]
Held = dict[tuple[str, str, str], set[str]]
"""(relation, role, verb) -> columns, those of the system included."""


def wrong_relations(relations: Relations, grants: Iterable[Grant], who: Who) -> Iterator[Finding]:
    by_relation: dict[str, list[Grant]] = defaultdict(list)
    for grant in grants:
        if grant.role not in {relations[grant.place].owner, *who.administrators}:
            by_relation[grant.place].append(grant)
    for name, given in sorted(by_relation.items()):
        for what in _beyond(relations[name], given, who):
            yield name, what
    yield from _beyond_matrix(relations, by_relation, who)
    for relation in relations.values():
        if relation.is_ours:
            yield from _not_closed(relation)
    yield from _hidden(relations, who)


def _beyond(relation: Relation, given: list[Grant], who: Who) -> Iterator[str]:
    """What roles that have no work there may do; and whoever may hand on what is its work."""
    others = [grant for grant in given if grant.role not in RIGHTS and not _reads(grant)]
    if not relation.is_ours:
        others = [grant for grant in others if grant.role in who.logins]
    yield from taken_back(others, relation.what, relation.owner)
    reads = _reads if relation.is_ours else lambda _: False
    rest = [grant for grant in given if grant.role in RIGHTS or reads(grant)]
    yield from kept_to_oneself(rest, relation.what, relation.owner)


def _reads(grant: Grant) -> bool:
    """Whether the platform's role is meant to have it: audits are shown to members, and the service
    role serves the two tables that lie among ODIS's."""
    if grant.role == "service_role":
        return grant.place in (KEYS, AUDITS)
    return grant[2:4] == ("authenticated", "SELECT") and grant.place == AUDITS


def _beyond_matrix(
    relations: Relations, by_relation: Mapping[str, list[Grant]], who: Who
) -> Iterator[Finding]:
    """What a role of ours may do to a relation, verb by verb, against what it needs."""
    held, needed = _held(relations, by_relation), _needed(relations)
    for place in sorted(held.keys() | needed.keys()):
        name, role, verb = place
        has, needs, relation = held[place], needed[place], relations[name]
        named = RIGHTS[role].get(name, {}).get(verb, ())
        some = f"{verb} ({', '.join(sorted(needs))})" if named else verb
        if has - needs:
            yield name, _too_much(place, by_relation[name], relation, needs, some)
        if needs - has and role in who.roles:
            yield name, lacking(role, some, relation.what)


def _too_much(
    place: tuple[str, str, str],
    given: list[Grant],
    relation: Relation,
    needs: set[str],
    some: str,
) -> str:
    _, role, verb = place
    beyond: dict[str, set[str]] = defaultdict(set)
    ends = defaultdict(str)
    for grant in given:
        if (grant.role, grant.verb) == (role, verb):
            beyond[grant.grantor] |= {*_columns(grant, relation)} - needs
            if grant.may_be_handed_on:
                ends[grant.grantor] = " CASCADE"
    more = set().union(*beyond.values())
    mended = []
    for grantor, columns in sorted(beyond.items()):
        if columns:
            revoked = f"REVOKE {verb} ON {relation.what} FROM {role}{ends[grantor]}"
            is_owners = grantor == relation.owner
            again = f"; GRANT {some} ON {relation.what} TO {role}" if needs and is_owners else ""
            mended.append(f"{run(grantor, relation.owner)}{revoked}{again}")
    return f"{role} may {verb} more than it needs ({listed(more)}); {'; '.join(mended)}"


def _columns(grant: Grant, relation: Relation) -> frozenset[str]:
    return relation.columns if grant.column is None else frozenset({grant.column})


def _held(relations: Relations, by_relation: Mapping[str, list[Grant]]) -> Held:
    held: Held = defaultdict(set)
    for name, given in by_relation.items():
        for grant in given:
            if grant.role in RIGHTS:
                held[name, grant.role, grant.verb] |= _columns(grant, relations[name])
    return held


def _needed(relations: Relations) -> Held:
    """Of what is there: what is missing is said elsewhere."""
    needed: Held = defaultdict(set)
    for relation, role, verbs in used(relations):
        for verb, columns in verbs.items():
            every = relation.columns
            needed[relation.name, role, verb] |= {*columns} & every if columns else every
    return needed


def used(relations: Relations) -> Iterator[tuple[Relation, str, Mapping[str, tuple[str, ...]]]]:
    """Each relation that a role of ours uses, with what it needs there."""
    for role, rights in RIGHTS.items():
        for name, verbs in rights.items():
            relation = relations.get(name)
            if relation is not None and _is_meant(relation):
                yield relation, role, verbs


def _is_meant(relation: Relation) -> bool:
    """ODIS may have other tables by the names of our audits and of those that it may lack."""
    if relation.name == AUDITS:
        return relation.is_ours
    columns = OPTIONAL_TABLES.get(relation.name.removeprefix("public."), ())
    return relation.columns.issuperset(columns)


def _not_closed(relation: Relation) -> Iterator[Finding]:
    if relation.owner != OWNER and not relation.follows_a_table:
        mended = f"ALTER TABLE {relation.name} OWNER TO {OWNER}"
        yield relation.name, f"belongs to {relation.owner}; run: {mended}"
    if relation.kind in "rp" and not relation.has_row_security:
        mended = f"ALTER TABLE {relation.name} ENABLE ROW LEVEL SECURITY"
        yield relation.name, f"row level security is off; run: {mended}"


def _hidden(relations: Relations, who: Who) -> Iterator[Finding]:
    for relation, role, verbs in used(relations):
        may_see = {role, *MEMBER_OF.get(role, ())} & relation.shown_to
        is_hidden = relation.has_row_security and verbs.keys() != {"REFERENCES"} and not may_see
        if is_hidden and role in who.roles:
            yield (
                relation.name,
                f"row level security hides its rows from {role}; {AS_OWNER}CREATE POLICY "
                f"{role} ON {relation.name} TO {role} USING (true) WITH CHECK (true)",
            )
