"""Finds the ticks that should have had a run and had none (rule R31).

The watchdog keeps the timetable of each clinic's syncs as it has seen it. A tick is looked at once,
some minutes after it was due, by the timetable that stood then; one that has no job is missed, and
gets a job that says so. What nobody has seen stand is not judged: a schedule that is new or has
changed counts from half an hour later on, and up to when it was seen last.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Final
from uuid import UUID

from idexx_sync.core.catalog import SYNCS, SyncName
from idexx_sync.core.clinic_time import zone_of
from idexx_sync.core.logs import logger
from idexx_sync.database.business_time import business_time
from idexx_sync.database.connection import Conn, Settle, bound_waits
from idexx_sync.database.parts import in_parts
from idexx_sync.jobs import tick_store
from idexx_sync.jobs.model import RunOrder, tick_order
from idexx_sync.schedules.fields import BadCron
from idexx_sync.schedules.ticks import (
    MADE_UP_WITHIN,
    SETTLES,
    Crons,
    Look,
    crons_of,
    look,
    missed_after,
    reading,
)
from idexx_sync.upkeep import timetable_store as store
from idexx_sync.upkeep.place_store import keep_place, place_of
from idexx_sync.upkeep.timetable_store import Changed, New, Timetable

WORK: Final = "ticks"
"""Name of the place that says when all timetables were seen last."""
MOST_CLINICS: Final = 2_000
"""Whose schedules one pass reads anew."""
AT_ONCE: Final = 200
"""Timetables that one transaction looks at."""
MOST_PARTS: Final = 25
MOST_TICKS: Final = 100
"""Of one timetable at once: a day of quarters of an hour."""
_AT_ONCE: Final[Settle] = lambda: None  # noqa: E731
"""Nothing is sent before the answer to what was sent last."""


def watch_ticks(conn: Conn, time_left: Callable[[], float]) -> tuple[Mapping[str, int], bool]:
    """Take in what has changed of the clinics' schedules, then find the ticks that were missed."""
    is_whole = keep_timetables(conn)
    after = {sync: missed_after(usual) for sync, usual in _usual_delays(conn).items()}
    counts: Counter[str] = Counter()
    for _ in range(MOST_PARTS):
        if time_left() <= 0:
            return counts, False
        with conn.transaction():
            bound_waits(conn)
            now = business_time(conn)
            until = {sync: now - waits for sync, waits in after.items()}
            found = store.due_before(conn, until, AT_ONCE)
            if found:
                counts.update(_judge(conn, found, until, now))
        if len(found) < AT_ONCE:
            return counts, is_whole
    return counts, False


def _usual_delays(conn: Conn) -> dict[SyncName, timedelta | None]:
    found = tick_store.usual_delays(conn)
    return {sync: found.get(sync) for sync in SYNCS}


def keep_timetables(conn: Conn, most: int = MOST_CLINICS) -> bool:
    """Take in what has changed; whether that was all.

    A timetable that stands no longer ends at the moment when all were seen last: what has become
    of it since, nobody knows.
    """
    with conn.transaction():
        bound_waits(conn)
        now = business_time(conn)
        found = store.changed(conn, _reading(), most)
        if found:
            _take_in(conn, found, _seen_at(place_of(conn, WORK), now), now)
        if len(found) < most:
            keep_place(conn, WORK, {"seen_at": now.isoformat()})
    return len(found) < most


@cache
def _reading() -> str:
    return sha256(reading().encode()).hexdigest()[:16]


def _seen_at(place: object, now: datetime) -> datetime | None:
    """A place that can't be read, or is of a time to come, is none."""
    said = place.get("seen_at") if isinstance(place, dict) else None
    try:
        seen = datetime.fromisoformat(said) if isinstance(said, str) else None
        return seen if seen is not None and seen <= now else None
    except (TypeError, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class _Change:
    """What becomes of the timetables of some clinics."""

    confirmed: dict[int, str]
    ended: list[int]
    new: list[New]


def _take_in(conn: Conn, found: list[Changed], seen_at: datetime | None, now: datetime) -> None:
    stands = {(one.clinic_id, one.sync): one for one in store.standing(conn, _ids(found))}
    change = _change(found, stands, now)
    store.confirm(conn, change.confirmed)
    store.end(conn, change.ended, seen_at)
    store.begin(conn, change.new)


def _ids(found: Iterable[Changed | Timetable]) -> list[UUID]:
    return list({one.clinic_id for one in found})


def _change(
    found: list[Changed], stands: Mapping[tuple[UUID, SyncName], Timetable], now: datetime
) -> _Change:
    change = _Change({}, [], [])
    for clinic in found:
        for sync, by in _wanted(clinic).items():
            stood = stands.get((clinic.clinic_id, sync))
            if stood is not None and clinic.read_from is not None and stood.by == by:
                change.confirmed[stood.id] = clinic.read_from
                continue
            if stood is not None:
                change.ended.append(stood.id)
            if clinic.read_from is not None:
                change.new.append(_new(clinic.clinic_id, sync, clinic.read_from, by, now))
    return change


def _wanted(clinic: Changed) -> dict[SyncName, Crons]:
    return crons_of(clinic.clinic_id, clinic.sync_schedules, clinic.timezone)


def _new(clinic_id: UUID, sync: SyncName, read_from: str, by: Crons, now: datetime) -> New:
    counts_from = now + SETTLES
    return New(clinic_id, sync, read_from, by, counts_from, by.next_tick(counts_from))


def _judge(
    conn: Conn, found: list[Timetable], until: Mapping[SyncName, datetime], now: datetime
) -> Mapping[str, int]:
    """Look at the ticks of these timetables up to each sync's moment; how many were missed."""
    silences = store.silences(conn, _ids(found))
    due: list[RunOrder] = []
    judged: dict[int, tuple[datetime, datetime | None]] = {}
    unreadable: list[int] = []
    for one in found:
        try:
            seen = _look(one, until[one.sync], now)
        except BadCron:  # of another release
            unreadable.append(one.id)
            continue
        judged[one.id] = (seen.judged_until, seen.next_due)
        quiet = [silence for of, silence in silences if of in (None, one.clinic_id)]
        due += [
            tick_order(one.clinic_id, one.sync, "schedule", tick)
            for tick in seen.due
            if not any(silence.covers(tick) for silence in quiet)
        ]
    counts = _missed(conn, due)
    if judged:
        store.go_on(conn, judged)
    if unreadable:
        logger().error("timetables unreadable", count=len(unreadable))
        store.forget(conn, unreadable)
    return counts


def _missed(conn: Conn, due: list[RunOrder]) -> Mapping[str, int]:
    """Write down those that have no job; one that Postgres refuses stops no other one (R26)."""
    parts = in_parts(conn, _AT_ONCE, "jobs", due, lambda part: tick_store.insert_missed(conn, part))
    for tick, why in parts.refused:
        logger().error("tick not written down", job_id=str(tick.job_id), refused_by=why.name)
    return {"ticks_missed": sum(parts.results), "refused": len(parts.refused)}


def _look(one: Timetable, until: datetime, now: datetime) -> Look:
    last = until if one.ended_at is None else min(until, one.ended_at)
    first = max(one.judged_until, now - MADE_UP_WITHIN)
    return look(one.by.crons, zone_of(one.by.zone), first, last, MOST_TICKS)
