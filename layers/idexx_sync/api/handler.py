"""What stands before and behind every operation of the HTTP API: one handler per function."""

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import sleep
from typing import Any, Final

import psycopg
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent
from pydantic import BaseModel

from idexx_sync.api.problems import MEDIA_TYPE, RETRY_AFTER_S, Problem, not_found
from idexx_sync.api.request import Call, judged, request_id
from idexx_sync.api.routes import JSON, FunctionName, Operation, find_route, methods_of, routes_of
from idexx_sync.core.errors import ConfigurationInvalid, DatabaseUnavailable, SyncError
from idexx_sync.core.logs import logger
from idexx_sync.database.connection import Conn, Database
from idexx_sync.jobs.contract import Clock
from idexx_sync.jobs.submission import Dispatch

ApiHandler = Callable[[dict[str, Any], Any], dict[str, Any]]


@dataclass(frozen=True)
class ApiTools:
    """What a process keeps between requests."""

    database: Database
    dispatch: Dispatch
    clock: Clock = lambda: datetime.now(UTC)
    sleep: Callable[[float], None] = sleep

    @property
    def conn(self) -> Conn:
        """A connection that answered just now."""
        return self.database.answering()


@dataclass(frozen=True)
class Answer:
    """What an operation answers."""

    status: int
    body: BaseModel | str | None
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = JSON


Carry = Callable[[Call, ApiTools], Answer]
"""Carries an operation out; raises Problem."""

_EVERY_ANSWER: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


def api_function(
    name: FunctionName, operations: Mapping[Operation, Carry], tools: Callable[[], ApiTools]
) -> ApiHandler:
    """The handler of a function behind the gateway; `tools` is called when a request needs them."""
    missing = {route.operation for route in routes_of(name)} ^ operations.keys()
    if missing:
        raise ValueError(f"{name}: routes and operations differ in {sorted(missing)}")

    def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
        request = APIGatewayProxyEvent(event)
        id_ = request_id(request)
        try:
            answer = _answer(request, operations, tools)
        except Problem as problem:
            answer = _as_answer(problem, id_)
        except ConfigurationInvalid as error:
            answer = _as_answer(_of_configuration(error, id_), id_)
        except (psycopg.OperationalError, psycopg.InterfaceError, DatabaseUnavailable):
            answer = _as_answer(
                Problem(
                    "database_unavailable",
                    "The database does not answer; try again in a moment.",
                    headers={"Retry-After": str(RETRY_AFTER_S)},
                ),
                id_,
            )
        except Exception as error:  # noqa: BLE001 the caller must not see what broke
            answer = _as_answer(_defect(error, id_), id_)
        return _as_response(answer, id_, has_body=request.http_method != "HEAD")

    return handler


def _answer(
    request: APIGatewayProxyEvent,
    operations: Mapping[Operation, Carry],
    tools: Callable[[], ApiTools],
) -> Answer:
    method = "GET" if request.http_method == "HEAD" else request.http_method
    found = find_route(method, request.path)
    if found is None or found[0].operation not in operations:
        return _without_route(method, request.path)
    route, path = found
    call = judged(request, route, path)
    return operations[route.operation](call, tools())


def _without_route(method: str, path: str) -> Answer:
    methods = methods_of(path)
    if not methods:
        raise Problem("not_found", "There is nothing at this path; see /openapi.json.")
    allowed = ", ".join(sorted({*methods, "OPTIONS", *(["HEAD"] if "GET" in methods else [])}))
    if method == "OPTIONS":
        return Answer(204, None, {"Allow": allowed})
    raise Problem("method_not_allowed", f"Use {allowed}.", headers={"Allow": allowed})


def _as_answer(problem: Problem, id_: str) -> Answer:
    return Answer(problem.status, problem.view(id_), problem.headers, MEDIA_TYPE)


def _as_response(answer: Answer, id_: str, *, has_body: bool) -> dict[str, Any]:
    """The answer as API Gateway takes it from a function."""
    headers = {**_EVERY_ANSWER, "X-Request-Id": id_, **answer.headers}
    body = ""
    if answer.body is not None:
        headers["Content-Type"] = answer.media_type
        is_problem = answer.media_type == MEDIA_TYPE
        body = (
            answer.body
            if isinstance(answer.body, str)
            else answer.body.model_dump_json(by_alias=True, exclude_none=is_problem)
        )
    return {
        "statusCode": answer.status,
        "headers": headers,
        "body": body if has_body else "",
        "isBase64Encoded": False,
    }


def _of_configuration(error: ConfigurationInvalid, id_: str) -> Problem:
    """A clinic that ODIS does not have; anything else is a fault of the deployment."""
    return not_found("clinic") if error.code == "clinic_id" else _defect(error, id_)


def _defect(error: Exception, id_: str) -> Problem:
    """Log where it happened and what kind it is: only our own errors' words hold nothing
    private, a database's may hold a row's values."""
    frames = traceback.extract_tb(error.__traceback__)
    where = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    logger().error(
        "request failed",
        request_id=id_,
        error_type=type(error).__name__,
        error_message=error.message if isinstance(error, SyncError) else None,
        where=where[-8:],
    )
    return Problem("internal", f"Tell ODIS's engineers the request id {id_}.")
