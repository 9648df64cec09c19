"""Requests made from the OpenAPI document, right and wrong ones: no 500, nothing undeclared."""

import base64
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from idexx_sync.routes import ROUTES, Route
from tests.gateway import STAGE, Gateway
from tests.integration.api.conftest import Api
from tests.support import visits

EXAMPLES = 15
WSGI = Callable[[dict[str, Any], Any], Iterable[bytes]]

LEFT_OUT = {
    "not_a_server_error": "501 is declared; 500 is what we look for ourselves",
    "positive_data_acceptance": "a well-formed request may be about nothing that exists",
    "ignored_auth": "its requests without a key are the table of routes' tests",
    "unsupported_method": "it wants 405 for TRACE, which no gateway passes on",
    "use_after_free": "nothing is ever deleted over the API",
    "ensure_resource_availability": "what is made by POST is found; the tests of jobs say so",
    "missing_required_header": "no header of ours is required but the key",
}


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


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation)
def test_no_request_breaks_it(schema: Any, route: Route, mode: GenerationMode) -> None:
    load_all_checks()
    checks: Any = [check for check in CHECKS.get_all() if check.__name__ not in LEFT_OUT]
    operation = schema[route.path][route.method]
    if mode is GenerationMode.NEGATIVE and not _can_be_wrong(route):
        return  # there is nothing in it that could be of another form

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: Any) -> None:
        response = case.call()
        assert response.status_code != 500
        case.validate_response(response, checks=checks)

    ask()


def _can_be_wrong(route: Route) -> bool:
    return bool(route.method == "POST" or route.parameters or route.query.model_fields)
