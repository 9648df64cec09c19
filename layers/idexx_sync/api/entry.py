"""`sync_api` makes the handler of a function behind the gateway."""

from collections.abc import Callable, Mapping
from functools import cache

from idexx_sync.api.handler import ApiHandler, ApiTools, Carry, api_function
from idexx_sync.api.routes import FunctionName, Operation
from idexx_sync.core.logs import quiet_drivers
from idexx_sync.core.settings import ApiSettings, load
from idexx_sync.database.connection import Database
from idexx_sync.jobs.dispatch import LambdaDispatch


def sync_api(
    name: FunctionName,
    operations: Mapping[Operation, Carry],
    tools: Callable[[], ApiTools] | None = None,
) -> ApiHandler:
    """The handler that answers the function's routes; `tools` are the process's own unless given.

    Raises ValueError when the table of routes and the operations differ.
    """
    return api_function(name, operations, tools or process_api_tools)


@cache
def process_api_tools() -> ApiTools:
    """The process's tools, made at the first request and kept warm."""
    settings = load(ApiSettings)
    quiet_drivers()
    return ApiTools(
        database=Database(settings.database_url),
        dispatch=LambdaDispatch(settings.worker_functions),
    )
