"""How long a run may live: its deadline, its lease's heartbeat, and how it is ended early.

Lambda gives no signal before it kills. A run therefore ends itself while there is still time to
record how it ended; and a run that no longer moves stops renewing its lease, so that another one
can take the clinic over. Its waits for Postgres and for Neo look at `time_left` themselves; a
browser has to be cut off from outside.
"""

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from typing import Final

from idexx_sync.core.errors import DeadlineExceeded, LeaseLost, SyncError
from idexx_sync.database.connection import Conn, DriverError
from idexx_sync.database.waits import Patience
from idexx_sync.jobs import leases
from idexx_sync.jobs.leases import Lease

CUT_OFF_AGAIN_S: Final = 0.5


class Lifetime:
    """One run's life; threads may ask and tell."""

    def __init__(
        self,
        remaining: Callable[[], float] = lambda: math.inf,
        reserve_s: float = 0,
    ) -> None:
        """`remaining` tells the seconds until the process is killed; the last `reserve_s` of
        them are kept for ending in an orderly way."""
        self._remaining = remaining
        self._reserve_s = reserve_s
        self._lock = threading.Lock()
        self._endings: list[Callable[[], object]] = []
        self.beats = 0
        """Signs of life so far."""
        self.ended_by: SyncError | None = None
        """Why the run was ended early, if it was."""

    def time_left(self) -> float:
        """Seconds that the run may still work; none once it is ended."""
        return 0.0 if self.ended_by is not None else max(0.0, self._remaining() - self._reserve_s)

    def why_ended(self) -> SyncError | None:
        """Why the run may work no longer; None: it may."""
        if self.ended_by is None and self.time_left() <= 0:
            return DeadlineExceeded(
                "the run had no time left; it is repeated from its beginning", code="deadline"
            )
        return self.ended_by

    def beat(self) -> None:
        """The run moves; raises why it may work no longer, if it may not.

        The thread that watches may not have had its turn yet.
        """
        if (reason := self.why_ended()) is not None:
            raise reason
        self.beats += 1

    def on_end(self, ending: Callable[[], object]) -> None:
        """Have something called, from another thread, when the run is ended early."""
        with self._lock:
            self._endings.append(ending)

    def end(self, reason: SyncError) -> None:
        """End the run: whatever blocks it now is cut off."""
        with self._lock:
            if self.ended_by is not None:
                return
            self.ended_by = reason
        self.cut_off()

    def cut_off(self) -> None:
        """Interrupt what blocks the run now; nothing happens if nothing does."""
        with self._lock:
            endings = list(self._endings)
        for ending in endings:
            with suppress(OSError):  # it had ended by itself
                ending()


@contextmanager
def watched(
    lifetime: Lifetime,
    lease: Lease,
    open_connection: Callable[[Patience], Conn],
    *,
    lease_seconds: float,
    heartbeat_seconds: float,
) -> Iterator[None]:
    """Renew the lease while the run moves, and end the run at its deadline.

    The thread's own connection is opened at the first heartbeat only: a short run never needs it.
    """
    watcher = _Watcher(lifetime, lease, open_connection, lease_seconds, heartbeat_seconds)
    thread = threading.Thread(target=watcher.watch, name="lifetime", daemon=True)
    thread.start()
    try:
        yield
    finally:
        watcher.stop.set()
        thread.join()


class _Watcher:
    def __init__(
        self,
        lifetime: Lifetime,
        lease: Lease,
        open_connection: Callable[[Patience], Conn],
        lease_seconds: float,
        heartbeat_seconds: float,
    ) -> None:
        self.stop = threading.Event()
        self._lifetime = lifetime
        self._lease = lease
        self._open_connection = open_connection
        self._lease_seconds = lease_seconds
        self._heartbeat_seconds = heartbeat_seconds
        self._conn: Conn | None = None
        self._patience = Patience(heartbeat_seconds, time_left=self._time_left)
        self._beats_seen = lifetime.beats

    def watch(self) -> None:
        try:
            next_beat = monotonic() + self._heartbeat_seconds
            while not self.stop.wait(self._pause(next_beat)):
                if (reason := self._lifetime.why_ended()) is not None:
                    self._lifetime.end(reason)
                    self._see_it_end()
                    return
                if monotonic() >= next_beat:
                    next_beat = monotonic() + self._heartbeat_seconds
                    self._renew_if_moving()
        finally:
            if self._conn is not None:
                self._conn.close()

    def _see_it_end(self) -> None:
        """What it began in the very moment of its end is cut off too."""
        while not self.stop.wait(CUT_OFF_AGAIN_S):
            self._lifetime.cut_off()

    def _time_left(self) -> float:
        """Whoever waits for this thread must not wait for Postgres with it."""
        return 0.0 if self.stop.is_set() else self._lifetime.time_left()

    def _pause(self, next_beat: float) -> float:
        wanted = min(next_beat - monotonic(), self._lifetime.time_left())
        return max(0.0, min(wanted, threading.TIMEOUT_MAX))

    def _renew_if_moving(self) -> None:
        """A run that stands still keeps what is left of its lease; one without lease is ended."""
        if self._lifetime.beats == self._beats_seen:
            return
        try:
            if self._conn is None or self._conn.closed or self._conn.broken:
                self._conn = self._open_connection(self._patience)
            renewed = leases.renew(self._conn, self._lease, self._lease_seconds)
        except (DriverError, SyncError):
            return  # the next heartbeat tries again; the fence guards the writes
        self._beats_seen = self._lifetime.beats
        if not renewed:
            self._lifetime.end(
                LeaseLost("another run has taken this clinic over", code="heartbeat")
            )
