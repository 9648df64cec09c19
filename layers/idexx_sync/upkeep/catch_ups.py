"""Makes up the ticks that did not run (rule R31): one run for all of a sync, up to its newest one.

The catch-up is committed before it is sent to its sync's queue, so that none is lost, and is sent
again until the queue has taken it: the same job, of which one run comes.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import zip_longest
from typing import Final
from uuid import UUID

from idexx_sync.clinics.needs import blocker
from idexx_sync.clinics.state import ClinicState, states_of
from idexx_sync.core.catalog import SYNCS, SyncName
from idexx_sync.core.errors import may_pass
from idexx_sync.core.logs import logger
from idexx_sync.database.connection import Conn, DriverError, bound_waits, is_gone, writing
from idexx_sync.database.refusal import refusal
from idexx_sync.jobs import tick_store
from idexx_sync.jobs.submission import Dispatch, WorkerUnavailable
from idexx_sync.jobs.submission_store import mark_dispatched
from idexx_sync.jobs.tick_store import Unrun
from idexx_sync.schedules.staleness import Schedules, next_tick
from idexx_sync.schedules.ticks import NEXT_IS_NEAR
from idexx_sync.upkeep.place_store import keep_place, place_of

MOST_SENT: Final = 20
"""Of one pass: what a fleet has missed at once comes over the minutes that follow."""
SENDS_FOR_S: Final = 20.0
"""For all of a pass, or a queue that is slow to answer would leave the steps after it no time."""
MOST_LOOKED_AT: Final = 50
"""Ticks of each sync: most of those that are not made up wait for somebody."""


Step = Callable[[Conn, Callable[[], float]], tuple[Mapping[str, int], bool]]
"""A step of the watchdog."""


def making_up(dispatch: Dispatch) -> Step:
    """The watchdog's step, with the way by which catch-ups are sent."""

    def make_up(conn: Conn, time_left: Callable[[], float]) -> tuple[Mapping[str, int], bool]:
        begun_with = time_left()
        return make_up_missed(
            conn, lambda: min(time_left(), SENDS_FOR_S - (begun_with - time_left())), dispatch
        )

    return make_up


def make_up_missed(
    conn: Conn, time_left: Callable[[], float], dispatch: Dispatch
) -> tuple[Mapping[str, int], bool]:
    """Send what the last pass could not, then make and send catch-ups for what did not run.

    While a sync's queue does not answer nothing more of that sync is made.
    """
    sending = _Sending(conn, dispatch)
    unsent = {sync: tick_store.unsent(conn, sync, MOST_SENT) for sync in SYNCS}
    for sync, job_id in _in_turn({sync: [(sync, one) for one in unsent[sync]] for sync in SYNCS}):
        if time_left() <= 0:
            return sending.counts, False
        sending.send(sync, job_id)
    found = {sync: [] if sync in sending.away else _next_ticks(conn, sync) for sync in SYNCS}
    clinics = {tick.clinic_id for ticks in found.values() for tick in ticks}
    states = {state.id: state for state in states_of(conn, clinics)}
    passed = Counter[SyncName]()
    for tick in _in_turn(found):
        if sending.tried >= MOST_SENT or time_left() <= 0:
            break
        if tick.sync in sending.away:
            continue
        passed[tick.sync] += 1
        if not _helps(states.get(tick.clinic_id), tick):
            continue
        if (catch_up := _made(conn, tick, sending.counts)) is not None:
            sending.send(tick.sync, catch_up)
    asked = [sync for sync in SYNCS if sync not in sending.away]
    ends = [_keep_on(conn, sync, found[sync], passed[sync]) for sync in asked]
    return sending.counts, all(ends) and not sending.away


class _Sending:
    """The catch-ups that one pass sends; of a sync whose queue does not answer nothing more is."""

    def __init__(self, conn: Conn, dispatch: Dispatch) -> None:
        self._conn = conn
        self._dispatch = dispatch
        self.counts: Counter[str] = Counter()
        self.away: set[SyncName] = set()
        self.tried = 0

    def send(self, sync: SyncName, job_id: UUID) -> None:
        if sync in self.away:
            return
        self.tried += 1
        try:
            self._dispatch(sync, job_id)
        except WorkerUnavailable:
            self.counts["catch_ups_unsent"] += 1
            self.away.add(sync)
            return
        with writing(self._conn):
            mark_dispatched(self._conn, job_id)
        self.counts["catch_ups_sent"] += 1


def _made(conn: Conn, tick: Unrun, counts: Counter[str]) -> UUID | None:
    """The catch-up, committed; what Postgres refuses is the trouble of this tick only (R26)."""
    try:
        with conn.transaction():
            bound_waits(conn)
            return tick_store.insert_catch_up(conn, tick)
    except DriverError as error:
        if is_gone(conn, error):
            raise
        logger().error("not made up", job_id=str(tick.job_id), error_message=refusal(error))
        counts["refused"] += 1
        return None


def _next_ticks(conn: Conn, sync: SyncName) -> list[Unrun]:
    """The ticks of the sync that may be made up, from where the last pass stopped."""
    return tick_store.to_make_up(conn, sync, _behind(place_of(conn, _work(sync))), MOST_LOOKED_AT)


def _in_turn[One](found: Mapping[SyncName, list[One]]) -> Iterator[One]:
    """One of each sync after the other, so that none keeps the others waiting."""
    for turn in zip_longest(*found.values()):
        yield from (one for one in turn if one is not None)


def _keep_on(conn: Conn, sync: SyncName, ticks: list[Unrun], passed: int) -> bool:
    """Let the next pass go on behind the ticks that this one has passed; whether none are left."""
    is_over = passed == len(ticks) < MOST_LOOKED_AT
    if is_over or passed:
        last = None if is_over else ticks[passed - 1]
        place = None if last is None else [last.due.isoformat(), str(last.job_id)]
        if place != place_of(conn, _work(sync)):
            keep_place(conn, _work(sync), place)
    return is_over


def _work(sync: SyncName) -> str:
    return f"catch_ups:{sync}"


def _behind(place: object) -> tuple[datetime, UUID] | None:
    """The tick that was looked at last; a place that can't be read is none."""
    if not isinstance(place, list) or len(place) != 2:
        return None
    try:
        return datetime.fromisoformat(place[0]), UUID(place[1])
    except (TypeError, ValueError, AttributeError):
        return None


def _helps(state: ClinicState | None, tick: Unrun) -> bool:
    """Whether the sync is still scheduled, and a run now can succeed and is not about to come
    anyway."""
    if state is None or blocker(_hopeful(state), tick.sync, tick.now) is not None:
        return False
    said = Schedules(state.id, tick.now, state.sync_schedules, state.timezone)
    following = next_tick(tick.sync, tick.due, said)
    return following is not None and following > tick.now + NEXT_IS_NEAR


def _hopeful(state: ClinicState) -> ClinicState:
    """The clinic without failures after which the next run may go well: that nobody came for the
    tick, for one, stands there as a failure of its sync."""
    histories = (
        one._replace(error_kind=None) if one.error_kind and may_pass(one.error_kind) else one
        for one in state.histories
    )
    return replace(state, histories=tuple(histories))
