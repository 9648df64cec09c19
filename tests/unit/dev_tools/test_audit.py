"""What the audit says, above all where it could not ask."""

from pathlib import Path
from typing import Any

from dev_tools.audit import DATABASES, FOUND, LOCKS, NOT_AUDITED, audit
from dev_tools.lock_files import NAMES, pins
from tests.kit.paths import ROOT

CLEAR = {"name": "httpx", "version": "1", "vulns": []}
SKIPPED = {"name": "boto3", "skip_reason": "not found"}
WRONG = {
    "name": "six",
    "version": "1",
    "vulns": [{"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["2"]}],
}


def told(*answers: list[dict[str, Any]] | None) -> tuple[int, str]:
    """The exit code and what is said where the databases answer so, one after the other."""
    said: list[str] = []
    given = {
        name: None if answer is None else {"dependencies": answer, "fixes": []}
        for name, answer in zip(DATABASES, [*answers, None], strict=False)
    }
    code = audit([Path("dev.txt")], lambda database, _lock: given.get(database), said.append)
    return code, "\n".join(said)


def test_everything_looked_up_and_nothing_known_is_fine() -> None:
    assert told([CLEAR]) == (0, "dev.txt: 1 packages without known vulnerabilities (osv)")


def test_a_known_vulnerability_is_named_with_its_correction() -> None:
    code, said = told([CLEAR, WRONG])

    assert code == FOUND
    assert "VULNERABLE six 1: PYSEC-1, CVE-1; corrected in 2" in said


def test_a_lock_file_whose_only_package_is_vulnerable_has_been_audited() -> None:
    code, said = told([WRONG])

    assert code == FOUND
    assert "VULNERABLE six 1" in said
    assert "no usable answer" not in said


def test_what_is_known_of_one_lock_file_is_said_though_another_could_not_be_audited() -> None:
    said: list[str] = []
    known: dict[str, list[dict[str, Any]] | None] = {
        "dev.txt": [WRONG],
        "uv.txt": None,
        "audit.txt": [CLEAR],
    }

    def ask(_database: str, lock: Path) -> dict[str, Any] | None:
        if lock.name == "uv.txt":
            assert any("VULNERABLE six 1" in line for line in said)
        answer = known[lock.name]
        return None if answer is None else {"dependencies": answer, "fixes": []}

    assert audit([Path(name) for name in known], ask, said.append) == FOUND
    (left,) = [line for line in said if line.startswith("NOT AUDITED")]
    assert "pinned by uv.txt;" in left
    assert "audit.txt: 1 packages without known vulnerabilities (osv)" in said


def test_without_a_database_it_says_that_nothing_is_known() -> None:
    for answers in ((None, None), ([SKIPPED], [SKIPPED]), ([], []), (None, [SKIPPED])):
        code, said = told(*answers)
        assert code == NOT_AUDITED
        assert "NOT AUDITED: no vulnerability database can be reached" in said
        assert "without known" not in said


def test_the_second_database_is_asked_where_the_first_is_silent() -> None:
    assert told(None, [CLEAR])[0] == 0


def test_a_package_that_was_not_looked_up_is_not_called_clear() -> None:
    code, said = told([CLEAR, SKIPPED])

    assert code == NOT_AUDITED
    assert "NOT AUDITED boto3" in said


def test_every_lock_file_is_asked_about() -> None:
    packages = {name: pins((ROOT / "requirements" / f"{name}.txt").read_text()) for name in NAMES}

    asked = set().union(*(packages[name] for name in LOCKS))
    assert set().union(*packages.values()) == asked
