"""Errors of the HTTP API as RFC 9457 `application/problem+json`."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from idexx_sync.core.bounds import shortened
from idexx_sync.core.errors import Conflict, ConflictCode, InvalidInput, NotFound, RequestRefused

ProblemCode = Literal[
    "bad_request",
    "invalid_json",
    "header_repeated",
    "unauthorized",
    "forbidden",
    "scope_missing",
    "not_found",
    "method_not_allowed",
    "sync_running",
    "clinic_paused",
    "job_not_final",
    "job_final",
    "hold_changed",
    "hold_decided",
    "hold_not_rejected",
    "nothing_to_revive",
    "letter_ended",
    "letter_not_retryable",
    "body_too_large",
    "media_type",
    "invalid_request",
    "idempotency_key_reused",
    "throttled",
    "too_many_orders",
    "too_many_waits",
    "internal",
    "database_unavailable",
    "secret_unreadable",
    "worker_unavailable",
    "refresh_unavailable",
    "not_ready",
    "authorizer_unavailable",
    "unavailable",
    "gateway_timeout",
]

PROBLEMS: Final[Mapping[ProblemCode, tuple[int, str]]] = {
    "bad_request": (400, "The request can't be read"),
    "invalid_json": (400, "The body is not JSON"),
    "header_repeated": (400, "A header was sent twice with different values"),
    "unauthorized": (401, "A valid key is needed"),
    "forbidden": (403, "The request is not let through"),
    "scope_missing": (403, "The key lacks a scope"),
    "not_found": (404, "There is no such thing"),
    "method_not_allowed": (405, "The path has no such method"),
    "sync_running": (409, "Another run of this sync is under way"),
    "clinic_paused": (409, "The clinic is paused"),
    "job_not_final": (409, "The job has not ended"),
    "job_final": (409, "The job has ended"),
    "hold_changed": (409, "The hold says something else than what was seen"),
    "hold_decided": (409, "The hold is not open any more"),
    "hold_not_rejected": (409, "The hold is not rejected"),
    "nothing_to_revive": (409, "Nothing of the hold can be revived"),
    "letter_ended": (409, "Nothing is to come of the dead letter any more"),
    "letter_not_retryable": (409, "The dead letter does not say which run was meant"),
    "body_too_large": (413, "The body is too large"),
    "media_type": (415, "The body has another media type than JSON"),
    "invalid_request": (422, "The request can't be carried out as it is"),
    "idempotency_key_reused": (422, "The idempotency key belongs to another request"),
    "throttled": (429, "Too many requests"),
    "too_many_orders": (429, "The key has ordered too many runs"),
    "too_many_waits": (429, "Too many requests of the key wait"),
    "internal": (500, "A defect of this service"),
    "database_unavailable": (503, "The database does not answer"),
    "secret_unreadable": (503, "A secret of this service can't be read"),
    "worker_unavailable": (503, "The sync could not be started"),
    "refresh_unavailable": (503, "The schedules can't be brought into force at once"),
    "not_ready": (503, "The service is not ready"),
    "authorizer_unavailable": (503, "Keys can't be checked"),
    "unavailable": (503, "The service can't answer now"),
    "gateway_timeout": (504, "The answer took too long"),
}
"""Code -> status and title; a code never changes its meaning."""

PROBLEM_OF_CONFLICT: Final[Mapping[ConflictCode, ProblemCode]] = {
    "clinic_paused": "clinic_paused",
    "clinic_on_board": "invalid_request",
    "hold_changed": "hold_changed",
    "hold_decided": "hold_decided",
    "hold_not_rejected": "hold_not_rejected",
    "idempotency_key_reused": "idempotency_key_reused",
    "job_final": "job_final",
    "job_not_final": "job_not_final",
    "key_state": "invalid_request",
    "letter_ended": "letter_ended",
    "letter_not_retryable": "letter_not_retryable",
    "nothing_to_revive": "nothing_to_revive",
    "sync_running": "sync_running",
}

MEDIA_TYPE: Final = "application/problem+json"
UNAUTHORIZED_DETAIL: Final = "Send a valid key in the header X-API-Key."
"""One text for every kind of bad key, so that it tells nothing about keys."""
RETRY_AFTER_S: Final = 5
MOST_FAULTS: Final = 20
"""So many things that are wrong with a request are named, and all are counted."""
LONGEST_FIELD_NAME: Final = 100
LONGEST_FAULT: Final = 400
"""Characters of what one problem quotes: whatever was sent, its answer is short."""


class FieldError(BaseModel):
    """One thing that is wrong with a request."""

    model_config = ConfigDict(frozen=True)

    detail: str
    pointer: str | None = None
    """JSON pointer (RFC 6901) into the body."""
    parameter: str | None = None
    """Name of a query parameter or header."""


class ProblemView(BaseModel):
    """The body of every error (RFC 9457)."""

    model_config = ConfigDict(frozen=True, title="Problem")

    type: str
    title: str
    status: int
    code: ProblemCode
    detail: str
    errors: tuple[FieldError, ...] | None = None
    job_id: UUID | None = None
    """The job that is in the way, or that could not be started."""
    request_id: str | None = Field(default=None)


class Problem(Exception):
    """Ends a request with an error that its caller can act on."""

    def __init__(
        self,
        code: ProblemCode,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        job_id: UUID | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.status, self.title = PROBLEMS[code]
        self.detail = detail
        self.errors = tuple(errors)
        self.job_id = job_id
        self.headers = dict(headers or {})

    def view(self, request_id: str | None = None) -> ProblemView:
        return ProblemView(
            type=f"urn:idexx-sync:problem:{self.code}",
            title=self.title,
            status=self.status,
            code=self.code,
            detail=self.detail,
            errors=self.errors or None,
            job_id=self.job_id,
            request_id=request_id,
        )


def not_found(what: str) -> Problem:
    """The same for what does not exist and for what belongs to another clinic."""
    return Problem("not_found", f"There is no such {what}.")


def worker_unavailable(detail: str) -> Problem:
    """The run could not be started; asking again may help."""
    return Problem("worker_unavailable", detail, headers={"Retry-After": str(RETRY_AFTER_S)})


def refresh_unavailable() -> Problem:
    """The schedules go out later; asking again may help."""
    return Problem(
        "refresh_unavailable",
        "What mirrors the schedules could not be started. They go out within minutes all the same; "
        "ask again to have them sooner.",
        headers={"Retry-After": str(RETRY_AFTER_S)},
    )


def database_unavailable() -> Problem:
    """The database does not answer; asking again may help."""
    return Problem(
        "database_unavailable",
        "The database does not answer; try again in a moment.",
        headers={"Retry-After": str(RETRY_AFTER_S)},
    )


def secret_unreadable() -> Problem:
    """A secret can't be read; asking again may help. Which one, only the log says."""
    return Problem(
        "secret_unreadable",
        "The service can't read one of its secrets; try again in a moment.",
        headers={"Retry-After": str(RETRY_AFTER_S)},
    )


