"""`./run demo` as a stranger types it: it is equal, it is quick, and nothing is left behind."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import mkdtemp
from threading import Timer

import psutil
import pytest

from tests.kit.paths import ROOT
from tests.kit.processes import below, command_line, is_running

LIMIT_S = 180
COMMAND = [sys.executable, "-m", "demo"]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where the demo keeps what is temporary; Postgres's user must be able to pass."""
    path = Path(mkdtemp(prefix="idexx-sync-demo-test-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def start(folder: Path, *words: str) -> subprocess.Popen[str]:
    environ = {**os.environ, "TMPDIR": str(folder), "PYTHONPATH": str(ROOT / "layers")}
    return subprocess.Popen(
        [*COMMAND, *words],
        cwd=ROOT,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def left_behind(folder: Path, pids: Collection[int]) -> list[str]:
    """Files, processes that name the folder, and what those seen have left: themselves, or the
    folder of a browser."""
    found = [path.name for path in folder.iterdir()]
    found += [path.name for pid in pids for path in Path("/tmp").glob(f"idexx-sync-run-{pid}-*")]
    for pid in filter(is_running, psutil.pids()):
        words, environ = command_line(pid), {}
        with suppress(psutil.Error):  # it ended while we looked, or is nobody's business
            environ = psutil.Process(pid).environ()
        told = " ".join([*words, *environ.values()])
        if pid in pids or str(folder) in told:
            found.append(f"{pid}: {' '.join(words)[:120]}")
    return found


def assert_nothing_is_left(folder: Path, pids: Collection[int]) -> None:
    give_up = time.monotonic() + 5
    while left := left_behind(folder, pids):
        assert time.monotonic() < give_up, left
        time.sleep(0.05)


def test_the_demo_is_equal_and_prints_one_object(folder: Path) -> None:
    pids: set[int] = set()
    err = ""
    with start(folder, "--json") as demo:
        limit = Timer(LIMIT_S, demo.kill)
        limit.start()
        assert demo.stderr is not None
        for line in demo.stderr:
            pids.update(below(demo.pid))
            err += line
        out, _ = demo.communicate()
        limit.cancel()

    answer = json.loads(out)
    assert (demo.returncode, answer["equal"], answer["differences"]) == (0, True, []), err
    assert answer["seconds"] < LIMIT_S
    jobs = answer["jobs"]
    assert [(job["sync"], job["stage"], job["logins"]) for job in jobs] == [
        *([("inbound", "first", 1)] * 2),
        *([("inbound", "second", 0)] * 2),
        *([("inbound", "third", 0)] * 2),
        *([("cases", "first", 0)] * 2),
        *([("cases", "second", 0)] * 2),
        *([("cases", "third", 0)] * 2),
        *([("inbound", "yesterday's", 0)] * 2),
        *([("cases", "yesterday's", 0)] * 2),
        *([("reconciliation", "first", 0)] * 2),
        *([("reconciliation", "approved", 0)] * 2),
    ]
    assert {job["trigger"] for job in jobs[:-2]} == {"api"}
    assert {job["trigger"] for job in jobs[-2:]} == {"approval"}
    ((first_day, last_day),) = {tuple(job["window"]) for job in jobs[:12]}
    assert (date.fromisoformat(last_day) - date.fromisoformat(first_day)).days == 13
    assert date.fromisoformat(first_day) > datetime.now(UTC).date()
    assert len({job["timezone"] for job in jobs}) == 2
    assert [job["requests"] for job in jobs[4:6]] == [1, 1]
    assert all(
        job["summary"].startswith("nothing changed (checked ") for job in jobs[4:6] + jobs[10:12]
    )
    assert all(job["counts"]["marked"] for job in jobs[8:10])
    assert all(job["counts"]["removed"] for job in jobs[2:4] + jobs[16:])
    assert [job["status"] for job in jobs[16:18]] == ["held", "held"]
    assert "first sync of West" in err
    assert "Traceback" not in err
    assert len(pids) > 15
    assert_nothing_is_left(folder, pids)


def in_a_sync(demo: subprocess.Popen[str]) -> list[int]:
    """The demo's processes, as soon as a browser is among them."""
    give_up = time.monotonic() + LIMIT_S
    while True:
        pids = below(demo.pid)
        if any("--user-data-dir" in " ".join(command_line(pid)) for pid in pids):
            return pids
        assert demo.poll() is None, "it ended first"
        assert time.monotonic() < give_up, pids
        time.sleep(0.02)


def test_an_interrupt_in_the_middle_of_a_sync_leaves_nothing_behind(folder: Path) -> None:
    with start(folder, "--json") as demo:
        assert demo.stderr is not None
        for line in demo.stderr:
            if "first sync of West" in line:
                break
        pids = in_a_sync(demo)
        assert len(pids) > 15
        os.killpg(demo.pid, signal.SIGINT)  # as a terminal does
        out, err = demo.communicate(timeout=60)

    answer = json.loads(out)
    ended = (demo.returncode, answer["equal"], answer.get("error"), answer["differences"])
    assert ended == (130, False, "interrupted", []), err
    assert_nothing_is_left(folder, pids)
