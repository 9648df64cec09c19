"""What builds the image: Docker where a daemon answers, else buildah, which needs none."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from dev_tools.image.unpacked import Target, Unpacked

NAME: Final = "idexx-sync"
DOCKERFILE: Final = "Dockerfile.lambda"
AUTHORITIES: Final = Path("/etc/ssl/certs/ca-certificates.crt")
"""Of this machine. Where its network has authorities of its own, pip has to know them."""


class NotBuilt(Exception):
    """There is no image; the message says why and what to do."""


class Builder(Protocol):
    """Builds a stage of the Dockerfile and gives its file system."""

    name: str

    def build(self, target: Target, root: Path, arguments: Mapping[str, str]) -> None:
        """Raises NotBuilt."""

    def unpack(self, target: Target, folder: Path) -> Unpacked:
        """The built target as a folder below `folder`, in place of an earlier one."""


class Docker:
    """By a daemon, on whatever system it is."""

    name = "docker"

    def build(self, target: Target, root: Path, arguments: Mapping[str, str]) -> None:
        carry_out(
            [
                *("docker", "build", "--platform", "linux/amd64"),
                *_what(target, arguments, f"{NAME}:{target}"),
                str(root),
            ]
        )

    def unpack(self, target: Target, folder: Path) -> Unpacked:
        tag = f"{NAME}:{target}"
        (described,) = json.loads(output_of(["docker", "image", "inspect", tag]))
        container = output_of(["docker", "create", "--platform", "linux/amd64", tag]).strip()
        root = _emptied(folder / target)
        try:
            with subprocess.Popen(["docker", "export", container], stdout=subprocess.PIPE) as out:
                carry_out(["tar", "--extract", "--directory", str(root)], stdin=out.stdout)
        finally:
            output_of(["docker", "rm", container])
        return _kept(root, target, described["Config"])


class Buildah:
    """By a program alone, for Linux machines without a daemon; as root."""

    name = "buildah"
    _settings: Final = {"BUILDAH_ISOLATION": "chroot"}

    def build(self, target: Target, root: Path, arguments: Mapping[str, str]) -> None:
        carry_out(
            [
                *("buildah", "bud", "--network", "host", "--layers"),
                *_what(target, arguments, f"localhost/{NAME}:{target}"),
                str(root),
            ],
            environment=self._settings,
        )

    def unpack(self, target: Target, folder: Path) -> Unpacked:
        tag = f"localhost/{NAME}:{target}"
        described = json.loads(output_of(["buildah", "inspect", "--type", "image", tag]))
        container = output_of(["buildah", "from", "--pull-never", tag]).strip()
        root = _emptied(folder / target)
        try:
            mounted = output_of(["buildah", "mount", container]).strip()
            carry_out(["cp", "--archive", f"{mounted}/.", str(root)])
        finally:
            output_of(["buildah", "rm", container])
        return _kept(root, target, described["OCIv1"]["config"])


def find_builder() -> Builder:
    """Raises NotBuilt, which says what to install or start."""
    if shutil.which("docker") and _succeeds(["docker", "info"]):
        return Docker()
    if sys.platform != "linux":
        raise NotBuilt("no Docker daemon answers: start Docker, then try again")
    if shutil.which("buildah") is None:
        raise NotBuilt(
            "no Docker daemon answers and buildah is missing: start Docker, or install buildah "
            "(Debian: apt install buildah), then try again"
        )
    if os.geteuid() != 0:
        raise NotBuilt("no Docker daemon answers: start Docker, or try again as root with buildah")
    return Buildah()


def carry_out(
    command: Sequence[str], *, environment: Mapping[str, str] | None = None, stdin: Any = None
) -> None:
    """What it says is told only if it fails. Raises NotBuilt."""
    done = subprocess.run(
        command,
        stdin=stdin or subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**os.environ, **(environment or {})},
        check=False,
    )
    if done.returncode != 0:
        raise NotBuilt(f"{done.stdout[-6000:]}\n{' '.join(command[:3])} ... failed")


def output_of(command: Sequence[str]) -> str:
    """Raises NotBuilt."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NotBuilt(f"{done.stderr[-2000:]}\n{' '.join(command[:3])} ... failed")
    return done.stdout


def _what(target: Target, arguments: Mapping[str, str], tag: str) -> list[str]:
    told = [f"{name}={value}" for name, value in arguments.items()]
    given = [word for one in told for word in ("--build-arg", one)]
    if AUTHORITIES.is_file():
        given += ["--secret", f"id=authorities,src={AUTHORITIES}"]
    return ["--file", DOCKERFILE, "--target", target, "--tag", tag, *given]


def _emptied(folder: Path) -> Path:
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    return folder


def _kept(root: Path, target: Target, config: Mapping[str, Any]) -> Unpacked:
    environment = dict(one.split("=", 1) for one in config["Env"])
    commit = environment["IDEXX_SYNC_COMMIT"]
    found = Unpacked(root, target, environment, config["Entrypoint"], commit)
    found.keep()
    return found


def _succeeds(command: Sequence[str]) -> bool:
    try:
        done = subprocess.run(command, capture_output=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
