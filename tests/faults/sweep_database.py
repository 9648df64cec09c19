"""Postgres fails at statement n, at round trip n, at byte k and at commit n of a run.

It says so, ends the connection, or falls silent: then nothing passes any more, and nobody is told.
"""

from collections.abc import Callable, Iterator
from typing import Any, Literal

from idexx_sync.core.catalog import SyncName
from tests.faults import checks
from tests.faults.clinic import FaultClinic
from tests.faults.competitor import LOCKS, competitor
from tests.faults.converge import Watch
from tests.faults.eventful import eventful_clinic
from tests.faults.leftovers import leftovers, settled
from tests.faults.results import Outcome
from tests.faults.rig import Rig
from tests.faults.scenario import Scenario
from tests.faults.short_waits import LONGEST_WAIT_S
from tests.faults.statements import ERRORS, KILLED, SILENT, Counter, inject
from tests.faults.swept import swept_clinic
from tests.kit.proxy import Cut

STATEMENTS = 65
"""One more than a run has: the last one does not strike."""
LOGIN_STATEMENTS = range(10, 17)
"""Those that a login adds, and their neighbours."""
ROUND_TRIPS = 15
COMMITS = 2
BYTES_SENT, BYTES_RECEIVED = 50_000, 38_500
"""About as many as a run needs."""


