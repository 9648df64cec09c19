"""What API Gateway does with a request: its event, the authorizer, the function, the answer.

Handlers are called with whole REST proxy events. The authorizer is asked every time: its cache is
the gateway's and not ours to test here.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from idexx_sync.api.handler import ApiHandler
from idexx_sync.api.problems import UNAUTHORIZED_DETAIL, Problem
from idexx_sync.api.routes import ROUTES, FunctionName, find_route, methods_of

STAGE = "test"
API = "abcdef1234"
ARN = f"arn:aws:execute-api:us-east-1:111122223333:{API}/{STAGE}"

Headers = Mapping[str, str | list[str]]


@dataclass(frozen=True)
class Response:
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def code(self) -> str | None:
        """The problem's code; None for what is no problem."""
        is_problem = self.headers.get("Content-Type") == "application/problem+json"
        return str(self.json["code"]) if is_problem else None

    @property
    def faults(self) -> list[str]:
        """Pointers and parameters of what is wrong with the request."""
        return sorted(fault.get("pointer", fault.get("parameter")) for fault in self.json["errors"])


@dataclass
class Gateway:
    """The API as a caller sees it, with one key."""

    functions: Mapping[FunctionName, ApiHandler]
    authorizer: Callable[[dict[str, Any], Any], dict[str, Any]]
    clock: Callable[[], datetime]
    key: str | None = None
    seen: list[Response] = field(default_factory=list)
    base_path: str | None = None
    """Of a custom domain, "" for one without; None: called at the gateway's own address."""

    def with_key(self, key: str | None) -> "Gateway":
        return replace(self, key=key)

    def behind(self, base_path: str) -> "Gateway":
        """The same API as a caller of a custom domain sees it."""
        return replace(self, base_path=base_path)

    def get(self, path: str, **more: Any) -> Response:
        return self.request("GET", path, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> Response:
        return self.request("POST", path, body=body, **more)

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        headers: Headers | None = None,
        **event: Any,
    ) -> Response:
        """`body`: text goes out as it is, anything else as JSON; `event` replaces its fields."""
        made = {**self._event(method, path, body, headers or {}), **event}
        answer = self._through(made)
        response = Response(answer["statusCode"], answer["headers"], answer["body"])
        self.seen.append(response)
        return response

    def _through(self, event: dict[str, Any]) -> dict[str, Any]:
        path = event["path"].removeprefix(self.base_path or "")
        route = find_route(event["httpMethod"].replace("HEAD", "GET"), path)
        if route is None:
            function: FunctionName = "status" if not methods_of(path) else _owner(path)
            return self.functions[function](event, None)
        if route.needs_key:
            try:
                decision = self.authorizer(_authorizer_event(event), None)
            except Exception as error:
                if error.args != ("Unauthorized",):
                    raise
                return _unauthorized()
            event["requestContext"]["authorizer"] = {
                "principalId": decision["principalId"],
                **decision["context"],
            }
        return self.functions[route.function](event, None)

    def _event(self, method: str, path: str, body: Any, headers: Headers) -> dict[str, Any]:
        parts = urlsplit(path)
        query = parse_qs(parts.query, keep_blank_values=True)
        sent: dict[str, list[str]] = {}
        if body is not None:
            sent["Content-Type"] = ["application/json"]
        if self.key is not None:
            sent["X-API-Key"] = [self.key]
        for name, value in headers.items():
            sent[name] = value if isinstance(value, list) else [value]
        resource, variable = resource_of(parts.path)
        before = self.base_path or ""
        called = f"/{STAGE}{parts.path}" if self.base_path is None else f"{before}{parts.path}"
        own = f"{API}.execute-api.us-east-1.amazonaws.com"
        return {
            "resource": resource,
            "path": f"{before}{parts.path}",
            "httpMethod": method,
            "headers": {name: values[-1] for name, values in sent.items()},
            "multiValueHeaders": sent,
            "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
            "multiValueQueryStringParameters": query or None,
            "pathParameters": variable or None,
            "stageVariables": None,
            "requestContext": {
                "requestId": str(uuid4()),
                "stage": STAGE,
                "path": called,
                "resourcePath": resource,
                "domainName": own if self.base_path is None else "api.example.com",
                "httpMethod": method,
                "requestTimeEpoch": round(self.clock().timestamp() * 1000),
                "identity": {"sourceIp": "192.0.2.1", "userAgent": "a test"},
                "apiId": API,
                "accountId": "111122223333",
            },
            "body": body if body is None or isinstance(body, str) else json.dumps(body),
            "isBase64Encoded": False,
        }


def resource_of(path: str) -> tuple[str, dict[str, str]]:
    """The resource that the gateway finds for a path, and its variable parts."""
    for route in ROUTES:
        match = route.pattern.fullmatch(path)
        if match is not None:
            return route.path, match.groupdict()
    proxy = path.lstrip("/")
    return ("/{proxy+}", {"proxy": proxy}) if proxy else ("/", {})


def _owner(path: str) -> FunctionName:
    """The function whose resource the path is, whatever the method."""
    route = find_route(methods_of(path)[0], path)
    assert route is not None
    return route.function


def _authorizer_event(event: dict[str, Any]) -> dict[str, Any]:
    return {
        **{name: value for name, value in event.items() if name not in ("body", "isBase64Encoded")},
        "type": "REQUEST",
        "methodArn": f"{ARN}/{event['httpMethod']}{event['path']}",
    }


def _unauthorized() -> dict[str, Any]:
    """The gateway's own answer when the authorizer says so."""
    problem = Problem("unauthorized", UNAUTHORIZED_DETAIL)
    return {
        "statusCode": problem.status,
        "headers": {"Content-Type": "application/problem+json"},
        "body": problem.view().model_dump_json(exclude_none=True),
    }
