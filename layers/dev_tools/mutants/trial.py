"""Starts the processes in which mutants are tried, and gathers what they say."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Final

from dev_tools.mutants.mutant import Mutant, changed
from dev_tools.mutants.order import Answer, Tried, write_order

_OPTIONS: Final = ("-pdev_tools.mutants.plugin", "-pno:cacheprovider", "-pno:cov", "-s")
_MOST_FRESH_S: Final = 120.0
"""For a process of its own: its start, and the tests."""


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
        outcome = _fresh(root, folder, mutant, answer.tests) if _is_fresh(answer) else answer
        assert outcome.outcome != "fresh"
        yield Tried(mutant, outcome.outcome, outcome.by, len(answer.tests))


def _is_fresh(answer: Answer) -> bool:
    return answer.outcome == "fresh"


def _fresh(root: Path, folder: Path, mutant: Mutant, tests: list[str]) -> Answer:
    """In a process that imports everything anew."""
    text = changed((root / mutant.path).read_text(), mutant.edits)
    (folder / "mutant.json").write_text(json.dumps({"path": mutant.path, "text": text}))
    (folder / "tests").write_text("\n".join(tests))
    options = ["-x", "-q", "--mutant", str(folder / "mutant.json"), f"@{folder / 'tests'}"]
    with (folder / "fresh.log").open("w") as log:
        try:
            done = _pytest(root, options, log, timeout=_MOST_FRESH_S)
        except subprocess.TimeoutExpired:
            return Answer(0, "timed out", tests)
    return Answer(0, "survived" if done == 0 else "caught", tests)


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
