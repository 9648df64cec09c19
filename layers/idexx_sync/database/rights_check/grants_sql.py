"""Parts of statements that ask for grants, and grants by what they are about."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from idexx_sync.database.rights_check.facts import Grant

GRANTEE: Final = (
    "CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END"
)
GIVEN: Final = (
    f"{GRANTEE}, g.privilege_type, quote_ident(pg_get_userbyid(g.grantor)), g.is_grantable"
)
RELATION: Final = "c.relnamespace::regnamespace || '.' || quote_ident(c.relname)"
"""Name of the `pg_class` called c."""


def by_place(grants: Iterable[Grant]) -> dict[str, list[Grant]]:
    found: dict[str, list[Grant]] = defaultdict(list)
    for grant in grants:
        found[grant.place].append(grant)
    return found
