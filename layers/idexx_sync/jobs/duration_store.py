"""SQL of how long runs that were scheduled have taken."""

from datetime import timedelta
from typing import Final

from idexx_sync.core.catalog import SyncName
from idexx_sync.database.connection import Conn

WITHIN: Final = timedelta(days=7)


def mean_durations(conn: Conn) -> dict[SyncName, tuple[float, int]]:
    """Sync -> seconds from start to end on average, and of how many runs of the last days."""
    found = conn.execute(
        """
        SELECT sync, avg(extract(epoch FROM finished_at - started_at))::float8, count(*)
          FROM idexx_sync.jobs
         WHERE finished_at > idexx_sync.clock() - %s::interval AND started_at IS NOT NULL
           AND trigger = 'schedule' AND manner <> 'preview'
           AND status IN ('succeeded', 'succeeded_with_warnings', 'held', 'failed')
         GROUP BY sync
        """,
        (WITHIN,),
    ).fetchall()
    return {sync: (seconds, runs) for sync, seconds, runs in found}
