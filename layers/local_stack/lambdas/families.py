"""A process with all that descend from it: what they use together, their end, and orphans."""

import ctypes
import os
import signal
from collections.abc import Collection
from contextlib import suppress
from typing import Final

import psutil

_SET_CHILD_SUBREAPER: Final = 36
_MEBIBYTE: Final = 1024 * 1024


def adopt_orphans() -> None:
    """From now on whatever loses its parent below us becomes our child; only Linux can do it."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def memory_mb(pid: int, *, of_interest_mb: float) -> float:
    """MiB that the family uses. Pages that several share count once, which is only looked at
    above `of_interest_mb`: it takes longer."""
    family = _family(pid)
    counted = sum(map(_resident, family)) / _MEBIBYTE
    return counted if counted < of_interest_mb else sum(map(_proportional, family)) / _MEBIBYTE


def end(pid: int) -> None:
    """Kills all below a leader, then its group: who is gone can't complain of the others' end."""
    _kill(_family(pid))
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def end_orphans(children: Collection[int]) -> None:
    """Kills and buries what we adopted: all our children but those named, and all below them."""
    while orphans := [one for one in psutil.Process().children() if one.pid not in children]:
        for orphan in orphans:
            _kill(_family(orphan.pid))
            with suppress(ChildProcessError):
                os.waitpid(orphan.pid, 0)


def _family(pid: int) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        leader = psutil.Process(pid)
        return [leader, *leader.children(recursive=True)]
    return []


def _kill(family: list[psutil.Process]) -> None:
    for one in reversed(family):
        with suppress(psutil.NoSuchProcess):
            one.kill()


def _resident(process: psutil.Process) -> int:
    with suppress(psutil.Error):
        return process.memory_info().rss
    return 0


def _proportional(process: psutil.Process) -> int:
    with suppress(psutil.Error):
        return int(process.memory_full_info().pss)
    return _resident(process)
