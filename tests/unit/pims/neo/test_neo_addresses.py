"""Which addresses may be a clinic's Neo."""

import pytest
from pydantic import ValidationError

from idexx_sync.core.errors import ConfigurationInvalid
from idexx_sync.core.settings import Settings, load
from tests.kit.settings import make_settings


def allowing(*hosts: str) -> Settings:
    return make_settings("postgresql://unused", neo_hosts=hosts)


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("us.idexxneo.com", "https://us.idexxneo.com"),
        ("https://eu.idexxneo.com", "https://eu.idexxneo.com"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_a_host_means_https_and_plain_http_stays_on_the_loopback(host: str, origin: str) -> None:
    assert allowing(host).neo_origins == {origin}


@pytest.mark.parametrize(
    "host",
    [
        "http://us.idexxneo.com",
        "http://169.254.169.254",
        "http://127.0.0.1.example.com",
        "http://127.0.0.1@example.com",
        "https://user@us.idexxneo.com",
        "https://us.idexxneo.com/login",
        "ftp://127.0.0.1",
    ],
)
def test_no_other_origin_can_be_allowed(host: str) -> None:
    with pytest.raises(ValidationError, match="only https, or http on a loopback address"):
        allowing("us.idexxneo.com", host)


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_base_url_is_an_allowed_origin(slash: str) -> None:
    origin = "https://us.idexxneo.com"

    assert allowing("us.idexxneo.com").checked_base_url(origin + slash) == origin


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        "us.idexxneo.com",
        "http://us.idexxneo.com",
        "https://us.idexxneo.com:8443",
        "https://us.idexxneo.com/login",
        "https://us.idexxneo.com.example.com",
        "https://us.idexxneo.com@example.com",
        "https://example.com/https://us.idexxneo.com",
        "https://sub.us.idexxneo.com",
    ],
)
def test_a_base_url_is_nothing_else(base_url: str) -> None:
    with pytest.raises(ConfigurationInvalid, match=r"^base_url: .* is not an allowed Neo address"):
        allowing("us.idexxneo.com").checked_base_url(base_url)


SECRET = "hunter2"


@pytest.mark.parametrize(
    ("host", "named"),
    [
        (f"http://user:{SECRET}@neo.example", "neo.example"),
        (f"https://user:{SECRET}@neo.example", "neo.example"),
        (f"user:{SECRET}@neo.example", "neo.example"),
        (f"neo.example/?pw={SECRET}", "neo.example"),
        (f"https://neo.example/?pw={SECRET}", "neo.example"),
        (f"https://neo.example:{SECRET}", "neo.example"),
        (f"http://[{SECRET}", "an entry"),
    ],
)
def test_a_password_in_an_address_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch, host: str, named: str
) -> None:
    monkeypatch.setenv("IDEXX_SYNC_NEO_HOSTS", f"us.idexxneo.com,{host}")

    with pytest.raises(ConfigurationInvalid, match="IDEXX_SYNC_NEO_HOSTS") as variable:
        load(Settings)
    assert f"IDEXX_SYNC_NEO_HOSTS: {named}: only https" in variable.value.message
    assert SECRET not in variable.value.message


@pytest.mark.parametrize(
    "base_url",
    [
        f"https://us.idexxneo.com:{SECRET}@evil.example/?pw=1",
        f"https://user:{SECRET}@evil.example",
        f"https://evil.example/?pw={SECRET}",
        f"https://evil.example:{SECRET}",
        f"https://[{SECRET}",
        SECRET,
    ],
)
def test_a_password_in_a_base_url_is_not_repeated(base_url: str) -> None:
    with pytest.raises(ConfigurationInvalid, match="is not an allowed Neo address") as refused:
        allowing("us.idexxneo.com").checked_base_url(base_url)

    assert SECRET not in refused.value.message
    assert ("evil.example" in refused.value.message) == ("evil.example" in base_url)
