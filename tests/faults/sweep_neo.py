"""Neo fails at request n, for every n, in every way; then the run is repeated as Lambda would."""

import json
from collections.abc import Iterator
from typing import Any, Literal

from idexx_sync.core.catalog import SyncName
from tests.faults import checks
from tests.faults.clinic import FaultClinic
from tests.faults.converge import Watch
from tests.faults.eventful import eventful_clinic
from tests.faults.leftovers import leftovers, settled
from tests.faults.results import Outcome
from tests.faults.rig import Rig
from tests.faults.scenario import Scenario
from tests.faults.swept import swept_clinic
from tests.kit.database import update
from tests.kit.neo_faults import EXPIRED_ANSWERS
from tests.kit.proxy import Cut, counting_proxy

UNASKED: tuple[Any, ...] = (
    {"kind": "status", "status": 400},
    {"kind": "status", "status": 410, "html": True},
)
ANSWERS: tuple[Any, ...] = (
    "drop",
    "429",
    {"kind": "status", "status": 429, "retry_after": 0},
    "500",
    "502_html",
    "503",
    "504",
    "html",
    "html_type",
    "empty",
    "odd_byte",
    "raw_tab",
    "stray_byte",
    *UNASKED,
    "expire_session",
)
CUTTING = ("reset", "truncate", "truncated_json")
FEW_BYTES, MORE_BYTES = (1, 400), (0, 1, 40, 400, 2_000)


def cuts(at: tuple[int, ...]) -> tuple[Any, ...]:
    """Answers that break off: at a place of Neo's choice, and after so many bytes."""
    return (*CUTTING, *({"kind": kind, "at_byte": byte} for kind in CUTTING for byte in at))


MISREAD = ("html", "html_type")
"""Answers that may mean an expired session, so that a run logs in: what that login does, and leaves
behind, is the subject of the sessions that do expire. So are those that nobody asked for."""
EXPIRED = EXPIRED_ANSWERS
IN_A_BROWSER = 4
"""Of so many expired sessions of the short set one is followed by a login in Chromium."""
LOGIN_REQUESTS = 4
"""The form, its submission, the page behind it, the question whether the session answers."""
REQUESTS = 7
"""Calendar, configuration, five look-ups."""
LASTING = 1_000
MIDST = 2_000
"""A byte in the midst of the calendar's body."""
TIMEOUT_S, TOO_LATE_MS = 0.3, 700
"""How long a run waits for an answer here, and an answer that comes later."""


def scenarios(*, full: bool) -> Iterator[Scenario]:
    """Every request by every action; the short set takes a part of them."""
    actions = ANSWERS + cuts(MORE_BYTES if full else FEW_BYTES)
    for n in range(1, REQUESTS + 1):
        for number, action in enumerate(actions):
            if full or number % REQUESTS == n - 1:
                yield _scenario(n, action, traceless=bool(number % 2))
            if full or number == 3 * n:
                yield _scenario(n, action, lasting=True, traceless=bool(number % 2))
        for number, answer in enumerate(EXPIRED):
            if full or number % REQUESTS == n - 1:
                plain = not full and number % IN_A_BROWSER != 0
                yield _scenario(n, "expire_session", expired=answer, plain=plain, cost_s=3)
    for n in range(1, REQUESTS + 1):
        for lasting in (False, True):
            if full or n == 2 + 3 * lasting:
                late = {"kind": "delay", "ms": TOO_LATE_MS}
                yield _scenario(n, late, lasting=lasting, cost_s=3)
    yield Scenario("Neo refuses connections", refuse, {}, 1)
    for n in range(1, REQUESTS + 1):
        for at in ("request", "answer"):
            for lasting in (False, True):
                if full or n == 1 + 2 * (at == "answer") + lasting:
                    arguments = {"n": n, "at": at, "lasting": lasting}
                    yield Scenario("Neo answers nothing from request n on", be_silent, arguments, 3)
    yield Scenario("Neo answers nothing in the midst of a body", be_silent, {"at": "byte"}, 3)
    for n in range(1, LOGIN_REQUESTS + 1):
        for number, action in enumerate(actions):
            if full or number % 24 == n:
                yield _scenario(n, action, log_in=True, cost_s=4)
            if full and number % 3 == n % 3:
                yield _scenario(n, action, log_in=True, lasting=True, cost_s=6)


