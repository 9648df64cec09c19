"""What is in the image, and what must not be."""

import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev_tools.image.sizes import GOALS_MB, MEBIBYTE, whole
from dev_tools.image.unpacked import TARGETS, Target, Unpacked
from infra.release import ROOT, commit_of

pytestmark = pytest.mark.parametrize("target", TARGETS)


@pytest.fixture
def image(images: dict[Target, Unpacked], target: Target) -> Unpacked:
    return images[target]


def below(root: Path, *folders: str) -> Iterator[Path]:
    for folder in folders:
        for parent, names, files in os.walk(root / folder):
            yield from (Path(parent, name) for name in [*names, *files])


def sources(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in below(root, "functions", "layers/idexx_sync", "migrations")
        if path.is_file() and path.suffix != ".pyc"
    }


def test_it_holds_the_sources_of_now(image: Unpacked) -> None:
    """An image built from something else would prove nothing."""
    assert image.commit == commit_of()
    assert sources(image.root / "var/task") == sources(ROOT)


def test_anybody_can_read_all_of_it(image: Unpacked) -> None:
    closed = [
        path
        for path in below(image.root, "var/task", "opt/venv")
        if not path.is_symlink()
        and (path.stat().st_mode & (0o5 if path.is_dir() else 0o4))
        != (0o5 if path.is_dir() else 0o4)
    ]

    assert closed == []


def test_nobody_gains_rights_in_it_by_our_files(image: Unpacked) -> None:
    risen = stat.S_ISUID | stat.S_ISGID
    found = [
        path
        for path in below(image.root, "var/task", "opt/venv")
        if not path.is_symlink() and path.stat().st_mode & (risen | stat.S_IWOTH)
    ]

    assert found == []


def test_it_holds_the_product_alone(image: Unpacked) -> None:
    task = image.root / "var/task"

    assert {path.name for path in task.iterdir()} == {"functions", "layers", "migrations"}
    assert {path.name for path in (task / "layers").iterdir()} == {"idexx_sync"}
    strange = {"pytest", "moto", "mypy", "typer", "rich", "aiohttp", "aws_cdk", "pip"}
    packages = next((image.root / "opt/venv/lib").glob("python*")) / "site-packages"
    assert strange & {path.name for path in packages.iterdir()} == set()
    assert (packages / "playwright").exists() == (image.target == "browser")


def test_all_of_it_is_compiled(image: Unpacked) -> None:
    sources = [path for path in below(image.root, "var/task") if path.suffix == ".py"]
    missing = [
        path
        for path in sources
        if not list((path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"))
    ]

    assert len(sources) > 300
    assert missing == []


def test_its_fonts_are_known_without_writing(image: Unpacked) -> None:
    if image.target == "core":  # what has no browser has no fonts either
        assert not (image.root / "usr/share/fonts/truetype").exists()
        assert not (image.root / "usr/lib/chromium").exists()
        return
    listed = subprocess.run(
        image.inside(["fc-list"]), capture_output=True, text=True, env=dict(image.environment)
    )
    assert "Liberation" in listed.stdout
    assert list((image.root / "var/cache/fontconfig").glob("*.cache-*"))


def test_it_is_as_small_as_it_must_be(image: Unpacked) -> None:
    assert whole(image.root) / MEBIBYTE <= GOALS_MB[image.target]
