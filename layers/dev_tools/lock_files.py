"""The lock files: in step with pyproject.toml, with each other, and free of addresses.

Each file of `requirements/` begins with a digest of the dependencies that pyproject.toml
declared when it was made, so that the question "is it in step?" needs no network.
"""

import hashlib
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

NAMES = ("base", "browser", "local", "infra", "dev", "uv", "ministack", "emulator", "audit")
ADDRESS = re.compile(
    r"index-url\s*=?\s*\S*[:]//|find-links\s*=?\s*\S*[:]//|[:]//[^\s\"']*/simple\b"
    r"|registry\s*[=:]\s*[\"']?https?:|pythonhosted[.]org|\bpypi[.]org|npmjs[.](?:org|com)"
)
PIN = re.compile(r"^(?P<name>[a-z0-9-]+)==(?P<version>\S+)", re.MULTILINE)


def digest(root: Path) -> str:
    """What pyproject.toml asks for, as one short word."""
    declared = tomllib.loads((root / "pyproject.toml").read_text())
    project = declared["project"]
    asked = [
        project["requires-python"],
        project["dependencies"],
        project["optional-dependencies"],
        declared["dependency-groups"],
    ]
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:16]


def first_line(root: Path) -> str:
    return f"# made by ./run lock from pyproject.toml {digest(root)}\n"


def stamp(root: Path) -> None:
    """Mark freshly made lock files as answering the present pyproject.toml."""
    for name in NAMES:
        path = root / "requirements" / f"{name}.txt"
        path.write_text(first_line(root) + path.read_text())


def pins(text: str) -> set[tuple[str, str]]:
    return {(match["name"], match["version"]) for match in PIN.finditer(text)}


def lock_problems(root: Path) -> Iterator[str]:
    """Why a lock file cannot be trusted, one sentence each."""
    texts = {name: (root / "requirements" / f"{name}.txt").read_text() for name in NAMES}
    for name, text in texts.items():
        if not text.startswith(first_line(root)):
            yield f"requirements/{name}.txt is not in step with pyproject.toml: use ./run lock"
        if "://" in text:
            yield f"requirements/{name}.txt holds an address"
    for name in ("base", "browser", "local", "infra"):
        if strange := pins(texts[name]) - pins(texts["dev"]):
            yield f"requirements/{name}.txt and dev.txt disagree: {sorted(strange)}"


def addresses(root: Path) -> Iterator[str]:
    """Where a file of the repository names a package index or a mirror."""
    # A checkout that another user owns is read all the same.
    git = ["git", "-c", "safe.directory=*"]
    listing = subprocess.run(
        [*git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in filter(None, listing.stdout.split("\0")):
        path = root / name
        if not path.is_file():
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), start=1):
            if ADDRESS.search(line):
                yield f"{name}:{number} names a package index"


def main(word: str, root: Path) -> int:
    if word == "stamp":
        stamp(root)
    problems = [*lock_problems(root), *addresses(root)]
    for problem in problems:
        print(problem)
    if not problems:
        print("Lock files are in step; no index address anywhere.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path.cwd()))
