"""What API Gateway answers by itself, in the shape of our own errors."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from aws_cdk.aws_apigateway import ResponseType, RestApi

from idexx_sync.api.problems import (
    MEDIA_TYPE,
    RETRY_AFTER_S,
    UNAUTHORIZED_DETAIL,
    Problem,
    ProblemCode,
)

REQUEST_ID: Final = "$context.requestId"
_LATER: Final = {"Retry-After": str(RETRY_AFTER_S)}
_EVERY_ANSWER: Final = {
    "Content-Type": MEDIA_TYPE,
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}
TEMPLATE_OF: Final = "application/json"
"""The one template that the gateway takes whatever the caller accepts; the header says what it is.
"""


@dataclass(frozen=True)
class GatewayAnswer:
    """One error; what the gateway itself has to say about it is left out."""

    code: ProblemCode
    detail: str
    headers: Mapping[str, str] = field(default_factory=dict)


_UNAUTHORIZED: Final = GatewayAnswer("unauthorized", UNAUTHORIZED_DETAIL)
_FORBIDDEN: Final = GatewayAnswer("forbidden", "The gateway does not let this request through.")
_BAD_REQUEST: Final = GatewayAnswer("bad_request", "The gateway can't read the request.")
_NOT_FOUND: Final = GatewayAnswer("not_found", "There is nothing at this path; see /openapi.json.")
_THROTTLED: Final = GatewayAnswer("throttled", "Wait a moment before the next request.", _LATER)
_UNAVAILABLE: Final = GatewayAnswer(
    "unavailable", "The service can't answer now; try again in a moment.", _LATER
)
"""A function that is throttled or has crashed; 500 is an answer of our own only."""
_NO_AUTHORIZER: Final = GatewayAnswer(
    "authorizer_unavailable", "Keys can't be checked now; try again in a moment.", _LATER
)
_TOO_LATE: Final = GatewayAnswer(
    "gateway_timeout", "The answer took too long; look at the job, or ask again.", _LATER
)

GATEWAY_ANSWERS: Final[Mapping[str, GatewayAnswer]] = {
    "UNAUTHORIZED": _UNAUTHORIZED,
    "INVALID_API_KEY": _UNAUTHORIZED,
    "EXPIRED_TOKEN": _UNAUTHORIZED,
    "INVALID_SIGNATURE": _UNAUTHORIZED,
    "ACCESS_DENIED": _FORBIDDEN,
    "WAF_FILTERED": _FORBIDDEN,
    "AUTHORIZER_FAILURE": _NO_AUTHORIZER,
    "AUTHORIZER_CONFIGURATION_ERROR": _NO_AUTHORIZER,
    "API_CONFIGURATION_ERROR": _UNAVAILABLE,
    "INTEGRATION_FAILURE": _TOO_LATE,
    "INTEGRATION_TIMEOUT": _TOO_LATE,
    "THROTTLED": _THROTTLED,
    "QUOTA_EXCEEDED": _THROTTLED,
    "BAD_REQUEST_BODY": _BAD_REQUEST,
    "BAD_REQUEST_PARAMETERS": _BAD_REQUEST,
    "REQUEST_TOO_LARGE": GatewayAnswer("body_too_large", "The gateway takes at most 10 MB."),
    "UNSUPPORTED_MEDIA_TYPE": GatewayAnswer("media_type", "Send application/json."),
    "RESOURCE_NOT_FOUND": _NOT_FOUND,
    "MISSING_AUTHENTICATION_TOKEN": _NOT_FOUND,  # its word for a path that it does not have
    "DEFAULT_4XX": _BAD_REQUEST,
    "DEFAULT_5XX": _UNAVAILABLE,
}
"""Every response type that API Gateway has."""


def answer_problems(api: RestApi) -> None:
    """Replace all of the gateway's own answers."""
    for name, answer in GATEWAY_ANSWERS.items():
        problem = Problem(answer.code, answer.detail)
        headers = {**_EVERY_ANSWER, **answer.headers}
        api.add_gateway_response(
            name,
            type=ResponseType.of(name),
            status_code=str(problem.status),
            response_headers={header: f"'{value}'" for header, value in headers.items()},
            templates={TEMPLATE_OF: problem.view(REQUEST_ID).model_dump_json(exclude_none=True)},
        )
