"""The sweeps and kills of the other modules, of a case run with several consultations.

Where a fault can come in hundreds of places, the short set takes a sample of them, and each place
in some way; `--full` takes all of them.
"""

from collections.abc import Iterator
from typing import Any

from tests.faults import kills, races, sweep_database, sweep_neo
from tests.faults.competitor import CASE_LOCKS
from tests.faults.eventful_cases import RECORDS, REQUESTS
from tests.faults.scenario import Scenario
from tests.faults.statements import ERRORS, KILLED

STATEMENTS = 111
"""More than a run has, of which one has a few more than another: the last ones do not strike."""
ROUND_TRIPS = 33
COMMITS = 5
"""The beginning, the calendar's part, two units, the end."""
BYTES_SENT, BYTES_RECEIVED = 106_000, 67_000
"""About as many as a run needs."""
LOGS_IN = (*sweep_neo.MISREAD, "expire_session", *sweep_neo.UNASKED)
"""Answers after which a run may log in again, which takes seconds."""
FIRST_ROUND_TRIP, LAST_ROUND_TRIP = 5, 20
"""Of a worker's first run; those before open its connection."""


def scenarios(*, full: bool) -> Iterator[Scenario]:
    yield from _of_neo(full=full)
    yield from _of_database(full=full)
    yield from _of_workers(full=full)
    for round_ in range(5 if full else 1):
        yield Scenario(
            "Cases: both syncs at once", races.both_at_once, {"racers": 6, "round": round_}, 3
        )


def _of_neo(*, full: bool) -> Iterator[Scenario]:
    actions = sweep_neo.ANSWERS + sweep_neo.cuts(sweep_neo.FEW_BYTES)
    quick = [action for action in actions if action not in LOGS_IN]
    for n in range(1, REQUESTS + 1):
        for number, action in enumerate(actions if full else quick):
            if full or number % 6 == n % 6:
                yield _request(n, action)
            if full or number == 2 * n:
                yield _request(n, action, lasting=True)
        for number, answer in enumerate(sweep_neo.EXPIRED):
            if full or (number, n) == (2, 3):
                yield _request(n, "expire_session", expired=answer, cost_s=3)
    late = {"kind": "delay", "ms": sweep_neo.TOO_LATE_MS}
    for n in range(1, RECORDS + 2) if full else (3,):
        yield _request(n, late, cost_s=3)


def _kind(action: Any) -> str:
    return str(action["kind"] if isinstance(action, dict) else action)


def _request(n: int, action: Any, *, cost_s: float = 0.5, **more: Any) -> Scenario:
    group = "Cases: Neo fails from request n on" if more.get("lasting") else "Cases: Neo fails at n"
    arguments = {"n": n, "action": action, "cases": True, **more}
    return Scenario(group, sweep_neo.fail_at_request, arguments, cost_s)


def _of_database(*, full: bool) -> Iterator[Scenario]:
    for n in range(1, STATEMENTS + 1):
        for number, how in enumerate((KILLED, *ERRORS)):
            if full or (number == 0 and n % 24 == 1) or (number == n % 8 and n % 9 == 0):
                arguments = {"n": n, "how": how, "cases": True}
                yield Scenario(
                    "Cases: Postgres fails at statement n",
                    sweep_database.fail_at_statement,
                    arguments,
                )
    for n in range(1, ROUND_TRIPS + 1):
        for at in ("request", "answer"):
            if full or n % 8 == 2 + 4 * (at == "answer"):
                yield _wire("Cases: Postgres is cut off", {"at": at, "number": n})
    for n in range(1, ROUND_TRIPS + 1):
        for at in ("request", "answer"):
            if full or n % 16 == 3 + 8 * (at == "answer"):
                arguments = {"at": at, "number": n, "silent": True}
                yield _wire("Cases: Postgres answers nothing", arguments)
    for n in range(1, COMMITS + 1):
        for passed in (0, 1, 20) if full else (0, 20):
            arguments = {"at": "commit", "number": n, "passed": passed}
            yield _wire("Cases: commit acknowledgement is lost", arguments)
    for towards, size in (("server", BYTES_SENT), ("client", BYTES_RECEIVED)):
        for k in range(0, size, size // (200 if full else 2)):
            arguments = {"at": "byte", "number": k, "towards": towards}
            yield _wire("Cases: Postgres is cut off", arguments)
    for what in CASE_LOCKS:
        for n in range(1, ROUND_TRIPS + 1) if full else (9 if what != "records" else 6,):
            arguments = {"what": what, "n": n, "cases": True}
            group = "Cases: somebody holds a lock"
            yield Scenario(group, sweep_database.wait_for_a_lock, arguments, 2)


def _wire(group: str, arguments: dict[str, Any]) -> Scenario:
    return Scenario(group, sweep_database.fail_on_the_wire, {**arguments, "cases": True}, 0.5)


def _of_workers(*, full: bool) -> Iterator[Scenario]:
    number = 30 if full else 1
    for seed in range(number):
        arguments = {"share": round((seed + 0.5) / number, 3), "log_in": False, "seed": seed}
        yield _worker("Cases: worker killed", kills.kill_at_moment, arguments, 6)
    for n in range(FIRST_ROUND_TRIP, LAST_ROUND_TRIP + 1):
        if full or n == 15:
            yield _worker("Cases: worker killed", kills.kill_at_round_trip, {"n": n}, 6)
        if full or n == 15:
            yield _worker("Cases: worker frozen, thawed", kills.freeze, {"n": n}, 8)
    parts = 10 if full else 1
    for part in range(parts):
        arguments = {"share": round((part + 0.4) / (parts + 0.5), 3)}
        yield _worker("Cases: worker out of time", kills.out_of_time, arguments, 6)


def _worker(group: str, play: Any, arguments: dict[str, Any], cost_s: float) -> Scenario:
    return Scenario(group, play, {**arguments, "cases": True}, cost_s)
