"""Rights that are wider or narrower than they should be, and what to do about each. Only reads."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from typing import Final

from idexx_sync.database.connection import Conn, DriverError
from idexx_sync.database.refusal import refusal_of_migration
from idexx_sync.database.rights_check import place_store, reach_store, relation_store, role_store
from idexx_sync.database.rights_check.facts import Finding, Who
from idexx_sync.database.rights_check.places import wrong_defaults, wrong_places
from idexx_sync.database.rights_check.policies import wrong_policies
from idexx_sync.database.rights_check.relations import wrong_relations
from idexx_sync.database.rights_check.roles import wrong_roles
from idexx_sync.database.rights_check.routines import wrong_routines
from idexx_sync.database.rights_check.statements import in_order
from idexx_sync.database.rights_check.views import wrong_views

REFUSED: Final = "42501"
"""Of Postgres: no right to look."""


def wrong_rights(conn: Conn, administrators: frozenset[str] = frozenset()) -> dict[str, str]:
    """Place -> what is wrong with its rights, and the statements that mend it.

    A place is a schema, database, relation, function or role; what could not be compared is a place
    too. For a database whose migrations are applied. Of `administrators`, of superusers, of the
    database's owner and of the platform's own roles nothing is said: they may do anything.
    """
    found: dict[str, list[str]] = defaultdict(list)
    who, findings = _seen("roles", conn, lambda: role_store.who_is_there(conn, administrators))
    if who is not None:
        for name, look in _topics(conn, who):
            told, unseen = _seen(name, conn, look)
            findings += told or unseen
    for place, what in findings:
        found[place].append(what)
    return {place: "; ".join(in_order(whats)) for place, whats in sorted(found.items())}


def _seen[T](topic: str, conn: Conn, look: Callable[[], T]) -> tuple[T | None, list[Finding]]:
    """What is there, or the finding that it can't be seen. A refusal ends nothing around it."""
    try:
        with conn.transaction():
            return look(), []
    except DriverError as error:
        if error.sqlstate != REFUSED:
            raise
        return None, [_not_compared(topic, error)]


def _not_compared(topic: str, error: DriverError) -> Finding:
    return (
        f"rights of {topic}",
        f"not compared, as whoever is connected may not see them ({refusal_of_migration(error)}); "
        "connect as the owner of the database",
    )


def _topics(conn: Conn, who: Who) -> Iterator[tuple[str, Callable[[], list[Finding]]]]:
    """What is compared, each by itself: whoever may not see one thing learns of the others."""
    relations = cache(lambda: relation_store.relations(conn))

    def ours() -> list[str]:
        return [name for name, relation in relations().items() if relation.is_ours]

    def functions() -> Iterator[Finding]:
        routines = reach_store.routines(conn, ours())
        return wrong_routines(routines, reach_store.routine_grants(conn, routines), who)

    def views() -> Iterator[Finding]:
        found = reach_store.views(conn, ours())
        return wrong_views(found, reach_store.view_grants(conn, found), who)

    def places() -> Iterator[Finding]:
        return wrong_places(place_store.places(conn), place_store.place_grants(conn), who)

    def new_objects() -> Iterator[Finding]:
        is_closed = place_store.functions_are_closed(conn)
        return wrong_defaults(place_store.defaults(conn), is_closed, who)

    yield "roles", lambda: list(wrong_roles(who))
    yield "schemas and database", lambda: list(places())
    yield "new objects", lambda: list(new_objects())
    yield "functions", lambda: list(functions())
    yield (
        "tables",
        lambda: list(wrong_relations(relations(), relation_store.relation_grants(conn), who)),
    )
    yield "policies", lambda: list(wrong_policies(relation_store.policies(conn), relations(), who))
    yield "views", lambda: list(views())
