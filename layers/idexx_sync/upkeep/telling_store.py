"""SQL of the step that tells in Slack: whose turn it is, and until when Slack takes nothing.

Both are kept as places, in Unix time by Postgres's clock: the next pass may be another process, on
a machine whose clock says something else.
"""

from typing import Final
from uuid import uuid4

from psycopg.types.json import Jsonb

from idexx_sync.database.connection import Conn

HELD_BACK: Final = "slack"
TURN: Final = "slack turn"
TURN_S: Final = 90.0
"""For which a turn may last; no pass does. It is over earlier where its pass ends it."""
LONGEST_WAIT_S: Final = 3600.0
"""A place that says more says nothing: Slack does not either, but a clock that was wrong would."""
_LEFT: Final = """(CASE WHEN jsonb_typeof(p.place -> 'until') = 'number'
    THEN (p.place -> 'until')::numeric - extract(epoch FROM clock_timestamp()) END)"""
"""Seconds until the moment of a place p; null: it names none."""


def take_turn(conn: Conn) -> str | None:
    """What ends the turn; None: it is another's. One whose pass was cut off is over in time."""
    by = str(uuid4())
    row = conn.execute(
        f"""
        INSERT INTO idexx_sync.places AS p (name, place)
        VALUES (%(name)s, jsonb_build_object('by', %(by)s::text, 'until',
                extract(epoch FROM clock_timestamp()) + %(seconds)s))
        ON CONFLICT (name) DO UPDATE SET place = EXCLUDED.place, at = idexx_sync.clock()
         WHERE ({_LEFT} BETWEEN 0 AND %(seconds)s) IS NOT true
        RETURNING p.name
        """,
        {"name": TURN, "by": by, "seconds": TURN_S},
    ).fetchone()
    return None if row is None else by


def end_turn(conn: Conn, by: str) -> None:
    """Another's stays."""
    conn.execute(
        """
        UPDATE idexx_sync.places SET place = NULL, at = idexx_sync.clock()
         WHERE name = %s AND place -> 'by' = %s
        """,
        (TURN, Jsonb(by)),
    )


def hold_back(conn: Conn, seconds: float) -> None:
    """Slack takes nothing for so long."""
    conn.execute(
        """
        INSERT INTO idexx_sync.places (name, place)
        VALUES (%s, jsonb_build_object('until', extract(epoch FROM clock_timestamp()) + %s))
        ON CONFLICT (name) DO UPDATE SET place = EXCLUDED.place, at = idexx_sync.clock()
        """,
        (HELD_BACK, seconds),
    )


def is_held_back(conn: Conn) -> bool:
    """Whether Slack takes nothing yet; a place that can't be read keeps nothing back."""
    row = conn.execute(
        f"""
        SELECT FROM idexx_sync.places p
         WHERE p.name = %s AND {_LEFT} > 0 AND {_LEFT} <= %s
        """,
        (HELD_BACK, LONGEST_WAIT_S),
    ).fetchone()
    return row is not None