def scenarios(*, full: bool) -> Iterator[Scenario]:
    for n in range(1, STATEMENTS + 1):
        for number, how in enumerate((KILLED, *ERRORS)):
            if full or number == n % 32 or (how == KILLED and n % 13 == 1):
                yield Scenario(
                    "Postgres fails at statement n", fail_at_statement, {"n": n, "how": how}
                )
    for n in LOGIN_STATEMENTS if full else LOGIN_STATEMENTS[::2]:
        for how in (KILLED, "deadlock") if full else (KILLED,):
            plain = not full and n != LOGIN_STATEMENTS[0]
            arguments = {"n": n, "how": how, "log_in": True, "plain_login": plain}
            cost_s = 2 if plain else 4
            yield Scenario(
                "Postgres fails at statement n of a login", fail_at_statement, arguments, cost_s
            )
    for n in range(1, ROUND_TRIPS + 1):
        for at in ("request", "answer"):
            if full or n % 2 == (at == "answer"):
                arguments = {"at": at, "number": n}
                yield Scenario("Postgres is cut off at round trip n", fail_on_the_wire, arguments)
    yield from _silences(full=full)
    for n in range(1, COMMITS + 1):
        for passed in (0, 1, 20):
            arguments = {"at": "commit", "number": n, "passed": passed}
            yield Scenario("Commit acknowledgement n is lost", fail_on_the_wire, arguments)
    for towards, size in (("server", BYTES_SENT), ("client", BYTES_RECEIVED)):
        for k in range(0, size, size // (100 if full else 3)):
            arguments = {"at": "byte", "number": k, "towards": towards}
            yield Scenario("Postgres is cut off at byte k", fail_on_the_wire, arguments)
    for n in range(1, ROUND_TRIPS + 1):
        for number, what in enumerate(LOCKS):
            if full or n == 4 or number == n % len(LOCKS):
                yield Scenario("Somebody holds a lock", wait_for_a_lock, {"what": what, "n": n}, 2)
    yield Scenario("Deadlock", deadlock, {}, 2)
    for warm in (False, True):
        yield Scenario("Postgres is down at the start", be_down, {"warm": warm}, 2)


def _silences(*, full: bool) -> Iterator[Scenario]:
    """One connection loses all packets, or the host does, for those that are opened too."""
    group = "Postgres answers nothing"
    for n in range(1, ROUND_TRIPS + 1):
        for at in ("request", "answer"):
            if full or n % 5 == 1 + (at == "answer"):
                arguments: dict[str, Any] = {"at": at, "number": n, "silent": True}
                yield Scenario(f"{group} from round trip n on", fail_on_the_wire, arguments, 2)
        if full or n == 4:
            arguments = {"at": "request", "number": n, "silent": True, "for_all": True}
            yield Scenario(f"{group} from round trip n on", fail_on_the_wire, arguments, 8)
    for n in range(1, STATEMENTS + 1):
        if full or n % 24 == 5:
            arguments = {"n": n, "how": SILENT}
            yield Scenario(f"{group} from statement n on", fail_at_statement, arguments, 2)
    for n in range(1, COMMITS + 1):
        arguments = {"at": "commit", "number": n, "silent": True}
        yield Scenario(f"{group} after commit n", fail_on_the_wire, arguments, 2)


def fail_at_statement(
    rig: Rig,
    outcome: Outcome,
    *,
    n: int,
    how: str,
    log_in: bool = False,
    plain_login: bool = False,
    of: SyncName = "inbound",
) -> None:
    """`plain_login`: it needs no browser, which has no part in what the database is asked."""
    silent = how == SILENT
    clinic = swept_clinic(
        rig, of, traceless=bool(n % 2), log_in=log_in, plain_login=plain_login, proxied=silent
    )
    if silent:
        clinic.dependencies.database.patience.longest_s = LONGEST_WAIT_S
    counter = Counter(n, how, fall_silent=rig.proxy.fall_silent_once)
    inject(clinic.dependencies.database.connection(), counter)

    def calm() -> None:
        counter.fail_at = None  # what was not reached would strike a clean run
        rig.proxy.calm()

    try:
        _carry(clinic, outcome, struck=lambda: counter.struck, end=calm)
    finally:
        rig.proxy.calm()


def fail_on_the_wire(
    rig: Rig,
    outcome: Outcome,
    *,
    at: Literal["request", "answer", "byte", "commit"],
    number: int,
    towards: Literal["server", "client"] = "server",
    passed: int = 0,
    silent: bool = False,
    for_all: bool = False,
    of: SyncName = "inbound",
) -> None:
    clinic = swept_clinic(rig, of, proxied=True, traceless=bool(number % 2))
    if silent:
        clinic.dependencies.database.patience.longest_s = LONGEST_WAIT_S
    rig.proxy.cut(Cut(at, number, towards, passed, silent, for_all))
    try:
        _carry(clinic, outcome, struck=lambda: rig.proxy.cuts > 0, end=rig.proxy.calm)
    finally:
        rig.proxy.calm()


def wait_for_a_lock(
    rig: Rig, outcome: Outcome, *, what: str, n: int, of: SyncName = "inbound"
) -> None:
    """Somebody takes the lock just before the run's round trip n."""
    clinic = swept_clinic(rig, of, proxied=True)
    with competitor(rig, clinic.clinic_id) as other:

        def take(number: int) -> None:
            if number == n:
                other.hold(what)

        rig.proxy.reset()
        rig.proxy.on_round_trip = take
        try:
            _carry(clinic, outcome, struck=lambda: other.was_in_the_way, end=rig.proxy.calm)
        finally:
            rig.proxy.calm()


def deadlock(rig: Rig, outcome: Outcome) -> None:
    """Two transactions each hold what the other one wants."""
    clinic = eventful_clinic(rig)
    with competitor(rig, clinic.clinic_id) as other:
        other.hold_a_slot_and_want_another()
        _carry(clinic, outcome, struck=lambda: other.was_in_the_way)


def be_down(rig: Rig, outcome: Outcome, *, warm: bool) -> None:
    """Connections are refused until the first delivery has ended; `warm`: one was open before."""
    clinic = eventful_clinic(rig, proxied=True)

    def go_down() -> None:
        if not warm:
            clinic.dependencies.database.close()
        rig.proxy.refusing = True
        rig.proxy.break_all()

    try:
        _carry(clinic, outcome, struck=lambda: True, begin=go_down, end=rig.proxy.calm)
    finally:
        rig.proxy.calm()


def _carry(
    clinic: FaultClinic,
    outcome: Outcome,
    *,
    struck: Callable[[], bool],
    begin: Callable[[], None] = lambda: None,
    end: Callable[[], None] = lambda: None,
) -> None:
    rig = clinic.rig
    try:
        watch = Watch(clinic, outcome)
        before = leftovers(rig)
        begin()
        watch.one(after_first=end)
        outcome.notes["struck"] += struck()
        watch.converge()
        after = settled(lambda: leftovers(rig), before)
        watch.add(checks.left_behind(before, after))
    finally:
        clinic.close()
