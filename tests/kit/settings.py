"""Settings and secrets of a test's service, as objects and as a process's environment."""

import base64
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr

from idexx_sync.core.fingerprints import Fingerprints, read_fingerprint_keys
from idexx_sync.core.settings import KeySettings, Settings
from idexx_sync.jobs import wiring
from tests.kit.database import as_role

LOCAL_KEY = SecretStr(base64.b64encode(bytes(range(32))).decode())
FINGERPRINT_KEY = SecretStr(base64.b64encode(bytes(range(64, 96))).decode())
PEPPER = SecretStr(base64.b64encode(bytes(range(32, 64))).decode())


def random_key() -> str:
    """The text of a secret that was never used."""
    return base64.b64encode(os.urandom(32)).decode()


def fingerprints_of(clinic_id: UUID) -> Fingerprints:
    """Those of a clinic under the key that is set where nothing else is said."""
    return Fingerprints(read_fingerprint_keys(FINGERPRINT_KEY), clinic_id)


def make_settings(database_url: str, **overrides: Any) -> Settings:
    """As the environment says and this; equal ones are one object, which can't be changed."""
    environment = tuple(item for item in os.environ.items() if item[0].startswith("IDEXX_SYNC_"))
    return _settings(database_url, environment, tuple(overrides.items()))


@lru_cache(maxsize=100)
def _settings(
    database_url: str,
    _environment: tuple[tuple[str, str], ...],
    overrides: tuple[tuple[str, Any], ...],
) -> Settings:
    """`_environment` is what the settings' class reads by itself, and so part of the key."""
    return Settings(
        DATABASE_URL=SecretStr(database_url),
        **{"local_key": LOCAL_KEY, "fingerprint_key": FINGERPRINT_KEY, **dict(overrides)},
    )


def make_key_settings(database_url: str, **overrides: Any) -> KeySettings:
    return KeySettings(
        DATABASE_URL=SecretStr(database_url), **{"pepper": PEPPER, "stage": "test", **overrides}
    )


@contextmanager
def process_environment(
    monkeypatch: pytest.MonkeyPatch, database: str, neo_url: str, **more: str
) -> Iterator[None]:
    """The environment that a worker's process has, and dependencies made anew from it."""
    settings = {
        "DATABASE_URL": as_role(database, "worker"),
        "IDEXX_SYNC_LOCAL_KEY": LOCAL_KEY.get_secret_value(),
        "IDEXX_SYNC_FINGERPRINT_KEY": FINGERPRINT_KEY.get_secret_value(),
        "IDEXX_SYNC_NEO_HOSTS": neo_url,
        "IDEXX_SYNC_CHROMIUM_PATH": os.environ.get("IDEXX_SYNC_CHROMIUM_PATH", ""),
        "IDEXX_SYNC_NEO_REQUESTS_PER_SECOND": "1000",
        **more,
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    wiring.process_dependencies.forget()
    try:
        yield
    finally:
        wiring.process_dependencies.forget()
