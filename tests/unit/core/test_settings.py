"""Settings: what is missing or wrong is named as the variable to set."""

import os
from contextlib import nullcontext

import pytest

from idexx_sync.core.errors import ConfigurationInvalid
from idexx_sync.core.settings import load_settings


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment with the three settings that have no default."""
    for name in os.environ:
        if name.startswith(("IDEXX_SYNC_", "DATABASE_URL")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DATABASE_URL", "postgresql://sync:made-up@127.0.0.1/odis")
    monkeypatch.setenv("IDEXX_SYNC_LOCAL_KEY", "made-up")
    monkeypatch.setenv("IDEXX_SYNC_FINGERPRINT_KEY", "made-up")
    return monkeypatch


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("DATABASE_URL", "", "DATABASE_URL: missing"),
        ("IDEXX_SYNC_LOCAL_KEY", "", "IDEXX_SYNC_LOCAL_KEY: missing"),
        ("IDEXX_SYNC_FINGERPRINT_KEY", "", "IDEXX_SYNC_FINGERPRINT_KEY: missing"),
        ("IDEXX_SYNC_LEASE_SECONDS", "soon", "IDEXX_SYNC_LEASE_SECONDS: Input should be a valid"),
        (
            "IDEXX_SYNC_NEO_HOSTS",
            "http://neo.example.com",
            "IDEXX_SYNC_NEO_HOSTS: neo.example.com: only https",
        ),
    ],
)
def test_a_wrong_setting_is_named(
    environ: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    environ.setenv(name, value)

    with pytest.raises(ConfigurationInvalid, match=f"set these environment variables: {said}"):
        load_settings()


def test_an_empty_variable_is_one_that_is_not_set(environ: pytest.MonkeyPatch) -> None:
    environ.setenv("IDEXX_SYNC_CHROMIUM_PATH", "")
    environ.setenv("IDEXX_SYNC_NEO_HOSTS", "")

    settings = load_settings()

    assert (settings.chromium_path, settings.neo_hosts) == (None, ("us.idexxneo.com",))


@pytest.mark.parametrize(
    ("lease", "login", "fits"),
    [("45", "34.9", True), ("45", "35", False), ("60", "49", True), ("20", None, True)],
)
def test_r27_a_login_whose_limit_is_set_fits_into_the_lease(
    environ: pytest.MonkeyPatch, lease: str, login: str | None, fits: bool
) -> None:
    environ.setenv("IDEXX_SYNC_LEASE_SECONDS", lease)
    if login is not None:
        environ.setenv("IDEXX_SYNC_LOGIN_TIMEOUT_SECONDS", login)
    said = "IDEXX_SYNC_LOGIN_TIMEOUT_SECONDS: must be shorter than IDEXX_SYNC_LEASE_SECONDS"

    with nullcontext() if fits else pytest.raises(ConfigurationInvalid, match=said):
        load_settings()
