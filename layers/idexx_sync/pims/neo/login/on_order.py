"""What the login function does: one login, by the code that workers log in with, to its very end.

The sandbox is frozen once it has answered, so the last of the browser's processes ends before.
"""

import math
import time
from typing import Any, Final

from idexx_sync.core.errors import SyncError
from idexx_sync.core.logs import logger
from idexx_sync.core.settings import NeoSettings, load
from idexx_sync.pims.neo.http.transport import TimeLeft
from idexx_sync.pims.neo.login.attempt import TIDYING_S, BrowserLogin
from idexx_sync.pims.neo.login.order import Answer, BrokenOff, Ended, LoginOrder, read_order

RESERVE_S: Final = TIDYING_S + 1
"""What is left of an invocation's time for ending in an orderly way."""


def log_in_on_order(event: object, context: Any) -> dict[str, Any]:
    """The answer, as JSON. Raises ConfigurationInvalid for what is no order."""
    order = read_order(event)
    answer = _answered(order, _time_left(order.allowed_s, context))
    status = answer.outcome if isinstance(answer, Ended) else answer.how
    logger().info("login on order", status=status, reason=answer.code, submitted=answer.submitted)
    return answer.model_dump(mode="json")


def _answered(order: LoginOrder, time_left: TimeLeft) -> Answer:
    login = None
    try:
        login = _login(order, time_left)
        return Ended.of(login(order.credentials))
    except SyncError as error:
        logger().error("login broke off", error_kind=error.kind, error_message=error.message)
        return BrokenOff.by(error, submitted=login is not None and login.submitted)
    finally:
        if login is not None:
            login.close()


def _login(order: LoginOrder, time_left: TimeLeft) -> BrowserLogin:
    """Raises ConfigurationInvalid where the settings, read anew, do not allow the origin."""
    settings = load(NeoSettings)
    return BrowserLogin(
        settings.checked_base_url(order.origin),
        chromium_path=settings.chromium_path,
        timeout_s=order.longest_s,
        memory_mb=settings.login_memory_mb,
        time_left=time_left,
    )


def _time_left(allowed_s: float, context: Any) -> TimeLeft:
    """Seconds for which the login may go on; without a context nobody else ends it."""
    ends = time.monotonic() + allowed_s

    def left() -> float:
        killed_in = (
            math.inf
            if context is None
            else context.get_remaining_time_in_millis() / 1000 - RESERVE_S
        )
        return min(ends - time.monotonic(), killed_in)

    return left
