"""Whom the embedded Postgres runs as, and who stops it when we no longer can."""

import os
import pwd
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# The last word read is the process to stop, or 0. End of input: the parent is gone or done.
GUARD = """
pid=0
while read -r word; do pid=$word; done
if [ "$pid" != 0 ] && kill -INT "$pid" 2>/dev/null; then
    tries=0
    while kill -0 "$pid" 2>/dev/null && [ "$tries" -lt 100 ]; do
        sleep 0.1
        tries=$((tries + 1))
    done
fi
[ -z "$1" ] || rm -rf "$1"
"""


@dataclass(frozen=True)
class User:
    """Whom Postgres runs as; None: as ourselves."""

    uid: int | None = None
    gid: int | None = None

    def popen(self, command: list[str | Path], log: Path) -> subprocess.Popen[bytes]:
        # A session of its own: Ctrl-C at the terminal is for us, and we stop Postgres.
        with log.open("ab") as output:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
                start_new_session=True,
                user=self.uid,
                group=self.gid,
                extra_groups=None if self.uid is None else [],
            )

    def own(self, path: Path) -> None:
        if self.uid is not None:
            os.chown(path, self.uid, -1)


def postgres_user() -> User:
    if os.geteuid() != 0:
        return User()
    nobody = pwd.getpwnam("nobody")
    return User(nobody.pw_uid, nobody.pw_gid)


class Guard:
    """Tells the guard process which process to stop should we disappear."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def watch(self, pid: int) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(b"%d\n" % pid)
        self._process.stdin.flush()

    def forget(self) -> None:
        self.watch(0)


@contextmanager
def guarded(temporary: Path) -> Iterator[Guard]:
    """Whatever happens to us, `temporary` is removed and the watched process stopped."""
    with subprocess.Popen(
        ["/bin/sh", "-c", GUARD, "postgres-guard", temporary],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,
    ) as process:
        try:
            yield Guard(process)
        finally:  # after Ctrl-C, Popen itself would not wait until all is removed
            process.communicate()
