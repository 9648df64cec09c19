"""How long a process waits for Postgres: never without an end.

A host whose packets are lost refuses nothing and answers nothing: no error ever comes, and neither
a statement time-out nor a cancel reaches it. So the wait itself looks at the clock, wherever it is
made, and gives its own connection up.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from psycopg import Connection, waiting
from psycopg.abc import PQGen

LONGEST_WAIT_S: Final = 65.0
"""For one answer, where nothing else is said; a statement of a writing transaction ends before."""
_LOOKS_UP_S: Final = 0.1
"""How often a wait looks at the clock."""


class NoAnswer(psycopg.OperationalError):
    """Postgres did not answer in the time that was left for it; its connection is closed."""


class Patience:
    """How long may still be waited for Postgres, in seconds; all connections of a process share it.

    Three bounds, of which the nearest counts: of one wait, of all waits together, and of a clock
    that runs whether somebody waits or not.
    """

    def __init__(
        self,
        longest_s: float = LONGEST_WAIT_S,
        *,
        time_left: Callable[[], float] = lambda: math.inf,
    ) -> None:
        self.longest_s = longest_s
        """Of one wait."""
        self._time_left = time_left
        self._in_all_s = math.inf

    def renew(self, in_all_s: float) -> None:
        """From now on all waits together may take so long."""
        self._in_all_s = in_all_s

    def left(self) -> float:
        """Seconds that may still be waited in all."""
        return max(0.0, min(self._in_all_s, self._time_left()))

    def for_one(self) -> float:
        """Seconds that the next answer may take."""
        return min(self.longest_s, self.left())

    def is_over(self) -> bool:
        """Whether no wait may go on, however short it was."""
        return self._time_left() <= 0

    def spend(self, seconds: float) -> None:
        self._in_all_s -= seconds

    @contextmanager
    def at_most(self, longest_s: float) -> Iterator[None]:
        """For the time of the block no wait takes longer."""
        before, self.longest_s = self.longest_s, min(longest_s, self.longest_s)
        try:
            yield
        finally:
            self.longest_s = before

    @contextmanager
    def until(self, time_left: Callable[[], float]) -> Iterator[None]:
        """For the time of the block this clock counts instead of the one before."""
        before, self._time_left = self._time_left, time_left
        try:
            yield
        finally:
            self._time_left = before


def unhurried() -> Patience:
    """For statements that may take as long as they do: migrations rebuild tables.

    That the host is still there is left to the network's own signs of life.
    """
    return Patience(math.inf)


class PatientConnection(Connection[tuple[Any, ...]]):
    """A connection that waits no longer than its patience lasts, then closes and raises NoAnswer.

    A wait that is interrupted (Ctrl-C) closes it too: what was asked may still be under way.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.patience = Patience()
        self._answered_at = _moments()

    @property
    def idle_s(self) -> float:
        """Seconds since it last answered, a frozen process's sleep included."""
        return max(now - then for now, then in zip(_moments(), self._answered_at, strict=True))

    def wait[T](
        self, gen: PQGen[T], interval: float = _LOOKS_UP_S, timeout: float | None = None
    ) -> T:
        began = time.monotonic()
        longest_s = min(self.patience.for_one(), math.inf if timeout is None else timeout)
        steps = _patiently(gen, self.patience, began + longest_s)
        try:
            return waiting.wait(steps, self.pgconn.socket, interval)
        except (NoAnswer, KeyboardInterrupt, SystemExit):
            self.close()
            raise
        finally:
            self.patience.spend(time.monotonic() - began)
            self._answered_at = _moments()


def _moments() -> tuple[float, float]:
    """A frozen process's monotonic clock may stand still, and the wall's may be set back."""
    return time.monotonic(), time.time()


def _patiently[T](gen: PQGen[T], patience: Patience, ends: float) -> PQGen[T]:
    """The same steps of waiting, as long as patience lasts."""
    try:
        state = next(gen)
        while True:
            ready = yield state
            if patience.is_over() or (not ready and time.monotonic() >= ends):
                raise NoAnswer("Postgres did not answer in time")
            state = gen.send(ready)
    except StopIteration as done:
        result: T = done.value
        return result
