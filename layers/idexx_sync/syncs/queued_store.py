"""SQL of the calls and e-mails that ODIS has queued for cases; only read, and nothing of them but
for which case."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from idexx_sync.database.connection import Conn


@dataclass(frozen=True, slots=True)
class Queued:
    """The cases for which ODIS is still going to call or write to somebody."""

    case_ids: frozenset[UUID]
    unread: tuple[str, ...] = ()
    """Tables of ODIS's that are not there, are others or are closed to us: what is queued there
    nobody knows."""


def queued_for(conn: Conn, case_ids: Collection[UUID]) -> Queued:
    """Those of the cases for which a call or an e-mail is queued, or is on its way."""
    if not case_ids:
        return Queued(frozenset())
    rows = conn.execute(
        "SELECT relation, cases FROM idexx_sync.queued_for(%s) ORDER BY relation", (list(case_ids),)
    ).fetchall()
    return Queued(
        frozenset(case_id for _, cases in rows for case_id in cases or ()),
        tuple(relation for relation, cases in rows if cases is None),
    )
