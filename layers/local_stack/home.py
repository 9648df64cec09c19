"""What the stack keeps between starts, and that only one stack uses it at a time."""

import base64
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from dev_tools.emulator import ROOT
from local_stack.login_roles import ROLES, Role

HOME = ROOT / ".local" / "stack"
SECRETS: Final = ("pepper", "local_key", "fingerprint_key")
PASSWORDS: Final[Mapping[Role, str]] = {name: f"{name}_password" for name in ROLES}
"""Role of the database -> under which name its password is kept."""


class AlreadyRuns(Exception):
    """Another stack uses this folder; the message says which."""


@dataclass(frozen=True)
class Home:
    """A folder of one running stack."""

    folder: Path
    _lock: int = field(repr=False)

    @property
    def postgres(self) -> Path:
        """Where Postgres keeps its data. A root user's Postgres runs as `nobody`, who can't pass
        through a private folder such as /root: then they lie elsewhere, and a link leads there."""
        here = self.folder / "postgres"
        if here.exists() or os.geteuid() != 0 or _anybody_can_pass(self.folder):
            return here
        elsewhere = _elsewhere(self.folder)
        elsewhere.mkdir(mode=0o711, exist_ok=True)
        if elsewhere.lstat().st_uid != 0 or not stat.S_ISDIR(elsewhere.lstat().st_mode):
            raise PermissionError(f"{elsewhere} is somebody else's; remove it and try again")
        here.unlink(missing_ok=True)
        here.symlink_to(elsewhere)
        return here

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    def kept(self) -> dict[str, Any]:
        """The deployment's secrets, made at the first start, and what `keep` added."""
        path = self.folder / "kept.json"
        kept: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
        random = dict.fromkeys(SECRETS, _random_key) | dict.fromkeys(
            PASSWORDS.values(), lambda: secrets.token_hex(16)
        )
        missing = [name for name in random if name not in kept]
        if missing:  # all at the first start, else what has become a secret since
            kept |= {name: random[name]() for name in missing}
            self.keep(kept)
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
            _empty(folder)
        yield found
    finally:
        os.close(lock)


@contextmanager
def throw_away_home() -> Iterator[Home]:
    """A folder of its own, gone after the block with all that it leads to."""
    with TemporaryDirectory(prefix="idexx-sync-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # Postgres's user must be able to pass
        with home(folder) as found:
            try:
                yield found
            finally:
                _empty(folder)


def _elsewhere(folder: Path) -> Path:
    name = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:12]
    return Path(f"/var/tmp/idexx-sync-{name}")  # noqa: S108 our own, and closed


def _empty(folder: Path) -> None:
    """Other links than the one that we made ourselves are removed, and lead to what is not ours."""
    for path in folder.iterdir():
        if path.name == "lock":
            continue
        if path.is_symlink() and path.resolve() == _elsewhere(folder):
            shutil.rmtree(path.resolve(), ignore_errors=True)
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _anybody_can_pass(folder: Path) -> bool:
    found = folder.resolve()
    return all(one.stat().st_mode & stat.S_IXOTH for one in (found, *found.parents))


def _random_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()
