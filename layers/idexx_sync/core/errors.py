"""Every way a sync can fail or a request be refused, named by what the caller does next.

* RequestRefused: whoever asked must ask otherwise
  - name something that exists:      NotFound
  - send another value of a field:   InvalidInput
  - wait, or change what is there:   Conflict
* SyncError
  - the clinic must act:  CredentialsRejected, PasswordChangeRequired, AccountLocked,
                          ChallengeRequired
  - ODIS must act:        PageUnknown, ShapeChanged, ImplausibleData, ConfigurationInvalid,
                          InternalError
  - nobody must act:      PimsUnavailable, PimsSlow, Throttled, DatabaseUnavailable,
                          DeadlineExceeded, LeaseLost

The last group, InternalError and SecretUnreadable (a ConfigurationInvalid) are retryable: the
same job may succeed later.
A message says what was found and what to do; it never carries a secret or a person's data.
"""

from collections.abc import Iterator
from typing import ClassVar, Literal
from uuid import UUID

WhoActs = Literal["clinic", "odis", "nobody"]


ConflictCode = Literal[
    "clinic_on_board",
    "clinic_paused",
    "hold_changed",
    "hold_decided",
    "hold_not_rejected",
    "idempotency_key_reused",
    "job_final",
    "job_not_final",
    "key_state",
    "letter_ended",
    "letter_not_retryable",
    "nothing_to_revive",
    "sync_running",
]


class RequestRefused(Exception):
    """What was asked for is not done because of the request; `kind` is a word for programs."""

    kind: str

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotFound(RequestRefused):
    """What the request names does not exist: a `what` ("clinic", "dead letter") with this id."""

    kind = "not_found"

    def __init__(self, what: str, id_: UUID) -> None:
        super().__init__(
            f"{what.replace(' ', '_')}_id: there is no {what} {id_}; list them with: "
            f"idexx-sync {what.replace(' ', '-')}s list"
        )
        self.what = what
        self.id = id_

    @property
    def field(self) -> str:
        """The field that named it."""
        return f"{self.what.replace(' ', '_')}_id"


class InvalidInput(RequestRefused):
    """One field of the request holds what can't be taken; `advice` says what can."""

    kind = "invalid_request"

    def __init__(self, field: str, advice: str) -> None:
        super().__init__(f"{field}: {advice}")
        self.field = field
        self.advice = advice


class Conflict(RequestRefused):
    """The request is right and does not fit what is there now; `ids` names what is in the way."""

    def __init__(self, code: ConflictCode, message: str, **ids: UUID) -> None:
        super().__init__(message)
        self.code = code
        self.kind = code
        self.ids = ids


class SyncError(Exception):
    """An explained failure of a sync; `kind` is the word that jobs, logs and alerts use."""

    kind: ClassVar[str]
    who_acts: ClassVar[WhoActs]
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        """What exactly was found, as one word for counting (`login_form`, `status_502`)."""


class ClinicMustAct(SyncError):
    """Stop: only somebody at the clinic can put this right."""

    who_acts = "clinic"


class CredentialsRejected(ClinicMustAct):
    """Neo refused the company id, username or password; no further try until they change."""

    kind = "credentials_rejected"


class PasswordChangeRequired(ClinicMustAct):
    """Neo asks the user for a new password before it lets anyone in."""

    kind = "password_change_required"


class AccountLocked(ClinicMustAct):
    """Neo has locked the account."""

    kind = "account_locked"


class ChallengeRequired(ClinicMustAct):
    """Neo asks for something only a person can give: second factor, single sign-on, branch."""

    kind = "challenge_required"


class OdisMustAct(SyncError):
    """Stop: ODIS has to change its code or its configuration."""

    who_acts = "odis"


class PageUnknown(OdisMustAct):
    """The browser ended on a page that none of the known outcomes describes."""

    kind = "page_unknown"


class ShapeChanged(OdisMustAct):
    """An answer no longer has the shape the reader knows."""

    kind = "shape_changed"


class ImplausibleData(OdisMustAct):
    """The data were readable and can't be true; a person must look."""

    kind = "implausible_data"


class ConfigurationInvalid(OdisMustAct):
    """A setting of the clinic or of the service is missing or unfit; the message names it."""

    kind = "configuration_invalid"


class SecretUnreadable(ConfigurationInvalid):
    """Secrets Manager did not give a secret; a moment later it may be there, and ours to read."""

    retryable = True


class DatabaseUnusable(ConfigurationInvalid):
    """Postgres answers, or would, but not as this version can work with it; once somebody has put
    that right the same order may succeed, and nothing could be recorded meanwhile."""

    retryable = True


class InternalError(OdisMustAct):
    """A defect of ours."""

    kind = "internal"
    retryable = True


class TryLater(SyncError):
    """Retry: nobody has to act, the same job may succeed later."""

    who_acts = "nobody"
    retryable = True


class PimsUnavailable(TryLater):
    """Neo refused the connection, cut it, or answered with a server error."""

    kind = "pims_unavailable"


class PimsSlow(TryLater):
    """Neo did not answer within the time-out."""

    kind = "pims_slow"


class Throttled(TryLater):
    """Neo or our own budget said: not so fast."""

    kind = "throttled"


class DatabaseUnavailable(TryLater):
    """Postgres did not answer, or the connection broke."""

    kind = "database_unavailable"


class DeadlineExceeded(TryLater):
    """The run had no time left."""

    kind = "deadline_exceeded"


class LeaseLost(TryLater):
    """Another run took the clinic over; this one must not write any more."""

    kind = "lease_lost"


def who_acts(error_kind: str) -> WhoActs:
    """Who must do something about a failed job; ODIS where the word is unknown."""
    error = _of_kind(error_kind)
    return "odis" if error is None else error.who_acts


def may_pass(error_kind: str) -> bool:
    """Whether the next run may go well although nobody has done anything."""
    error = _of_kind(error_kind)
    return error is not None and error.retryable


def _of_kind(error_kind: str) -> type[SyncError] | None:
    return next((one for one in _kinds() if getattr(one, "kind", None) == error_kind), None)


def _kinds(base: type[SyncError] = SyncError) -> Iterator[type[SyncError]]:
    for error in base.__subclasses__():
        yield error
        yield from _kinds(error)
