"""What may come of a login to a simulated Neo: every outcome told apart.

The real dialog in a real Chromium that these logins share; how a login's own browser is started
and ended is tried in `test_neo_logins.py`.
"""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from idexx_sync.core import errors
from idexx_sync.core.errors import SyncError
from idexx_sync.pims.access import LoginOutcome
from tests.integration.pims.neo.logging_in import everything_said, log_in
from tests.kit.login_store import CANARY_PASSWORD
from tests.kit.neo import WEEK, Clinic
from tests.kit.shared_chromium import SharedChromium, shared_chromium


@pytest.fixture(scope="module")  # a login that is cut off ends whatever driver this process has
def chromium(chromium_path: Path) -> Iterator[SharedChromium]:
    with shared_chromium(chromium_path) as running:
        yield running


@pytest.fixture
def clinic(clinic: Clinic, chromium: SharedChromium) -> Clinic:
    """Our side of the company, with logins in the Chromium they share."""
    clinic.login = chromium.login(clinic.company.base_url)
    return clinic


@pytest.mark.parametrize("variant", ["csrf", "slow_page", "announcement_modal"])
def test_a_login_page_may_be_slow_or_crowded(clinic: Clinic, variant: str) -> None:
    clinic.company.set_knob("slow_page_ms", 700)
    clinic.company.set_knob("login_variant", variant)

    log_in(clinic)
    assert clinic.login_store.outcomes == ["ok"]


def test_a_banner_over_the_form_is_passed_and_never_answered(clinic: Clinic) -> None:
    clinic.company.set_knob("login_variant", "cookie_banner")

    log_in(clinic)
    assert clinic.login_store.outcomes == ["ok"]
    assert [login["outcome"] for login in clinic.company.logins()] == ["ok"]
    assert clinic.asked("/cookies") == []


@pytest.mark.parametrize(
    ("variant", "code"),
    [
        ("no_form", "login_form"),
        ("changed_form", "login_form"),
        ("cookie_wall", "login_form_not_usable"),
        ("dead_button", "no_outcome"),
    ],
)
def test_where_nothing_left_us_there_was_no_attempt(
    clinic: Clinic, chromium: SharedChromium, variant: str, code: str
) -> None:
    clinic.login = chromium.login(clinic.company.base_url, timeout_s=10)
    clinic.company.set_knob("login_variant", variant)

    for _ in range(2):
        with pytest.raises(errors.PageUnknown) as caught:
            log_in(clinic)
        assert caught.value.code == code
    assert clinic.login_store.submitted == [False, False]
    assert {request["method"] for request in clinic.company.requests()} == {"GET"}
    clinic.company.set_knob("login_variant", "plain")
    log_in(clinic)
    assert clinic.login_store.submitted == [False, False, True]


AWAY = "addEventListener('submit', event => {{event.preventDefault(); {}}})"
WAYS_OUT = {
    "another_window": "open(`/login?p=${document.querySelector('[type=password]').value}`)",
    "picture": "new Image().src = '/p?' + document.querySelector('[type=password]').value",
    "socket": "new WebSocket(location.origin.replace('http', 'ws') + '/p')",
}


@pytest.mark.parametrize("way", WAYS_OUT)
def test_what_may_have_left_in_an_unusual_way_was_an_attempt(
    clinic: Clinic, chromium: SharedChromium, way: str
) -> None:
    def prepare(page: Page) -> None:
        page.add_init_script(AWAY.format(WAYS_OUT[way]))

    clinic.login = chromium.login(clinic.company.base_url, timeout_s=10, before_login=prepare)

    with pytest.raises(errors.PageUnknown):
        log_in(clinic)
    assert clinic.login_store.submitted == [True]


def test_nothing_is_typed_into_a_dialog_that_is_not_ours(
    clinic: Clinic, chromium: SharedChromium
) -> None:
    typed: list[str] = []
    clinic.login = chromium.login(
        clinic.company.base_url,
        before_closing=lambda page: typed.append(page.input_value('input[name="news"]')),
    )
    clinic.company.set_knob("login_variant", "cookie_wall")

    with pytest.raises(errors.PageUnknown):
        log_in(clinic)
    assert typed == [""]


