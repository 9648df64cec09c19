"""Log lines on their way to Axiom: kept while an event is worked on, sent once at its end.

A sandbox is frozen the moment its handler returns, so nothing is left for later; and a sync must
not wait for its own log. So there is one request within two seconds, which raises nothing. Lines
that it does not bring there are counted at once, where CloudWatch sees it, for this may be the
sandbox's last event; Axiom is told by the next one. They are in CloudWatch anyway.
"""

import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from threading import Lock
from typing import Any, Final

from idexx_sync.core.axiom import SHIPS_FOR_S, Way, process_axiom
from idexx_sync.core.errors import SyncError
from idexx_sync.core.logs import SERVICE, logger
from idexx_sync.core.measures import LINES_NOT_SHIPPED, measure
from idexx_sync.core.shipments import Outcome, Shipments

MOST_LINES: Final = 500
"""Of one event; a run writes about four."""
MOST_BYTES: Final = 500_000


@dataclass(frozen=True, slots=True)
class Taken:
    """What was kept, and how many lines could not be, and why."""

    lines: list[str]
    lost: int
    why: str


class KeptLines(logging.Handler):
    """The lines of the event that is worked on; what is too much is counted."""

    def __init__(self) -> None:
        super().__init__()
        self._turn = Lock()
        self._lines: list[str] = []
        self._bytes = 0
        self._lost = 0
        self._why = ""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record)
        except Exception:  # noqa: BLE001 who logs must not fail of it
            with self._turn:
                self._lost, self._why = self._lost + 1, "not_to_be_written"
            return
        with self._turn:
            if len(self._lines) >= MOST_LINES or self._bytes + len(line) > MOST_BYTES:
                self._lost, self._why = self._lost + 1, "too_many_at_once"
                return
            self._lines.append(line)
            self._bytes += len(line)

    def take(self) -> Taken:
        with self._turn:
            taken = Taken(self._lines, self._lost, self._why)
            self._lines, self._bytes, self._lost = [], 0, 0
            return taken


class Shipping:
    """What keeps a process's lines while an event is worked on, and sends them at its end."""

    def __init__(self, way: Callable[[], Way | None], seconds: float = SHIPS_FOR_S) -> None:
        self._send = Shipments(way, seconds)
        self._kept = KeptLines()
        self._untold = Outcome()
        """What Axiom does not know of yet."""

    def begin(self) -> None:
        """Keep lines from now on."""
        log = logger()
        self._kept.setFormatter(log.handlers[0].formatter)
        log.addHandler(self._kept)

    def end(self) -> None:
        """Keep none any more, send those that were kept, and say what did not arrive. Raises
        nothing."""
        taken = self._kept.take()
        logging.getLogger(SERVICE).removeHandler(self._kept)
        if taken.lost:
            self._untold = _added(self._untold, Outcome(lost=taken.lost, reason=taken.why))
            tell_loss(Outcome(lost=taken.lost, reason=taken.why))
        lines = [*taken.lines, *self._about_what_was_lost()]
        if not lines:
            return
        outcome = self._send(lines)
        all_lost = outcome.lost == len(lines)
        if not outcome.lost:
            self._untold = Outcome()
            return
        # The line about earlier losses is none of the event's.
        lost = len(taken.lines) if all_lost else outcome.lost
        loss = Outcome(lost=lost, reason=outcome.reason, message=outcome.message)
        self._untold = _added(self._untold, loss) if all_lost else loss
        if lost:
            tell_loss(loss)

    def _about_what_was_lost(self) -> list[str]:
        """A line for Axiom alone; CloudWatch has it."""
        if not self._untold.lost:
            return []
        loss = self._untold
        told = {"count": loss.lost, "reason": loss.reason, "error_message": loss.message}
        record = logging.getLogger(SERVICE).makeRecord(
            SERVICE, logging.WARNING, __file__, 0, "log lines not shipped", (), None, "end", told
        )
        try:
            return [self._kept.format(record)]
        except Exception:  # noqa: BLE001 who logs must not fail of it
            return []


def tell_loss(loss: Outcome) -> None:
    """To CloudWatch, by a line and as a number. Raises nothing."""
    logger().warning(
        "log lines not shipped", count=loss.lost, reason=loss.reason, error_message=loss.message
    )
    with contextlib.suppress(SyncError):  # the stage's name makes no sense
        measure({LINES_NOT_SHIPPED: loss.lost})


def _added(earlier: Outcome, loss: Outcome) -> Outcome:
    """Both, with the reason of the later one."""
    return Outcome(lost=earlier.lost + loss.lost, reason=loss.reason, message=loss.message)


process_shipping: Final = Shipping(process_axiom)


def shipped[Event, Answer](
    handler: Callable[[Event, Any], Answer], shipping: Shipping = process_shipping
) -> Callable[[Event, Any], Answer]:
    """The handler, whose lines are sent when it has ended, however it did."""

    @wraps(handler)
    def shipping_handler(event: Event, context: Any) -> Answer:
        shipping.begin()
        try:
            return handler(event, context)
        finally:
            shipping.end()

    return shipping_handler
