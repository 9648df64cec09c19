"""A checked request, made from API Gateway's event: what an operation works with."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent
from pydantic import BaseModel, ValidationError

from idexx_sync.api.address import Address
from idexx_sync.api.caller import Caller, caller_from
from idexx_sync.api.problems import FieldError, Problem, invalid, invalid_body, invalid_query
from idexx_sync.api.routes import Route

MOST_BODY_BYTES: Final = 64 * 1024
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._=-]{1,64}")
"""Stored with what the request orders: the database takes no other."""


@dataclass(frozen=True)
class Request:
    """A request whose form fits its route and whose caller has the route's scope."""

    id: str
    """As the answer and the log name it."""
    route: Route
    path: Mapping[str, str]
    """Variable parts of the path."""
    query: BaseModel
    """Of the route's model."""
    body: BaseModel
    """Of the route's model."""
    headers: Mapping[str, str]
    """Those that the route takes and the caller sent, by the route's spelling."""
    received_at: datetime
    """When the gateway received it."""
    prefix: str
    """What stands before our paths in the caller's address, or nothing."""
    _caller: Caller | None

    @property
    def caller(self) -> Caller:
        assert self._caller is not None, "a public route has no caller"
        return self._caller


def parse_request(event: APIGatewayProxyEvent, route: Route, address: Address) -> Request:
    """The request of an event for the route; Problem says what is wrong, the key's rights first."""
    caller = None
    if route.needs_key:
        caller = caller_from(event["requestContext"].get("authorizer"))
    if caller is not None and route.scope is not None:
        caller.require(route.scope)
    return Request(
        id=request_id(event),
        route=route,
        path=address.parts_of(route),
        query=_query(event, route),
        body=_body(event, route),
        headers=_headers(event, route),
        received_at=_received_at(event),
        prefix=address.prefix,
        _caller=caller,
    )


def request_id(event: APIGatewayProxyEvent) -> str:
    """The caller's own `X-Request-Id` if it is a plain word, else the gateway's."""
    named = event.headers.get("X-Request-Id"), event["requestContext"].get("requestId")
    return next((str(id_) for id_ in named if _REQUEST_ID.fullmatch(str(id_ or ""))), "-")


def _query(event: APIGatewayProxyEvent, route: Route) -> BaseModel:
    sent = event.get("multiValueQueryStringParameters") or {}
    repeated = [name for name, values in sent.items() if len(values) > 1]
    if repeated:
        raise invalid(
            *(FieldError(detail="sent more than once", parameter=name) for name in repeated)
        )
    single = dict(event.get("queryStringParameters") or {})
    single.update({name: values[0] for name, values in sent.items() if values})
    try:
        return route.query.model_validate_strings(single)
    except ValidationError as error:
        problem = invalid_query(error)
    raise problem  # outside the handler: pydantic's error holds what was sent


def _body(event: APIGatewayProxyEvent, route: Route) -> BaseModel:
    content = _content(event)
    if len(content) > MOST_BODY_BYTES:
        raise Problem("body_too_large", f"Send at most {MOST_BODY_BYTES // 1024} KB.")
    if not content.strip():
        content = b"{}"
    elif not _is_json(event.headers.get("Content-Type", "")):
        raise Problem("media_type", "Send the body as Content-Type: application/json.")
    try:
        return route.body.model_validate_json(content, strict=True, by_alias=True, by_name=False)
    except ValidationError as error:
        problem = invalid_body(error)
    raise problem


def _content(event: APIGatewayProxyEvent) -> bytes:
    text = event.body or ""
    if not event.is_base64_encoded:
        return text.encode(errors="replace")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        problem = Problem("invalid_json", "The body can't be read: it is not base64.")
    raise problem


def _is_json(content_type: str) -> bool:
    media_type, _, parameters = content_type.partition(";")
    charset = parameters.strip().lower().replace('"', "")
    return media_type.strip().lower() == "application/json" and charset in ("", "charset=utf-8")


def _headers(event: APIGatewayProxyEvent, route: Route) -> dict[str, str]:
    """A header that may be sent once and came twice is ambiguous."""
    sent: dict[str, list[str]] = {}
    for name, values in (event.get("multiValueHeaders") or {}).items():
        sent.setdefault(name.lower(), []).extend(values)
    for name, value in event.headers.items():
        sent.setdefault(name.lower(), [value])
    found = {}
    for name in route.takes_headers:
        values = sent.get(name.lower(), [])
        if len(set(values)) > 1:
            raise Problem(
                "header_repeated",
                f"Send {name} once.",
                errors=[FieldError(detail="sent with different values", parameter=name)],
            )
        if values:
            found[name] = values[0]
    return found


def _received_at(event: APIGatewayProxyEvent) -> datetime:
    return datetime.fromtimestamp(event["requestContext"]["requestTimeEpoch"] / 1000, UTC)
