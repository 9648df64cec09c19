"""Politeness: at most so many requests a second and so many at once."""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from idexx_sync.core.errors import DeadlineExceeded

_MARGIN_S: Final = 0.05
_LATEST_ARRIVAL_S: Final = 0.1
"""A request that leaves late and one that leaves early arrive closer together than they left. So
a second is counted from the moment when a request has surely arrived: when it was answered, or so
long after its turn began, whichever is first. (Waiting for the answer alone would waste the rate.)
"""


@dataclass(slots=True)
class _Turn:
    arrived: float
    """When the request will have arrived at the latest."""


class RateLimiter:
    """Gives each request its turn; any sliding second holds at most `per_second` of them.

    One limiter serves one clinic and may be used by many threads.
    """

    def __init__(
        self,
        per_second: float,
        at_once: int,
        *,
        time_left: Callable[[], float] = lambda: math.inf,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        burst = max(1, int(per_second))
        self._period = max(1.0, burst / per_second) + _MARGIN_S
        self._turns: deque[_Turn] = deque(maxlen=burst)
        self._not_before = float("-inf")
        self._lock = threading.Lock()
        self._free = threading.Semaphore(at_once)
        self._time_left = time_left
        self._clock = clock
        self._sleep = sleep

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Waits until one more request is polite; the turn lasts as long as the block.

        Raises DeadlineExceeded at once if that moment comes too late for the run.
        """
        with self._free:
            turn, pause = self._book()
            if pause >= self._time_left():
                raise DeadlineExceeded("no time was left to ask Neo politely", code="before_turn")
            if pause > 0:
                self._sleep(pause)
            try:
                yield
            finally:
                with self._lock:
                    turn.arrived = min(turn.arrived, self._clock())

    def pause_all(self, seconds: float) -> None:
        """Lets no new turn begin for that long: Neo has asked for it."""
        with self._lock:
            self._not_before = max(self._not_before, self._clock() + seconds)

    def _book(self) -> tuple[_Turn, float]:
        """Books the next polite moment and says how far off it is."""
        with self._lock:
            now = self._clock()
            start = max(now, self._not_before)
            if len(self._turns) == self._turns.maxlen:
                start = max(start, self._turns[0].arrived + self._period)
            turn = _Turn(start + _LATEST_ARRIVAL_S)
            self._turns.append(turn)
            return turn, start - now
