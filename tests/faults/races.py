"""Many at once for one clinic: one runs, the others wait, return or give up."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from idexx_sync.jobs.contract import WRITING, Progress, Report, Run, Silent, Sync
from idexx_sync.jobs.model import RunOrder
from idexx_sync.jobs.runner import Dependencies
from idexx_sync.pims.protocol import Pims
from idexx_sync.syncs.inbound.sync import InboundSync
from tests.faults.clinic import TRIES, Delivery, FaultClinic
from tests.faults.converge import Watch
from tests.faults.eventful import eventful_clinic
from tests.faults.eventful_cases import eventful_case_clinic
from tests.faults.eventful_nights import eventful_night_clinic
from tests.faults.results import Outcome, Violation
from tests.faults.rig import Rig
from tests.faults.scenario import Scenario

RACERS = 50
LOOKS_AGAIN_S = 0.05
"""How long a waiting run pauses before it looks again whether it may begin."""


def scenarios(*, full: bool) -> Iterator[Scenario]:
    for round_ in range(5 if full else 1):
        yield Scenario("50 racers for one lease", race, {"round": round_}, 20)
        yield Scenario("40 runs on an expired session", race_for_login, {"round": round_}, 20)
        yield Scenario("Delivered twice at once", deliver_twice, {"at_once": 10, "late": 3}, 4)


def race(rig: Rig, outcome: Outcome, *, round: int) -> None:  # noqa: A002 the scenario's own word
    """As many orders as racers, all at the same moment."""
    clinic = eventful_clinic(rig, traceless=bool(round % 2))
    orders = [clinic.order() for _ in range(RACERS)]
    _race(clinic, outcome, orders, at_once=RACERS)


def race_for_login(rig: Rig, outcome: Outcome, *, round: int) -> None:  # noqa: A002
    """The session has expired for all of them; one of them logs in."""
    clinic = eventful_clinic(rig, traceless=bool(round % 2))
    clinic.neo.expire_sessions()
    orders = [clinic.order() for _ in range(40)]
    _race(clinic, outcome, orders, at_once=40, most_logins=1)


def deliver_twice(rig: Rig, outcome: Outcome, *, at_once: int, late: int) -> None:
    """The same event several times at once, and again when it has long been done."""
    clinic = eventful_clinic(rig)
    order = clinic.order()
    _race(clinic, outcome, [order] * at_once, at_once=at_once, late=late)


class OneAtATime(InboundSync):
    """Notices when two runs are at work for one clinic.

    A run counts until it begins to write: it lets its lease go in the very transaction.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._working: set[int] = set()
        self.runs = 0
        self.most_at_once = 0

    def __call__(self, run: Run, pims: Pims) -> Report:
        with self._lock:
            self.runs += 1
            me = self.runs
            self._working.add(me)
            self.most_at_once = max(self.most_at_once, len(self._working))
        try:
            progress = UntilWriting(run.progress, lambda: self._working.discard(me))
            return super().__call__(replace(run, progress=progress), pims)
        finally:
            self._working.discard(me)


class UntilWriting(Silent):
    """Passes progress on, and tells when the run begins to write."""

    def __init__(self, progress: Progress, writes: Callable[[], None]) -> None:
        self._progress = progress
        self._writes = writes

    def phase(self, name: str, total: int | None = None) -> None:
        if name == WRITING:
            self._writes()
        self._progress.phase(name, total)


def _race(
    clinic: FaultClinic,
    outcome: Outcome,
    orders: list[RunOrder],
    *,
    at_once: int,
    late: int = 0,
    most_logins: int = 0,
) -> None:
    watch, sync = Watch(clinic, outcome), OneAtATime()
    different = {order.job_id for order in orders}
    try:
        watch.incident(
            lambda: (
                _all_at_once(clinic, sync, orders, at_once)
                + [clinic.invoke(orders[0], sync=sync) for _ in range(late)]
            ),
            lambda: list(different),
        )
        outcome.notes["struck"] += sync.runs > 0
        outcome.notes["runs"] += sync.runs
        if sync.most_at_once > 1:
            watch.add([Violation("V5", f"{sync.most_at_once} runs at once for one clinic")])
        if len(different) == 1 and sync.runs > 1:
            watch.add([Violation("V5", f"one event was carried out {sync.runs} times")])
        logins = len(clinic.neo.logins())
        if logins > most_logins:
            watch.add([Violation("V9", f"{logins} logins, {most_logins} were needed")])
        watch.converge()
    finally:
        clinic.close()


def both_at_once(rig: Rig, outcome: Outcome, *, racers: int, round: int) -> None:  # noqa: A002
    """Inbound and case runs of one clinic, all at the same moment."""
    clinic = eventful_case_clinic(rig)
    clinic.syncs = ("cases", "inbound")
    _race_of_syncs(clinic, outcome, racers)


def all_at_once(rig: Rig, outcome: Outcome, *, racers: int, round: int) -> None:  # noqa: A002
    """The same of all syncs, where a reconciliation has everything to do."""
    _race_of_syncs(eventful_night_clinic(rig, traceless=bool(round % 2)), outcome, racers)


def _race_of_syncs(clinic: FaultClinic, outcome: Outcome, racers: int) -> None:
    orders = [clinic.order(clinic.syncs[n % len(clinic.syncs)]) for n in range(racers)]
    try:
        watch = Watch(clinic, outcome)
        deliveries = watch.incident(
            lambda: _all_at_once(clinic, None, orders, racers),
            lambda: [order.job_id for order in orders],
        )
        outcome.notes["struck"] += any(delivery.succeeded for delivery in deliveries)
        watch.converge()
    finally:
        clinic.close()


def run_both(watch: Watch) -> list[Delivery]:
    """An inbound and a case run of the clinic at the same moment: one waits for the other."""
    clinic = watch.clinic
    orders = [clinic.order("inbound"), clinic.order("cases")]
    return watch.incident(
        lambda: _all_at_once(clinic, None, orders, len(orders)),
        lambda: [order.job_id for order in orders],
    )


def _all_at_once(
    clinic: FaultClinic, sync: Sync | None, orders: list[RunOrder], racers: int
) -> list[Delivery]:
    start = threading.Barrier(racers)

    def patient(dependencies: Dependencies) -> Dependencies:
        return replace(dependencies, sleep=lambda _seconds: time.sleep(LOOKS_AGAIN_S))

    def racer(order: RunOrder) -> Delivery:
        dependencies = patient(clinic.make_dependencies())
        try:
            dependencies.database.connection()
            start.wait()
            return clinic.invoke(order, dependencies, sync)
        finally:
            dependencies.database.close()

    run: Callable[[RunOrder], Delivery] = racer
    with ThreadPoolExecutor(racers) as pool:
        deliveries = list(pool.map(run, orders))
    # One that waited in vain is delivered again by Lambda, like any other.
    for order, done in zip(orders, list(deliveries), strict=True):
        again = done
        for number in range(1, TRIES):
            if not again.wants_retry:
                break
            clinic.later(number)
            again = clinic.invoke(order, sync=sync)
            deliveries.append(again)
    return deliveries
