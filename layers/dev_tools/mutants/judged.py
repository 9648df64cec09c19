"""Mutants that nobody can tell from the original, each with the reason why."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dev_tools.mutants.mutant import Mutant

FILE = Path(__file__).with_name("judged.toml")


@dataclass(frozen=True, slots=True)
class Judged:
    """One that survives and may."""

    file: str
    function: str
    change: str
    reason: str

    @property
    def name(self) -> tuple[str, str, str]:
        return self.file, self.function, self.change


def judged_in(file: Path = FILE) -> list[Judged]:
    """All that were judged; ValueError for an entry without a reason."""
    found = [Judged(**entry) for entry in tomllib.loads(file.read_text()).get("judged", [])]
    for entry in found:
        if not entry.reason.strip():
            raise ValueError(f"{entry.file}, {entry.function}: {entry.change}: there is no reason")
    return found


def outdated(judged: Iterable[Judged], mutants: Iterable[Mutant]) -> list[Judged]:
    """Entries about these files that name no mutant any more."""
    mutants = list(mutants)
    names, files = {mutant.name for mutant in mutants}, {mutant.path for mutant in mutants}
    return [entry for entry in judged if entry.file in files and entry.name not in names]
