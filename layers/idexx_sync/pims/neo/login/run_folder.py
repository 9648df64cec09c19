"""Where one browser keeps its files, and how such a folder is known as ours and as left behind.

A folder is ours if it has our name, belongs to our user alone, and holds our mark. The mark is
locked for as long as its process lives: the lock is the operating system's, so neither a number
that was given away again nor a process of another container can be taken for the owner.
"""

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from idexx_sync.pims.neo.login.processes import MarkedGroups, adopting_orphans, are_at_work_in

PLACE: Final = Path("/tmp")  # noqa: S108 the only place that a Lambda may write to
PREFIX: Final = "idexx-sync-run-"
MARK: Final = ".idexx-sync-run"
_CONTENT: Final = b"A browser of idexx-sync keeps its files here while it runs.\n"
_OPENING: Final = os.O_NOFOLLOW | os.O_CLOEXEC


class RunFolder:
    """One browser's folder, and the mark by which its processes are known."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.profile = path / "profile"
        self.home = path / "home"
        self.processes = MarkedGroups(f"--user-data-dir={self.profile}")

    def clear(self) -> None:
        """Ends what used the folder, and makes it as it was before."""
        self.processes.end()
        for used in (self.profile, self.home):
            shutil.rmtree(used, ignore_errors=True)


@contextmanager
def run_folder() -> Iterator[RunFolder]:
    """A fresh folder under /tmp that is gone afterwards, with every process that used it."""
    sweep()
    folder = RunFolder(Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=PLACE)))
    with _marked(folder.path), adopting_orphans():
        try:
            yield folder
        finally:
            folder.processes.end()
            folder.processes.bury()


def sweep() -> None:
    """Removes what was left by processes that were killed, session cookies included."""
    for path in PLACE.glob(f"{PREFIX}*"):
        with suppress(OSError), _left_behind(path) as left:
            if left:
                _remove(path)


@contextmanager
def _marked(path: Path) -> Iterator[None]:
    """Locks the mark of a new folder, which is gone after the block with all that is in it.

    The mark is written once it is locked: half a mark is none.
    """
    lock = os.open(path / MARK, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _OPENING, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        os.write(lock, _CONTENT)
        yield
    finally:
        _remove(path)
        os.close(lock)


def _remove(path: Path) -> None:
    """The mark goes last, and only with all else: what is left stays known to the next start.

    Something is left if this process is killed meanwhile, or if a browser whose process was
    killed is still at work: it would make the folder anew, without its mark.
    """
    with suppress(OSError):
        for entry in path.iterdir():
            if entry.name != MARK:
                _remove_entry(entry)
        empty = all(entry.name == MARK for entry in path.iterdir())
        if empty and not are_at_work_in(path, MARK):
            (path / MARK).unlink(missing_ok=True)
            path.rmdir()


def _remove_entry(entry: Path) -> None:
    if entry.is_dir() and not entry.is_symlink():
        shutil.rmtree(entry, ignore_errors=True)
    else:
        entry.unlink(missing_ok=True)


@contextmanager
def _left_behind(path: Path) -> Iterator[bool]:
    """Whether a folder is ours and its process is gone; nobody else removes it in the block."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | _OPENING)
    try:
        if not _is_private(folder):
            yield False
            return
        mark = os.open(MARK, os.O_RDONLY | os.O_NONBLOCK | _OPENING, dir_fd=folder)
        try:
            yield _is_private(mark) and _is_free(mark) and _says_ours(mark)
        finally:
            os.close(mark)
    finally:
        os.close(folder)


def _is_private(opened: int) -> bool:
    found = os.fstat(opened)
    return found.st_uid == os.geteuid() and not stat.S_IMODE(found.st_mode) & 0o077


def _is_free(mark: int) -> bool:
    try:
        fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _says_ours(mark: int) -> bool:
    return os.read(mark, len(_CONTENT) + 1) == _CONTENT
