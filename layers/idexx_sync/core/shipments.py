"""Shipments of log lines, one at a time: each has an end, and says what became of its lines.

One that is given up is broken off. Where even that does not end it, its thread and its lines stay
until it ends, and no other one begins before: so there is never more than one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Final

from idexx_sync.core.axiom import LinesRefused, Way
from idexx_sync.core.errors import SyncError
from idexx_sync.core.in_time import in_time
from idexx_sync.core.words import type_of

BREAKS_OFF_WITHIN_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of lines."""

    sent: int = 0
    """Nought as well where they go nowhere, which is no loss."""
    lost: int = 0
    """How many did not arrive, as far as anybody knows."""
    reason: str | None = None
    """A word, such as `axiom_403`."""
    message: str | None = None
    """Of an error of ours."""
    may_pass: bool = False
    """Whether to send them once more may help; never where some have arrived."""


class Shipments:
    """A process's way to Axiom."""

    def __init__(self, way: Callable[[], Way | None], seconds: float) -> None:
        self._way = way
        self._seconds = seconds
        self._under_way = Lock()
        self._last: Way | None = None

    def __call__(self, lines: Sequence[str]) -> Outcome:
        """Raises nothing."""
        if self._under_way.locked():
            return _none_of(lines, "still_sending")
        try:
            failed = in_time(self._seconds, lambda: self._send(lines))
        except LinesRefused as error:
            return _none_of(lines, str(error), may_pass=error.may_pass)
        except SyncError as error:
            return _none_of(lines, error.kind, error.message)
        except TimeoutError:
            self._break_off()
            return _none_of(lines, "timeout")
        except Exception as error:  # noqa: BLE001 a log that does not arrive is nobody's failure
            return _none_of(lines, type_of(error))
        if failed is None:
            return Outcome()
        return Outcome(len(lines) - failed, failed, "lines_refused" if failed else None)

    def _send(self, lines: Sequence[str]) -> int | None:
        with self._under_way:
            self._last = way = self._way()
            return None if way is None else way(lines)

    def _break_off(self) -> None:
        if self._last is not None:
            self._last.break_off()
        if self._under_way.acquire(timeout=BREAKS_OFF_WITHIN_S):
            self._under_way.release()


def _none_of(
    lines: Sequence[str], reason: str, message: str | None = None, *, may_pass: bool = True
) -> Outcome:
    return Outcome(0, len(lines), reason, message, may_pass)
