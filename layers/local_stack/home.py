"""What the stack keeps between starts, and that only one stack uses it at a time."""

import base64
import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local_stack.tools import ROOT

HOME = ROOT / ".local" / "stack"


class AlreadyRuns(Exception):
    """Another stack uses this folder; the message says which."""


@dataclass(frozen=True)
class Home:
    """A folder of one running stack."""

    folder: Path
    _lock: int = field(repr=False)

    @property
    def postgres(self) -> Path:
        return self.folder / "postgres"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    def kept(self) -> dict[str, Any]:
        """The deployment's secrets, made at the first start, and what `keep` added."""
        path = self.folder / "kept.json"
        if not path.exists():
            self.keep({"pepper": _random_key(), "local_key": _random_key()})
        kept: dict[str, Any] = json.loads(path.read_text())
        return kept

    def keep(self, values: Mapping[str, Any]) -> None:
        """It gets its name last, so it is whole or not there; nobody else may read it."""
        new = self.folder / "kept.new"
        new.touch(mode=0o600)
        new.write_text(json.dumps(values, indent=2) + "\n")
        new.rename(self.folder / "kept.json")

    def tell(self, words: str) -> None:
        """What somebody reads who tries to start a second stack here."""
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, words.encode(), 0)


@contextmanager
def home(folder: Path = HOME, *, afresh: bool = False) -> Iterator[Home]:
    """Use the folder, emptied first if wanted `afresh`. Raises AlreadyRuns.

    The lock is the operating system's: it is gone when we are, however we ended.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRuns(os.pread(lock, 4096, 0).decode() or "it is just starting") from None
        found = Home(folder, lock)
        found.tell("")
        if afresh:
            for path in folder.iterdir():
                if path.is_dir():
                    shutil.rmtree(path)
                elif path.name != "lock":
                    path.unlink()
        yield found
    finally:
        os.close(lock)


def _random_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()
