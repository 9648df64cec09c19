"""Which commit is deployed, for `/health` to answer."""

import subprocess
from pathlib import Path

import pytest

from idexx_sync.core.settings import ReleaseSettings, load
from infra.release import UNKNOWN, VARIABLE, commit_of
from tests.infra.template import Template


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=A Test", "-c", "user.email=test@example.com")
    done = subprocess.run(
        ["git", *identity, *words], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    (tmp_path / "file").write_text("one")
    git(tmp_path, "add", "file")
    git(tmp_path, "commit", "-qm", "First")
    return tmp_path


def test_it_is_the_checkouts_commit_and_says_when_files_differ(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = git(checkout, "rev-parse", "HEAD")
    git(checkout, "tag", "v1")

    assert commit_of(checkout) == commit
    (checkout / "file").write_text("two")
    assert commit_of(checkout) == f"{commit}-dirty"
    monkeypatch.setenv(VARIABLE, commit_of(checkout))
    assert load(ReleaseSettings).commit == f"{commit}-dirty"


def test_without_a_checkout_or_git_it_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert commit_of(tmp_path) == UNKNOWN
    monkeypatch.setenv("PATH", "/nonexistent")
    assert commit_of() == UNKNOWN


def test_the_function_that_answers_health_is_told(staging: Template) -> None:
    """No git was on the path when this template was made."""
    assert staging.functions["status.api"].environment[VARIABLE] == UNKNOWN
