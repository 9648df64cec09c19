"""Generated requests to the running service, through gateway and authorizer."""

from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from schemathesis import GenerationMode

from idexx_sync.api.routes import ROUTES, Route
from local_stack.stack import LocalStack
from tests.kit.generated import ask, can_be_asked

OF_ALL = 5
"""One in so many of what is asked of the handlers: here it is the way to them that is tried."""


@pytest.fixture(scope="session")
def schema(stack: LocalStack) -> Any:
    """The document as the service tells it."""
    return schemathesis.openapi.from_url(f"{stack.api_url}/openapi.json")


@pytest.fixture
def with_real_key(stack: LocalStack) -> Callable[[Any], None]:
    """A made-up key becomes the operator's; a request without one stays without."""

    def replace(case: Any) -> None:
        if "X-API-Key" in (case.headers or {}):
            case.headers["X-API-Key"] = stack.clinics.operator_key

    return replace


@pytest.mark.parametrize(
    ("route", "mode"),
    [(route, mode) for route in ROUTES for mode in GenerationMode if can_be_asked(route, mode)],
    ids=lambda value: value.value if isinstance(value, GenerationMode) else value.operation,
)
def test_no_request_breaks_it(
    schema: Any,
    route: Route,
    mode: GenerationMode,
    examples: int,
    with_real_key: Callable[[Any], None],
) -> None:
    ask(schema, route, mode, max(1, examples // OF_ALL), with_real_key)
