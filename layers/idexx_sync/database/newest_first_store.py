"""Lists of what belongs to a clinic and a sync, the newest first, a page at a time."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, TypedDict
from uuid import UUID

from psycopg.rows import kwargs_row

from idexx_sync.core.id_prefix import IdRange
from idexx_sync.database.connection import Conn

USUAL_LIMIT: Final = 20


class Fitting(TypedDict, total=False):
    """What is listed has to fit all of this; what is left out, or None, asks nothing."""

    clinic_id: UUID | None
    sync: str | None
    status: str | None
    since: datetime | None
    """Of that moment or later."""
    ids: IdRange | None
    """Of these ids only, both ends included."""


def newest_first[T](
    conn: Conn,
    read: Callable[..., T],
    select: str,
    moment: str,
    fitting: Fitting,
    *,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[T]:
    """What fits of the rows that `select` selects, made by `read` of their columns.

    `moment` is the column that orders them, and after it the id. `after`: begin behind the row of
    that moment and id.
    """
    after_moment, after_id = after or (None, None)
    first_id, last_id = fitting.get("ids") or (None, None)
    parameters: dict[str, Any] = {
        "clinic_id": fitting.get("clinic_id"),
        "sync": fitting.get("sync"),
        "status": fitting.get("status"),
        "since": fitting.get("since"),
        "first_id": first_id,
        "last_id": last_id,
        "after_moment": after_moment,
        "after_id": after_id,
        "limit": limit,
    }
    with conn.cursor(row_factory=kwargs_row(read)) as cur:
        return cur.execute(
            f"""
            {select}
             WHERE (%(clinic_id)s::uuid IS NULL OR clinic_id = %(clinic_id)s)
               AND (%(sync)s::text IS NULL OR sync = %(sync)s)
               AND (%(status)s::text IS NULL OR status = %(status)s)
               AND (%(since)s::timestamptz IS NULL OR {moment} >= %(since)s)
               AND (%(first_id)s::uuid IS NULL OR id BETWEEN %(first_id)s AND %(last_id)s)
               AND (%(after_id)s::uuid IS NULL
                    OR ({moment}, id) < (%(after_moment)s, %(after_id)s))
             ORDER BY {moment} DESC, id DESC LIMIT %(limit)s
            """,
            parameters,
        ).fetchall()
