"""A worker is killed, frozen, or runs out of time or memory, at any moment of its run."""

import fcntl
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime

from idexx_sync.core.catalog import SyncName
from tests.faults import checks
from tests.faults.clinic import WENT_WELL
from tests.faults.eventful import eventful_clinic
from tests.faults.incident import Event, Incident
from tests.faults.results import Outcome
from tests.faults.rig import Rig
from tests.faults.scenario import Scenario
from tests.faults.swept import swept_clinic
from tests.faults.worker import ANSWERS_WITHIN_S, Worker, tick, working

DELAY_MS, RESERVE_S = 40, 0.5
"""Of Neo's answers, and before the deadline, where a run has too little time."""
SHORT_LEASE_S = 1.0
FIRST_ROUND_TRIP, LAST_ROUND_TRIP = 5, 13
"""Of a worker's first run; those before open its connection."""
WRONG_PASSWORD = "Wrong-Password-1"


def scenarios(*, full: bool) -> Iterator[Scenario]:
    kills = 30 if full else 2
    for number in range(kills):
        log_in = number % 2 == 1
        share = round((number + 0.5) / kills, 3)
        arguments = {"share": share, "log_in": log_in, "seed": number}
        yield Scenario("Worker killed at a random moment", kill_at_moment, arguments, 8)
    for n in range(FIRST_ROUND_TRIP, LAST_ROUND_TRIP + 1):
        if full or n % 4 == 2:
            yield Scenario("Worker killed at round trip n", kill_at_round_trip, {"n": n}, 6)
        if full or n % 4 == 3:
            yield Scenario("Worker frozen past its lease, thawed", freeze, {"n": n}, 8)
    for n in range(1 if not full else 5):
        yield Scenario("Worker killed with a wrong password", kill_wrong_password, {"late": n}, 15)
    for number in range(parts := 10 if full else 1):
        share = round((number + 0.5) / parts, 3)
        yield Scenario("Worker out of time", out_of_time, {"share": share}, 6)
    yield Scenario("Worker out of time", out_of_time, {"share": 0.5, "log_in": True}, 9)
    for number in range(12 if full else 1):
        yield Scenario("Worker out of memory", out_of_memory, {"spare_mb": 9 + 3 * number}, 8)


def kill_at_moment(
    rig: Rig, outcome: Outcome, *, share: float, log_in: bool, seed: int, of: SyncName = "inbound"
) -> None:
    """SIGKILL after a share of the time that a run takes, and a bit by chance."""
    moment = run_seconds(rig, log_in, of=of) * share * random.Random(seed).uniform(0.8, 1.2)

    def strike(worker: Worker, event: Event) -> None:
        worker.begin(event)
        worker.answers_within(moment)

    clinic = swept_clinic(rig, of, traceless=bool(seed % 4), log_in=log_in)
    Incident(clinic, outcome).carry(strike)


def kill_at_round_trip(rig: Rig, outcome: Outcome, *, n: int, of: SyncName = "inbound") -> None:
    """SIGKILL before the worker's round trip n reaches Postgres."""
    clinic = swept_clinic(rig, of, proxied=True)

    def strike(worker: Worker, event: Event) -> None:
        at_round_trip(rig, n, lambda: worker.signal(signal.SIGKILL))
        worker.begin(event)
        worker.answers_within(ANSWERS_WITHIN_S)
        rig.proxy.calm()

    Incident(clinic, outcome).carry(strike)


def out_of_time(
    rig: Rig, outcome: Outcome, *, share: float, log_in: bool = False, of: SyncName = "inbound"
) -> None:
    """Lambda's deadline comes in the middle; whoever is still there is killed."""
    seconds = RESERVE_S + share * run_seconds(rig, log_in, DELAY_MS, of=of)
    clinic = swept_clinic(rig, of, log_in=log_in)
    clinic.neo.set_knob("delay_ms", DELAY_MS)

    def strike(worker: Worker, event: Event) -> None:
        worker.begin(event, seconds=seconds)
        in_time = worker.answers_within(seconds)
        outcome.notes["answered in time" if in_time else "killed by the deadline"] += 1

    incident = Incident(clinic, outcome, IDEXX_SYNC_DEADLINE_RESERVE_SECONDS=str(RESERVE_S))
    incident.carry(strike)


