"""A key of the HTTP API being used: found by its hash, and its use written down."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from idexx_sync.core.faults import Unfit, or_else
from idexx_sync.core.vocabulary import CLINIC_SCOPES, SCOPES, Scope
from idexx_sync.database.connection import Conn, Cur, writing

KeyState = Literal["valid", "revoked", "inactive", "expired"]

TOUCHED_EVERY: Final = timedelta(minutes=1)
"""A key's last use is written at most so often."""
_MAY_HOLD: Final = {True: frozenset(SCOPES), False: CLINIC_SCOPES}
"""By whether the key is an operator's."""
_FIND: Final = """
    SELECT id, clinic_id, key_name, is_operator, scopes, is_active, revoked_at, expires_at,
           last_used_at, now
      FROM idexx_sync.find_key(%s{more})
"""
FIND_KEY: Final = {1: _FIND.format(more=""), 2: _FIND.format(more=", %s")}
"""By the number of hashes; a list of parameters costs Postgres less than an array."""


@dataclass(frozen=True, slots=True)
class FoundKey:
    """What a key's text led to."""

    id: UUID
    clinic_id: UUID | None
    """None: an operator's key."""
    name: str | None
    is_operator: bool
    scopes: tuple[Scope, ...]
    """Sorted; only what this kind of key may hold, whatever its row says."""
    state: KeyState
    is_due: bool
    """Whether this use is to be written down."""


def find_key(db: Conn | Cur, hashes: Sequence[str]) -> FoundKey | None:
    """The key with one of these hashes, whatever its state: one indexed statement."""
    row = db.execute(FIND_KEY[len(hashes)], hashes).fetchone()
    if row is None:
        return None
    id_, clinic_id, name, is_operator, held, is_active, revoked_at, expires_at, used_at, now = row
    return FoundKey(
        id=id_,
        clinic_id=clinic_id,
        name=name,
        is_operator=is_operator,
        scopes=held_scopes(held, is_operator=is_operator),
        state=state_of(is_active, revoked_at, expires_at, now),
        is_due=or_else(used_at) is None or used_at <= now - TOUCHED_EVERY,
    )


def pepper_imprints(db: Conn | Cur) -> list[str] | None:
    """By which the database knows its pepper; None: it knows none yet."""
    row = db.execute("SELECT idexx_sync.pepper_imprints()").fetchone()
    return None if row is None else row[0]


def held_scopes(stored: object, *, is_operator: bool) -> tuple[Scope, ...]:
    """What a row's list comes to; what is no scope in it gives no right."""
    listed = stored if isinstance(stored, list) else []
    return tuple(sorted(scope for scope in _MAY_HOLD[is_operator] if scope in listed))


def state_of(
    is_active: bool | None,
    revoked_at: datetime | Unfit | None,
    expires_at: datetime | Unfit | None,
    now: datetime,
) -> KeyState:
    """What a row's columns mean at this moment; an end that cannot be read has come."""
    if revoked_at is not None:
        return "revoked"
    if not is_active:
        return "inactive"
    if isinstance(expires_at, Unfit):
        return "expired"
    return "expired" if expires_at is not None and expires_at <= now else "valid"


def touch_key(conn: Conn, key_id: UUID, hashes: Sequence[str]) -> bool:
    """Write a key's use down unless somebody did within the last minute, or is about to.

    `hashes` are those of the text that was presented, that with the current pepper first. It is
    stored with the use: a key that is used while the pepper is being replaced needs the old one
    no longer. Never waits for another writer.
    """
    with writing(conn) as settle:
        touched = conn.execute(
            "SELECT idexx_sync.touch_key(%s, %s, %s)", (key_id, list(hashes), TOUCHED_EVERY)
        )
        settle()
        row = touched.fetchone()
    return row is not None and bool(row[0])
