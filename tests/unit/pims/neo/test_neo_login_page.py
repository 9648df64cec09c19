"""What a page says of a login."""

import pytest

from idexx_sync.pims.access import LoginOutcome
from idexx_sync.pims.neo.login.browser import only
from idexx_sync.pims.neo.login.page import Sight, leads_elsewhere, meaning_of, outcome_of

LOGIN = "https://neo.example/login"
HOME = "https://neo.example/dashboard"


@pytest.mark.parametrize(
    ("sight", "outcome"),
    [
        (Sight(HOME, dashboard=True), "ok"),
        (Sight(HOME, dashboard=True, error="2 vaccinations are overdue"), "ok"),
        (Sight(LOGIN, dashboard=True), None),
        (Sight(LOGIN), None),
        (Sight(HOME), None),
        (Sight(LOGIN, error="Invalid username or password"), "credentials_rejected"),
        (Sight(LOGIN, error="Something new"), "page_unknown"),
        (Sight(HOME, error="Something new"), None),
        (Sight(HOME, new_password=True), "password_change_required"),
        (Sight(LOGIN, one_time_code=True), "challenge_required"),
        (Sight("data://[x", one_time_code=True), "challenge_required"),
    ],
)
def test_a_sight_has_one_meaning(sight: Sight, outcome: LoginOutcome | None) -> None:
    assert outcome_of(sight) == outcome


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("The company ID, username or password is incorrect.", "credentials_rejected"),
        ("INVALID CREDENTIALS", "credentials_rejected"),
        ("Those details do not match our records", "credentials_rejected"),
        ("Login failed", "credentials_rejected"),
        ("Invalid password. Your account has been locked.", "account_locked"),
        ("Too many attempts, try again later", "account_locked"),
        ("Your password has expired", "password_change_required"),
        ("Please choose a new password", "password_change_required"),
        ("Enter the verification code we sent you", "challenge_required"),
        ("Please choose a branch", "challenge_required"),
        ("Sign in with MyIDEXX", "challenge_required"),
        ("Neo is down for maintenance", "unavailable"),
        ("Invalid CSRF token", "page_unknown"),
        ("Page expired", "page_unknown"),
        ("Welcome to the new Neo", None),
        ("", None),
    ],
)
def test_words_are_understood_or_left_alone(text: str, outcome: LoginOutcome | None) -> None:
    assert meaning_of(text) == outcome


@pytest.mark.parametrize(
    ("url", "elsewhere"),
    [
        ("https://neo.example/sso", False),
        ("https://sso.example/authorize", True),
        ("https://neo.example:8443/login", True),
        ("http://neo.example/login", True),
        ("about:blank", False),
        ("data://[x", False),
        ("http://[bad", True),
        ("HTTPS://[v]/login", True),
    ],
)
def test_another_site_is_noticed(url: str, elsewhere: bool) -> None:
    assert leads_elsewhere(url, "https://neo.example") is elsewhere


@pytest.mark.parametrize(
    ("origin", "bypass", "resolved"),
    [
        ("https://us.idexxneo.com", "https://us.idexxneo.com:443", "us.idexxneo.com"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080", "127.0.0.1"),
        ("http://[::1]:8080", "http://[::1]:8080", "::1"),
    ],
)
def test_one_origin_is_left_open(origin: str, bypass: str, resolved: str) -> None:
    switches = only(origin)

    assert f"--proxy-bypass-list=<-loopback>;{bypass}" in switches
    assert f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE {resolved}" in switches
