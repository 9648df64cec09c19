"""Which tests are worth running for a mutant, and in which order."""

import ast
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Final

from dev_tools.mutants.coverage_map import CoverageMap
from dev_tools.mutants.mutant import Mutant
from dev_tools.mutants.source import Source
from dev_tools.mutants.users import Place, Users, module_of, names_made

MOST_SECONDS: Final = 40.0
"""So much time of tests a mutant gets at first; only one that survives those gets the rest."""
AT_LEAST: Final = 5
"""So many tests are run at first however long they take."""


def is_made_at_import(mutant: Mutant, known: CoverageMap) -> bool:
    """Whether others may have what it changes already, as it was."""
    ran_at_import = known.at_import.get(mutant.path, 0) >> mutant.line & 1
    return not mutant.function or bool(ran_at_import)


def places_of(mutant: Mutant, source: Source, users: Users, *, at_import: bool) -> set[Place]:
    """The lines of functions that show the mutant."""
    if not at_import:
        return {(mutant.path, line) for line in _lines_of(mutant, source)}
    module = module_of(mutant.path)
    for statement in source.tree.body:
        if statement.lineno <= mutant.line <= (statement.end_lineno or 0):
            made = [(module, name) for name in names_made(statement)]
            return users.lines(made) | {(mutant.path, mutant.line)}
    return set()


def _lines_of(mutant: Mutant, source: Source) -> Iterable[int]:
    """Those of the statement: the interpreter may name any of them."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.stmt) and not hasattr(node, "body"):
            end = node.end_lineno or node.lineno
            if node.lineno <= mutant.line <= end:
                return range(node.lineno, end + 1)
    return [mutant.line]


def likeliest_first(
    tests: Iterable[str], mutant: Mutant, known: CoverageMap, caught_before: Mapping[str, int]
) -> tuple[list[str], list[str]]:
    """Those that caught others in the same function, then those of the same package, each the
    quickest first: as many as there is time for, and the rest."""
    package = set(PurePath(mutant.path).parts[2:-1])

    def order(test: str) -> tuple[int, int, float]:
        near = len(package & set(PurePath(test.partition("::")[0]).parts))
        return -caught_before.get(test, 0), -near, known.tests[test].seconds

    ordered, seconds = sorted(tests, key=order), 0.0
    for number, test in enumerate(ordered):
        seconds += known.tests[test].seconds
        if number >= AT_LEAST and seconds > MOST_SECONDS:
            return ordered[:number], ordered[number:]
    return ordered, []