def problem_of(error: RequestRefused, parameters: Collection[str]) -> Problem:
    """The problem that a refused request is answered with.

    `parameters` are the names of the query's fields; any other field is one of the body.
    """
    match error:
        case NotFound():
            return not_found(error.what)
        case InvalidInput() if error.field in parameters:
            return invalid(FieldError(detail=error.advice, parameter=error.field))
        case InvalidInput():
            return invalid(FieldError(detail=error.advice, pointer=f"/{error.field}"))
        case Conflict():
            code = PROBLEM_OF_CONFLICT[error.code]
            return Problem(code, error.message, job_id=error.ids.get("job_id"))
    raise TypeError(f"{type(error).__name__} has no problem")


def invalid(*errors: FieldError) -> Problem:
    """A request whose form is right and whose content is not."""
    named = [_shortened(error) for error in errors[:MOST_FAULTS]]
    told = [error_text(error) for error in named]
    if left := len(errors) - len(named):
        told.append(f"and {left} more")
    return Problem("invalid_request", "; ".join(told), errors=named)


def _shortened(error: FieldError) -> FieldError:
    return FieldError(
        detail=shortened(error.detail, LONGEST_FAULT),
        pointer=error.pointer and shortened(error.pointer, LONGEST_FIELD_NAME),
        parameter=error.parameter and shortened(error.parameter, LONGEST_FIELD_NAME),
    )


def invalid_body(error: ValidationError) -> Problem:
    """What is wrong with a body, field by field; never with the values that were sent."""
    found = _details(error)
    if found[0]["type"] == "json_invalid":
        return Problem("invalid_json", f"The body can't be read: {found[0]['msg']}.")
    return invalid(*(FieldError(detail=_text(one), pointer=_pointer(one)) for one in found))


def invalid_query(error: ValidationError) -> Problem:
    """What is wrong with the query, parameter by parameter."""
    return invalid(
        *(
            FieldError(detail=_text(one), parameter=str(one["loc"][0]) if one["loc"] else None)
            for one in _details(error)
        )
    )


def _details(error: ValidationError) -> list[ErrorDetails]:
    return error.errors(include_url=False, include_input=False, include_context=False)


def _text(error: ErrorDetails) -> str:
    if error["type"] == "extra_forbidden":
        return "unknown; see /openapi.json for what may be sent"
    message = error["msg"].removeprefix("Value error, ")
    return message.partition(": ")[2] if _named(error) else message


def _named(error: ErrorDetails) -> str | None:
    """The field that a check of the whole names at the beginning of its message."""
    if error["loc"]:
        return None
    name, colon, _ = error["msg"].removeprefix("Value error, ").partition(": ")
    return name if colon and name.isidentifier() else None


def _pointer(error: ErrorDetails) -> str:
    parts = [named] if (named := _named(error)) else [str(part) for part in error["loc"]]
    return "".join(f"/{part.replace('~', '~0').replace('/', '~1')}" for part in parts)


def error_text(error: FieldError) -> str:
    """`limit: Input should be …`; the detail alone where no field is named."""
    where = error.parameter or (error.pointer or "").lstrip("/")
    return f"{where}: {error.detail}" if where else error.detail
