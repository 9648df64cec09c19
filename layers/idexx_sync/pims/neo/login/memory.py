"""How much memory a login uses: the browser, Playwright's process, and what it adds to our own.

Where there is no /proc (not Linux) nothing is known of it, and nothing refused.
"""

import os
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from idexx_sync.pims.neo.login.processes import below

_MEBIBYTE: Final = 1024 * 1024
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


class LoginMemory:
    """The memory of one login, from the moment in which this is made."""

    def __init__(self, most_mb: float, roots: Callable[[], Iterable[int]]) -> None:
        """`roots` gives the processes that count with all that descend from them."""
        self._most = most_mb * _MEBIBYTE
        self._roots = roots
        self._ours_before = _resident(os.getpid())

    def is_too_large(self) -> bool:
        """Whether more is used than may be.

        Pages that processes share are counted once, which takes longer: only where it matters.
        """
        family = below(self._roots())
        ours = max(0, _resident(os.getpid()) - self._ours_before)
        return (
            ours + _sum(_resident, family) > self._most
            and ours + _sum(_proportional, family) > self._most
        )


def peak_mb(pid: int) -> float:
    """The most that a process ever had resident, in MiB; 0 when it is gone."""
    return _from_status(f"/proc/{pid}/status", "VmHWM:") / _MEBIBYTE


def _sum(measure: Callable[[int], int], pids: Collection[int]) -> int:
    return sum(measure(pid) for pid in pids)


def _resident(pid: int) -> int:
    """Bytes in memory, shared ones included; 0 when it is gone."""
    with suppress(OSError, IndexError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    return 0


def _proportional(pid: int) -> int:
    """Bytes in memory, shared ones shared out; 0 when it is gone."""
    return _from_status(f"/proc/{pid}/smaps_rollup", "Pss:") or _resident(pid)


def _from_status(path: str, name: str) -> int:
    with suppress(OSError):
        for line in Path(path).read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) * 1024
    return 0
