"""A login goes wrong: Neo shows another page than expected, or Chromium dies at step n."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from neo_simulator.client import Simulator
from tests.faults import checks
from tests.faults.clinic import FaultClinic
from tests.faults.converge import Watch
from tests.faults.eventful import eventful_clinic
from tests.faults.leftovers import descendants, leftovers, settled
from tests.faults.results import Outcome
from tests.faults.rig import Rig
from tests.faults.scenario import Scenario
from tests.kit.processes import command_line

VARIANTS = (
    "mfa",
    "locked",
    "changed_form",
    "sso",
    "captcha",
    "branch_chooser",
    "password_change",
    "unknown_landing",
    "slow_page",
    "announcement_modal",
    "csrf",
    "cookie_banner",
    "cookie_wall",
    "no_form",
    "dead_button",
    "late_session",
)
"""Values of the knob `login_variant`, and a session whose cookie comes late."""
NOTHING_SENT = ("changed_form", "cookie_wall", "no_form", "dead_button")
WRONG = "wrong password"
STEPS = 4
"""Requests of a login."""
SENDS = 2
"""The one of them that sends the password. Those behind it leave what this one leaves."""
STEP_LASTS_MS = 400


def scenarios(*, full: bool) -> Iterator[Scenario]:
    for variant in (WRONG, *VARIANTS) if full else (WRONG, "mfa", "cookie_wall", "late_session"):
        yield Scenario("Login ends otherwise", end_otherwise, {"variant": variant}, 8)
    for n in range(1, STEPS + 1 if full else SENDS + 1):
        yield Scenario("Chromium killed at request n", kill_chromium, {"n": n}, 6)


def end_otherwise(rig: Rig, outcome: Outcome, *, variant: str) -> None:
    """Neo is as told for one event and two more; then somebody puts it right."""
    clinic = eventful_clinic(rig, log_in=True)
    if variant == WRONG:
        clinic.set_credentials("Wrong-Password-1")
    elif variant == "late_session":
        clinic.neo.set_knob("session_cookie_late_ms", 500)
    else:
        clinic.neo.set_knob("login_variant", variant)
    clinic.neo.set_knob("slow_page_ms", 1_000)

    def happen(watch: Watch) -> None:
        for _ in range(3):
            watch.one()
            clinic.later(20)
        submitted = len(clinic.neo.logins())
        outcome.notes["struck"] += submitted == 0 if variant in NOTHING_SENT else submitted <= 2
        clinic.neo.set_knob("login_variant", "plain")
        clinic.neo.set_knob("session_cookie_late_ms", 0)
        clinic.neo.unlock()

    _carry(clinic, outcome, happen)
    if variant in NOTHING_SENT and outcome.notes["credentials set by a person"]:
        outcome.trouble = f"{variant}: a person was needed although nothing had been sent"


def kill_chromium(rig: Rig, outcome: Outcome, *, n: int) -> None:
    """Every process of the browser is killed while Neo works on the login's request n."""
    clinic = eventful_clinic(rig, log_in=True)
    clinic.neo.fault({"kind": "delay", "ms": STEP_LASTS_MS}, nth=n)

    def happen(watch: Watch) -> None:
        with _killing_at_request(clinic, n) as killed:
            watch.one()
        outcome.notes["struck"] += bool(killed)

    _carry(clinic, outcome, happen)


@contextmanager
def _killing_at_request(clinic: FaultClinic, n: int) -> Iterator[list[int]]:
    """The processes that were killed, once the block is over."""
    over, killed = threading.Event(), list[int]()

    def watch() -> None:
        simulator = clinic.rig.simulator
        with Simulator(simulator.url, simulator.admin_url) as neo:  # a connection of its own
            company = neo.company(clinic.neo.company_id)
            while len(company.requests()) < n and not over.is_set():
                time.sleep(0.01)
        for pid in descendants(clinic.rig):
            if any("--user-data-dir" in word for word in command_line(pid)):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)

    thread = threading.Thread(target=watch, name="killer")
    thread.start()
    try:
        yield killed
    finally:
        over.set()
        thread.join()


def _carry(clinic: FaultClinic, outcome: Outcome, happen: Callable[[Watch], None]) -> None:
    try:
        watch = Watch(clinic, outcome)
        before = leftovers(clinic.rig)
        happen(watch)
        watch.converge()
        after = settled(lambda: leftovers(clinic.rig), before)
        watch.add(checks.left_behind(before, after))
    finally:
        clinic.close()
