"""The watchdog's step that writes down for CloudWatch how much stands open, minute by minute.

It shows there what becomes of it; who is to be told of a single clinic is told by its alert.
"""

from collections.abc import Callable, Mapping

from idexx_sync.core.measures import measure
from idexx_sync.database.connection import Conn
from idexx_sync.upkeep import figure_store


def write_figures(conn: Conn, _time_left: Callable[[], float]) -> tuple[Mapping[str, int], bool]:
    """One line; nothing changes by it."""
    stale, locked_out, holds, letters = figure_store.standing(conn)
    measure(
        {
            "ClinicsOnOldData": stale,
            "ClinicsLockedOut": locked_out,
            "HoldsOpen": holds,
            "LettersParked": letters,
        }
    )
    return {}, True
