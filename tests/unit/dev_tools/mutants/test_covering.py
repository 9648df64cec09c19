"""Which tests a mutant gets at first, and which only if it survives those."""

from dev_tools.mutants.coverage_map import CoverageMap, Ran
from dev_tools.mutants.covering import AT_LEAST, MOST_SECONDS, likeliest_first
from dev_tools.mutants.mutant import Mutant

MUTANT = Mutant("layers/idexx_sync/keys/store.py", "f", 7, "a => b", ())


def parts(seconds: dict[str, float], **caught: int) -> tuple[list[str], list[str]]:
    known = CoverageMap("x", tests={test: Ran(took, True, {}) for test, took in seconds.items()})
    return likeliest_first(seconds, MUTANT, known, caught)


def test_what_there_is_no_time_for_is_the_rest() -> None:
    third = MOST_SECONDS / 9
    slow = {f"t{n}": third + n / 1000 for n in range(AT_LEAST + 5)}

    first, rest = parts(slow)

    assert [*first, *rest] == list(slow)
    assert len(first) == 8
    assert parts(dict.fromkeys(slow, 1.0))[1] == []


def test_some_are_run_at_first_however_long_they_take() -> None:
    first, rest = parts({f"t{n}": MOST_SECONDS for n in range(AT_LEAST + 1)})

    assert (len(first), len(rest)) == (AT_LEAST, 1)


def test_what_caught_another_comes_first_and_then_the_same_package() -> None:
    first, _ = parts({"tests/unit/api/a": 1, "tests/unit/keys/b": 2, "c": 3}, c=1)

    assert first == ["c", "tests/unit/keys/b", "tests/unit/api/a"]
