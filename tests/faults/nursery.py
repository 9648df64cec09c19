"""Where workers come from: a process that has imported all they need, and forks one when asked.

A start of its own would cost each worker a second and a half of a core.
"""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

from tests.kit.paths import ROOT

MOST_BYTES = 65_536
"""Of an environment."""


class Newborn(NamedTuple):
    """A process whose standard input and output are ours."""

    pid: int
    events: BinaryIO
    answers: BinaryIO


class Nursery:
    """The process that forks; a worker is its child, and whoever a worker leaves behind is ours."""

    def __init__(self, ours: socket.socket) -> None:
        self._ours = ours

    def bear(self, environment: Mapping[str, str]) -> Newborn:
        """A worker under these environment variables."""
        events, ours = os.pipe()
        answers, theirs = os.pipe()
        try:
            socket.send_fds(self._ours, [json.dumps(dict(environment)).encode()], [events, theirs])
            said = self._ours.recv(100)
        finally:
            os.close(events)
            os.close(theirs)
        if not said:
            os.close(ours)
            os.close(answers)
            raise RuntimeError("there is no process any more that workers could come from")
        return Newborn(int(said), os.fdopen(ours, "wb", 0), os.fdopen(answers, "rb", 0))


@contextmanager
def running_nursery(printed: Path) -> Iterator[Nursery]:
    """`printed` is the file that its workers' output goes to, answers apart."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs, printed.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.worker_program", str(theirs.fileno())],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "layers"), str(ROOT)])},
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stderr=output,
        )
        theirs.close()
        try:
            yield Nursery(ours)
        finally:
            ours.close()
            process.wait(10)


def next_order(theirs: socket.socket) -> tuple[dict[str, str], int, int] | None:
    """In the nursery: the next worker's environment, input and output; None: nobody asks more."""
    said, descriptors, _, _ = socket.recv_fds(theirs, MOST_BYTES, 2)
    if not said:
        return None
    events, answers = descriptors
    return json.loads(said), events, answers


def leave_children_to_themselves() -> None:
    """In the nursery: an ended worker is gone at once, nobody has to bury it."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)


def be_a_process_of_its_own() -> None:
    """In the worker, after the fork: it waits for its own children as any process does."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
