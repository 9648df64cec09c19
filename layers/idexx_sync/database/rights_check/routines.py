"""Functions: whose they are and who may execute them; and those of others that lead to our rows."""

from collections.abc import Iterable, Iterator, Mapping

from idexx_sync.database.rights import FUNCTIONS
from idexx_sync.database.rights_check.facts import OWNER, Finding, Grant, Routine, Who
from idexx_sync.database.rights_check.statements import kept_to_oneself, lacking, taken_back


def wrong_routines(
    routines: Iterable[Routine], grants: Mapping[str, list[Grant]], who: Who
) -> Iterator[Finding]:
    for routine in routines:
        left_out = {routine.owner, *who.administrators}
        given = [one for one in grants.get(routine.signature, ()) if one.role not in left_out]
        found = _wrong_ours(routine, given, who) if routine.is_ours else _leading_in(routine, given)
        for what in found:
            yield routine.signature, what


def _wrong_ours(routine: Routine, given: list[Grant], who: Who) -> Iterator[str]:
    what = f"{routine.kind} {routine.signature}"
    if routine.owner != OWNER:
        yield f"belongs to {routine.owner}; run: ALTER {what} OWNER TO {OWNER}"
    if routine.is_led:
        yield (
            "runs with its owner's rights in whatever search_path its caller has; "
            f"run: ALTER {what} SET search_path = ''"
        )
    needed = {role for role, names in FUNCTIONS.items() if routine.name in names}
    yield from taken_back((one for one in given if one.role not in needed), what, routine.owner)
    yield from kept_to_oneself((one for one in given if one.role in needed), what, routine.owner)
    there = needed & who.roles.keys() - {"service_role", routine.owner}
    for role in sorted(there - {one.role for one in given}):
        yield lacking(role, "EXECUTE", what)


def _leading_in(routine: Routine, given: list[Grant]) -> Iterator[str]:
    if given:
        callers = ", ".join(sorted({one.role for one in given}))
        yield (
            f"reaches what is ours with the rights of {routine.owner}, and {callers} may execute "
            f"it; run: ALTER {routine.kind} {routine.signature} SECURITY INVOKER"
        )
