"""Whether time is offered, as readers see it, that a calendar's answer named (invariant V11)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import dict_row

from oracle.question import Row
from oracle.reading import Reading

FREE = ("cancelled", "no_show")
USUAL_STALE_MINUTES = 60

Place = tuple[date, time]
"""Day and start of a slot."""


@dataclass(frozen=True, slots=True)
class _Trust:
    """Which slots readers take for fresh: some ask the clinic's last sync, others the slot."""

    wall: datetime
    """The clinic's wall clock."""
    oldest: datetime
    """What was stamped before is stale."""
    clinic_is_fresh: bool

    def is_offer(self, slot: Row) -> bool:
        stamp = slot["last_synced_at"]
        is_fresh = self.clinic_is_fresh or stamp is None or stamp >= self.oldest
        return is_fresh and _start(slot) > self.wall


@dataclass(frozen=True, slots=True)
class Read:
    """What was read last, for which days of which clinic."""

    clinic_id: UUID
    first_day: date
    last_day: date
    reading: Reading
    left_before: Mapping[Place, int] | None = None
    """What was left of each slot before the run; None: not known."""


def offered_though_covered(conn: Connection[Any], read: Read, now: datetime) -> list[str]:
    """One line for each slot that is offered as fresh and should not be; `now`: the instant.

    A slot whose places are taken counts as offered if more of them are free than the answer leaves.
    What has begun, and what lies outside of the days, is nobody's offer.
    """
    trust = _trust(conn, read.clinic_id, now)
    slots = [
        slot
        for slot in _slots(conn, read.clinic_id)
        if read.first_day <= slot["date"] <= read.last_day and trust.is_offer(slot)
    ]
    free = _free_by_rows(conn, read.clinic_id)
    return [*_covered(read.reading, slots, free), *_freer(read, slots)]


def left(conn: Connection[Any], clinic_id: UUID) -> dict[Place, int]:
    """What is left of each slot."""
    return {
        (slot["date"], slot["start_time"]): slot["capacity"] - slot["booked_count"]
        for slot in _slots(conn, clinic_id)
    }


def _covered(reading: Reading, slots: list[Row], free: set[str]) -> Iterator[str]:
    for slot in slots:
        start, end = _start(slot), datetime.combine(slot["date"], slot["end_time"])
        over = [
            one
            for one in reading.covered
            if one.overlaps(start, end) and (one.status_known or one.record not in free)
        ]
        number = len({(one.record, one.room) for one in over})
        taken = max(slot["capacity"], number) if any(one.fills for one in over) else number
        if slot["booked_count"] < min(taken, slot["capacity"]):
            names = ", ".join(sorted({one.record for one in over}))
            yield (
                f"slot {slot['date']} {slot['start_time']:%H:%M} is offered "
                f"({slot['booked_count']} of {slot['capacity']} taken) and covered by {names}"
            )


def _freer(read: Read, slots: list[Row]) -> Iterator[str]:
    """An answer with an element of no day may mean any time of it."""
    if not read.reading.undated or read.left_before is None:
        return
    for slot in slots:
        before = read.left_before.get((slot["date"], slot["start_time"]), 0)
        if slot["capacity"] - slot["booked_count"] > max(before, 0):
            yield (
                f"slot {slot['date']} {slot['start_time']:%H:%M} has become freer "
                "although a record has no day"
            )


def _trust(conn: Connection[Any], clinic_id: UUID, now: datetime) -> _Trust:
    row = conn.execute(
        """
        SELECT %(now)s AT TIME ZONE coalesce(c.timezone, 'America/Los_Angeles'),
               max(s.completed_at), max(g.stale_threshold_minutes)
          FROM clinics c
          JOIN clinic_schedule_configs g ON g.clinic_id = c.id
          LEFT JOIN schedule_syncs s ON s.clinic_id = c.id AND s.status = 'completed'
         WHERE c.id = %(clinic)s GROUP BY c.timezone
        """,
        {"clinic": clinic_id, "now": now},
    ).fetchone()
    assert row is not None
    wall, completed_at, minutes = row
    oldest = now - timedelta(minutes=minutes or USUAL_STALE_MINUTES)
    return _Trust(wall, oldest, completed_at is not None and completed_at >= oldest)


def _slots(conn: Connection[Any], clinic_id: UUID) -> list[Row]:
    with conn.cursor(row_factory=dict_row) as cur:
        return cur.execute(
            "SELECT * FROM schedule_slots WHERE clinic_id = %s ORDER BY date, start_time",
            (clinic_id,),
        ).fetchall()


def _free_by_rows(conn: Connection[Any], clinic_id: UUID) -> set[str]:
    """Visits of which ODIS says that they take no time: a word that says nothing leaves that."""
    found = conn.execute(
        "SELECT neo_appointment_id FROM schedule_appointments "
        "WHERE clinic_id = %s AND deleted_at IS NULL AND status = ANY (%s)",
        (clinic_id, list(FREE)),
    )
    return {row[0] for row in found}


def _start(slot: Row) -> datetime:
    return datetime.combine(slot["date"], slot["start_time"])
