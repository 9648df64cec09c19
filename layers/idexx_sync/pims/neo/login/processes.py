"""Ending a browser with everything it started, and burying what is left of it.

The process group of a Chromium is found by a mark on its command line, and is ours only if all of
it descends from us: anybody may write a mark, and an ended group's number is given away again.
Where there is no /proc (not Linux), ending is left to Playwright.
"""

import ctypes
import os
import select
import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_SET_CHILD_SUBREAPER: Final = 36
LONGEST_END_S: Final = 5.0
"""How long the processes of a browser may take to end once they were killed."""


@dataclass(frozen=True, slots=True)
class Process:
    pid: int
    parent: int
    group: int
    ended: bool
    """A zombie: it only waits to be buried."""


def processes() -> list[Process]:
    """Everything that runs on this machine, as far as we may see it."""
    found = []
    for pid in _pids():
        with suppress(OSError):
            stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
            state, parent, group = stat.rpartition(") ")[2].split(maxsplit=3)[:3]
            found.append(Process(pid, int(parent), int(group), state in "ZX"))
    return found


def command_line(pid: int) -> list[str]:
    """The words a process was started with; none when it is gone."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    return []


def below(roots: Iterable[int]) -> set[int]:
    """The processes and all that descend from them, as far as they exist."""
    children: dict[int, list[int]] = {}
    everything = processes()
    for one in everything:
        children.setdefault(one.parent, []).append(one.pid)
    found: set[int] = set()
    waiting = list(roots)
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found.add(pid)
            waiting += children.get(pid, ())
    return found & {one.pid for one in everything}


def are_at_work_in(folder: Path, mark: str) -> bool:
    """Whether a process that we may see names the folder on its command line, or has a file of it
    open, be it deleted; the file that is its mark does not count."""
    return any(_is_at_work_in(pid, f"{folder}/", mark) for pid in _pids())


def _is_at_work_in(pid: int, below: str, mark: str) -> bool:
    if any(below in f"{word}/" for word in command_line(pid)):
        return True
    with suppress(OSError):  # somebody else's, or gone
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                opened = str(entry.readlink())
                if opened.startswith(below) and opened != f"{below}{mark}":
                    return True
    return False


class MarkedGroups:
    """The process groups with a member whose command line has the mark as a word."""

    def __init__(self, mark: str) -> None:
        self._mark = mark
        self._groups: set[int] = set()

    def remember(self) -> None:
        """Notes those that exist now: a process that has ended no longer shows its mark."""
        marked = [pid for pid in _pids() if self._mark in command_line(pid)]
        self._groups |= {group for pid in marked if (group := _group_of(pid))} - {os.getpgrp()}

    def end(self) -> None:
        """Kills them; returns when nobody in them runs any more."""
        if not self._groups:
            self.remember()
        ends = time.monotonic() + LONGEST_END_S
        for group in self._groups:
            while (members := _running(group)) and time.monotonic() < ends:
                if not members <= below([os.getpid()]):
                    break
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(group, signal.SIGKILL)
                for pid in members:
                    _wait_for(pid, ends)

    def bury(self) -> None:
        """Collects those of the ended whose parents are gone and who became ours."""
        for group in self._groups:
            with suppress(ChildProcessError):
                while os.waitpid(-group, os.WNOHANG)[0]:
                    pass


def end_child(pid: int) -> None:
    """Kills a process if it is our own child: who has its number now may be anybody else."""
    if any(one.pid == pid and one.parent == os.getpid() for one in processes()):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@contextmanager
def adopting_orphans() -> Iterator[None]:
    """Children of an ended browser become ours, so that they can be buried.

    Without it they stay behind as zombies where nobody else collects them, as in a Lambda.
    """
    _adopt_orphans(True)
    try:
        yield
    finally:
        _adopt_orphans(False)


def _adopt_orphans(yes: bool) -> None:
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, int(yes), 0, 0, 0)


def _pids() -> list[int]:
    with suppress(FileNotFoundError):
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208
    return []


def _group_of(pid: int) -> int | None:
    with suppress(ProcessLookupError):
        return os.getpgid(pid)
    return None


def _running(group: int) -> set[int]:
    return {one.pid for one in processes() if one.group == group and not one.ended}


def _wait_for(pid: int, ends: float) -> None:
    """Until the process has ended, whoever its parent is."""
    with suppress(ProcessLookupError):
        handle = os.pidfd_open(pid)
        try:
            poll = select.poll()
            poll.register(handle, select.POLLIN)
            poll.poll(max(0, ends - time.monotonic()) * 1000)
        finally:
            os.close(handle)
