"""The watchdog: one pass over what nobody else looks after, bounded in time and rows.

Each step commits in small parts, so that a pass that is cut off has done what it did; the next one
goes on where it stopped.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final
from uuid import UUID

from idexx_sync.alerts.incident_store import close_causeless, stand_together
from idexx_sync.alerts.incidents import tell_stale
from idexx_sync.core.id_prefix import WHOLE_ID
from idexx_sync.core.logs import logger
from idexx_sync.database.connection import (
    LOST,
    Conn,
    DriverError,
    is_gone,
    unavailable,
    writing,
)
from idexx_sync.database.refusal import refusal
from idexx_sync.jobs import leases
from idexx_sync.jobs.submission import Dispatch
from idexx_sync.upkeep.abandoned import end_abandoned, end_late_ticks
from idexx_sync.upkeep.catch_ups import making_up
from idexx_sync.upkeep.figures import write_figures
from idexx_sync.upkeep.mornings import NEEDS_S as MORNING_NEEDS_S
from idexx_sync.upkeep.mornings import tell_mornings
from idexx_sync.upkeep.place_store import keep_place, place_of
from idexx_sync.upkeep.retention import delete_what_is_old
from idexx_sync.upkeep.telling import NEEDS_S as TELLING_NEEDS_S
from idexx_sync.upkeep.telling import Telling
from idexx_sync.upkeep.ticks import watch_ticks

RESERVE_S: Final = 5.0
"""What a pass leaves of its time, for the statement that is under way and for telling."""
MOST_LEASES: Final = 500
CLINICS_AT_ONCE: Final = 2500
MOST_PARTS: Final = 4
"""Of clinics that one pass looks at: retention comes after them."""
ALERTS: Final = "alerts"
"""Name of the place at which the clinics go on."""


@dataclass(frozen=True, slots=True)
class Pass:
    """What one pass did."""

    counts: dict[str, int]
    """What was done -> how often; what was not done at all is left out."""
    complete: bool
    """Whether nothing was left for the next pass, and nothing refused."""


Step = Callable[[Conn, Callable[[], float]], tuple[Mapping[str, int], bool]]
"""Does a part of the work while time is left; its counts, and whether all of it is done."""


@dataclass(frozen=True, slots=True)
class Part:
    """A step, with the seconds of each pass that are its own: no step before it gets them."""

    step: Step
    needs_s: float = 0.0


def watch(
    conn: Conn,
    time_left: Callable[[], float],
    dispatch: Dispatch | None = None,
    telling: Telling | None = None,
) -> Pass:
    """One pass; `time_left` are the seconds until whoever calls has to be done, and `dispatch`
    sends a catch-up to its sync's queue; without it nobody looks for missed ticks. Without
    `telling` nothing is told in Slack, nor kept for it.

    What Postgres refuses of one step is told, counted as `refused`, and stops no other one. Raises
    DatabaseUnavailable; what was committed before stays.
    """

    def left() -> float:
        return time_left() - RESERVE_S

    counts: Counter[str] = Counter()
    complete, gone = True, None
    parts = list(_parts(dispatch, telling))
    for number, part in enumerate(parts):
        budget = partial(_budget, left, sum(later.needs_s for later in parts[number + 1 :]))
        if budget() <= 0:
            complete = False
            continue
        try:
            done, is_whole = _stepped(part.step, conn, budget)
        except LOST as error:
            gone = unavailable(error)
            break
        counts.update(done)
        complete &= is_whole
    if gone is not None:
        raise gone  # out here: the driver's error may quote
    did = {name: number for name, number in counts.items() if number}
    return Pass(did, complete and "refused" not in did)


def _budget(left: Callable[[], float], of_later: float) -> float:
    return left() - of_later


def _stepped(step: Step, conn: Conn, left: Callable[[], float]) -> tuple[Mapping[str, int], bool]:
    try:
        return step(conn, left)
    except DriverError as error:
        if is_gone(conn, error):
            raise
        logger().error("watchdog refused", step=step.__name__, error_message=refusal(error))
        return {"refused": 1}, False


def release_leases(conn: Conn, time_left: Callable[[], float]) -> tuple[Mapping[str, int], bool]:
    """Free the leases that name a job which has ended."""
    found = leases.left_over(conn, MOST_LEASES)
    for freed, (clinic_id, job_id) in enumerate(found):
        if time_left() <= 0:
            return {"leases_released": freed}, False
        with writing(conn):
            leases.release(conn, clinic_id, job_id, if_expired=True)
    return {"leases_released": len(found)}, len(found) < MOST_LEASES


def tell_alerts(conn: Conn, time_left: Callable[[], float]) -> tuple[Mapping[str, int], bool]:
    """Open and close the alerts that no job's end writes, clinic after clinic, then fleet-wide."""
    counts = Counter(alerts_without_cause=close_causeless(conn))
    behind, is_whole = _behind(place_of(conn, ALERTS)), False
    for _ in range(MOST_PARTS):
        if is_whole or time_left() <= 0:
            break
        changed, behind = tell_stale(conn, behind, CLINICS_AT_ONCE)
        keep_place(conn, ALERTS, None if behind is None else {"behind": str(behind)})
        counts["alerts_on_old_data"] += changed
        is_whole = behind is None
    counts["alerts_for_many"] = stand_together(conn)
    return counts, is_whole


def _behind(place: object) -> UUID | None:
    """The clinic that was looked at last; a place that can't be read is none."""
    behind = place.get("behind") if isinstance(place, dict) else None
    return UUID(behind) if isinstance(behind, str) and re.fullmatch(WHOLE_ID, behind) else None


def delete_old_rows(conn: Conn, time_left: Callable[[], float]) -> tuple[Mapping[str, int], bool]:
    """Delete what retention does not keep."""
    gone, is_whole = delete_what_is_old(conn, time_left)
    return {
        ("refused" if name == "refused" else f"deleted_{name}"): n for name, n in gone.items()
    }, is_whole


def _parts(dispatch: Dispatch | None, telling: Telling | None) -> Iterator[Part]:
    """In the order of a pass: what runs need comes before what only people read."""
    yield Part(end_abandoned)
    yield Part(end_late_ticks)
    yield Part(release_leases)
    if dispatch is not None:
        yield Part(watch_ticks)
        yield Part(making_up(dispatch))
    yield Part(tell_alerts)
    yield Part(write_figures)
    if telling is not None:
        yield Part(tell_mornings, MORNING_NEEDS_S)
        yield Part(telling.tell, TELLING_NEEDS_S)
    yield Part(delete_old_rows)
