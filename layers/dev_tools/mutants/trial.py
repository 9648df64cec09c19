"""Starts the processes in which mutants are tried, and gathers what they say."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Final

from dev_tools.mutants.mutant import Mutant, changed
from dev_tools.mutants.order import Answer, Outcome, Tried, write_order

_OPTIONS: Final = ("-pdev_tools.mutants.plugin", "-pno:cacheprovider", "-pno:cov", "-s")
_MOST_FRESH_S: Final = 120.0
"""For a process of its own: its start, and the tests."""
_MOST_REST_S: Final = 600.0
"""For another one with the tests for which there was no time at first."""


def tried(
    root: Path, folder: Path, mutants: Sequence[Mutant], tests: Sequence[str]
) -> Iterator[Tried]:
    """What becomes of each mutant. RuntimeError if the tests' process ends before it has told."""
    folder.mkdir(parents=True, exist_ok=True)
    write_order(folder / "order.json", mutants)
    answers = folder / "answers.jsonl"
    answers.unlink(missing_ok=True)
    with (folder / "log").open("w") as log:
        done = _pytest(root, ["--mutants", str(folder), *tests], log, timeout=None)
    told = answers.read_text().splitlines() if answers.exists() else []
    if len(told) != len(mutants):
        raise RuntimeError(f"the tests' process ended with {done}; see {folder / 'log'}")
    for answer in (Answer(**json.loads(line)) for line in told):
        mutant = mutants[answer.number]
        outcome = _fresh(root, folder, mutant, answer) if _is_fresh(answer) else answer
        assert outcome.outcome != "fresh"
        yield Tried(mutant, outcome.outcome, outcome.by, len(answer.tests) + len(answer.rest))


def _is_fresh(answer: Answer) -> bool:
    return answer.outcome == "fresh"


def _fresh(root: Path, folder: Path, mutant: Mutant, answer: Answer) -> Answer:
    """In processes that import everything anew; one with the rest only if the first survives."""
    text = changed((root / mutant.path).read_text(), mutant.edits)
    (folder / "mutant.json").write_text(json.dumps({"path": mutant.path, "text": text}))
    outcome = _fresh_with(root, folder, answer.tests, _MOST_FRESH_S)
    if outcome == "survived" and answer.rest:
        outcome = _fresh_with(root, folder, answer.rest, _MOST_REST_S)
        outcome = "cut" if outcome == "timed out" else outcome
    return replace(answer, outcome=outcome)


def _fresh_with(root: Path, folder: Path, tests: Sequence[str], timeout: float) -> Outcome:
    (folder / "tests").write_text("\n".join(tests))
    options = ["-x", "-q", "--mutant", str(folder / "mutant.json"), f"@{folder / 'tests'}"]
    with (folder / "fresh.log").open("w") as log:
        try:
            done = _pytest(root, options, log, timeout=timeout)
        except subprocess.TimeoutExpired:
            return "timed out"
    return "survived" if done == 0 else "caught"


def _pytest(root: Path, arguments: Sequence[str], log: IO[str], timeout: float | None) -> int:
    return subprocess.run(
        [sys.executable, "-m", "pytest", *_OPTIONS, *arguments],
        cwd=root,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(root / "layers"), str(root)])},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        timeout=timeout,
        check=False,
    ).returncode
