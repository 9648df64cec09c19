"""What runs on this machine, seen by psutil: never by the code whose leftovers are looked for.

A process that ends while it is looked at counts as gone, and nothing here raises for it.
"""

import ctypes
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from typing import Final

import psutil

_SET_CHILD_SUBREAPER: Final = 36


def below(pid: int) -> list[int]:
    """The process and all that descend from it, those included that only wait to be buried."""
    with suppress(psutil.NoSuchProcess):
        return [pid, *(one.pid for one in psutil.Process(pid).children(recursive=True))]
    return []


def children(pid: int) -> list[int]:
    """The processes that a process has started or adopted, the ended ones included."""
    with suppress(psutil.NoSuchProcess):
        return [one.pid for one in psutil.Process(pid).children()]
    return []


def command_line(pid: int) -> list[str]:
    """The words a process was started with; none when it has ended."""
    with suppress(psutil.Error):
        return psutil.Process(pid).cmdline()
    return []


def is_running(pid: int) -> bool:
    """Whether the process has not ended yet."""
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def running_with(word: str) -> list[int]:
    """The processes that have the word in their command line."""
    return [pid for pid in psutil.pids() if word in command_line(pid)]


def in_groups(groups: Collection[int]) -> list[int]:
    """The members of the process groups, the ended ones included."""
    found = []
    for pid in psutil.pids():
        with suppress(ProcessLookupError):
            if os.getpgid(pid) in groups:
                found.append(pid)
    return found


@contextmanager
def adopting_orphans() -> Iterator[None]:
    """Within the block what loses its parent below us becomes our child; only Linux can do it."""
    _set_child_subreaper(1)
    try:
        yield
    finally:
        _set_child_subreaper(0)


def _set_child_subreaper(yes: int) -> None:
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, yes, 0, 0, 0)
