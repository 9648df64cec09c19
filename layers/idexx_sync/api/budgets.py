"""An order of a key, within the key's budget of orders and waits."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from idexx_sync.api.caller import Caller
from idexx_sync.api.handler import ApiDependencies
from idexx_sync.api.problems import Problem
from idexx_sync.api.request import Request
from idexx_sync.core.errors import DatabaseUnavailable
from idexx_sync.core.logs import logger
from idexx_sync.database.connection import DriverError
from idexx_sync.keys.budget_store import UsedUp, give_back, spend
from idexx_sync.keys.budgets import Budget, budget_of

GIVEN_BACK_WITHIN_S = 2.0
"""A wait that can't be given back in this time ends by itself."""


@contextmanager
def ordering(
    request: Request, dependencies: ApiDependencies, *, waits: bool = False
) -> Iterator[bool]:
    """Let the caller order a run, and say whether its request may wait for it.

    Problem where the key has used up its budget. The wait is given back at the end.
    """
    caller = request.caller
    budget = budget_of(is_operator=caller.clinic_id is None)
    found = spend(dependencies.conn, caller.key_id, budget, waits=waits)
    if isinstance(found, UsedUp):
        raise _too_many(found, budget)
    try:
        yield found.wait is not None
    finally:
        if found.wait is not None:
            _give_back(dependencies, caller, found.wait)


def _give_back(dependencies: ApiDependencies, caller: Caller, wait: UUID) -> None:
    """What the run has come to is worth more than the budget: no failure here is told."""
    dependencies.database.patience.renew(GIVEN_BACK_WITHIN_S)
    try:
        give_back(dependencies.database.connection(), caller.key_id, wait)
    except (DriverError, DatabaseUnavailable) as error:
        logger().warning("wait not given back", reason=type(error).__name__)


def _too_many(used_up: UsedUp, budget: Budget) -> Problem:
    headers = {"Retry-After": str(used_up.retry_after_s)}
    again = f"ask again in {used_up.retry_after_s} s"
    if used_up.what == "orders":
        return Problem(
            "too_many_orders",
            f"A key may order {budget.orders_a_minute} runs a minute. Nothing was ordered; "
            f"{again}.",
            headers=headers,
        )
    return Problem(
        "too_many_waits",
        f"A key may have {budget.waits_at_once} requests wait at once. Nothing was ordered; ask "
        f"without Prefer: wait and look at the job, or {again}.",
        headers=headers,
    )