def out_of_memory(rig: Rig, outcome: Outcome, *, spare_mb: int) -> None:
    """The calendar is long, and there is little memory for it."""
    clinic = eventful_clinic(rig)
    now = datetime.fromisoformat(clinic.neo.now())
    clinic.neo.book_many(
        [
            {"start": now.replace(hour=8 + n % 10, minute=n % 60), "patient": f"MANY {n % 50}"}
            for n in range(1_500)
        ]
    )

    def strike(worker: Worker, event: Event) -> None:
        worker.begin(event, spare_mb=spare_mb)
        worker.answers_within(ANSWERS_WITHIN_S)

    Incident(clinic, outcome).carry(strike)


def kill_wrong_password(rig: Rig, outcome: Outcome, *, late: int) -> None:
    """SIGKILL between the submission of a wrong password and the record of what came of it."""
    clinic = eventful_clinic(rig, log_in=True)
    clinic.set_credentials(WRONG_PASSWORD)

    def strike(worker: Worker, event: Event) -> None:
        worker.begin(event)
        while not clinic.neo.logins() and not worker.answers_within(0.005):
            pass
        worker.answers_within(late * 0.02)

    incident = Incident(clinic, outcome)
    incident.watch.most_wrong_logins = 2
    incident.carry(strike)


def freeze(rig: Rig, outcome: Outcome, *, n: int, of: SyncName = "inbound") -> None:
    """SIGSTOP before round trip n; another run takes over; SIGCONT: it must not write."""
    clinic = swept_clinic(rig, of, proxied=True)
    incident = Incident(
        clinic,
        outcome,
        IDEXX_SYNC_LEASE_SECONDS=str(SHORT_LEASE_S),
        IDEXX_SYNC_HEARTBEAT_SECONDS=str(SHORT_LEASE_S / 4),
    )
    stopped = threading.Event()

    def strike(worker: Worker, event: Event) -> None:
        def stop() -> None:
            worker.signal(signal.SIGSTOP)
            stopped.set()

        at_round_trip(rig, n, stop)
        worker.begin(event)
        if not stopped.wait(ANSWERS_WITHIN_S):
            raise RuntimeError(f"round trip {n} was never made")
        rig.proxy.calm()
        stale = incident.take_over() and incident.had_the_lease()
        then = incident.everything_else()
        worker.signal(signal.SIGCONT)
        worker.answers_within(ANSWERS_WITHIN_S)
        if stale:
            incident.watch.add(checks.stale_writes(then, incident.everything_else()))

    incident.carry(strike)


def run_seconds(rig: Rig, log_in: bool, delay_ms: int = 0, *, of: SyncName = "inbound") -> float:
    """How long a worker's first run takes on this machine when nobody disturbs it.

    Measured once, whoever asks first.
    """
    with (rig.measured / f"{log_in}-{delay_ms}-{of}").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        if not (text := file.read()):
            text = str(_measured(rig, log_in, delay_ms, of=of))
            file.write(text)
        return float(text)


def _measured(rig: Rig, log_in: bool, delay_ms: int, *, of: SyncName) -> float:
    clinic = swept_clinic(rig, of, log_in=log_in)
    clinic.neo.set_knob("delay_ms", delay_ms)
    event, _ = tick(clinic, clinic.now)
    with working(clinic) as worker:
        started = time.monotonic()
        worker.begin(event)
        answer = worker.answer()
        seconds = time.monotonic() - started
    clinic.close()
    if answer is None or answer.get("status") not in WENT_WELL:
        raise RuntimeError(f"an undisturbed run ended as {answer}")
    return seconds


def at_round_trip(rig: Rig, n: int, act: Callable[[], None]) -> None:
    """Have something done just before the nth round trip from now on."""
    rig.proxy.reset()
    rig.proxy.on_round_trip = lambda number: act() if number == n else None
