"""How fast AWS is called: as a setting says, and slower for a while after it said so."""

from collections.abc import Callable
from threading import Lock
from typing import Final

SLOWEST: Final = 1.0
"""Calls a second, however often we are told to slow down."""
BURST_S: Final = 0.25
"""What was not called in so many seconds may be made up for."""
SLOWS_DOWN_EVERY_S: Final = 1.0
"""Calls that are under way together are refused together, for one reason."""
GROWTH: Final = 1.02
"""By which each call that went well lets the next ones come faster, up to the setting."""


class Pace:
    """When the next call may go. Calls may end on several threads, and one of them waits here."""

    def __init__(
        self, per_second: float, elapsed: Callable[[], float], sleep: Callable[[float], None]
    ) -> None:
        self._most = self._rate = per_second
        self._elapsed = elapsed
        self._sleep = sleep
        self._lock = Lock()
        self._next = float("-inf")
        self._slowed_at = float("-inf")

    @property
    def rate(self) -> float:
        """Calls a second by now."""
        return self._rate

    def wait(self) -> None:
        """Waits until another call may go, and counts it."""
        with self._lock:
            now = self._elapsed()
            begins = max(self._next, now - BURST_S)
            self._next = begins + 1 / self._rate
        if begins > now:
            self._sleep(begins - now)

    def went_well(self) -> None:
        with self._lock:
            self._rate = min(self._most, self._rate * GROWTH)

    def slow_down(self) -> None:
        """AWS has said that there are too many."""
        with self._lock:
            now = self._elapsed()
            if now - self._slowed_at < SLOWS_DOWN_EVERY_S:
                return
            self._slowed_at = now
            self._rate = max(min(SLOWEST, self._most), self._rate / 2)
            self._next = max(self._next, now + 1 / self._rate)
