"""A clinic's credentials and session as sealed documents, of which nothing is ever in an error.

A parser's error quotes what it refuses. So none leaves a frame that holds an opened document: what
can't be taken is returned as Unusable, and whoever raises for it has never seen any of it.
"""

import json
from enum import Enum
from typing import Any, Final, NotRequired, TypedDict
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, TypeAdapter, ValidationError, with_config

from idexx_sync.core.sealing import CannotOpen, Keyring, Purpose, open_sealed, seal
from idexx_sync.pims.access import Credentials, StoredSession


class Unusable(Enum):
    """Why a sealed value can't be used, as half a sentence."""

    SEALED_OTHERWISE = "was sealed with another key, for another clinic or for something else"
    OF_ANOTHER_SHAPE = "opens and holds something else"


@with_config(ConfigDict(extra="allow"))
class Cookie(TypedDict):
    """What we use of a cookie; a browser says more."""

    name: str
    value: str
    domain: NotRequired[str]
    path: NotRequired[str | None]
    expires: NotRequired[float | None]
    secure: NotRequired[bool | None]


class _Session(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    cookies: list[Cookie]
    user_agent: str
    logged_in_at: AwareDatetime
    identity: int | None = None
    """The version of the clinic's identity with which it was compared."""


_CREDENTIALS: Final = TypeAdapter(Credentials)
_SESSION: Final = TypeAdapter(_Session)


def sealed_credentials(keys: Keyring, clinic_id: UUID, credentials: Credentials) -> bytes:
    """The document of the three values, sealed for the clinic."""
    content = {
        "company_id": credentials.company_id.get_secret_value(),
        "username": credentials.username.get_secret_value(),
        "password": credentials.password.get_secret_value(),
    }
    return seal(keys, "credentials", clinic_id, json.dumps(content).encode())


def opened_credentials(keys: Keyring, clinic_id: UUID, sealed: bytes) -> Credentials | Unusable:
    """The credentials of a sealed document."""
    return _read(_CREDENTIALS, keys, "credentials", clinic_id, sealed)


def sealed_session(
    keys: Keyring, clinic_id: UUID, session: StoredSession, identity_version: int
) -> bytes:
    """The session, sealed for the clinic; one that was recognised tells the identity's version."""
    content: dict[str, Any] = {
        "cookies": session.cookies,
        "user_agent": session.user_agent,
        "logged_in_at": session.logged_in_at.isoformat(),
    }
    if session.recognised:
        content["identity"] = identity_version
    return seal(keys, "session", clinic_id, json.dumps(content).encode())


def opened_session(
    keys: Keyring, clinic_id: UUID, sealed: bytes, identity_version: int
) -> StoredSession | Unusable:
    """The session; recognised if it was compared with the identity of this version."""
    opened = _read(_SESSION, keys, "session", clinic_id, sealed)
    if isinstance(opened, Unusable):
        return opened
    return StoredSession(
        cookies=[{**cookie} for cookie in opened.cookies],
        user_agent=opened.user_agent,
        logged_in_at=opened.logged_in_at,
        recognised=0 < identity_version == opened.identity,
    )


def _read[T](
    reader: TypeAdapter[T], keys: Keyring, purpose: Purpose, clinic_id: UUID, sealed: bytes
) -> T | Unusable:
    try:
        opened = open_sealed(keys, purpose, clinic_id, sealed)
    except CannotOpen:
        return Unusable.SEALED_OTHERWISE
    try:
        return reader.validate_json(opened, strict=True)
    except ValidationError:
        return Unusable.OF_ANOTHER_SHAPE
