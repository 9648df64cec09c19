"""Generated requests to the handlers themselves, in a world where jobs and a hold exist."""

import base64
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import pytest
import schemathesis
from schemathesis import GenerationMode

from idexx_sync.api.routes import ROUTES, Route
from tests.kit.api import Api
from tests.kit.gateway import STAGE, Gateway
from tests.kit.generated import ask, can_be_asked
from tests.kit.records import visits

WSGI = Callable[[dict[str, Any], Any], Iterable[bytes]]


def as_wsgi(gateway: Gateway) -> WSGI:
    """The gateway as the application that generated requests are sent to."""

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = quote(environ["PATH_INFO"].encode("latin-1")).removeprefix(f"/{STAGE}")
        query = f"?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else ""
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        headers = {
            name.removeprefix("HTTP_").replace("_", "-").title(): value
            for name, value in environ.items()
            if name.startswith("HTTP_") or name == "CONTENT_TYPE"
        }
        has_key = headers.pop("X-Api-Key", None) is not None  # made up: the real one goes out
        caller = gateway if has_key else gateway.with_key(None)
        sent = {"body": base64.b64encode(body).decode(), "isBase64Encoded": True} if body else {}
        answer = caller.request(environ["REQUEST_METHOD"], path + query, headers=headers, **sent)
        status = f"{answer.status} {HTTPStatus(answer.status).phrase}"
        start_response(status, list(answer.headers.items()))
        return [answer.text.encode()]

    return application


@pytest.fixture
def schema(api: Api) -> Any:
    """The document as it is served, in a world where jobs and a hold exist."""
    api.bench.pims.records = visits(20)
    api.bench.sync()
    api.bench.pims.records = []
    api.bench.later()
    api.bench.sync()
    return schemathesis.openapi.from_wsgi("/openapi.json", as_wsgi(api.as_operator()))


@pytest.mark.parametrize(
    ("route", "mode"),
    [(route, mode) for route in ROUTES for mode in GenerationMode if can_be_asked(route, mode)],
    ids=lambda value: value.value if isinstance(value, GenerationMode) else value.operation,
)
def test_no_request_breaks_it(
    schema: Any, route: Route, mode: GenerationMode, examples: int
) -> None:
    ask(schema, route, mode, examples)
