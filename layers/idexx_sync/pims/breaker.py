"""The breaker of logins: it refuses one that could lock the clinic's user out. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from idexx_sync.core.errors import (
    AccountLocked,
    ChallengeRequired,
    ClinicMustAct,
    CredentialsRejected,
    PageUnknown,
    PasswordChangeRequired,
    Throttled,
)
from idexx_sync.core.phrases import phrase
from idexx_sync.pims.access import LoginOutcome

_REFUSALS: Final[dict[str, type[ClinicMustAct]]] = {
    "credentials_rejected": CredentialsRejected,
    "password_change_required": PasswordChangeRequired,
    "account_locked": AccountLocked,
    "challenge_required": ChallengeRequired,
}


_NO_OUTCOME: Final = (None, "page_unknown")


UNKNOWN_WAIT = timedelta(minutes=15)
"""How long nobody tries again after an attempt of which nobody knows how it ended."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A login that was begun; without an outcome nobody knows how it ended."""

    attempted_at: datetime
    outcome: LoginOutcome | None


def check_breaker(clinic_id: UUID, attempts: list[Attempt], now: datetime) -> None:
    """Refuse a login that could harm; `attempts` are those of one secret, newest first.

    One definite refusal closes the door for this version of the secret. An attempt without an
    outcome closes it for a while, two in a row until somebody looks.
    """
    if not attempts:
        return
    newest = attempts[0].outcome
    if newest in _REFUSALS:
        raise _REFUSALS[newest](
            f"the last login with these credentials ended with: {phrase({}, newest)}; "
            "no further try is made until the clinic has put it right and its credentials are set "
            f"anew: idexx-sync credentials set --clinic {clinic_id}",
            code="breaker_open",
        )
    if newest in _NO_OUTCOME and len(attempts) > 1 and attempts[1].outcome in _NO_OUTCOME:
        raise PageUnknown(
            "two logins in a row ended without a known outcome; look at Neo's login by hand, "
            f"then run: idexx-sync credentials set --clinic {clinic_id}",
            code="breaker_open",
        )
    if newest in _NO_OUTCOME and now - attempts[0].attempted_at < UNKNOWN_WAIT:
        raise Throttled(
            "the last login ended without a known outcome; "
            f"the next one waits {UNKNOWN_WAIT // timedelta(minutes=1)} minutes",
            code="login_unknown",
        )
