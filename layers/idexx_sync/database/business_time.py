"""Business time: `idexx_sync.clock()` in SQL, and here what the database said and how it goes on.

Schedules, freshness, strikes, holds, permits, budgets and every stamp that people read go by it. No
machine's wall clock has a say in it: that of a worker may be hours off, or jump in mid-run. Leases
and deadlines are lease time: Postgres's `clock_timestamp()` and the process's monotonic clock.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from idexx_sync.database.connection import Conn

Clock = Callable[[], datetime]


def business_time(conn: Conn) -> datetime:
    """The moment that it is now; for commands that have no other question to ask it along with."""
    row = conn.execute("SELECT idexx_sync.clock()").fetchone()
    assert row is not None
    moment = row[0]
    assert isinstance(moment, datetime)
    return moment


def going_on(moment: datetime, elapsed: Callable[[], float] = time.monotonic) -> Clock:
    """A clock that shows `moment` now and goes on from it, by the seconds that `elapsed` tells."""
    begun = elapsed()
    return lambda: moment + timedelta(seconds=elapsed() - begun)
