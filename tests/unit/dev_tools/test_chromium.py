"""Which headless Chromium `./run` takes."""

import json
from pathlib import Path

import pytest

from dev_tools.chromium import VARIABLE, find_chromium, playwright_cache


def program(path: Path, *, exit_code: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\nexit {exit_code}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A Playwright that would use revision 7 of its headless shell."""
    folder = tmp_path / "package"
    folder.mkdir()
    browsers = [{"name": "chromium-headless-shell", "revision": "7"}]
    (folder / "browsers.json").write_text(json.dumps({"browsers": browsers}))
    return folder


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """Nothing set, nothing installed; /bin is there for the programs' own sake."""
    return {
        "PATH": str(tmp_path / "bin"),
        "PLAYWRIGHT_BROWSERS_PATH": str(tmp_path / "cache"),
    }


def playwright_shell(tmp_path: Path, revision: int = 7, exit_code: int = 0) -> Path:
    folder = tmp_path / "cache" / f"chromium_headless_shell-{revision}"
    return program(folder / "chrome-linux" / "headless_shell", exit_code=exit_code)


def test_a_path_that_is_set_comes_before_all_others(
    tmp_path: Path, package: Path, environ: dict[str, str]
) -> None:
    playwright_shell(tmp_path)
    mine = program(tmp_path / "mine")

    assert find_chromium({**environ, VARIABLE: str(mine)}, package) == mine


@pytest.mark.parametrize(("exit_code", "reason"), [(None, "does not exist"), (1, "cannot be")])
def test_a_path_that_is_set_is_refused_rather_than_replaced(
    tmp_path: Path, package: Path, environ: dict[str, str], exit_code: int | None, reason: str
) -> None:
    playwright_shell(tmp_path)
    mine = tmp_path / "mine"
    if exit_code is not None:
        program(mine, exit_code=exit_code)

    with pytest.raises(ValueError, match=f"{VARIABLE} is set to .*{reason}"):
        find_chromium({**environ, VARIABLE: str(mine)}, package)


def test_playwrights_own_comes_before_the_distributions(
    tmp_path: Path, package: Path, environ: dict[str, str]
) -> None:
    program(tmp_path / "bin" / "chromium-headless-shell")
    own = playwright_shell(tmp_path)

    assert find_chromium(environ, package) == own


def test_playwrights_build_for_another_playwright_does_not_count(
    tmp_path: Path, package: Path, environ: dict[str, str]
) -> None:
    playwright_shell(tmp_path, revision=6)

    assert find_chromium(environ, package) is None


def test_a_build_that_does_not_start_is_passed_over(
    tmp_path: Path, package: Path, environ: dict[str, str]
) -> None:
    playwright_shell(tmp_path, exit_code=127)
    shell = program(tmp_path / "bin" / "chromium-headless-shell")

    assert find_chromium(environ, package) == shell


def test_the_distributions_headless_shell_comes_before_its_chromium(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    chromium = program(tmp_path / "bin" / "chromium")
    assert find_chromium(environ, None) == chromium

    shell = program(tmp_path / "bin" / "chromium-headless-shell")
    assert find_chromium(environ, None) == shell


def test_playwrights_cache_is_where_playwright_was_told(tmp_path: Path) -> None:
    assert playwright_cache({"PLAYWRIGHT_BROWSERS_PATH": "/b"}, tmp_path) == Path("/b")
    inside = {"PLAYWRIGHT_BROWSERS_PATH": "0"}
    assert playwright_cache(inside, tmp_path) == tmp_path / ".local-browsers"
