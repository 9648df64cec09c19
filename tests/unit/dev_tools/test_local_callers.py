"""Who may speak to a server of ours on this machine."""

import pytest

from dev_tools.local_callers import is_secret, new_secret, why_strange

PORT = 8123


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "127.0.0.1:8123"},
        {"host": "LOCALHOST:8123"},
        {"host": "127.0.0.1:8123", "origin": "http://127.0.0.1:8123"},
        {"host": "127.0.0.1:8123", "sec-fetch-site": "none"},
        {"host": "localhost:8123", "sec-fetch-site": "same-origin"},
    ],
)
def test_programs_and_pages_of_this_machine_may(headers: dict[str, str]) -> None:
    assert why_strange(headers, PORT) is None


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({}, "Host"),
        ({"host": "127.0.0.1"}, "Host"),
        ({"host": "127.0.0.1:8124"}, "Host"),
        ({"host": "evil.example:8123"}, "Host"),
        ({"host": "127.0.0.1.evil.example:8123"}, "Host"),
        ({"host": "127.0.0.1:8123", "origin": "null"}, "Origin"),
        ({"host": "127.0.0.1:8123", "origin": "https://evil.example"}, "Origin"),
        ({"host": "127.0.0.1:8123", "origin": "http://127.0.0.1:8124"}, "Origin"),
        ({"host": "127.0.0.1:8123", "origin": "http://localhost:8123"}, "Origin"),
        ({"host": "127.0.0.1:8123", "sec-fetch-site": "cross-site"}, "Sec-Fetch-Site"),
        ({"host": "127.0.0.1:8123", "sec-fetch-site": "same-site"}, "Sec-Fetch-Site"),
    ],
)
def test_a_page_from_elsewhere_may_not(headers: dict[str, str], why: str) -> None:
    assert str(why_strange(headers, PORT)).startswith(why)


def test_only_the_secret_is_the_secret() -> None:
    secret = new_secret()

    assert is_secret(secret, secret)
    assert secret != new_secret()
    for given in ("", None, secret[:-1], secret + "x", secret.upper() + "é", "\udc80", 7):
        assert not is_secret(given, secret)
