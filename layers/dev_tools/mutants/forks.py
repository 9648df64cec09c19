"""A child of this process, which does one thing within a time limit and says one thing."""

import json
import os
import select
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Any, NamedTuple


class Said(NamedTuple):
    """What a child said; None: it ended without a word, or its time was over."""

    answer: dict[str, Any] | None
    timed_out: bool


def in_child(work: Callable[[], dict[str, Any]], limit_s: float) -> Said:
    """Do the work in a child of this process; nothing of it is left here."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        _be_child(work, writing)
    os.close(writing)
    said, timed_out = _read(reading, limit_s)
    for kill in (os.kill, os.killpg):  # it may not have its group yet
        with suppress(ProcessLookupError):
            kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(reading)
    return Said(json.loads(said) if said else None, timed_out)


def _be_child(work: Callable[[], dict[str, Any]], writing: int) -> None:
    """Never returns, and ends nothing that the parent has begun."""
    try:
        os.setsid()
        os.write(writing, json.dumps(work()).encode() + b"\n")
    except BaseException:  # noqa: BLE001 - a child that breaks must not go on as its parent
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(0)


def _read(reading: int, limit_s: float) -> tuple[bytes, bool]:
    deadline = monotonic() + limit_s
    said = b""
    while not said.endswith(b"\n"):  # whoever it left behind may keep the pipe open
        ready, _, _ = select.select([reading], [], [], max(0.0, deadline - monotonic()))
        if not ready:
            return b"", True
        part = os.read(reading, 65_536)
        if not part:
            return b"", False
        said += part
    return said, False
