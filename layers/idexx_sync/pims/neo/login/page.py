"""What Neo's login page and the pages behind it look like, and what their words mean.

Selectors and wording follow the Neo protocol (sections on login and on pages); much of the wording
there is a guess, so the expressions are broad and an unknown text stays unknown.
"""

import re
from dataclasses import dataclass
from typing import Final

from idexx_sync.core.personal import Discreet, Personal
from idexx_sync.pims.access import LoginOutcome
from idexx_sync.pims.neo.http.answers import is_staff_login, split_url

COMPANY: Final = 'input[name="company_id"]:visible'
USERNAME: Final = 'input[name="username"]:visible, input[type="email"]:visible'
PASSWORD: Final = 'input[name="password"]:visible'  # noqa: S105 a selector
SUBMIT: Final = 'button[type="submit"]:visible'
OWN_FORM: Final = f"body, form:has({PASSWORD})"
"""The last of these: other forms of the page are none of ours."""

FORM: Final = f"body:has({COMPANY}):has({USERNAME}):has({PASSWORD}):has({SUBMIT})"
"""A page on which all of it can be seen."""

DASHBOARD: Final = "#dashboard_shell"
ERROR_BOX: Final = (
    ".error-message:visible:not(:empty), .alert-danger:visible:not(:empty), "
    '[role="alert"]:visible:not(:empty)'
)
NEW_PASSWORD: Final = (
    'input[autocomplete="new-password"]:visible, input[type="password"][name*="new" i]:visible, '  # noqa: S105
    'input[type="password"][name*="confirm" i]:visible'
)
ONE_TIME_CODE: Final = (
    'input[name="code"]:visible, input[name="otp"]:visible, '
    'input[autocomplete="one-time-code"]:visible'
)
CHOOSER: Final = (
    '[name*="branch" i]:visible, [id*="branch" i]:visible, [data-qa*="branch" i]:visible'
)
CAPTCHA: Final = 'iframe[src*="captcha" i], [class*="captcha" i]:visible'

ANY_OUTCOME: Final = ", ".join((DASHBOARD, ERROR_BOX, NEW_PASSWORD, ONE_TIME_CODE))
"""What decides at once; a chooser or a captcha may also stand beside something better."""

_OF_SITES: Final = frozenset({"http", "https"})
"""Schemes of addresses that lead to a site."""
_WORDING: Final[tuple[tuple[LoginOutcome, str], ...]] = (
    ("page_unknown", r"csrf|token|(page|session) (has )?(expired|timed out)"),
    ("account_locked", r"\block(ed|out)|too many|suspended|deactivated|disabled|blocked"),
    (
        "password_change_required",
        r"password (has |is )?expired|password must be (changed|reset)"
        r"|(change|reset|update|choose|set) (your|a|the)( new)? password",
    ),
    (
        "challenge_required",
        r"captcha|not a robot|verification code|one[- ]time|two[- ](factor|step)|authenticator"
        r"|single sign|\bsso\b|myidexx|sign in with"
        r"|(choose|select) (a |your )?(branch|location)",
    ),
    ("unavailable", r"unavailable|maintenance|later|server error|went wrong|unexpected error"),
    (
        "credentials_rejected",
        r"incorrect|invalid|wrong|not (be )?(recogni[sz]ed|found|correct|valid)|n[o']t match"
        r"|unknown (user|company|login)|(login|log in|sign in|authentication) failed|denied",
    ),
)


SAID_BESIDE_THE_FORM: Final = frozenset({"credentials_rejected", "account_locked"})
"""What a text beside the form may be taken to mean; links and small print stand there as well."""


@dataclass(frozen=True, slots=True, repr=False)
class Sight(Discreet):
    """What a page shows at one moment."""

    url: Personal[str]
    dashboard: bool = False
    error: Personal[str | None] = None
    """Text of the error box."""
    new_password: bool = False
    one_time_code: bool = False


def outcome_of(sight: Sight) -> LoginOutcome | None:
    """What the page says of the login; None while nothing is decided."""
    on_login = is_staff_login(sight.url)
    if sight.dashboard and not on_login:
        return "ok"
    if sight.error and on_login:
        return meaning_of(sight.error) or "page_unknown"
    if sight.new_password:
        return "password_change_required"
    if sight.one_time_code:
        return "challenge_required"
    return None


def meaning_of(text: str) -> LoginOutcome | None:
    """The outcome that a text tells of; None if it tells nothing known.

    >>> meaning_of("Invalid company id, username or password.")
    'credentials_rejected'
    """
    for outcome, words in _WORDING:
        if re.search(words, text, re.IGNORECASE):
            return outcome
    return None


def leads_elsewhere(url: str, origin: str) -> bool:
    """Whether a page's address is on another site, as with single sign-on."""
    parts = split_url(url)
    if parts is None:
        return url.partition(":")[0].casefold() in _OF_SITES
    return parts.scheme in _OF_SITES and f"{parts.scheme}://{parts.netloc}" != origin
