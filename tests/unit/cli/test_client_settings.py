"""Where the command line asks, and with which key."""

import pytest

from idexx_sync.core.errors import ConfigurationInvalid
from idexx_sync.core.settings import ClientSettings, load_client_settings

KEY = "idx_test_canary00_secret"


def settings(monkeypatch: pytest.MonkeyPatch, **values: str) -> ClientSettings:
    for name in ("URL", "KEY"):
        monkeypatch.delenv(f"IDEXX_SYNC_API_{name}", raising=False)
    for name, value in values.items():
        monkeypatch.setenv(f"IDEXX_SYNC_API_{name}", value)
    return load_client_settings()


GOOD = [
    ("https://api.example.com", "https://api.example.com"),
    ("https://abc123.execute-api.us-east-1.amazonaws.com/prod/", None),
    (" https://api.example.com:8443/a/b-c_d.e~f\n", "https://api.example.com:8443/a/b-c_d.e~f"),
    ("http://127.0.0.1:8080/test", "http://127.0.0.1:8080/test"),
    ("http://localhost:8080", "http://localhost:8080"),
    ("http://[::1]:8080/test", "http://[::1]:8080/test"),
]


@pytest.mark.parametrize(("given", "kept"), GOOD)
def test_an_address_is_kept_without_its_last_slash(
    monkeypatch: pytest.MonkeyPatch, given: str, kept: str | None
) -> None:
    assert settings(monkeypatch, URL=given, KEY=KEY).api_url == (kept or given.rstrip("/"))


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.com",
        "http://127.0.0.1.example.com",
        "http://10.0.0.1",
        "https://user:hidden@api.example.com",
        "http://127.0.0.1@example.com/",
        "https://api.example.com/?hidden=1",
        "https://api.example.com/#hidden",
        "https://api.example.com:99999",
        "https://api.example.com:0",
        "http://[:::1]",
        "https://api..example.com",
        "https://api.example.com/a b",
        "https://api.example.com/../hidden?",
        "https://[::1",
        "https://",
        "ftp://127.0.0.1",
        "api.example.com",
        "https://bücher.example",
    ],
)
def test_an_address_that_would_give_the_key_away_is_refused(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    with pytest.raises(ConfigurationInvalid, match="IDEXX_SYNC_API_URL: ") as caught:
        settings(monkeypatch, URL=url, KEY=KEY)

    assert "hidden" not in caught.value.message
    assert KEY not in caught.value.message


def test_an_address_needs_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for values in ({}, {"KEY": ""}):
        with pytest.raises(ConfigurationInvalid, match="IDEXX_SYNC_API_KEY: "):
            settings(monkeypatch, URL="https://api.example.com", **values)


@pytest.mark.parametrize("key", [" ", "two hidden", "hidden-ключ", "a\nhidden: b", "hidden" * 40])
def test_a_key_that_no_header_can_hold_is_refused_unshown(
    monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    with pytest.raises(ConfigurationInvalid, match="IDEXX_SYNC_API_KEY: ") as caught:
        settings(monkeypatch, URL="https://api.example.com", KEY=key)

    assert "hidden" not in caught.value.message


def test_a_key_is_trimmed_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings(monkeypatch, URL="https://api.example.com", KEY=f"{KEY}\n")

    assert found.api_key is not None
    assert found.api_key.get_secret_value() == KEY
    assert KEY not in repr(found)


def test_nothing_set_means_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings(monkeypatch).api_url is None
    assert settings(monkeypatch, URL="", KEY="").api_url is None
    assert settings(monkeypatch, KEY=KEY).api_url is None
