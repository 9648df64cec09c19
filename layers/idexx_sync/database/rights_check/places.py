"""Our schema, the one of ODIS and the database: who may look or make something there, and what
new objects are open to from their beginning."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from idexx_sync.database.rights import RIGHTS
from idexx_sync.database.rights_check.facts import (
    OWNER,
    PLATFORM,
    SCHEMA,
    Default,
    Finding,
    Grant,
    Place,
    Who,
)
from idexx_sync.database.rights_check.statements import kept_to_oneself, taken_back


def wrong_places(
    places: Iterable[Place], grants: Mapping[str, list[Grant]], who: Who
) -> Iterator[Finding]:
    for place in places:
        what = f"{place.kind} {place.name}"
        is_ours = place.name == SCHEMA and place.kind == "SCHEMA"
        if is_ours and place.owner != OWNER:
            yield place.name, f"belongs to {place.owner}; run: ALTER {what} OWNER TO {OWNER}"
        left_out = {place.owner, *who.administrators}
        given = [one for one in grants.get(what, ()) if one.role not in left_out]
        if is_ours:
            users = {*RIGHTS, "service_role"}
            fit = [one for one in given if one.verb == "USAGE" and one.role in users]
        else:
            fit = [one for one in given if not _makes(one, place, who)]
        for said in taken_back((one for one in given if one not in fit), what, place.owner):
            yield place.name, said
        kept = fit if is_ours else [one for one in fit if one.role in RIGHTS]
        for said in kept_to_oneself(kept, what, place.owner):
            yield place.name, said


def _makes(grant: Grant, place: Place, who: Who) -> bool:
    """Whether it may put something where our code looks names up, and has no work there."""
    if grant.verb != "CREATE" or (grant.role == OWNER and place.kind == "SCHEMA"):
        return False
    return grant.role in {*PLATFORM, *RIGHTS, *who.logins}


def wrong_defaults(
    defaults: Iterable[Default], functions_are_closed: bool, who: Who
) -> Iterator[Finding]:
    """What is made by our role, or by anybody in our schema, is granted by migrations only."""
    verbs: dict[tuple[str, str | None, str, str], set[str]] = defaultdict(set)
    for one in defaults:
        if one.role not in {one.of, *who.administrators}:
            verbs[one.of, one.schema, one.kind, one.role].add(one.verb)
    if not functions_are_closed:
        verbs[OWNER, None, "FUNCTIONS", "PUBLIC"].add("EXECUTE")
    for (of, schema, kind, role), them in verbs.items():
        listed = ", ".join(sorted(them))
        within = f" IN SCHEMA {schema}" if schema else ""
        yield (
            of if of == OWNER else SCHEMA,
            f"{kind} that {of} makes are open to {role} ({listed}); run: ALTER DEFAULT PRIVILEGES "
            f"FOR ROLE {of}{within} REVOKE {listed} ON {kind} FROM {role}",
        )
