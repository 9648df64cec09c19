"""Which of our paths an event of API Gateway is about, and what its caller wrote before it.

Behind a custom domain the mapping's base path is part of `path`, and the stage is not; at the
gateway's own address it is the other way round, and the stage stands in the context's path only.
The resource that the gateway has found, and its variable parts, are the same at every address.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

from idexx_sync.api.routes import Route

ANY_PATH: Final = "/{proxy+}"
"""The resource of all paths that no other resource has."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a request went."""

    path: str
    """Ours, as in the table of routes, with variable parts filled in."""
    prefix: str
    """What stands before it in the caller's address: the stage, a base path, or nothing."""

    def parts_of(self, route: Route) -> Mapping[str, str]:
        """The variable parts of the route's path."""
        match = route.pattern.fullmatch(self.path)
        assert match is not None, "the route was found by this path"
        return match.groupdict()


def address_of(event: APIGatewayProxyEvent) -> Address:
    """The address by the event's resource; by its path where it names none."""
    path = _own_path(event)
    context: Mapping[str, Any] = event.get("requestContext") or {}
    called = _segments(str(context.get("path") or event.path))
    before = called[: max(0, len(called) - len(_segments(path)))]
    return Address(path, "".join(f"/{segment}" for segment in before))


def _own_path(event: APIGatewayProxyEvent) -> str:
    resource = event.get("resource")
    given: Mapping[str, str] = event.get("pathParameters") or {}
    if not isinstance(resource, str) or not resource.startswith("/"):
        return event.path
    if resource == ANY_PATH:
        return f"/{given['proxy']}" if "proxy" in given else event.path
    return "/".join(_filled(part, given) for part in resource.split("/"))


def _filled(part: str, given: Mapping[str, str]) -> str:
    """A segment of a resource, with the value in place of a variable one."""
    return given.get(part[1:-1], part) if part.startswith("{") else part


def _segments(path: str) -> list[str]:
    return [segment for segment in path.split("/") if segment]
