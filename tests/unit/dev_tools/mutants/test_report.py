"""What is told of mutants, and when there are too many survivors."""

from pathlib import Path

import pytest

from dev_tools.mutants.judged import judged_in, outdated
from dev_tools.mutants.mutant import Mutant
from dev_tools.mutants.order import Outcome, Tried
from dev_tools.mutants.report import NOT_PROVEN, listed, table, too_many

KEYS = "layers/idexx_sync/keys/store.py"


def tried(outcome: Outcome, change: str = "a => b", path: str = KEYS) -> Tried:
    return Tried(Mutant(path, "f", 7, change, ()), outcome, tests=3)


def test_one_in_twelve_may_survive() -> None:
    caught = [tried("caught") for _ in range(22)]
    assert too_many([*caught, tried("survived")], set()) == []
    assert too_many([*caught, *[tried("survived")] * 2], set()) == ["keys: 2 of 24 survived"]


def test_what_is_not_proven_makes_no_share_smaller() -> None:
    unknown = [tried(outcome) for outcome in NOT_PROVEN for _ in range(30)]
    assert too_many([*unknown, tried("caught"), tried("survived")], set()) == [
        "keys: 1 of 2 survived"
    ]


def test_what_is_judged_survives_for_good_reason() -> None:
    survivor = tried("survived")
    assert too_many([survivor], {survivor.mutant.name}) == []
    assert listed([survivor], {survivor.mutant.name}, "survived") == []


def test_packages_that_do_not_decide_may() -> None:
    assert too_many([tried("survived", path="layers/idexx_sync/api/a.py")], set()) == []


def test_the_table_counts_by_package() -> None:
    outcomes: list[Outcome] = ["caught", "survived", "not covered", "cut"]
    lines = table([tried(outcome) for outcome in outcomes], set())
    assert [line.split() for line in lines[1:]] == [
        ["keys", "4", "1", "0", "1", "50.0", "%", "0", "1", "1"],
        ["all", "4", "1", "0", "1", "50.0", "%", "0", "1", "1"],
    ]


def test_a_survivor_is_told_by_its_place() -> None:
    assert listed([tried("survived")], set(), "survived") == [f"  {KEYS}:7 f: a => b  [3 tests]"]


def test_what_is_judged_is_a_mutant_still(tmp_path: Path) -> None:
    file = tmp_path / "judged.toml"
    entry = '[[judged]]\nfile = "{}"\nfunction = "f"\nchange = "a => b"\nreason = "{}"\n'
    file.write_text(entry.format(KEYS, "the same"))
    assert outdated(judged_in(file), [tried("caught").mutant]) == []
    assert len(outdated(judged_in(file), [tried("caught", "other").mutant])) == 1
    file.write_text(entry.format(KEYS, " "))
    with pytest.raises(ValueError, match="no reason"):
        judged_in(file)
