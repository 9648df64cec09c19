"""SQL of what the case sync asks of the calendar's: what it has removed, and whether it waits; and
whether somebody has paused the clinic."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from idexx_sync.clinics.pause_store import STANDS_FOR
from idexx_sync.core.catalog import SyncName
from idexx_sync.database.connection import Conn, Cur
from idexx_sync.pims.protocol import Window
from idexx_sync.syncs.memory import VisitMemory
from idexx_sync.syncs.memory_store import in_source
from idexx_sync.syncs.proof import STRIKES_THAT_PROVE

PROVEN_GONE: Final = ("deleted_at_source", "cancelled_at_source", "not_found_twice", "approved")
"""Reasons of the calendar's sync for a removal that rests on the record's own id, or a person."""
OLDEST_WAITING: Final = timedelta(minutes=20)
"""An inbound job that waits for longer has been given up: its event is too old by then."""
MadeWayFor = Literal["pause", "calendar"]
"""What a run leaves the rest of its work for."""
_START: Final = in_source(VisitMemory, "start")
_STATUS: Final = in_source(VisitMemory, "status")


def starts_remembered(conn: Conn, clinic_id: UUID, window: Window) -> Cur:
    """Id, start and word of each visit of the window that a read should show; whether the
    calendar's sync has proven since that it is gone; and whether it is shown no more for another
    reason: its row lies on other days, Neo has told so by its id, or a person has let it go.
    """
    return conn.execute(
        f"""
        SELECT external_id, {_START}, {_STATUS},
               NOT EXISTS (SELECT FROM public.schedule_appointments a
                            WHERE a.clinic_id = r.clinic_id AND a.deleted_at IS NULL
                              AND a.neo_appointment_id = r.external_id)
               AND EXISTS (SELECT FROM idexx_sync.changes c
                            WHERE c.clinic_id = r.clinic_id AND c.external_id = r.external_id
                              AND c.kind = 'appointment' AND c.action = 'remove'
                              AND c.outcome = 'written' AND c.reasons && %(proven_gone)s),
               strikes >= %(proven)s
               OR EXISTS (SELECT FROM public.schedule_appointments a
                           WHERE a.clinic_id = r.clinic_id AND a.deleted_at IS NULL
                             AND a.neo_appointment_id = r.external_id
                          HAVING bool_and(a.date NOT BETWEEN %(first_day)s AND %(last_day)s))
          FROM idexx_sync.records r
         WHERE clinic_id = %(clinic_id)s AND kind = 'visit'
           AND {_START} BETWEEN %(first)s AND %(last)s
        """,
        {
            "proven": STRIKES_THAT_PROVE,
            "first_day": window.first_day,
            "last_day": window.last_day,
            "proven_gone": list(PROVEN_GONE),
            "clinic_id": clinic_id,
            "first": f"{window.first_day} 00:00:00",
            "last": f"{window.last_day} 23:59:59",
        },
    )


def expect_no_more(conn: Conn, clinic_id: UUID, visits: Collection[str], now: datetime) -> None:
    """Remember that these visits are gone, until a read shows them again."""
    if visits:
        conn.execute(
            """
            UPDATE idexx_sync.records SET strikes = %s, struck_at = %s
             WHERE clinic_id = %s AND kind = 'visit' AND external_id = ANY(%s)
            """,
            (STRIKES_THAT_PROVE, now, clinic_id, sorted(visits)),
        )


def makes_way_for(
    conn: Conn, clinic_id: UUID, syncs: Sequence[SyncName] = ("inbound",)
) -> MadeWayFor | None:
    """A pause of the clinic or of all, else a run of these syncs of the clinic that waits for the
    lease; None: neither."""
    found = conn.execute(
        f"""
        SELECT EXISTS (SELECT FROM public.clinics c JOIN idexx_sync.pauses p ON {STANDS_FOR}
                        WHERE c.id = %(clinic_id)s),
               EXISTS (SELECT FROM idexx_sync.jobs
                        WHERE clinic_id = %(clinic_id)s AND sync = ANY(%(syncs)s)
                          AND status = 'queued' AND queued_at > idexx_sync.clock() - %(oldest)s)
        """,
        {"clinic_id": clinic_id, "syncs": list(syncs), "oldest": OLDEST_WAITING},
    ).fetchone()
    assert found is not None
    is_paused, calendar_waits = found
    return "pause" if is_paused else "calendar" if calendar_waits else None
