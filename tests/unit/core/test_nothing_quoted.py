"""What is secret and can't be read is in no error of ours: not in its words, not in what led to it,
not in what its frames hold."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pydantic import SecretStr

from idexx_sync.cli.credentials import _given
from idexx_sync.core import named_secrets
from idexx_sync.core.fingerprints import read_fingerprint_keys
from idexx_sync.core.sealing import keyring
from idexx_sync.core.settings import ClientSettings, KeySettings, Settings, load
from idexx_sync.database.connection import connect
from idexx_sync.keys.format import read_peppers
from tests.kit.foreign_words import all_of, with_locals

CANARY = "Correct-Horse-Battery-9"


def refused(secret: str) -> Callable[[pytest.MonkeyPatch], Any]:
    """Secrets Manager refuses, and its answer quotes."""

    class Client:
        def get_secret_value(self, **_: Any) -> Any:
            raise ClientError({"Error": {"Code": secret, "Message": CANARY}}, "GetSecretValue")

    def read(monkeypatch: pytest.MonkeyPatch) -> Any:
        monkeypatch.setattr(named_secrets, "_client", Client)
        monkeypatch.setenv("IDEXX_SYNC_DATABASE_SECRET", "name")
        monkeypatch.delenv("DATABASE_URL", raising=False)
        return load(KeySettings)

    return read


def settings(kind: Any, **environment: str) -> Callable[[pytest.MonkeyPatch], Any]:
    def read(monkeypatch: pytest.MonkeyPatch) -> Any:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return load(kind)

    return read


def given(text: str) -> Callable[[pytest.MonkeyPatch], Any]:
    return lambda _: _given(io.StringIO(text), asked=False)


READERS: dict[str, Callable[[pytest.MonkeyPatch], Any]] = {
    "a key of the API": settings(
        ClientSettings, IDEXX_SYNC_API_URL="https://a.example/b", IDEXX_SYNC_API_KEY=f"{CANARY} x"
    ),
    "the API's address": settings(
        ClientSettings, IDEXX_SYNC_API_URL=f"https://me:{CANARY}@a.example", IDEXX_SYNC_API_KEY="x"
    ),
    "settings beside a wrong one": settings(
        Settings,
        IDEXX_SYNC_LOCAL_KEY=CANARY,
        DATABASE_URL=CANARY,
        IDEXX_SYNC_FINGERPRINT_KEY=CANARY,
        IDEXX_SYNC_LEASE_SECONDS="none",
    ),
    "an absent secret": refused("ResourceNotFoundException"),
    "a denied secret": refused("AccessDeniedException"),
    "an unreachable secret": refused("InternalServiceError"),
    "the sealing key": lambda _: keyring(SecretStr(CANARY)),
    "the fingerprint key": lambda _: read_fingerprint_keys(SecretStr(CANARY)),
    "the pepper": lambda _: read_peppers(SecretStr(CANARY)),
    "an address that is none": lambda _: connect(SecretStr(f"{CANARY} is no address")),
    "an option that is none": lambda _: connect(SecretStr(f"postgresql://127.0.0.1/?{CANARY}=1")),
    "a refusing database": lambda _: connect(SecretStr(f"postgresql://a:{CANARY}@127.0.0.1:9/x")),
    "no JSON": given(f'{{"password": "{CANARY}"'),
    "deep JSON": given(f'{{"{CANARY}": ' + "[" * 100_000),
    "another field": given(json.dumps({"password": CANARY})),
    "another shape": given(json.dumps({"company_id": "1", "username": "u", "password": [CANARY]})),
    "too many lines": given(f"1\nu\n{CANARY}\n{CANARY}"),
    "half a character": given(f"1\nu\n{CANARY}\udc80"),
}


@pytest.mark.parametrize("what", READERS)
def test_what_cannot_be_read_is_quoted_nowhere(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Exception, match=r"\w") as told:
        READERS[what](monkeypatch)

    assert CANARY not in all_of(told.value)
    assert CANARY not in with_locals(told.value)
