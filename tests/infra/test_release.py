"""Which commit is deployed, for `/health` to answer."""

import subprocess
from pathlib import Path

import pytest

from idexx_sync.core.settings import ReleaseSettings, load
from infra.release import UNKNOWN, commit_of
from tests.infra.template import Template
from tests.kit.paths import ROOT


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
    monkeypatch.setenv("IDEXX_SYNC_COMMIT", commit_of(checkout))
    assert load(ReleaseSettings).commit == f"{commit}-dirty"


def test_without_a_checkout_or_git_it_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert commit_of(tmp_path) == UNKNOWN
    monkeypatch.setenv("PATH", "/nonexistent")
    assert commit_of() == UNKNOWN


def test_it_is_in_the_image_with_the_day_of_its_packages(staging: Template) -> None:
    """No git was on the path when this template was made."""
    told = {"COMMIT": UNKNOWN, "PACKAGES_OF": "unknown"}

    assert [image["dockerBuildArgs"] for image in staging.images.values()] == [told, told]
    dockerfile = (ROOT / "Dockerfile.lambda").read_text()
    assert all(f"ARG {name}=" in dockerfile for name in (*told, "BASE_IMAGE"))
    assert "ENV IDEXX_SYNC_COMMIT=$COMMIT" in dockerfile
