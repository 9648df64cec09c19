"""The handler of a function behind API Gateway: from its event to its response, errors included."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from time import monotonic, sleep
from typing import Any, Final
from uuid import UUID

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent
from pydantic import BaseModel

from idexx_sync.api.address import address_of
from idexx_sync.api.problems import (
    MEDIA_TYPE,
    Problem,
    database_unavailable,
    problem_of,
    secret_unreadable,
    worker_unavailable,
)
from idexx_sync.api.request import Request, parse_request, request_id
from idexx_sync.api.routes import JSON, FunctionName, OperationId, find_route, methods_of, routes_of
from idexx_sync.core.errors import (
    DatabaseUnavailable,
    DatabaseUnusable,
    RequestRefused,
    SecretUnreadable,
)
from idexx_sync.core.invoking import LambdaFunctions
from idexx_sync.core.kept import Kept, KeptSettings
from idexx_sync.core.logs import logger, quiet_drivers
from idexx_sync.core.settings import ApiSettings, load
from idexx_sync.core.words import own_errors_only, unexpected
from idexx_sync.database.connection import LOST, Conn, Database
from idexx_sync.database.schema_number_store import refuse_older
from idexx_sync.database.waits import Patience
from idexx_sync.jobs.dispatch import LambdaDispatch
from idexx_sync.jobs.submission import Dispatch, WorkerUnavailable
from idexx_sync.upkeep.refreshing import Refresh

ApiHandler = Callable[[dict[str, Any], Any], dict[str, Any]]


@dataclass(frozen=True)
class ApiDependencies:
    """What a process keeps between requests."""

    database: Database
    dispatch: Dispatch
    refresh: Callable[[UUID], None] = Refresh(None)  # noqa: RUF009 it knows nothing
    """Has a clinic's schedules mirrored; raises NotInvoked."""
    machine_clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    """Tells only how long ago the gateway, by its own clock, received a request."""
    elapsed: Callable[[], float] = monotonic
    sleep: Callable[[float], None] = sleep

    @property
    def conn(self) -> Conn:
        """A connection that answered just now."""
        return self.database.answering()


@dataclass(frozen=True)
class Response:
    """What an operation answers."""

    status: int
    body: BaseModel | str | None
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = JSON


DATABASE_WAITS_S: Final = 8.0
"""How long a request may wait for Postgres in all; the gateway gives up on us after 29 s."""

Operation = Callable[[Request, ApiDependencies], Response]
"""Carries one request out; raises Problem, and RequestRefused, which becomes one."""


@dataclass(frozen=True, slots=True)
class Page:
    """An operation that answers whatever the state of secrets and database."""

    answer: Callable[[Request, Callable[[], ApiDependencies]], Response]
    """Given how to get what a process keeps, should it want to look."""


_EVERY_RESPONSE: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


def api_handler(
    name: FunctionName,
    operations: Mapping[OperationId, Operation | Page],
    dependencies: Callable[[], ApiDependencies] | None = None,
) -> ApiHandler:
    """The handler that answers the routes of a function behind the gateway.

    `dependencies` is called at each request that needs them, and gives the process's own unless
    told otherwise. Raises ValueError when the table of routes and the operations differ.
    """
    missing = {route.operation for route in routes_of(name)} ^ operations.keys()
    if missing:
        raise ValueError(f"{name}: routes and operations differ in {sorted(missing)}")

    def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
        return own_errors_only(lambda: answer(APIGatewayProxyEvent(event)))

    def answer(event: APIGatewayProxyEvent) -> dict[str, Any]:
        id_, has_body = request_id(event), event.http_method != "HEAD"
        with logger().append_context_keys(request_id=id_):
            began = time.monotonic()
            response = answered(event, id_)
            _log(event, response.status, time.monotonic() - began)
        return _to_gateway(response, id_, has_body=has_body)

    def answered(event: APIGatewayProxyEvent, id_: str) -> Response:
        try:
            return _response(event, operations, dependencies or process_dependencies)
        except Exception as error:  # noqa: BLE001 the caller must not see what broke
            problem = _problem(error, id_)
        return Response(problem.status, problem.view(id_), problem.headers, MEDIA_TYPE)

    return handler


