"""Keys of the HTTP API: made, shown, rotated and revoked.

A clinic's key acts for its clinic only; an operator's key has no clinic. The table holds hashes:
a key's text is answered once, when the key is made, and never again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Self
from uuid import UUID

import psycopg
from psycopg.rows import kwargs_row
from pydantic import SecretStr

from idexx_sync.core.errors import Conflict, InvalidInput, NotFound
from idexx_sync.core.faults import or_else
from idexx_sync.core.vocabulary import CLINIC_SCOPES, OPERATOR_SCOPES, SCOPES
from idexx_sync.database.connection import Conn
from idexx_sync.keys.format import Peppers, generate_key, hashed, hint_of
from idexx_sync.keys.lookup import KeyState, state_of

OVERLAP: Final = timedelta(hours=24)
"""How long a rotated key still works, unless told otherwise."""
LONGEST_NAME: Final = 100
_COLUMNS: Final = """
    id, clinic_id, is_operator, key_name AS name, key_hint AS hint, scopes, is_active,
    created_at, expires_at, last_used_at, revoked_at, replaced_by
"""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it may be shown."""

    id: UUID
    clinic_id: UUID | None
    """None: an operator's key."""
    is_operator: bool
    name: str | None
    hint: str | None
    """The key's beginning and its last four characters."""
    scopes: list[str]
    is_active: bool | None
    created_at: datetime | None
    expires_at: datetime | None
    """None: it works until it is revoked."""
    last_used_at: datetime | None
    """To the minute."""
    revoked_at: datetime | None
    replaced_by: UUID | None
    """The key that a rotation made in its place."""

    @classmethod
    def read(cls, *, scopes: Any, **columns: Any) -> Self:
        """The key of a row; a moment in it may be one that cannot be read."""
        listed = scopes if isinstance(scopes, list) else []
        return cls(scopes=[scope for scope in listed if isinstance(scope, str)], **columns)

    def state(self, now: datetime) -> KeyState:
        return state_of(self.is_active, self.revoked_at, self.expires_at, now)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made; its text can't be had a second time."""

    key: ApiKey
    text: SecretStr


def create_key(
    conn: Conn,
    peppers: Peppers,
    *,
    clinic_id: UUID | None,
    scopes: Iterable[str],
    name: str,
    stage: str,
    now: datetime,
    expires_at: datetime | None = None,
) -> NewKey:
    """Make a key; without a clinic it is an operator's.

    Raises NotFound for the clinic, InvalidInput for scopes, name or expires_at.
    """
    try:
        return _insert_key(
            conn,
            peppers,
            clinic_id=clinic_id,
            scopes=checked_scopes(scopes, is_operator=clinic_id is None),
            name=checked_name(name),
            stage=stage,
            now=now,
            expires_at=expires_at,
        )
    except psycopg.errors.ForeignKeyViolation:
        assert clinic_id is not None, "only a clinic's key names a clinic"
        raise NotFound("clinic", clinic_id) from None


def rotate_key(
    conn: Conn,
    peppers: Peppers,
    key_id: UUID,
    *,
    stage: str,
    now: datetime,
    overlap: timedelta = OVERLAP,
    expires_at: datetime | None = None,
) -> NewKey:
    """A new key in place of a valid one, which ends after the overlap if it does not end before.

    The new one has the same holder, scopes and name, and is valid for as long as the old one was
    made for unless `expires_at` is given. A key is rotated once: of two attempts one is refused.
    Raises NotFound for an unknown key, Conflict (key_state) for one that can't be rotated.
    """
    with conn.transaction():
        old = _one_key(
            conn,
            f"SELECT {_COLUMNS} FROM public.clinic_api_keys WHERE id = %(id)s FOR NO KEY UPDATE",
            {"id": key_id},
        )
        if old is None:
            raise NotFound("key", key_id)
        if old.replaced_by is not None or old.state(now) != "valid":
            raise _not_rotatable(old, now)
        made = _insert_key(
            conn,
            peppers,
            clinic_id=old.clinic_id,
            scopes=old.scopes,
            name=old.name,
            stage=stage,
            now=now,
            expires_at=expires_at or _as_long_again(old, now),
        )
        conn.execute(
            """
            UPDATE public.clinic_api_keys
               SET replaced_by = %s, expires_at = least(expires_at, %s) WHERE id = %s
            """,
            (made.key.id, now + overlap, key_id),
        )
    return made


