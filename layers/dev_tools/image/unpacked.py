"""An image's file system as a folder, and how a program starts in it as on Lambda.

There the root is read-only, /tmp of a set size is all that can be written, shared memory is
missing, and the program is an ordinary user without any capability, who can gain none. `bwrap`
makes that, and `setpriv` of the image another user; the network is this machine's.
"""

import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal, Self, get_args

from dev_tools.emulator import ROOT

FOLDER: Final = ROOT / ".local" / "image"
"""Where `./run image build` puts it."""
Target = Literal["core", "browser"]
"""A stage of the Dockerfile."""
TARGETS: Final[tuple[Target, ...]] = get_args(Target)
USER, GROUP = 993, 990
"""Whom Lambda runs a function as, seen in its sandboxes; the image must run as anybody."""
TMP_MB: Final = 512
"""Lambda's own, where a function asks for no more."""
_SHARED_MEMORY: Final = "/dev/shm"  # noqa: S108 nothing can be written there
EXTRA: Final = "/mnt"
"""Where what is not of the image may lie: empty in every image."""


@dataclass(frozen=True, slots=True)
class Unpacked:
    """One target of the image, as a folder."""

    root: Path
    target: Target
    environment: Mapping[str, str]
    """What the image sets."""
    entrypoint: Sequence[str]
    """What starts Lambda's runtime."""
    commit: str

    @classmethod
    def kept(cls, folder: Path, target: Target) -> Self:
        """Raises FileNotFoundError: it has not been built."""
        told = json.loads((folder / f"{target}.json").read_text())
        return cls(**{**told, "root": folder / target})

    def keep(self) -> None:
        told = {**asdict(self), "root": self.root.name}
        self.root.with_suffix(".json").write_text(json.dumps(told, indent=2))

    def inside(
        self,
        command: Sequence[str],
        *,
        extra: Mapping[Path, str] | None = None,
        options: Sequence[str] = (),
    ) -> list[str]:
        """The command that runs another one in it.

        `extra`: a file or folder -> its name below EXTRA; `options`: further ones of `bwrap`.
        """
        binds = list(_binds(extra or {}))
        memory = ["--tmpfs", _SHARED_MEMORY, "--remount-ro", _SHARED_MEMORY]
        writable = f"--size {TMP_MB * 1024 * 1024} --perms 1777 --tmpfs /tmp".split()
        user = f"--reuid={USER} --regid={GROUP} --clear-groups".split()
        return [
            *("bwrap", "--ro-bind", str(self.root), "/", "--proc", "/proc", "--dev", "/dev"),
            *memory,
            *writable,
            *("--tmpfs", EXTRA, *binds, "--remount-ro", EXTRA),
            *("--ro-bind", "/etc/hosts", "/etc/hosts", "--chdir", "/var/task"),
            *options,
            *("setpriv", *user, "--inh-caps=-all", "--bounding-set=-all", "--", *command),
        ]


def _binds(extra: Mapping[Path, str]) -> Iterator[str]:
    """With the folders above each, which by themselves would be for root only."""
    for source, name in extra.items():
        place = Path(EXTRA, name)
        for folder in reversed(place.relative_to(EXTRA).parents[:-1]):
            yield from ("--dir", f"{EXTRA}/{folder}")
        yield from ("--ro-bind", str(source), str(place))


def why_not_here() -> str | None:
    """Why nothing can be started in an image on this machine; None: it can."""
    if sys.platform != "linux":
        return "its functions are started on Linux only"
    if os.geteuid() != 0:
        return "its functions are started as another user, which takes root: try again as root"
    if shutil.which("bwrap") is None:
        return "bwrap is missing (Debian: apt install bubblewrap)"
    return None


def why_not_built(folder: Path) -> str | None:
    """What has to be done before anything can be started in the image; None: nothing."""
    missing = [target for target in TARGETS if not (folder / f"{target}.json").is_file()]
    return f"the image is not built ({', '.join(missing)}): ./run image build" if missing else None
