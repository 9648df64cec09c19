"""The image that ours begins with: Debian's own, or the same made here where none can be fetched.

A machine that reaches Debian's packages and no registry of images makes the base by `debootstrap`
from them; it is kept under another name than Debian's, so that nobody takes it for that.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dev_tools.image.builder import Builder, Docker, NotBuilt, carry_out, output_of

OFFICIAL: Final = "debian:trixie-slim"
MADE_HERE: Final = "localhost/idexx-sync-base:trixie"
SUITE: Final = "trixie"
_SOURCES: Final = Path("/etc/apt")
_NOT_NEEDED: Final = ("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info")
"""What Debian's slim image leaves out as well."""


def base_image(builder: Builder) -> str:
    """A name that the builder knows. Raises NotBuilt."""
    if chosen := os.environ.get("BASE_IMAGE"):
        return chosen
    if isinstance(builder, Docker):
        return OFFICIAL  # the daemon fetches it
    if _is_there(MADE_HERE):
        return MADE_HERE
    official = f"docker.io/library/{OFFICIAL}"
    try:
        output_of(["buildah", "pull", "--quiet", "--retry", "0", official])
    except NotBuilt:
        _make()
        return MADE_HERE
    return official


def _is_there(name: str) -> bool:
    try:
        output_of(["buildah", "inspect", "--type", "image", name])
    except NotBuilt:
        return False
    return True


def _make() -> None:
    if shutil.which("debootstrap") is None:
        raise NotBuilt(
            "the base image can't be fetched, and debootstrap, which makes it from Debian's "
            "packages, is missing (Debian: apt install debootstrap)"
        )
    with tempfile.TemporaryDirectory(prefix="idexx-sync-base-") as told:
        root = Path(told) / "root"
        carry_out(["debootstrap", "--variant=minbase", SUITE, str(root), mirror()])
        for name in ("var/cache/apt", "var/lib/apt/lists"):
            shutil.rmtree(root / name)
            (root / name).mkdir()
        for name in _NOT_NEEDED:
            shutil.rmtree(root / name, ignore_errors=True)
        container = output_of(["buildah", "from", "scratch"]).strip()
        try:
            carry_out(["buildah", "add", container, str(root), "/"])
            carry_out(["buildah", "commit", container, MADE_HERE])
        finally:
            output_of(["buildah", "rm", container])


def mirror(sources: Path = _SOURCES) -> str:
    """Where this machine takes Debian's packages from. Raises NotBuilt."""
    for path in sorted([*sources.glob("sources.list"), *sources.glob("sources.list.d/*")]):
        for address in _addresses(path.read_text(errors="replace")):
            return address
    raise NotBuilt(f"no source of Debian's packages is named below {sources}")


def _addresses(text: str) -> Iterator[str]:
    for line in text.splitlines():
        found = re.match(
            r"(?:deb\s+(?:\[[^]]*\]\s*)?|URIs:\s*)(https?://\S+/debian)/?(?:\s|$)", line
        )
        if found:
            yield found[1]
