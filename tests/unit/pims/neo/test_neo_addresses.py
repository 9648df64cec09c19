"""Which addresses may be a clinic's Neo."""

import pytest
from pydantic import ValidationError

from idexx_sync.core.errors import ConfigurationInvalid
from idexx_sync.core.settings import Settings
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
