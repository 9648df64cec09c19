"""The store of logins as a provider sees it, and the credentials and sessions that it holds."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from idexx_sync.pims.identity import Shown

LoginOutcome = Literal[
    "ok",
    "credentials_rejected",
    "password_change_required",
    "account_locked",
    "challenge_required",
    "page_unknown",
    "unavailable",
]


class Credentials(BaseModel):
    """What a person types into the login form."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    company_id: SecretStr = Field(min_length=1)
    username: SecretStr = Field(min_length=1)
    password: SecretStr = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class StoredSession:
    """The cookies and the user agent that a login left behind. Never printed."""

    cookies: list[dict[str, Any]] = field(repr=False)
    """As Playwright's `storage_state` gives them: name, value, domain, path, expires, ..."""
    user_agent: str
    logged_in_at: datetime
    recognised: bool = False
    """Whether it was found to be of the company that the clinic is known by."""


class LoginStore(Protocol):
    """Stores credentials, session and login attempts; one store serves one clinic and one run."""

    def session(self) -> StoredSession | None:
        """The stored session; None if there is none or it can't be opened."""
        ...

    def store_session(self, session: StoredSession) -> None: ...

    def drop_session(self) -> None:
        """Forget the stored session: Neo has refused it."""
        ...

    def begin_login(self) -> Credentials:
        """Record and commit an attempt, then hand out the newest credentials.

        Raises the error of the breaker's cause when it is open, ImplausibleData when a login has
        just led to another company, Throttled when the login budget
        of the hour is spent or an attempt without outcome is too recent, ConfigurationInvalid
        when the clinic has no credentials.
        """
        ...

    def end_login(self, outcome: LoginOutcome, *, submitted: bool = True) -> None:
        """Record how the attempt that was begun last has ended.

        Not `submitted`: it is known that nothing has left us, so it counts for nothing.
        """
        ...

    def recognise(self, shown: Shown) -> None:
        """Compare what the session shows with what is known of the clinic's company.

        Raises ImplausibleData where it is another company's; else what is new is remembered.
        """
        ...
