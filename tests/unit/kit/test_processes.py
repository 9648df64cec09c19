"""The rig's own eye for processes: what it overlooked, no test of leftovers could find."""

import os
import subprocess
import sys
from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.kit.processes import (
    below,
    children,
    command_line,
    in_groups,
    is_running,
    running_with,
)

PARENT = """
import subprocess, sys
grandchild = subprocess.Popen([sys.executable, "-c", "input()", sys.argv[1]], stdin=sys.stdin)
print(grandchild.pid, flush=True)
grandchild.wait()
"""


@pytest.fixture
def mark() -> str:
    return f"mark-{uuid4()}"


@pytest.fixture
def family(mark: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A child in a process group of its own and its child; both end with our end of a pipe."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, mark],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        process_group=0,
    ) as child:
        assert child.stdout is not None
        yield child, int(child.stdout.readline())
        child.kill()


def test_a_family_is_seen_whole(family: tuple[subprocess.Popen[str], int], mark: str) -> None:
    child, grandchild = family

    assert below(child.pid) == [child.pid, grandchild]
    assert {child.pid, grandchild} <= set(below(os.getpid()))
    assert child.pid in children(os.getpid())
    assert grandchild not in children(os.getpid())
    assert sorted(running_with(mark)) == sorted([child.pid, grandchild])
    assert sorted(in_groups({child.pid})) == sorted([child.pid, grandchild])
    assert command_line(grandchild)[1:] == ["-c", "input()", mark]


def test_who_has_ended_no_longer_runs_but_is_there_until_it_is_buried() -> None:
    ended = subprocess.Popen([sys.executable, "-c", "pass"])
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)

    assert not is_running(ended.pid)
    assert (ended.pid in children(os.getpid()), below(ended.pid)) == (True, [ended.pid])
    assert command_line(ended.pid) == []
    ended.wait()
    assert (ended.pid in children(os.getpid()), below(ended.pid)) == (False, [])
    assert not is_running(ended.pid)
