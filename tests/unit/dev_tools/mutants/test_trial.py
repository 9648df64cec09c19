"""Mutants of a small package are tried, from its sources to what becomes of each."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from textwrap import dedent

import pytest

from dev_tools.mutants import trial
from dev_tools.mutants.mutant import Mutant
from dev_tools.mutants.selection import chosen, mutants_of
from dev_tools.mutants.trial import tried

SLOW = "-pno:schemathesis -pno:anyio -pno:hypothesispytest -pno:typeguard -pno:xdist"
"""Plugins whose imports take longer than all the rest."""
MODULE = "layers/idexx_sync/prices.py"


def write(root: Path, name: str, text: str) -> None:
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(dedent(text))


def test_each_mutant_is_caught_survives_or_is_not_covered(tmp_path: Path) -> None:
    write(tmp_path, "layers/idexx_sync/__init__.py", "")
    write(tmp_path, "pytest.ini", f"[pytest]\naddopts = --import-mode=importlib {SLOW}\n")
    write(
        tmp_path,
        MODULE,
        """\
        KINDS = {"dog", "cat"}


        def price(kind, days):
            if days < 0 or kind not in KINDS:
                raise ValueError
            return days


        def never():
            return [1]


        def is_long(days):
            return days > 9
        """,
    )
    write(
        tmp_path,
        "tests/test_prices.py",
        """\
        from pathlib import Path

        import pytest
        from idexx_sync.prices import is_long, price


        @pytest.mark.parametrize("days", range(5))
        def test_short(days):
            assert not is_long(days)


        def test_long():
            assert is_long(10) and not is_long(9)


        def test_kinds():
            with Path("runs").open("a") as runs:
                runs.write("x")
            with pytest.raises(ValueError):
                price("cow", 2)


        def test_price():
            with Path("runs").open("a") as runs:
                runs.write("x")
            assert price("dog", 2) == 2
            with pytest.raises(ValueError):
                price("dog", -1)
        """,
    )
    made = [m for m in mutants_of(tmp_path, [MODULE]) if m.function or "dog" in m.change]
    mutants = chosen(tmp_path, made, None, 1)
    late = [m for m in mutants if m.change == "days > 9 => >="]
    usual = [m for m in mutants if m.function != "is_long"]

    results = tried(tmp_path, tmp_path / "m", usual, ["tests"])
    found = {one.mutant.change: one.outcome for one in results}

    assert found["days < 0 or kind not in KINDS => False"] == "caught"
    assert found["days < 0 => <="] == "survived"
    assert found['"dog" taken out'] == "caught"
    assert found["[1] => None"] == "not covered"

    known = tmp_path / "m" / "coverage.json"
    learned = json.loads(known.read_text())
    for test, ran in learned["tests"].items():
        ran["seconds"] = 100.0 if "test_long" in test else 10.0
    known.write_text(json.dumps(learned))
    (tmp_path / "runs").unlink()
    (one,) = tried(tmp_path, tmp_path / "m", late, ["tests"])
    assert (one.outcome, one.tests) == ("caught", 6), "by the rest, for the first five survive"
    assert not (tmp_path / "runs").exists(), "which lines the tests run was known"


@pytest.mark.parametrize(
    ("ends", "outcome", "runs"),
    [
        ([0, 0], "survived", 2),
        ([0, 1], "caught", 2),
        ([0, None], "cut", 2),
        ([1], "caught", 1),
        ([None], "timed out", 1),
    ],
)
def test_in_a_process_of_its_own_the_rest_is_run_only_for_a_survivor(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    ends: list[int | None],
    outcome: str,
    runs: int,
) -> None:
    write(tmp_path, MODULE, "A = 1\n")
    write(tmp_path, "m/answers.jsonl", "")
    begun: list[str] = []

    def pytest_ends(root: Path, arguments: Sequence[str], *_: object, **__: object) -> int:
        if "--mutants" in arguments:
            answer = {"number": 0, "outcome": "fresh", "tests": ["a"], "rest": ["b", "c"]}
            write(tmp_path, "m/answers.jsonl", json.dumps(answer))
            return 0
        begun.append((root / "m" / "tests").read_text())
        code = ends[len(begun) - 1]
        if code is None:
            raise subprocess.TimeoutExpired("pytest", 1)
        return code

    monkeypatch.setattr(trial, "_pytest", pytest_ends)
    (found,) = tried(tmp_path, tmp_path / "m", [Mutant(MODULE, "", 1, "1 => 2", ())], [])

    assert (found.outcome, found.tests, begun) == (outcome, 3, ["a", "b\nc"][:runs])
