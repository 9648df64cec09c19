"""P3: a first run with its login beside a bare Playwright script that logs in."""

import json
import subprocess
import sys
import time

from tests.bench.bare_login import Login
from tests.bench.figure import Figure, interleaved, ratio
from tests.bench.rig import L0, L1, Profile, Rig, Service
from tests.kit.paths import ROOT

APPOINTMENTS = 60
AGAINST = (
    "a bare Playwright script with the same Chromium that logs in and makes the calendar request; "
    "both in fresh processes, "
)
FROM_EVENT = (
    f"{AGAINST}from the event to the answer; Playwright's import and driver start count on both "
    "sides, the interpreter's start and the handler's imports do not"
)
WHOLE = f"{AGAINST}from their start to their end, all imports included"


def measure_first_run(rig: Rig, repetitions: int) -> list[Figure]:
    return [
        *_first_run(rig, L1, repetitions, ""),
        *_first_run(rig, L0, repetitions, ".L0"),
    ]


def _first_run(rig: Rig, profile: Profile, repetitions: int, suffix: str) -> list[Figure]:
    with rig.service(profile, APPOINTMENTS) as service:
        login = json.dumps(login_of(rig, service))
        runs_inside, scripts_inside = [], []

        def ours() -> float:
            service.forget_rows()
            service.forget_session()
            started = time.perf_counter()
            said = service.run_in_new_process()
            runs_inside.append(said["seconds"][0])
            return time.perf_counter() - started

        def bare() -> float:
            service.forget_session()
            started = time.perf_counter()
            scripts_inside.append(run_bare(login))
            return time.perf_counter() - started

        runs, scripts = interleaved(repetitions, ours, bare)
    what = f"first run with login, {APPOINTMENTS} appointments, {profile.name} / bare login"
    return [
        Figure(
            id=f"P3{suffix}",
            what=what,
            measured=ratio(runs_inside[1:], scripts_inside[1:]),
            goal=1.15,
            unit="ratio",
            against=FROM_EVENT,
            repetitions=repetitions,
        ),
        Figure(
            id=f"P3.process{suffix}",
            what=f"{what}, whole processes",
            measured=ratio(runs, scripts),
            goal=None,
            unit="ratio",
            against=WHOLE,
            repetitions=repetitions,
        ),
    ]


def login_of(rig: Rig, service: Service) -> Login:
    """What the bare script has to know."""
    neo = service.clinic.neo
    return {
        "chromium": str(rig.chromium),
        "base_url": neo.base_url,
        "company_id": neo.company_id,
        "username": neo.username,
        "password": neo.password,
        "query": service.calendar_query(),
    }


def run_bare(login: str) -> float:
    """Seconds from knowing what to do to the answer."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.bare_login"],
        input=login,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=ROOT,
    )
    said = json.loads(done.stdout)
    assert said["events"] == APPOINTMENTS
    return float(said["seconds"])
