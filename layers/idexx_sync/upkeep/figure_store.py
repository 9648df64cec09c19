"""SQL of the figures that CloudWatch shows over time: how much of a kind stands now."""

from typing import Final

from idexx_sync.alerts.kinds import OF_THE_LOGIN, STALE
from idexx_sync.database.connection import Conn

_STANDING: Final = """
    SELECT (SELECT count(*) FROM idexx_sync.alerts
             WHERE closed_at IS NULL AND clinic_id IS NOT NULL AND kind = %(stale)s),
           (SELECT count(DISTINCT clinic_id) FROM idexx_sync.alerts
             WHERE closed_at IS NULL AND kind = ANY(%(of_the_login)s)),
           (SELECT count(*) FROM idexx_sync.holds WHERE status = 'open'),
           (SELECT count(*) FROM idexx_sync.dead_letters WHERE status = 'parked')
"""


def standing(conn: Conn) -> tuple[int, int, int, int]:
    """Clinics whose data have grown old, those whose login waits for them, open holds, and dead
    letters that wait for a person."""
    parameters = {"stale": STALE, "of_the_login": list(OF_THE_LOGIN)}
    row = conn.execute(_STANDING, parameters).fetchone()
    assert row is not None
    stale, locked_out, holds, letters = row
    return stale, locked_out, holds, letters
