"""Lambda: EventBridge Scheduler becomes what the clinics' schedules say, started every five
minutes, and for one clinic whenever somebody asks."""

from typing import Any, Final

from idexx_sync.core.logs import logger
from idexx_sync.core.measures import NOT_MIRRORED, measure
from idexx_sync.core.shipping import shipped
from idexx_sync.core.words import own_errors_only
from idexx_sync.upkeep.mirroring import answer_of, order_of
from idexx_sync.upkeep.wiring import process_database, process_mirror, time_left

MOST_LOGGED: Final = 20
"""Findings of a pass; all are counted."""


@shipped
def handler(event: object, context: Any) -> dict[str, Any]:
    """What the pass did, and whether it came to its end; the next one goes on where it stopped.

    Every error leaves the handler, so that a pass that failed is counted as one.
    """
    return own_errors_only(lambda: _pass(event, context))


def _pass(event: object, context: Any) -> dict[str, Any]:
    order, left = order_of(event), time_left(context)
    database, mirror = process_database(), process_mirror()
    with database.patience.until(left):
        done = mirror(database.answering(), order, left)
    logger().info(
        "schedules mirrored",
        clinic_id=None if order.clinic_id is None else str(order.clinic_id),
        dry_run=order.dry_run,
        counts=done.counts,
        failures=done.failures,
        findings=len(done.findings),
        first_findings=[
            f"{one.clinic_id} {one.where} {one.code}" for one in done.findings[:MOST_LOGGED]
        ],
        complete=done.complete,
    )
    if order.clinic_id is None and not order.dry_run:
        measure({NOT_MIRRORED: done.stuck})
    return answer_of(done, dry_run=order.dry_run).model_dump(mode="json")
