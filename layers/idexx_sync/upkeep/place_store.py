"""SQL of places: where work that is done in bounded parts goes on the next time."""

from datetime import timedelta
from typing import Any

from psycopg.types.json import Jsonb

from idexx_sync.database.connection import Conn


def place_of(conn: Conn, name: str) -> Any:
    """What was done last; None: the work begins anew."""
    row = conn.execute("SELECT place FROM idexx_sync.places WHERE name = %s", (name,)).fetchone()
    return None if row is None else row[0]


def keep_place(conn: Conn, name: str, place: Any) -> None:
    conn.execute(
        """
        INSERT INTO idexx_sync.places AS p (name, place) VALUES (%s, %s)
        ON CONFLICT (name) DO UPDATE SET place = EXCLUDED.place, at = idexx_sync.clock()
        """,
        (name, None if place is None else Jsonb(place)),
    )


def resting(conn: Conn, names: list[str], rests: timedelta) -> set[str]:
    """Those of the works whose last round ended less than so long ago."""
    rows = conn.execute(
        """
        SELECT name FROM idexx_sync.places
         WHERE name = ANY(%s) AND place -> 'round' = '"over"'
           AND at BETWEEN idexx_sync.clock() - %s AND idexx_sync.clock()
        """,
        (names, rests),
    ).fetchall()
    return {name for (name,) in rows}