def test_a_login_has_succeeded_once_the_session_answers(clinic: Clinic) -> None:
    clinic.company.book("2026-05-04 09:00")
    clinic.company.set_knob("session_cookie_late_ms", 1000)

    log_in(clinic)
    assert clinic.login_store.outcomes == ["ok"]
    assert clinic.login_store.dropped == 0
    with clinic.opened() as neo:
        assert len(neo.schedule(WEEK).records) == 1
        assert not neo.logged_in


def test_a_session_that_never_answers_is_not_waited_for_without_end(
    clinic: Clinic, chromium: SharedChromium
) -> None:
    clinic.login = chromium.login(clinic.company.base_url, timeout_s=8)
    clinic.company.set_knob("session_cookie_late_ms", 120_000)

    with pytest.raises(errors.ShapeChanged) as caught:
        log_in(clinic)
    assert caught.value.code == "refused_after_login"
    assert clinic.login_store.outcomes == ["ok"]


@pytest.mark.parametrize(
    ("style", "marked"),
    [
        ("302", "role-alert"),
        ("200", "unmarked"),
    ],
)
def test_a_wrong_password_is_rejected_and_never_quoted(
    clinic: Clinic, style: str, marked: str, caplog: pytest.LogCaptureFixture
) -> None:
    clinic.company.set_password("Another-9!password")
    clinic.company.set_knob("wrong_password_style", style)
    clinic.company.set_knob("wrong_password_class", marked)

    with caplog.at_level(logging.DEBUG), pytest.raises(errors.CredentialsRejected) as caught:
        log_in(clinic)
    assert clinic.login_store.outcomes == ["credentials_rejected"]
    assert clinic.login_store.submitted == [True]
    assert [login["outcome"] for login in clinic.company.logins()] == ["wrong_password"]
    assert CANARY_PASSWORD not in everything_said(caught.value, caplog)


@pytest.mark.parametrize(
    ("variant", "outcome", "kind"),
    [
        ("locked", "account_locked", errors.AccountLocked),
        ("mfa", "challenge_required", errors.ChallengeRequired),
        ("sso", "challenge_required", errors.ChallengeRequired),
        ("captcha", "challenge_required", errors.ChallengeRequired),
        ("branch_chooser", "challenge_required", errors.ChallengeRequired),
        ("password_change", "password_change_required", errors.PasswordChangeRequired),
        ("unknown_landing", "page_unknown", errors.PageUnknown),
    ],
)
def test_whatever_comes_instead_of_the_dashboard_has_a_name(
    clinic: Clinic, variant: str, outcome: LoginOutcome, kind: type[SyncError]
) -> None:
    clinic.company.set_knob("login_variant", variant)

    with pytest.raises(kind):
        log_in(clinic)
    assert clinic.login_store.outcomes == [outcome]
    assert len(clinic.company.logins()) == 1
    assert (clinic.login_store.submitted, clinic.login_store.stored) == ([True], None)


@pytest.mark.parametrize(
    ("fault", "code", "submitted"),
    [
        ({"path": "^/login", "nth": 1, "action": "502_html"}, "status_502", False),
        ({"path": "^/login", "nth": 1, "times": 9, "action": "drop"}, "connection", False),
        ({"path": "^/login", "nth": 2, "action": "500"}, "status_500", True),
        ({"path": "^/login", "nth": 2, "times": 9, "action": "drop"}, "connection", True),
    ],
    ids=str,
)
def test_trouble_at_neo_is_not_the_clinics_fault(
    clinic: Clinic, fault: dict[str, Any], code: str, submitted: bool
) -> None:
    clinic.company.set_knob("faults", [fault])

    with pytest.raises(errors.PimsUnavailable) as caught:
        log_in(clinic)
    assert clinic.login_store.outcomes == ["unavailable"]
    assert clinic.login_store.submitted == [submitted]
    assert caught.value.code == code


def test_a_neo_that_refuses_connections_is_unavailable(clinic: Clinic) -> None:
    clinic.company.set_knob("refuse_connections", True)

    with pytest.raises(errors.PimsUnavailable):
        log_in(clinic)
    assert clinic.login_store.outcomes == ["unavailable"]
