"""What `./run` says before it does anything."""

import subprocess
from pathlib import Path

import pytest

from tests.kit.paths import ROOT


def run(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / "run", *words], cwd=cwd, capture_output=True, text=True, check=False, timeout=60
    )


def test_without_a_word_it_shows_what_it_can_do() -> None:
    answer = run()

    assert (answer.returncode, answer.stderr) == (0, "")
    assert all(f"\n  {word}" in answer.stdout for word in ("demo", "test", "check", "lock"))


def test_an_unknown_word_is_a_usage_error_on_standard_error() -> None:
    answer = run("dmeo")

    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr.startswith("run: there is no command 'dmeo'\nusage: ./run COMMAND")


def test_a_command_of_several_says_which() -> None:
    for words in (("image",), ("image", "nothing")):
        answer = run(*words)

        assert (answer.returncode, answer.stdout) == (2, "")
        assert answer.stderr == "run: image takes build or test\n"


def test_it_works_from_any_folder(tmp_path: Path) -> None:
    assert run(cwd=tmp_path).returncode == 0


def test_a_browser_path_that_is_wrong_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDEXX_SYNC_CHROMIUM_PATH", "/no/such/browser")

    answer = run("test", "--version")

    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr == (
        "run: IDEXX_SYNC_CHROMIUM_PATH is set to /no/such/browser, which does not exist\n"
    )
