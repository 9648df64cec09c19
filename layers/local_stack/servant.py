"""Programs of ours that serve us: each ends when its standard input closes, however we ended.

A session of its own: Ctrl-C at the terminal is for us, and we end them in good order.
"""

import json
import os
import select
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

START_LIMIT_S = 30.0
STOP_LIMIT_S = 10.0


class DidNotStart(Exception):
    """A program ended or said nothing instead of getting ready; the message says where to look."""


@contextmanager
def serving(
    command: Sequence[str | Path], log: Path, environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """The program for the time of the block, or until this process is gone."""
    with (
        log.open("ab") as errors,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={"PATH": os.environ.get("PATH", os.defpath), **environment},
            start_new_session=True,
        ) as process,
    ):
        try:
            yield process
        finally:
            _stop(process)


def first_line(process: subprocess.Popen[bytes], log: Path) -> dict[str, str]:
    """The JSON that the program says when it is ready. Raises DidNotStart."""
    assert process.stdout is not None
    deadline = monotonic() + START_LIMIT_S
    line = b""
    while not line.endswith(b"\n"):
        ready, _, _ = select.select([process.stdout], [], [], max(0, deadline - monotonic()))
        part = os.read(process.stdout.fileno(), 4096) if ready else b""
        if not part:
            raise DidNotStart(f"{process.args!r} did not start; see {log}")
        line += part
    said: dict[str, str] = json.loads(line)
    return said


def _stop(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(timeout=STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