def revoke_key(conn: Conn, key_id: UUID, now: datetime) -> ApiKey:
    """End a key for good; doing it again changes nothing. NotFound if unknown."""
    key = _one_key(
        conn,
        f"""
        UPDATE public.clinic_api_keys
           SET revoked_at = coalesce(revoked_at, %(now)s), is_active = false
         WHERE id = %(id)s
        RETURNING {_COLUMNS}
        """,
        {"id": key_id, "now": now},
    )
    if key is None:
        raise NotFound("key", key_id)
    return key


def key_by_id(conn: Conn, key_id: UUID) -> ApiKey:
    """One key; NotFound if there is none."""
    key = _one_key(
        conn,
        f"SELECT {_COLUMNS} FROM public.clinic_api_keys WHERE id = %(id)s",
        {"id": key_id},
    )
    if key is None:
        raise NotFound("key", key_id)
    return key


def keys_listed(
    conn: Conn, *, clinic_id: UUID | None = None, operators: bool = False
) -> list[ApiKey]:
    """Every key, newest first; or those of one clinic; or those of operators."""
    with conn.cursor(row_factory=kwargs_row(ApiKey.read)) as cur:
        return cur.execute(
            f"""
            SELECT {_COLUMNS} FROM public.clinic_api_keys
             WHERE (%(clinic_id)s::uuid IS NULL OR clinic_id = %(clinic_id)s)
               AND (NOT %(operators)s OR is_operator)
             ORDER BY created_at DESC NULLS LAST, id
            """,
            {"clinic_id": clinic_id, "operators": operators},
        ).fetchall()


def checked_scopes(scopes: Iterable[str], *, is_operator: bool) -> list[str]:
    """The scopes, sorted; InvalidInput names one that this kind of key can't hold."""
    wanted = sorted(set(scopes))
    allowed = SCOPES if is_operator else CLINIC_SCOPES
    if not wanted:
        raise InvalidInput("scopes", f"a key needs at least one of {', '.join(allowed)}")
    for scope in wanted:
        if scope in OPERATOR_SCOPES and not is_operator:
            advice = "leave it out, or make an operator's key"
            raise InvalidInput("scopes", f"{scope} is for operators' keys only; {advice}")
        if scope not in allowed:
            raise InvalidInput("scopes", f"{scope!r} is none of {', '.join(allowed)}")
    return wanted


def checked_name(name: str) -> str:
    """The name without blanks around it; InvalidInput if nobody could read it."""
    trimmed = name.strip()
    if not 1 <= len(trimmed) <= LONGEST_NAME or not trimmed.isprintable():
        raise InvalidInput(
            "name",
            f"1 to {LONGEST_NAME} printable characters are expected; "
            "say who uses the key and for what",
        )
    return trimmed


def _insert_key(
    conn: Conn,
    peppers: Peppers,
    *,
    clinic_id: UUID | None,
    scopes: list[str],
    name: str | None,
    stage: str,
    now: datetime,
    expires_at: datetime | None,
) -> NewKey:
    if expires_at is not None and expires_at <= now:
        raise InvalidInput(
            "expires_at", "the key would be expired from the beginning; name a later moment"
        )
    text = generate_key(stage)
    key = _one_key(
        conn,
        f"""
        INSERT INTO public.clinic_api_keys
               (clinic_id, is_operator, key_name, scopes, api_key, key_hint, created_at, expires_at)
        VALUES (%(clinic_id)s, %(is_operator)s, %(name)s, %(scopes)s, %(hash)s, %(hint)s, %(now)s,
                %(expires_at)s)
        RETURNING {_COLUMNS}
        """,
        {
            "clinic_id": clinic_id,
            "is_operator": clinic_id is None,
            "name": name,
            "scopes": scopes,
            "hash": hashed(text, peppers)[0],
            "hint": hint_of(text),
            "now": now,
            "expires_at": expires_at,
        },
    )
    assert key is not None
    return NewKey(key, SecretStr(text))


def _as_long_again(old: ApiKey, now: datetime) -> datetime | None:
    """When a key made now ends that is valid for as long as the old one was made for."""
    if old.expires_at is None or or_else(old.created_at) is None:
        return old.expires_at
    assert old.created_at is not None
    return now + (old.expires_at - old.created_at)


def _one_key(conn: Conn, statement: str, values: dict[str, Any]) -> ApiKey | None:
    with conn.cursor(row_factory=kwargs_row(ApiKey.read)) as cur:
        return cur.execute(statement, values).fetchone()


def _not_rotatable(key: ApiKey, now: datetime) -> Conflict:
    if key.replaced_by is not None:
        what = f"was rotated already; rotate {key.replaced_by} instead"
    else:
        what = f"is {key.state(now)}; make a new one with: idexx-sync keys create"
    return Conflict("key_state", f"key_id: key {key.id} {what}", key_id=key.id)
