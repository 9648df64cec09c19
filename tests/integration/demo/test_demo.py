"""`./run demo` as a stranger types it: it is equal, it is quick, and nothing is left behind."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest

ROOT = Path(__file__).parents[3]
COMMAND = [sys.executable, "-m", "local_stack.demo"]


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


def left_behind(folder: Path, pid: int) -> list[str]:
    """Files, and processes that name the folder or the demo's browser folder."""
    found = [path.name for path in folder.iterdir()]
    mark, browser = str(folder).encode(), f"/tmp/run-{pid}-".encode()  # noqa: S108
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes()
            if browser in words or mark in words or mark in (process / "environ").read_bytes():
                found.append(words.replace(b"\0", b" ").decode(errors="replace")[:120])
        except OSError:  # it ended while we looked, or is nobody's business
            continue
    return found


def assert_nothing_is_left(folder: Path, pid: int) -> None:
    give_up = time.monotonic() + 5
    while left := left_behind(folder, pid):
        assert time.monotonic() < give_up, left
        time.sleep(0.05)


def test_the_demo_is_equal_and_prints_one_object(folder: Path) -> None:
    with start(folder, "--json") as demo:
        out, err = demo.communicate(timeout=90)

    answer = json.loads(out)
    assert (demo.returncode, answer["equal"], answer["differences"]) == (0, True, []), err
    assert answer["seconds"] < 90
    jobs = answer["jobs"]
    assert [(job["stage"], job["logins"]) for job in jobs] == [
        *([("first", 1)] * 2),
        *([("second", 0)] * 2),
        *([("third", 0)] * 2),
    ]
    assert [job["requests"] for job in jobs[4:]] == [1, 1]
    assert [job["summary"].startswith("nothing changed (checked ") for job in jobs[4:]] == [
        True
    ] * 2
    assert all(job["counts"]["removed"] for job in jobs[2:4])
    assert "first sync of West" in err
    assert "Traceback" not in err
    assert_nothing_is_left(folder, demo.pid)


@pytest.mark.parametrize(
    ("word", "end"),
    [
        ("starting Postgres", signal.SIGTERM),
        ("first sync of West", signal.SIGINT),
        ("first sync of Desert", signal.SIGTERM),
    ],
)
def test_an_interrupt_leaves_nothing_behind(folder: Path, word: str, end: signal.Signals) -> None:
    with start(folder, "--json") as demo:
        assert demo.stderr is not None
        for line in demo.stderr:
            if word in line:
                break
        time.sleep(0.4)
        if end is signal.SIGINT:
            os.killpg(demo.pid, end)  # as a terminal does
        else:
            demo.send_signal(end)
        out, err = demo.communicate(timeout=60)

    answer = json.loads(out)
    assert (demo.returncode, answer["equal"], answer["error"]) == (130, False, "interrupted"), err
    assert_nothing_is_left(folder, demo.pid)


def test_a_word_that_is_none_is_refused() -> None:
    answer = subprocess.run(
        [*COMMAND, "--josn"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr.startswith("usage: ./run demo [-h] [--json]\n")
    assert "unrecognized arguments: --josn" in answer.stderr
