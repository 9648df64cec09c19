"""The authorizer as API Gateway calls it: real REQUEST events, and its process's environment."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from idexx_sync.keys import authorizer
from tests.kit.database import as_role
from tests.kit.settings import PEPPER

STAGE_ARN = "arn:aws:execute-api:us-west-2:123456789012:a1b2c3d4e5/prod"
METHOD_ARN = f"{STAGE_ARN}/POST/api/sync/inbound"
OTHER_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip, deflate",
    "CloudFront-Viewer-Country": "US",
    "Content-Type": "application/json",
    "Host": "a1b2c3d4e5.execute-api.us-west-2.amazonaws.com",
    "User-Agent": "python-httpx/0.28.1",
    "X-Amzn-Trace-Id": "Root=1-69f9c3a0-0123456789abcdef01234567",
    "X-Forwarded-For": "192.0.2.7",
    "X-Forwarded-Port": "443",
    "X-Forwarded-Proto": "https",
}


def request_event(
    *keys: str, header: str = "X-API-Key", arn: str = METHOD_ARN, **more: Sequence[str]
) -> dict[str, Any]:
    """What a REST API hands to its REQUEST authorizer; the last of several values is `headers`'s.

    `more`: another spelling of the header, with underscores -> its values.
    """
    many: dict[str, list[str]] = {name: [value] for name, value in OTHER_HEADERS.items()}
    if keys:
        many[header] = list(keys)
    many |= {name.replace("_", "-"): list(values) for name, values in more.items()}
    return {
        "type": "REQUEST",
        "methodArn": arn,
        "resource": "/api/sync/inbound",
        "path": "/api/sync/inbound",
        "httpMethod": "POST",
        "headers": {name: values[-1] for name, values in many.items()},
        "multiValueHeaders": many,
        "queryStringParameters": {},
        "multiValueQueryStringParameters": {},
        "pathParameters": {},
        "stageVariables": {},
        "requestContext": {
            "resourceId": "k4x9zq",
            "resourcePath": "/api/sync/inbound",
            "httpMethod": "POST",
            "extendedRequestId": "Zk1XkGJ2vHcFrZQ=",
            "requestTime": "05/May/2026:14:00:00 +0000",
            "path": "/prod/api/sync/inbound",
            "accountId": "123456789012",
            "protocol": "HTTP/1.1",
            "stage": "prod",
            "domainPrefix": "a1b2c3d4e5",
            "requestTimeEpoch": 1777989600000,
            "requestId": "6f1c8d1e-6d2e-4e0b-9a53-2f0f4b6d7c11",
            "identity": {"sourceIp": "192.0.2.7", "userAgent": "python-httpx/0.28.1"},
            "domainName": "a1b2c3d4e5.execute-api.us-west-2.amazonaws.com",
            "apiId": "a1b2c3d4e5",
        },
    }


@contextmanager
def authorizer_process(
    monkeypatch: pytest.MonkeyPatch, database: str, **more: str
) -> Iterator[None]:
    """The authorizer's environment and nothing else's, with dependencies made anew from it."""
    settings: Mapping[str, str] = {
        "DATABASE_URL": as_role(database, "authorizer"),
        "IDEXX_SYNC_PEPPER": PEPPER.get_secret_value(),
        "IDEXX_SYNC_STAGE": "test",
        **more,
    }
    for secret in ("IDEXX_SYNC_LOCAL_KEY", "IDEXX_SYNC_FINGERPRINT_KEY"):
        monkeypatch.delenv(secret, raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    forget_dependencies()
    try:
        yield
    finally:
        forget_dependencies()


def forget_dependencies() -> None:
    """The handler's next event begins as a process's first one does."""
    authorizer.process_dependencies.forget()
