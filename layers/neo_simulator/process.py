"""Starting and stopping a simulator process from Python."""

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

from neo_simulator.client import Simulator

START_SECONDS = 20


@contextmanager
def running_simulator(port: int = 0, admin_port: int = 0) -> Iterator[Simulator]:
    """A simulator that is ready; it ends with the block, or with this process, whichever is first.

    Its messages go to our stderr.
    """
    layers = str(Path(__file__).resolve().parents[1])
    paths = [layers, *filter(None, [os.environ.get("PYTHONPATH")])]
    command = [sys.executable, "-m", "neo_simulator", "--until-stdin-closes"]
    command += ["--port", str(port), "--admin-port", str(admin_port)]
    # A session of its own: Ctrl-C at the terminal is for us, and we end the simulator.
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        start_new_session=True,
    ) as process:
        try:
            where = _first_line(process)
            with Simulator(where["url"], where["admin_url"], process.pid) as simulator:
                yield simulator
        finally:
            _stop(process)


def _first_line(process: subprocess.Popen[bytes]) -> dict[str, str]:
    """What the process says when it is ready; an error if it ends or says nothing."""
    assert process.stdout is not None
    deadline = monotonic() + START_SECONDS
    line = b""
    while not line.endswith(b"\n"):
        ready, _, _ = select.select([process.stdout], [], [], max(0, deadline - monotonic()))
        part = os.read(process.stdout.fileno(), 4096) if ready else b""
        if not part:
            raise RuntimeError("the simulator did not start; its message is on stderr")
        line += part
    where: dict[str, str] = json.loads(line)
    return where


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
