"""What a key has used of its budgets: decided and written down in one statement.

However many processes answer for a key, its row's lock makes them decide one after the other, and
a lock of the database's does so for the waits of all keys. What was granted ends by itself, so that
a process that dies takes nothing with it.
"""

from dataclasses import dataclass
from math import ceil
from typing import Final, Literal
from uuid import UUID, uuid4

import psycopg

from idexx_sync.core.errors import NotFound
from idexx_sync.database.connection import Conn
from idexx_sync.keys.budgets import LONGEST_WAIT_S, MINUTE, WAITS_IN_ALL, Budget

ENDS_WITHIN_S: Final = LONGEST_WAIT_S + 5
"""How long a wait counts at most, should nobody give it back."""


@dataclass(frozen=True, slots=True)
class Granted:
    """The order may be made."""

    wait: UUID | None
    """The wait, to be given back; None: none was wanted, or too many requests wait already."""


@dataclass(frozen=True, slots=True)
class UsedUp:
    """Nothing was taken: the key has to come again."""

    what: Literal["orders", "waits"]
    retry_after_s: int


_USED: Final = """
    CASE WHEN b.orders_until BETWEEN idexx_sync.clock() AND idexx_sync.clock() + %(minute)s
         THEN b.orders_until ELSE idexx_sync.clock() END
"""
"""Up to when the key's minute is used; what lies further ahead than any order leads is no use."""
_NOW_S: Final = "extract(epoch FROM idexx_sync.clock())"
_OWN: Final = "SELECT id, ends FROM idexx_sync.live_waits(b.waits, %(longest_s)s)"
_WANTED: Final = f"""
    CASE WHEN %(wait)s::text IS NULL THEN '{{}}'
         WHEN idexx_sync.count_waits(%(longest_s)s) >= %(in_all)s THEN '{{}}'
         ELSE jsonb_build_object(%(wait)s::text, {_NOW_S} + %(longest_s)s) END
"""
"""The wait that is wanted, if there is room for one more; who wants one is counted one by one."""
_SPEND: Final = f"""
    INSERT INTO idexx_sync.key_budgets AS b (api_key_id, orders_until, waits)
    VALUES (%(key)s, idexx_sync.clock() + %(share)s, {_WANTED})
    ON CONFLICT (api_key_id) DO UPDATE
       SET orders_until = {_USED} + %(share)s,
           waits = (SELECT coalesce(jsonb_object_agg(id, ends), '{{}}') FROM ({_OWN}) l)
                   || EXCLUDED.waits
     WHERE {_USED} + %(share)s <= idexx_sync.clock() + %(minute)s
       AND (%(wait)s::text IS NULL OR (SELECT count(*) FROM ({_OWN}) l) < %(at_once)s)
    RETURNING b.waits ? %(wait)s::text
"""
_LEFT: Final = f"""
    SELECT extract(epoch FROM {_USED} + %(share)s - %(minute)s - idexx_sync.clock())::float8,
           (SELECT min(ends) - {_NOW_S} FROM ({_OWN}) l)::float8
      FROM idexx_sync.key_budgets b WHERE api_key_id = %(key)s
"""


def spend(conn: Conn, key_id: UUID, budget: Budget, *, waits: bool) -> Granted | UsedUp:
    """Take one order, and one wait if it is wanted, or nothing at all; one round trip.

    NotFound for a key that has been deleted.
    """
    wait = uuid4() if waits else None
    values = {
        "key": key_id,
        "share": budget.share,
        "minute": MINUTE,
        "wait": None if wait is None else str(wait),
        "at_once": budget.waits_at_once,
        "in_all": WAITS_IN_ALL,
        "longest_s": ENDS_WITHIN_S,
    }
    try:
        taken = conn.execute(_SPEND, values).fetchone()
    except psycopg.errors.ForeignKeyViolation:
        raise NotFound("key", key_id) from None
    if taken is not None:
        return Granted(wait if taken[0] else None)
    orders_s, waits_s = conn.execute(_LEFT, values).fetchone() or (None, None)
    if orders_s is not None and orders_s > 0:
        return UsedUp("orders", max(1, ceil(orders_s)))
    return UsedUp("waits" if waits else "orders", max(1, ceil(waits_s or 0)))


def give_back(conn: Conn, key_id: UUID, wait: UUID) -> None:
    """The request waits no longer."""
    conn.execute(
        "UPDATE idexx_sync.key_budgets SET waits = waits - %s::text WHERE api_key_id = %s",
        (str(wait), key_id),
    )
