"""Requests made from the OpenAPI document, right and wrong ones: no 500, nothing undeclared."""

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from idexx_sync.api.routes import Route

LEFT_OUT = {
    "not_a_server_error": "501 is declared; 500 is what we look for ourselves",
    "positive_data_acceptance": "a well-formed request may be about nothing that exists",
    "ignored_auth": "its requests without a key are the table of routes' tests",
    "unsupported_method": "it wants 405 for TRACE, which no gateway passes on",
    "use_after_free": "nothing is ever deleted over the API",
    "ensure_resource_availability": "what is made by POST is found; the tests of jobs say so",
    "missing_required_header": "no header of ours is required but the key",
}
"""Checks that are not made, each with its reason; all others are."""


def can_be_asked(route: Route, mode: GenerationMode) -> bool:
    """Whether a request to the route can be of that kind: some have nothing to get wrong."""
    return mode is GenerationMode.POSITIVE or bool(
        route.method == "POST" or route.parameters or route.query.model_fields
    )


def ask(
    schema: Any,
    route: Route,
    mode: GenerationMode,
    examples: int,
    prepare: Callable[[Any], None] = lambda _case: None,
) -> None:
    """So many requests to the route; `prepare` is called with each before it is sent."""
    load_all_checks()
    checks: Any = [check for check in CHECKS.get_all() if check.__name__ not in LEFT_OUT]

    @given(case=schema[route.path][route.method].as_strategy(generation_mode=mode))
    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def send(case: Any) -> None:
        prepare(case)
        response = case.call()
        assert response.status_code != 500
        assert mode is GenerationMode.NEGATIVE or response.status_code != 401, "the key is good"
        case.validate_response(response, checks=checks)

    send()
