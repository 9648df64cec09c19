"""Lambda: one pass over what nobody else looks after, started every minute."""

from typing import Any

from idexx_sync.core.logs import logger
from idexx_sync.core.measures import STEPS_REFUSED, measure
from idexx_sync.core.shipping import shipped
from idexx_sync.core.words import own_errors_only
from idexx_sync.upkeep.watchdog import watch
from idexx_sync.upkeep.wiring import (
    process_database,
    queues,
    telling,
    time_left,
)


@shipped
def handler(_event: object, context: Any) -> dict[str, Any]:
    """What the pass did, and whether it came to its end; the next one goes on where it stopped.

    Every error leaves the handler, so that a pass that failed is counted as one.
    """
    return own_errors_only(lambda: _pass(context))


def _pass(context: Any) -> dict[str, Any]:
    left, database = time_left(context), process_database()
    with database.patience.until(left):
        done = watch(database.answering(), left, queues(), telling())
    measure({"TicksMissed": done.counts.get("ticks_missed", 0)})
    if refused := done.counts.get("refused"):
        measure({STEPS_REFUSED: refused})
    logger().info("watchdog's pass ended", counts=done.counts, complete=done.complete)
    return {"counts": done.counts, "complete": done.complete}
