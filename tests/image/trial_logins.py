"""Runs with a login, one after the other: how long, how much memory, and what they leave."""

import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import psutil
import pytest
from psycopg import Connection

from dev_tools.image.unpacked import Target, Unpacked
from local_stack.lambdas import families
from local_stack.stack import LocalStack
from local_stack.stack_clinics import LocalClinic
from tests.e2e.orders import with_key
from tests.image.figures import Figures, runs
from tests.image.inside import family_of, python_of, written_in_tmp

WORKER = "inbound-sync-worker"
LEFT_AT_MOST_MB = 5
MEBIBYTE = 1024 * 1024
NEO_ANSWERS_MS = 330
"""What the real Neo takes for an answer, and the way to it: without them a worker's own run takes
no time beside which anything could be told."""
WARM_RUNS = 20
"""Enough for a median that a busy moment of the machine does not move."""


def ordered(http: httpx.Client, clinic: LocalClinic, **asked: Any) -> tuple[dict[str, Any], float]:
    """A sync that is waited for: its job and the seconds that the answer took."""
    headers = {**with_key(clinic.key), "Prefer": "wait=25"}
    while True:
        began = time.perf_counter()
        answer = http.post("/api/sync/inbound", json=asked, headers=headers)
        took = time.perf_counter() - began
        if answer.status_code != 429:
            break
        time.sleep(float(answer.headers["Retry-After"]))  # a key may order so many runs a minute
    assert answer.status_code == 200, answer.text
    job: dict[str, Any] = answer.json()
    assert job["status"].startswith("succeeded"), job
    return job, took


def own_seconds(conn: Connection[tuple[Any, ...]], job: dict[str, Any]) -> float:
    """Of the worker, from the run's start to its end."""
    row = conn.execute(
        "SELECT extract(epoch FROM finished_at - started_at)::float8 FROM idexx_sync.jobs "
        "WHERE id = %s",
        (job["id"],),
    ).fetchone()
    assert row is not None
    return float(row[0])


@contextmanager
def watched_memory(stack: LocalStack) -> Iterator[list[float]]:
    """The worker's family in MiB, again and again; pages that several share count once."""
    seen: list[float] = []
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            slots = stack.aws.slots().get(f"idexx-sync-local-{WORKER}", [])
            seen.extend(families.memory_mb(slot, of_interest_mb=0) for slot in slots)
            over.wait(0.05)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


@pytest.fixture
def invoked(stack: LocalStack) -> Callable[[dict[str, Any]], float]:
    """Invokes the worker and waits; the seconds that it took."""
    functions = stack.aws.client("lambda")

    def invoke(event: dict[str, Any]) -> float:
        began = time.perf_counter()
        functions.invoke(
            FunctionName=f"idexx-sync-local-{WORKER}", Payload=json.dumps(event).encode()
        )["Payload"].read()
        return time.perf_counter() - began

    return invoke


@pytest.fixture
def begin_anew(stack: LocalStack) -> Callable[[], None]:
    """Ends the worker's execution environments: the next invocation gets a new one."""

    def end() -> None:
        for slot in stack.aws.slots().get(f"idexx-sync-local-{WORKER}", []):
            families.end(slot)
            ends = time.monotonic() + 10
            while psutil.pid_exists(slot):  # until the adapter has seen it: it would use it again
                assert time.monotonic() < ends
                time.sleep(0.01)

    return end


def settled_family(stack: LocalStack) -> list[str]:
    """The worker's processes once no browser is among them, or after a while as they are: a job's
    end is known a moment before its invocation is over, and who was killed waits to be buried."""
    ends = time.monotonic() + 5
    while True:
        found = family_of(stack, WORKER)
        if not any("chrom" in name for name in found) or time.monotonic() > ends:
            return found
        time.sleep(0.05)


def log_out(clinic: LocalClinic, conn: Connection[tuple[Any, ...]]) -> None:
    """The next run has to log in, and may: so often nobody does within an hour."""
    clinic.neo.expire_sessions()
    conn.execute("DELETE FROM idexx_sync.logins WHERE clinic_id = %s", (clinic.id,))


