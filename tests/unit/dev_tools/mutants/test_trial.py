"""Mutants of a small package are tried, from its sources to what becomes of each."""

from pathlib import Path
from textwrap import dedent

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
        """,
    )
    write(
        tmp_path,
        "tests/test_prices.py",
        """\
        from pathlib import Path

        import pytest
        from idexx_sync.prices import price


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

    results = tried(tmp_path, tmp_path / "m", mutants, ["tests"])
    found = {one.mutant.change: one.outcome for one in results}

    assert found["days < 0 or kind not in KINDS => False"] == "caught"
    assert found["days < 0 => <="] == "survived"
    assert found['"dog" taken out'] == "caught"
    assert found["[1] => None"] == "not covered"

    (tmp_path / "runs").unlink()
    assert list(tried(tmp_path, tmp_path / "m", [], ["tests"])) == []
    assert not (tmp_path / "runs").exists(), "which lines the tests run was known"
