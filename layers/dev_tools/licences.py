"""Under which licences the image's packages are, by the metadata that they bring.

`python -m dev_tools.licences` lists them; its exit code is 1 if one is unknown, or binds us in a
way that nobody has agreed to. Libraries that a package has inside of it (of psycopg-binary,
cryptography and playwright, for example) are named by the files of the package itself.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement

UNKNOWN: Final = "unknown"
FREE: Final = frozenset(
    {
        *("0BSD", "BSD", "BSD-2-Clause", "BSD-3-Clause"),
        *("Apache-2.0", "ISC", "MIT", "MIT-0", "PSF-2.0", "TCL"),
    }
)
"""What asks for no more than that it is named."""
AGREED: Final = {
    ("psycopg", "LGPL-3.0-only"): "a library that is used as it is and can be exchanged",
    ("psycopg-binary", "LGPL-3.0-only"): "a library that is used as it is and can be exchanged",
    ("certifi", "MPL-2.0"): "a list of certificates, used as it is",
}
"""What asks for more, package by package, and why that is no hindrance."""
_SPDX: Final = {
    "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
"""Names that older metadata use."""
_EXPRESSION: Final = re.compile(r"[A-Za-z0-9.+-]+( (OR|AND) [A-Za-z0-9.+-]+)*")


@dataclass(frozen=True, slots=True)
class Licensed:
    """One package of the image."""

    name: str
    version: str
    licence: str
    """An SPDX expression, or UNKNOWN."""

    @property
    def remark(self) -> str | None:
        """Why it is no hindrance though it asks for more; None: it asks for nothing."""
        return AGREED.get((self.name, self.licence))

    @property
    def is_fine(self) -> bool:
        return self.remark is not None or any(
            set(one.split(" AND ")) <= FREE for one in self.licence.split(" OR ")
        )


def licensed(lock: str) -> Iterator[Licensed]:
    """Each package of a lock file that this system needs, as it is installed here.

    Raises LookupError where another version is installed.
    """
    for line in re.findall(r"^[a-z0-9-]+==[^\\\n]+", lock, re.MULTILINE):
        wanted = Requirement(line)
        if wanted.marker is not None and not wanted.marker.evaluate():
            continue
        found = metadata.metadata(wanted.name)
        if not wanted.specifier.contains(found["Version"]):
            raise LookupError(f"{wanted.name} {found['Version']} is installed, not {line}")
        yield Licensed(wanted.name, found["Version"], licence_of(found))


def licence_of(found: metadata.PackageMetadata) -> str:
    """By its expression, else by its short name, else by the classifiers, all of which count."""
    classifiers = [
        one.rpartition(" :: ")[2] for one in found.get_all("Classifier", []) if "License" in one
    ]
    named = [found.get("License-Expression"), found.get("License")]
    for text in [*named, " AND ".join(sorted(_SPDX.get(one, UNKNOWN) for one in classifiers))]:
        licence = _SPDX.get(text or "", text or "")
        if _EXPRESSION.fullmatch(licence):
            return licence
    return UNKNOWN


def debian_packages(dockerfile: str) -> list[str]:
    """What the image's own stages install of Debian, beside what that needs."""
    own = [stage for stage in dockerfile.split("\nFROM ") if re.match(r"\S+ AS \w*-?system", stage)]
    lists = re.findall(r"--no-install-recommends ((?:[a-z0-9 .+-]|\\\n)+)", "\n".join(own))
    return sorted({name for names in lists for name in names.replace("\\", " ").split()})


def main(root: Path) -> int:
    found = list(licensed((root / "requirements" / "browser.txt").read_text()))
    for one in found:
        remark = one.remark or ("" if one.is_fine else "NOT AGREED")
        print(f"{one.name:<24}{one.version:<14}{one.licence:<32}{remark}".rstrip())
    print(
        "\nOf Debian, and what they need: "
        + ", ".join(debian_packages((root / "Dockerfile.lambda").read_text()))
        + ".\nThe licence of each is in the image: /usr/share/doc/PACKAGE/copyright"
    )
    return 0 if all(one.is_fine for one in found) else 1


if __name__ == "__main__":
    sys.exit(main(Path.cwd()))