def _made(settings: ApiSettings) -> ApiDependencies:
    quiet_drivers()
    newest, invoking = process_dependencies.settings.newest, LambdaFunctions()
    return ApiDependencies(
        database=Database(
            settings.database_url,
            lambda: newest().database_url,
            Patience(DATABASE_WAITS_S),
            require=refuse_older,
        ),
        dispatch=LambdaDispatch(settings.worker_functions, invoking),
        refresh=Refresh(settings.config_sync_function, invoking),
    )


process_dependencies: Final[Kept[ApiSettings, ApiDependencies]] = Kept(
    KeptSettings(lambda: load(ApiSettings)), _made, lambda made: made.database.close()
)
"""The process's dependencies, made at the first request that needs them and kept warm."""


def _response(
    event: APIGatewayProxyEvent,
    operations: Mapping[OperationId, Operation | Page],
    dependencies: Callable[[], ApiDependencies],
) -> Response:
    method = "GET" if event.http_method == "HEAD" else event.http_method
    address = address_of(event)
    route = find_route(method, address.path)
    if route is None or route.operation not in operations:
        return _without_route(method, address.path)
    request = parse_request(event, route, address)
    operation = operations[route.operation]
    if isinstance(operation, Page):
        return operation.answer(request, dependencies)
    try:
        made = dependencies()
        made.database.patience.renew(DATABASE_WAITS_S)
        return operation(request, made)
    except RequestRefused as error:
        raise problem_of(error, route.query.model_fields) from None


def _log(event: APIGatewayProxyEvent, status: int, seconds: float) -> None:
    """One line for each request, by which it is found by its own id and by the gateway's; none for
    the public routes that others ask all the time, where all is well."""
    route = find_route(event.http_method, address_of(event).path)
    if route is not None and not route.needs_key and status < HTTPStatus.BAD_REQUEST:
        return
    logger().info(
        "request answered",
        operation=None if route is None else route.operation,
        gateway_id=event["requestContext"].get("requestId"),
        http_status=status,
        seconds=round(seconds, 3),
    )


def _problem(error: Exception, id_: str) -> Problem:
    """The problem to answer with; what nobody has foreseen is logged and answered as a defect."""
    match error:
        case Problem():
            return error
        case WorkerUnavailable():
            return worker_unavailable(
                "The sync's worker could not be invoked; nothing was started, ask again."
            )
        case DatabaseUnavailable():
            return database_unavailable()
        case DatabaseUnusable():
            logger().error("database unusable", error_message=error.message)
            return database_unavailable()
        case SecretUnreadable():
            logger().error("secret unreadable", error_message=error.message)
            return secret_unreadable()
    return database_unavailable() if isinstance(error, LOST) else _defect(error, id_)


def _without_route(method: str, path: str) -> Response:
    methods = methods_of(path)
    if not methods:
        raise Problem("not_found", "There is nothing at this path; see /openapi.json.")
    allowed = ", ".join(sorted({*methods, "OPTIONS", *(["HEAD"] if "GET" in methods else [])}))
    if method == "OPTIONS":
        return Response(204, None, {"Allow": allowed})
    raise Problem("method_not_allowed", f"Use {allowed}.", headers={"Allow": allowed})


def _to_gateway(response: Response, id_: str, *, has_body: bool) -> dict[str, Any]:
    """The response as API Gateway takes it from a function."""
    headers = {**_EVERY_RESPONSE, "X-Request-Id": id_, **response.headers}
    body = ""
    if response.body is not None:
        headers["Content-Type"] = response.media_type
        is_problem = response.media_type == MEDIA_TYPE
        body = (
            response.body
            if isinstance(response.body, str)
            else response.body.model_dump_json(by_alias=True, exclude_none=is_problem)
        )
    return {
        "statusCode": response.status,
        "headers": headers,
        "body": body if has_body else "",
        "isBase64Encoded": False,
    }


def _defect(error: Exception, id_: str) -> Problem:
    unexpected(error)
    return Problem("internal", f"Tell ODIS's engineers the request id {id_}.")