def test_a_new_environment_is_soon_ready(
    images: dict[Target, Unpacked],
    invoked: Callable[[dict[str, Any]], float],
    begin_anew: Callable[[], None],
    figures: Figures,
) -> None:
    """What AWS counts as init, and how much longer an event takes that is refused at once."""
    image = images["browser"]
    python = image.entrypoint[0]

    def ready(*command: str) -> float:
        """Seconds until it says something: how long it takes to end is nobody's waiting."""
        began = time.perf_counter()
        with subprocess.Popen(
            image.inside(command), env=dict(image.environment), stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            return time.perf_counter() - began

    module = f"functions.{WORKER.removesuffix('-worker').replace('-', '_')}.handler"
    loading = f"import awslambdaric, {module}; print('ready', flush=True)"
    init, cold = [], []
    for _ in range(5):
        init.append(ready(python, "-c", loading) - ready("echo", "ready"))
        begin_anew()
        refused = invoked({})
        cold.append(refused - invoked({}))
    figures.take("P17 init: Python and all that the handler loads", init, "s", 0.5)
    figures.take("    with sandbox and emulator, which AWS has of its own", cold, "s")


def test_the_first_run_and_its_login(
    clinic: LocalClinic,
    conn: Connection[tuple[Any, ...]],
    invoked: Callable[[dict[str, Any]], float],
    begin_anew: Callable[[], None],
    figures: Figures,
) -> None:
    event = {"v": 1, "clinic_id": str(clinic.id), "sync": "inbound", "trigger": "api"}
    cold = []
    for number in range(5):
        logins = len(clinic.neo.logins())
        begin_anew()
        log_out(clinic, conn)
        cold.append(invoked(event))
        assert len(clinic.neo.logins()) == logins + 1, number
    figures.take("P17 first invocation with login", cold, "s", 2)


def test_runs_with_a_login_leave_nothing(
    stack: LocalStack,
    http: httpx.Client,
    clinic: LocalClinic,
    conn: Connection[tuple[Any, ...]],
    figures: Figures,
) -> None:
    ordered(http, clinic)
    logins = len(clinic.neo.logins())
    took = []
    families_seen, kept = [], []
    with watched_memory(stack) as memory:
        for _ in range(runs()):
            log_out(clinic, conn)
            job, _ = ordered(http, clinic)
            took.append(own_seconds(conn, job))
            families_seen.append(settled_family(stack))
            kept.append(written_in_tmp(python_of(stack, WORKER)) / MEBIBYTE)

    assert len(clinic.neo.logins()) == logins + runs()
    assert [name for seen in families_seen for name in seen if "chrom" in name] == []
    assert families_seen[-1] == families_seen[0]
    assert kept[-1] < LEFT_AT_MOST_MB
    figures.take("run with a login, warm", took, "s")
    figures.take("left in /tmp after each run with a login", kept, "MB", LEFT_AT_MOST_MB, max)
    figures.take("most memory of the worker's processes together", [max(memory)], "MB", 2048, max)
    assert max(memory) < 2048


def test_an_unchanged_run_is_quick_and_so_is_a_day_that_is_waited_for(
    stack: LocalStack,
    http: httpx.Client,
    clinic: LocalClinic,
    conn: Connection[tuple[Any, ...]],
    figures: Figures,
) -> None:
    ordered(http, clinic)
    own = [own_seconds(conn, ordered(http, clinic)[0]) for _ in range(WARM_RUNS)]
    figures.take("P17 warm unchanged run", own, "s", 0.1)
    day = conn.execute("SELECT (now() AT TIME ZONE %s)::date::text", (clinic.odis.zone,)).fetchone()
    assert day is not None
    clinic.neo.set_knob("delay_ms", NEO_ANSWERS_MS)
    asked = {"from": day[0], "to": day[0]}
    pairs = []
    for _ in range(WARM_RUNS):
        job, took = ordered(http, clinic, **asked)
        pairs.append((took, own_seconds(conn, job)))
    clinic.neo.reset_knobs()
    over = sorted(took for took, _ in pairs)
    figures.take("P15 a day ordered and waited for: to the answer", over, "s", 1.2)
    ratios = [took / own for took, own in pairs]
    figures.take("P15 the same / the worker's own run", ratios, "x", 1.5)


def test_goals_are_met(figures: Figures) -> None:
    assert figures.missed == []
