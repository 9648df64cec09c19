"""Which mutants are tried, and which tests may show them."""

import ast
import random
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from dev_tools.mutants.mutant import Mutant, changed
from dev_tools.mutants.python_sites import python_mutants
from dev_tools.mutants.source import Source
from dev_tools.mutants.sql_sites import sql_mutants

PRODUCT: Final = "layers/idexx_sync"
THAT_DECIDE: Final = ("syncs", "jobs", "keys", "pims/access.py", "pims/access_store.py")
_BESIDE: Final = {
    "clinics": ("api", "cli", "jobs"),
    "database": ("jobs",),
    "explain": ("cli",),
    "jobs": ("api",),
    "keys": ("api", "cli"),
    "metrics": ("api",),
    "operations": ("api", "cli"),
    "pims": ("jobs",),
    "schedules": ("clinics",),
}
"""Package -> those whose tests try it too."""
_WITH_SQL: Final = ("api", "cli", "clinics", "jobs", "keys", "metrics", "pims", "syncs")
"""Packages whose integration tests ask the stores."""


def files_of(root: Path, paths: Sequence[str]) -> list[str]:
    """The modules under the paths; those of the packages that decide where none is named."""
    wanted = paths or [f"{PRODUCT}/{name}" for name in THAT_DECIDE]
    found: set[Path] = set()
    for path in wanted:
        place = root / path
        if not place.exists():
            raise FileNotFoundError(path)
        found |= {place} if place.is_file() else set(place.rglob("*.py"))
    return sorted(str(path.relative_to(root)) for path in found)


def mutants_of(root: Path, files: Iterable[str]) -> Iterator[Mutant]:
    for file in files:
        source = Source(file, (root / file).read_text())
        yield from python_mutants(source)
        yield from sql_mutants(source)


def chosen(root: Path, mutants: Sequence[Mutant], sample: int | None, seed: int) -> list[Mutant]:
    """As many as are asked for, by chance of the seed; only those that are still Python."""
    mixed = list(mutants)
    if sample is not None:
        random.Random(seed).shuffle(mixed)
    texts = {path: (root / path).read_text() for path in {mutant.path for mutant in mixed}}
    found: list[Mutant] = []
    for mutant in mixed:
        if sample is not None and len(found) == sample:
            break
        if _is_python(changed(texts[mutant.path], mutant.edits)):
            found.append(mutant)
    return sorted(found, key=lambda m: (m.path, m.line))


def _is_python(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


def tests_of(root: Path, files: Iterable[str], *, sql_only: bool) -> list[str]:
    """Folders of tests that try the files."""
    packages = {file.removeprefix(PRODUCT + "/").split("/")[0] for file in files}
    if sql_only and not packages <= {"syncs", "jobs", "keys", "pims"}:
        packages |= set(_WITH_SQL)
    packages |= {other for package in packages for other in _BESIDE.get(package, ())}
    kinds = ("integration",) if sql_only else ("unit", "integration")
    folders = [f"tests/{kind}/{package}" for kind in kinds for package in sorted(packages)]
    return [folder for folder in folders if (root / folder).exists()]
