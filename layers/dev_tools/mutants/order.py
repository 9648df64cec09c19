"""What the process that runs the tests is told to try, and what it answers."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from dev_tools.mutants.mutant import Edit, Mutant

Outcome = Literal["caught", "survived", "timed out", "not covered", "cut", "invalid"]
"""`cut`: it survived the first tests, and the rest did not end in time: nothing is proven."""


class Tried(NamedTuple):
    """A mutant and what became of it."""

    mutant: Mutant
    outcome: Outcome
    by: str = ""
    """The test that caught it."""
    tests: int = 0
    """How many tests run its line."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One line of what the tests' process says."""

    number: int
    """Of the mutant in the order."""
    outcome: Outcome | Literal["fresh"]
    """`fresh`: it takes a process of its own."""
    tests: list[str]
    by: str = ""
    rest: list[str] = field(default_factory=list)
    """Tests that are run only if it survives those."""


def write_order(file: Path, mutants: Iterable[Mutant]) -> None:
    file.write_text(json.dumps([asdict(mutant) for mutant in mutants]))


def read_order(file: Path) -> list[Mutant]:
    return [
        Mutant(**{**stored, "edits": tuple(Edit(**edit) for edit in stored["edits"])})
        for stored in json.loads(file.read_text())
    ]
