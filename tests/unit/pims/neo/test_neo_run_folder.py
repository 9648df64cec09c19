"""Whose folders a browser's start removes: our own, and only once their process is gone."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from idexx_sync.pims.neo.login import run_folder as module
from idexx_sync.pims.neo.login.run_folder import MARK, PREFIX, run_folder, sweep
from tests.kit.paths import ROOT

KEPT = "a file of somebody's"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that stands for /tmp."""
    found = tmp_path / "tmp"
    found.mkdir()
    monkeypatch.setattr(module, "PLACE", found)
    return found


def left(path: Path) -> Path:
    """A folder as a killed process of ours leaves it."""
    path.mkdir(mode=0o700)
    (path / MARK).touch(mode=0o600)
    (path / MARK).write_bytes(module._CONTENT)
    (path / KEPT).touch()
    return path


def without_name(place: Path) -> Path:
    """As the version before called them."""
    return left(place / "run-999999999-x")


def without_mark(place: Path) -> Path:
    path = left(place / f"{PREFIX}999999999-x")
    (path / MARK).unlink()
    return path


def with_another_mark(place: Path) -> Path:
    path = left(place / f"{PREFIX}999999999-x")
    (path / MARK).write_text("somebody else's\n")
    return path


def with_half_a_mark(place: Path) -> Path:
    path = left(place / f"{PREFIX}999999999-x")
    os.truncate(path / MARK, 10)
    return path


def with_a_linked_mark(place: Path) -> Path:
    path = left(place / f"{PREFIX}999999999-x")
    (path / MARK).rename(place / "elsewhere")
    (path / MARK).symlink_to(place / "elsewhere")
    return path


def with_a_mark_that_is_a_pipe(place: Path) -> Path:
    path = left(place / f"{PREFIX}999999999-x")
    (path / MARK).unlink()
    os.mkfifo(path / MARK, 0o600)
    return path


def open_to_others(place: Path) -> Path:
    path = left(place / f"{PREFIX}999999999-x")
    path.chmod(0o770)
    return path


def reached_by_a_link(place: Path) -> Path:
    path = left(place / "somebody's")
    (place / f"{PREFIX}999999999-x").symlink_to(path)
    return path


@pytest.mark.parametrize(
    "make",
    [
        without_name,
        without_mark,
        with_another_mark,
        with_half_a_mark,
        with_a_linked_mark,
        with_a_mark_that_is_a_pipe,
        open_to_others,
        reached_by_a_link,
    ],
)
def test_what_is_not_certainly_ours_stays(place: Path, make: Callable[[Path], Path]) -> None:
    path = make(place)

    sweep()

    assert (path / KEPT).exists()


def test_what_belongs_to_another_user_stays(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = left(place / f"{PREFIX}999999999-x")
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)

    sweep()

    assert (path / KEPT).exists()


def test_whoever_has_the_process_number_by_now_is_not_the_owner(place: Path) -> None:
    path = left(place / f"{PREFIX}{os.getpid()}-x")

    sweep()

    assert not path.exists()


def test_a_living_process_keeps_its_folder_wherever_its_number_counts(place: Path) -> None:
    """A number that nobody has here may be one of another container."""
    path = left(place / f"{PREFIX}999999999-x")
    with (path / MARK).open() as mark:
        fcntl.flock(mark, fcntl.LOCK_EX)
        sweep()
        assert (path / KEPT).exists()

    with run_folder() as folder:
        sweep()
        assert folder.path.exists()
    assert list(place.iterdir()) == []


def test_the_folder_of_a_killed_login_goes_with_the_next_one(place: Path) -> None:
    program = f"""
import os, signal
from pathlib import Path
from idexx_sync.pims.neo.login import run_folder as module
module.PLACE = Path({str(place)!r})
with module.run_folder() as folder:
    folder.profile.mkdir()
    os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run(
        [sys.executable, "-c", program], env={"PYTHONPATH": str(ROOT / "layers")}, check=False
    )
    (path,) = place.iterdir()
    assert (path / "profile").exists()

    with run_folder():
        assert not path.exists()


def test_the_mark_goes_last_and_only_with_all_else(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A browser whose process was killed may still write while the next start removes its files."""
    path = left(place / f"{PREFIX}999999999-x")
    (path / "profile").mkdir()
    really = shutil.rmtree
    browsers = iter([(path / "profile" / "Cookies")])

    def removing(at: Path, ignore_errors: bool) -> None:
        assert (path / MARK).exists()
        really(at, ignore_errors=ignore_errors)
        if (written := next(browsers, None)) is not None:
            at.mkdir(exist_ok=True)
            written.touch()

    monkeypatch.setattr(shutil, "rmtree", removing)
    sweep()
    assert (path / "profile" / "Cookies").exists()

    sweep()
    assert list(place.iterdir()) == []


USERS = {
    "names it": "",
    "has a file of it open": "os.open(PROFILE / 'History', os.O_CREAT | os.O_RDWR)",
}


@pytest.mark.parametrize("how", USERS)
def test_the_mark_stays_as_long_as_a_browser_is_at_work_in_the_folder(
    place: Path, how: str
) -> None:
    """What it writes once the folder is gone would be a folder that nobody knows as ours."""
    path = left(place / f"{PREFIX}999999999-x")
    (path / "profile").mkdir()
    program = f"""
import os, sys
from pathlib import Path
PROFILE = Path(os.environ["PROFILE"])
{USERS[how]}
print("ready", flush=True)
sys.stdin.readline()
"""
    words = [sys.executable, "-c", program]
    browser = subprocess.Popen(
        [*words, f"--user-data-dir={path / 'profile'}"] if how == "names it" else words,
        env={"PROFILE": str(path / "profile")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with browser:
        assert browser.stdout is not None
        assert browser.stdout.readline() == "ready\n"

        sweep()

        assert [one.name for one in path.iterdir()] == [MARK]
        browser.kill()
    sweep()
    assert list(place.iterdir()) == []
