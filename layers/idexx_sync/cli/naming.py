"""What a person means by the beginning of an id, or by a clinic's name."""

from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

from idexx_sync.cli.arguments import shortened
from idexx_sync.cli.context import Cli
from idexx_sync.cli.errors import CommandError
from idexx_sync.cli.exits import Exit
from idexx_sync.clinics.store import clinic_names
from idexx_sync.database.connection import Conn
from idexx_sync.operations.wanted import clinics_meant

MOST_NAMED: Final = 5
"""So many of those that may be meant are named."""


def whole_id(text: str) -> UUID | None:
    """The id, if all of it is given."""
    try:
        return UUID(text)
    except ValueError:
        return None


def one_of(text: str, what: str, found: Sequence[tuple[UUID, str]]) -> UUID:
    """The only one that may be meant; CommandError (not_found, ambiguous) names the others."""
    if len(found) == 1:
        return found[0][0]
    if not found:
        by = "is called so or has an id that" if what == "clinic" else "has an id that"
        raise CommandError(
            f"there is no {what} that {by} begins with {shortened(text)}; list them with: "
            f"idexx-sync {what.replace(' ', '-')}s list",
            kind="not_found",
            exit_code=Exit.FAILED,
        )
    named = [f"{id_} ({about})" for id_, about in found[:MOST_NAMED]]
    left = len(found) - len(named)
    more = f", and {left} more" if left else ""
    raise CommandError(
        f"{shortened(text)} may mean several {what}s, so nothing was done: "
        f"{', '.join(named)}{more}; give more of the one that is meant",
        kind="ambiguous",
        exit_code=Exit.USAGE,
        more={"candidates": [str(id_) for id_, _ in found[:MOST_NAMED]]},
    )


def clinic_meant(conn: Conn, text: str) -> UUID:
    """The clinic of ODIS's that is meant; a whole id is not looked up."""
    if (given := whole_id(text)) is not None:
        return given
    names = clinic_names(conn)
    return one_of(text, "clinic", [(id_, names[id_]) for id_ in clinics_meant(text, names)])


def clinic_here(cli: Cli, text: str) -> UUID:
    """The same over a connection of its own, which a whole id does not need."""
    if (given := whole_id(text)) is not None:
        return given
    with cli.database() as conn:
        return clinic_meant(conn, text)


def among(text: str, what: str, things: Iterable[tuple[UUID, str]]) -> UUID:
    """The one of all these whose id begins so; a whole id is not looked up."""
    if (given := whole_id(text)) is not None:
        return given
    digits = text.replace("-", "").lower()
    return one_of(text, what, [(id_, about) for id_, about in things if id_.hex.startswith(digits)])
