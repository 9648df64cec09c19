"""How a login's memory is measured, and which processes may be ended as its own."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from idexx_sync.pims.neo.login.memory import LoginMemory, peak_mb
from idexx_sync.pims.neo.login.processes import MarkedGroups, below, end_child
from tests.kit.processes import is_running

HELD_MB = 64
HOLDS = f"held = bytearray(b'x') * ({HELD_MB} << 20)"
SAYS_SO = "print('ready', flush=True); input()"


@contextmanager
def running(program: str) -> Iterator[subprocess.Popen[bytes]]:
    """A Python that has done its program and waits."""
    with subprocess.Popen(
        [sys.executable, "-S", "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, 9)


def test_what_a_process_and_its_children_hold_counts() -> None:
    child = f"import subprocess, sys; {HOLDS}; {SAYS_SO}"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-S', '-c', {child!r}])"
    with running(parent) as process:
        assert LoginMemory(HELD_MB * 0.9, lambda: [process.pid]).is_too_large()
        assert not LoginMemory(HELD_MB * 2, lambda: [process.pid]).is_too_large()
        assert not LoginMemory(HELD_MB * 0.9, list).is_too_large()


def test_what_several_processes_share_counts_once() -> None:
    program = f"import os; {HOLDS}; os.fork() and os.fork(); {SAYS_SO}"
    with running(program) as process:
        give_up = time.monotonic() + 5
        while len(below([process.pid])) < 3:
            assert time.monotonic() < give_up
        assert not LoginMemory(HELD_MB * 1.5, lambda: [process.pid]).is_too_large()


def test_what_a_login_adds_to_our_own_process_counts() -> None:
    memory = LoginMemory(HELD_MB * 0.9, list)
    assert not memory.is_too_large()
    held = bytearray(b"x") * (HELD_MB << 20)
    assert memory.is_too_large()
    del held


def test_a_peak_stays_and_a_process_that_is_gone_holds_nothing() -> None:
    with running(f"{HOLDS}; del held; {SAYS_SO}") as process:
        assert peak_mb(process.pid) > HELD_MB
    assert peak_mb(process.pid) == 0


def test_only_our_own_children_are_ended() -> None:
    stranger = f"import subprocess, sys; subprocess.run([sys.executable, '-S', '-c', {SAYS_SO!r}])"
    with running(stranger) as process:
        (grandchild,) = below([process.pid]) - {process.pid}
        end_child(grandchild)
        end_child(1)
        assert below([process.pid]) == {process.pid, grandchild}
        end_child(process.pid)
        assert process.wait(5) == -9


@pytest.mark.parametrize("is_ours", [True, False])
def test_a_mark_that_anybody_can_write_ends_only_what_descends_from_us(is_ours: bool) -> None:
    """What is no child of ours is made so here by a parent that ends at once."""
    mark = f"--user-data-dir=/nowhere/{os.getpid()}"
    away = f"import os; os.fork() and os._exit(0); os.setsid(); print(os.getpid()); {SAYS_SO}"
    program = f"import os; os.setsid(); print(os.getpid(), flush=True); {SAYS_SO}"
    with subprocess.Popen(
        [sys.executable, "-S", "-c", program if is_ours else away, mark],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        assert b"ready" in process.stdout.readline()
        groups = MarkedGroups(mark)
        groups.end()
        assert is_running(pid) != is_ours
        if not is_ours:
            os.kill(pid, 9)
