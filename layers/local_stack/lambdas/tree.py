"""The processes below one: what they use, and their end.

Needs /proc; elsewhere a process counts alone, and only its group is ended.
"""

import ctypes
import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Final

from idexx_sync.pims.neo.login.processes import Process, processes

_SET_CHILD_SUBREAPER: Final = 36
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_MEBIBYTE: Final = 1024 * 1024


def adopt_orphans() -> None:
    """From now on whatever loses its parent below us becomes our child."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def below(pid: int, everything: list[Process] | None = None) -> list[int]:
    """The process and all that descend from it."""
    everything = processes() if everything is None else everything
    children: dict[int, list[int]] = {}
    for one in everything:
        children.setdefault(one.parent, []).append(one.pid)
    found = [pid]
    for parent in found:  # grows while it is read
        found += children.get(parent, [])
    return found


def memory_mb(pid: int, *, of_interest_mb: float) -> float:
    """What the tree uses. Pages that several share count once, which is only looked at above
    `of_interest_mb`: it takes longer."""
    pids = below(pid)
    counted = sum(map(_resident, pids)) / _MEBIBYTE
    return counted if counted < of_interest_mb else sum(map(_proportional, pids)) / _MEBIBYTE


def end(pid: int) -> None:
    """Kills all below a leader, then its group: who is gone can't complain of the others' end."""
    for one in reversed(below(pid)):
        with suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def end_orphans(children: set[int]) -> None:
    """Kills and buries what we adopted: all our children but those named, and all below them."""
    while True:
        everything = processes()
        mine = [one for one in everything if one.parent == os.getpid() and one.pid not in children]
        for one in mine:
            for pid in below(one.pid, everything):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(one.pid, 0)
        if not mine:
            return


def _resident(pid: int) -> int:
    with suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    return 0


def _proportional(pid: int) -> int:
    with suppress(OSError, ValueError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return _resident(pid)
