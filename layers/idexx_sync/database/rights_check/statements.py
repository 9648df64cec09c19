"""The words of findings, and the statements that mend them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from idexx_sync.database.rights_check.facts import Grant, Membership

AS_OWNER: Final = "run as its owner: "
ANOTHER: Final = "run as "


def taken_back(grants: Iterable[Grant], what: str, owner: str) -> Iterator[str]:
    """A finding for each role that was granted something there, and for each who granted it.

    Whoever runs the statement as its owner takes back what the owner granted, and nothing else.
    """
    verbs: dict[tuple[str, str], set[str]] = defaultdict(set)
    handed_on = set()
    for grant in grants:
        verbs[grant.role, grant.grantor].add(grant.verb)
        if grant.may_be_handed_on:
            handed_on.add((grant.role, grant.grantor))
    for (role, grantor), them in sorted(verbs.items()):
        listed = ", ".join(sorted(them))
        end = " CASCADE" if (role, grantor) in handed_on else ""
        yield (
            f"{role} may {listed} and must not; {run(grantor, owner)}"
            f"REVOKE {listed} ON {what} FROM {role}{end}"
        )


def kept_to_oneself(grants: Iterable[Grant], what: str, owner: str) -> Iterator[str]:
    """A finding for each role that may grant to others what it has there itself."""
    verbs: dict[tuple[str, str], set[str]] = defaultdict(set)
    for grant in grants:
        if grant.may_be_handed_on:
            columns = f" ({grant.column})" if grant.column else ""
            verbs[grant.role, grant.grantor].add(grant.verb + columns)
    for (role, grantor), them in sorted(verbs.items()):
        listed = ", ".join(sorted(them))
        yield (
            f"{role} may grant {listed} to others; {run(grantor, owner)}"
            f"REVOKE GRANT OPTION FOR {listed} ON {what} FROM {role} CASCADE"
        )


def in_order(findings: Iterable[str]) -> list[str]:
    """What somebody else granted comes first: by another statement who did may lose the right to
    revoke it."""
    return sorted(findings, key=lambda what: ANOTHER not in what.replace(AS_OWNER, ""))


def run(grantor: str, owner: str) -> str:
    return "run: " if grantor == owner else f"{ANOTHER}{grantor}: "


def lacking(role: str, verbs: str, what: str) -> str:
    return f"{role} needs {verbs} and may not; {AS_OWNER}GRANT {verbs} ON {what} TO {role}"


def left(edge: Membership) -> str:
    return f"run: REVOKE {edge.role} FROM {edge.member} GRANTED BY {edge.grantor}"


def listed(names: Iterable[str]) -> str:
    first, more = sorted(names)[:3], len(set(names)) - 3
    return ", ".join(first) + (f" and {more} more" if more > 0 else "")
