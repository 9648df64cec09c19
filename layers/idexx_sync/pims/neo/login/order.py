"""What the login function is told, and what it answers; secrets of both are never in an error.

Who reads either trusts it no further than its shape: the one comes from whoever may invoke a
function, the other from beside a browser.
"""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from idexx_sync.core.errors import ConfigurationInvalid, DeadlineExceeded, InternalError, SyncError
from idexx_sync.pims.access import Credentials, LoginOutcome
from idexx_sync.pims.neo.login.dialog import LoginResult
from idexx_sync.pims.sealed_access import Cookie

_MODEL: Final = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)
_BREAKS: Final[dict[str, type[SyncError]]] = {
    error.kind: error for error in (ConfigurationInvalid, DeadlineExceeded, InternalError)
}
"""All that a login breaks off with. Any other kind is told as a defect."""
Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,64}$")]
Seconds = Annotated[float, Field(gt=0, le=900, allow_inf_nan=False)]


class LoginOrder(BaseModel):
    """One login: where, as whom, and how long it may take."""

    model_config = _MODEL

    v: Literal[1] = 1
    origin: str = Field(min_length=1, max_length=300)
    credentials: Credentials
    longest_s: Seconds
    """What a whole login may take; its steps have shares of it."""
    allowed_s: Seconds
    """What this one may take, from when the function begins: no more than is left of its run."""

    def event(self) -> dict[str, Any]:
        """As the function is invoked with it, secrets included. To be kept nowhere."""
        typed = {
            "company_id": self.credentials.company_id.get_secret_value(),
            "username": self.credentials.username.get_secret_value(),
            "password": self.credentials.password.get_secret_value(),
        }
        return {**self.model_dump(exclude={"credentials"}), "credentials": typed}


class Ended(BaseModel):
    """A login that came to an outcome."""

    model_config = _MODEL

    how: Literal["ended"] = "ended"
    outcome: LoginOutcome
    code: Word
    cookies: list[Cookie] = Field(repr=False)
    user_agent: str = Field(pattern=r"^[\x20-\x7e]{0,500}$")
    submitted: bool

    @model_validator(mode="after")
    def _a_session_is_whole_and_of_a_login_that_succeeded(self) -> Self:
        has = bool(self.cookies), bool(self.cookies and self.user_agent)
        if has != (self.outcome == "ok",) * 2:
            raise ValueError("cookies and outcome do not fit")
        return self

    @classmethod
    def of(cls, result: LoginResult) -> Self:
        return cls(
            outcome=result.outcome,
            code=result.code,
            cookies=result.cookies,  # type: ignore[arg-type] # what they are is looked at here
            user_agent=result.user_agent,
            submitted=result.submitted,
        )

    def result(self) -> LoginResult:
        cookies = [{**cookie} for cookie in self.cookies]
        return LoginResult(self.outcome, self.code, cookies, self.user_agent, self.submitted)


class BrokenOff(BaseModel):
    """A login without an outcome; the function's own log says more."""

    model_config = _MODEL

    how: Literal["broken_off"] = "broken_off"
    kind: Word
    code: Word
    submitted: bool
    """Whether the credentials may have left us."""

    @classmethod
    def by(cls, error: SyncError, *, submitted: bool) -> Self:
        return cls(kind=error.kind, code=error.code or error.kind, submitted=submitted)

    def error(self) -> SyncError:
        """What the login would have raised here, in words that are ours."""
        kind = _BREAKS.get(self.kind, InternalError)
        return kind(
            "a login broke off in the login function; its log says why",
            code=self.code,
        )


Answer = Ended | BrokenOff
_ANSWER: Final[TypeAdapter[Answer]] = TypeAdapter(Annotated[Answer, Field(discriminator="how")])


def read_order(event: object) -> LoginOrder:
    """Raises ConfigurationInvalid, in no word of the event's."""
    try:
        return LoginOrder.model_validate(event)
    except ValidationError:
        pass  # what it says quotes, and leaves no frame that holds the event
    raise ConfigurationInvalid(
        "the event is no order for a login; this function is for workers", code="event"
    )


def read_answer(told: object) -> Answer | None:
    """None: it can't be read, so nobody knows what has become of the login."""
    try:
        return _ANSWER.validate_python(told)
    except ValidationError:
        return None
