"""What a run may leave behind in its process and on its machine, counted (V10)."""

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from idexx_sync.database.connection import Conn
from tests.faults.rig import Rig
from tests.kit.database import query
from tests.kit.processes import below, children, command_line

Leftovers = dict[str, list[str]]

SETTLES_S = 5.0
"""How long an ending that is under way may take."""
_TMP = Path("/tmp")


def leftovers(rig: Rig) -> Leftovers:
    """Everything of this process that a run could have forgotten."""
    return {
        "child process": sorted(_program(pid) for pid in descendants(rig)),
        "file descriptor": _descriptors(),
        "thread": _threads(),
        "file": _files(rig.folder, os.getpid()),
        "open transaction": _transactions(rig.conn),
    }


def settled(measure: Callable[[], Leftovers], before: Leftovers) -> Leftovers:
    """The leftovers once nothing is left over, or after a while as they are."""
    ends = time.monotonic() + SETTLES_S
    while True:
        after = measure()
        done = all(len(after[what]) <= len(before[what]) for what in after)
        if done or time.monotonic() > ends:
            return after
        time.sleep(0.02)


def descendants(rig: Rig) -> list[int]:
    """Every process below this one, those included that only wait to be buried."""
    own = [child for child in children(os.getpid()) if child not in rig.own_processes]
    return [pid for child in own for pid in below(child)]


def _program(pid: int) -> str:
    words = command_line(pid)
    name = Path(words[0]).name if words and words[0] else "a process without a name"
    return f"{name} {words[2]}" if len(words) > 2 and words[1] == "-m" else name


def _descriptors() -> list[str]:
    found = []
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # closed meanwhile
            found.append(str(entry.readlink()).partition(":")[0])
    return sorted(found)


def _threads() -> list[str]:
    """Ours; those of the proxy come and go with connections."""
    names = (thread.name.rpartition("-")[0] or thread.name for thread in threading.enumerate())
    return sorted(name for name in names if name.startswith(("neo", "lifetime", "asyncio")))


def _files(folder: Path, pid: int) -> list[str]:
    found = [str(path.relative_to(folder)) for path in folder.rglob("*")]
    return sorted(found + [path.name for path in _TMP.glob(f"idexx-sync-run-{pid}-*")])


def _transactions(conn: Conn) -> list[str]:
    found = query(
        conn,
        """
        SELECT state FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'idexx-sync'
           AND xact_start IS NOT NULL AND state <> 'active'
        """,
    )
    return sorted(row["state"] for row in found)