def _scenario(n: int, action: Any, *, cost_s: float = 0.7, **more: Any) -> Scenario:
    group = "Neo fails at request n"
    if more.get("log_in"):
        group = "Neo fails at request n of a login"
    elif more.get("lasting"):
        group = "Neo fails from request n on"
    arguments = {"n": n, "action": action, **{key: value for key, value in more.items() if value}}
    return Scenario(group, fail_at_request, arguments, cost_s)


def fail_at_request(
    rig: Rig,
    outcome: Outcome,
    *,
    n: int,
    action: Any,
    lasting: bool = False,
    traceless: bool = False,
    log_in: bool = False,
    expired: str = "302_login",
    plain: bool = False,
    of: SyncName = "inbound",
) -> None:
    """One fault; a lasting one ends with the first delivery. `plain`: a login needs no browser."""
    plain |= not log_in and (_kind(action) in MISREAD or action in UNASKED)
    clinic = swept_clinic(rig, of, traceless=traceless, log_in=log_in, plain_login=plain)
    if _kind(action) == "delay":
        clinic.dependencies.database.close()
        clinic.dependencies = clinic.make_dependencies(neo_timeout_seconds=TIMEOUT_S)
        clinic.dependencies.database.connection()
    try:
        watch = Watch(clinic, outcome)
        clinic.neo.set_knob("expired_answer", expired)
        before = leftovers(rig)
        clinic.neo.fault(action, nth=n, times=LASTING if lasting else 1)
        watch.one(after_first=lambda: clinic.neo.set_knob("faults", []))
        struck = [one for one in clinic.neo.requests() if one["fault"]]
        outcome.notes["struck"] += bool(struck)
        if not struck:
            outcome.trouble = f"request {n} was never made: {json.dumps(action)} did not strike"
        watch.converge()
        after = settled(lambda: leftovers(rig), before)
        watch.add(checks.left_behind(before, after))
    finally:
        clinic.close()


def refuse(rig: Rig, outcome: Outcome) -> None:
    """Nobody answers at Neo's address until the first delivery has ended."""
    clinic = eventful_clinic(rig)
    try:
        watch = Watch(clinic, outcome)
        clinic.neo.set_knob("refuse_connections", True)
        first = watch.one(after_first=lambda: clinic.neo.set_knob("refuse_connections", False))[0]
        outcome.notes["struck"] += first.wants_retry
        watch.converge()
    finally:
        clinic.close()


def be_silent(
    rig: Rig,
    outcome: Outcome,
    *,
    at: Literal["request", "answer", "byte"],
    n: int = MIDST,
    lasting: bool = False,
    of: SyncName = "inbound",
) -> None:
    """A connection to Neo loses all packets, or its host does until the first delivery ended."""
    clinic = swept_clinic(rig, of)
    with counting_proxy(clinic.neo.base_url) as (proxy, address):
        clinic.dependencies.database.close()
        clinic.dependencies = clinic.make_dependencies(
            neo_hosts=(address, clinic.neo.base_url), neo_timeout_seconds=TIMEOUT_S
        )
        set_base_url(clinic, address)
        try:
            watch = Watch(clinic, outcome)
            clinic.dependencies.database.connection()
            before = leftovers(rig)
            proxy.cut(Cut(at, n, "client", silent=True, for_all=lasting))
            watch.one(after_first=proxy.calm)
            outcome.notes["struck"] += proxy.cuts
            if not proxy.cuts:
                outcome.trouble = f"{at} {n} never came: nothing fell silent"
            set_base_url(clinic, clinic.neo.base_url)
            watch.converge()
            after = settled(lambda: leftovers(rig), before)
            watch.add(checks.left_behind(before, after))
        finally:
            proxy.calm()
            clinic.close()


def set_base_url(clinic: FaultClinic, base_url: str) -> None:
    """From now on runs ask there for the clinic's Neo."""
    update(
        clinic.conn,
        "idexx_sync.clinic_settings",
        {"base_url": base_url},
        clinic_id=clinic.clinic_id,
    )


def _kind(action: Any) -> str:
    return str(action["kind"] if isinstance(action, dict) else action)
