"""What is sealed of a clinic's access: bound to purpose and clinic, and never in an error."""

import json
import traceback
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, TypeAdapter

from idexx_sync.core.sealing import CannotOpen, Keyring, keyring, open_sealed, seal
from idexx_sync.pims.access import Credentials, StoredSession
from idexx_sync.pims.sealed_access import (
    Unusable,
    opened_credentials,
    opened_session,
    sealed_credentials,
    sealed_session,
)
from tests.kit.settings import LOCAL_KEY

CANARY = "Correct-Horse-Battery-9"
KEYS = keyring(LOCAL_KEY)
CLINIC, OTHER_CLINIC = uuid4(), uuid4()
CREDENTIALS = Credentials(
    company_id=SecretStr("012345"), username=SecretStr("sync"), password=SecretStr(CANARY)
)
SESSION = StoredSession(
    [{"name": "neo_session", "value": CANARY, "domain": "us.idexxneo.com", "sameSite": "Lax"}],
    "Agent/1",
    datetime(2026, 5, 4, tzinfo=UTC),
)

WHOLE: dict[str, dict[str, Any]] = {
    "credentials": {"company_id": "012345", "username": "sync", "password": CANARY},
    "session": {
        "cookies": [{"name": "neo_session", "value": CANARY}],
        "user_agent": "Agent/1",
        "logged_in_at": "2026-05-04T00:00:00+00:00",
    },
}


def before_purposes(content: bytes) -> bytes:
    """As it was sealed when a value was bound to its clinic only."""
    return b"\x01" + bytes(12) + AESGCM(KEYS.sealing).encrypt(bytes(12), content, CLINIC.bytes)


def wrong_shapes(whole: dict[str, Any]) -> list[bytes]:
    """Documents that hold the canary where something else belongs."""
    documents: list[Any] = [CANARY, [CANARY], {CANARY: CANARY}, {**whole, CANARY: 1}, None, 7]
    for name in whole:
        documents.append({key: value for key, value in whole.items() if key != name})
        other: tuple[Any, ...] = (
            None,
            7,
            True,
            [CANARY],
            {CANARY: CANARY},
            [{"name": CANARY}],
            [[]],
        )
        documents += [{**whole, name: value} for value in other]
    plain = [CANARY.encode(), f'{{"password": "{CANARY}"'.encode(), CANARY.encode() + b"\xff"]
    return [*plain, b"", b"[" * 10_000, *(json.dumps(one).encode() for one in documents)]


def test_what_was_sealed_comes_back_whole() -> None:
    assert opened_credentials(KEYS, CLINIC, sealed_credentials(KEYS, CLINIC, CREDENTIALS)) == (
        CREDENTIALS
    )
    assert opened_session(KEYS, CLINIC, sealed_session(KEYS, CLINIC, SESSION, 3), 3) == SESSION


def test_what_was_sealed_before_purposes_were_bound_still_opens() -> None:
    credentials, session = (
        before_purposes(json.dumps(WHOLE[name]).encode()) for name in ("credentials", "session")
    )

    assert opened_credentials(KEYS, CLINIC, credentials) == CREDENTIALS
    assert isinstance(opened_session(KEYS, CLINIC, session, 0), StoredSession)
    for swapped in (
        opened_credentials(KEYS, CLINIC, session),
        opened_session(KEYS, CLINIC, credentials, 0),
    ):
        assert swapped is Unusable.OF_ANOTHER_SHAPE
    assert opened_credentials(KEYS, OTHER_CLINIC, credentials) is Unusable.SEALED_OTHERWISE


def test_a_value_opens_for_its_purpose_and_clinic_only() -> None:
    credentials = sealed_credentials(KEYS, CLINIC, CREDENTIALS)
    session = sealed_session(KEYS, CLINIC, SESSION, 0)
    renewed = keyring(SecretStr("A" * 43 + "="))

    for opened in (
        opened_credentials(KEYS, CLINIC, session),
        opened_session(KEYS, CLINIC, credentials, 0),
        opened_credentials(KEYS, OTHER_CLINIC, credentials),
        opened_session(KEYS, OTHER_CLINIC, session, 0),
        opened_credentials(renewed, CLINIC, credentials),
        opened_credentials(KEYS, CLINIC, b"\x01" + credentials[1:]),  # called an older one
        opened_credentials(KEYS, CLINIC, b""),
    ):
        assert opened is Unusable.SEALED_OTHERWISE


def test_a_sealed_value_tells_nothing_of_what_is_in_it() -> None:
    sealed = seal(KEYS, "session", CLINIC, b"hush-7319")

    assert open_sealed(KEYS, "session", CLINIC, sealed) == b"hush-7319"
    assert seal(KEYS, "session", CLINIC, b"hush-7319") != sealed
    with pytest.raises(CannotOpen) as refused:
        open_sealed(KEYS, "credentials", CLINIC, sealed)
    assert "hush-7319" not in str(refused.value)


@pytest.mark.parametrize("content", wrong_shapes(WHOLE["credentials"]))
def test_credentials_of_another_shape_are_unusable_and_raise_nothing(content: bytes) -> None:
    sealed = seal(KEYS, "credentials", CLINIC, content)

    assert opened_credentials(KEYS, CLINIC, sealed) is Unusable.OF_ANOTHER_SHAPE


@pytest.mark.parametrize("content", wrong_shapes(WHOLE["session"]))
def test_a_session_of_another_shape_is_unusable_and_raises_nothing(content: bytes) -> None:
    sealed = seal(KEYS, "session", CLINIC, content)

    assert opened_session(KEYS, CLINIC, sealed, 0) is Unusable.OF_ANOTHER_SHAPE


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text() | st.just(CANARY),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=40)
@given(name=st.sampled_from(["company_id", "username", "password", "cookies"]), value=JSON_VALUES)
def test_whatever_is_sealed_opening_it_raises_nothing(name: str, value: Any) -> None:
    for whole in WHOLE.values():
        content = json.dumps({**whole, name: value}).encode()
        opened_credentials(KEYS, CLINIC, seal(KEYS, "credentials", CLINIC, content))
        opened_session(KEYS, CLINIC, seal(KEYS, "session", CLINIC, content), 0)


@pytest.mark.parametrize("named", [CREDENTIALS, SESSION, KEYS])
def test_no_representation_shows_it(named: Credentials | StoredSession | Keyring) -> None:
    shown = f"{named!r} {named} {vars(named) if hasattr(named, '__dict__') else ''}"

    assert CANARY not in shown
    assert repr(KEYS.sealing) not in shown


def test_an_error_of_pydantic_does_not_print_what_it_was_given() -> None:
    with pytest.raises(ValueError, match="company_id") as refused:
        TypeAdapter(Credentials).validate_python({"password": [CANARY]})

    assert CANARY not in "".join(traceback.format_exception(refused.value))
