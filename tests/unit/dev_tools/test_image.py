"""Building the image, but for the building itself: who builds, with what, and what is told."""

import io
import json
import os
import stat
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from dev_tools.image import builder
from dev_tools.image.base import OFFICIAL, base_image, mirror
from dev_tools.image.browser_fits import MOST_APART, verdict
from dev_tools.image.builder import Buildah, Docker, NotBuilt, find_builder
from dev_tools.image.sizes import MEBIBYTE, largest, whole
from dev_tools.image.unpacked import GROUP, USER, Unpacked, why_not_built, why_not_here
from infra.image import Target as DeployedTarget
from tests.kit.paths import ROOT

Programs = Callable[..., Path]
DESCRIBED = {
    "Config": {
        "Env": ["PATH=/opt/venv/bin:/usr/bin", "IDEXX_SYNC_COMMIT=abc", "WITH=a=b"],
        "Entrypoint": ["/opt/venv/bin/python", "-m", "awslambdaric"],
    }
}


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    """Puts programs of these names on the path, and nothing else but a shell's; returns where
    each writes the words that it was called with."""
    folder = tmp_path / "bin"
    folder.mkdir()
    log = tmp_path / "called"
    log.touch()
    for name in ("sh", "cat", "tar"):
        found = next(Path(one, name) for one in ("/usr/bin", "/bin") if Path(one, name).exists())
        (folder / name).symlink_to(found)
    monkeypatch.setenv("PATH", str(folder))

    def put(**bodies: str) -> Path:
        for name, body in bodies.items():
            path = folder / name
            path.write_text(f'#!/bin/sh\necho "{name} $*" >>{log}\n{body}\n')
            path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return log

    return put


def test_docker_builds_where_a_daemon_answers(programs: Programs) -> None:
    programs(docker="exit 0", buildah="exit 0")

    assert isinstance(find_builder(), Docker)


def test_buildah_builds_where_none_does(
    programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs(docker="exit 1", buildah="exit 0")
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    assert isinstance(find_builder(), Buildah)


@pytest.mark.parametrize(
    ("system", "has_buildah", "user", "says"),
    [
        ("linux", False, 0, "apt install buildah"),
        ("linux", True, 1000, "as root with buildah"),
        ("darwin", True, 0, "start Docker, then try again"),
    ],
)
def test_who_can_build_nothing_is_told_what_to_do(
    programs: Programs,
    monkeypatch: pytest.MonkeyPatch,
    system: str,
    has_buildah: bool,
    user: int,
    says: str,
) -> None:
    programs(docker="exit 1", **({"buildah": "exit 0"} if has_buildah else {}))
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(os, "geteuid", lambda: user)

    with pytest.raises(NotBuilt, match=says):
        find_builder()


def test_docker_is_told_the_stage_its_arguments_and_the_networks_authorities(
    programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = programs(docker="exit 0")
    authorities = tmp_path / "authorities"
    authorities.touch()
    monkeypatch.setattr(builder, "AUTHORITIES", authorities)

    Docker().build("core", ROOT, {"BASE_IMAGE": "some:base", "COMMIT": "abc"})

    assert log.read_text().split() == [
        *("docker", "build", "--platform", "linux/amd64", "--file", "Dockerfile.lambda"),
        *("--target", "core", "--tag", "idexx-sync:core"),
        *("--build-arg", "BASE_IMAGE=some:base", "--build-arg", "COMMIT=abc"),
        *("--secret", f"id=authorities,src={authorities}", str(ROOT)),
    ]


def test_what_docker_built_is_unpacked_in_place_of_what_was_there(
    programs: Programs, tmp_path: Path
) -> None:
    packed, described = tmp_path / "packed.tar", tmp_path / "described.json"
    with tarfile.open(packed, "w") as archive:
        archive.addfile(tarfile.TarInfo("var/task/new"), io.BytesIO())
    described.write_text(json.dumps([DESCRIBED]))
    log = programs(
        docker=f"case $1 in image) cat {described};; create) echo made;; "
        f"export) cat {packed};; esac"
    )
    (tmp_path / "image" / "core" / "old").mkdir(parents=True)

    image = Docker().unpack("core", tmp_path / "image")

    assert sorted(path.name for path in image.root.iterdir()) == ["var"]
    assert image == Unpacked.kept(tmp_path / "image", "core")
    assert (image.commit, image.environment["WITH"]) == ("abc", "a=b")
    assert log.read_text().endswith("docker rm made\n")


def test_what_a_builder_says_is_told_when_it_fails(programs: Programs) -> None:
    programs(docker="echo no space left; exit 1")

    with pytest.raises(NotBuilt, match=r"no space left(.|\n)*docker build --platform ... failed"):
        Docker().build("core", ROOT, {})


def test_the_base_is_debians_or_the_one_that_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BASE_IMAGE", raising=False)
    assert base_image(Docker()) == OFFICIAL
    assert f"ARG BASE_IMAGE={OFFICIAL}\n" in (ROOT / "Dockerfile.lambda").read_text()
    monkeypatch.setenv("BASE_IMAGE", "mine@sha256:0")
    assert base_image(Docker()) == "mine@sha256:0"


@pytest.mark.parametrize(
    "text",
    [
        "deb https://example.org/debian bookworm main\n",
        "# deb http://old.example/debian x\ndeb [signed-by=/a] https://example.org/debian/ x\n",
        "Types: deb\nURIs: https://example.org/debian\nSuites: trixie\n",
        "deb http://example.net/debian-security x main\nURIs: https://example.org/debian\n",
    ],
)
def test_the_mirror_is_the_machines_own(tmp_path: Path, text: str) -> None:
    (tmp_path / "sources.list").write_text(text)

    assert mirror(tmp_path) == "https://example.org/debian"


def test_a_machine_without_one_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotBuilt, match="no source of Debian's packages"):
        mirror(tmp_path)


@pytest.mark.parametrize("apart", [0, MOST_APART, -MOST_APART])
def test_browsers_that_are_not_far_apart_fit(apart: int) -> None:
    told = verdict(f"{150 + apart}.0.1.2-1~deb13u1", "150.0.8.9")

    assert f"{150 + apart}.0.1.2" in told
    assert "150.0.8.9" in told


@pytest.mark.parametrize(
    ("apart", "raise_"), [(MOST_APART + 1, "Playwright"), (-MOST_APART - 1, "the base image")]
)
def test_others_stop_the_build_and_say_which_of_them_is_old(apart: int, raise_: str) -> None:
    with pytest.raises(SystemExit, match=f"raise {raise_}"):
        verdict(f"{150 + apart}.0.1.2", "150.0.8.9")


def test_the_heaviest_parts_are_told_once(tmp_path: Path) -> None:
    for name, size in (("usr/lib/one.so", 5), ("usr/lib/two/a", 1), ("usr/lib/two/b", 1)):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * (size * MEBIBYTE))
    os.link(tmp_path / "usr/lib/one.so", tmp_path / "usr/lib/same.so")

    heaviest = dict(largest(tmp_path))

    assert whole(tmp_path) == 7 * MEBIBYTE
    assert sum(heaviest.values()) == 7 * MEBIBYTE
    assert max(heaviest, key=lambda path: heaviest[path]).startswith("/usr/lib/")
    assert max(heaviest.values()) == 5 * MEBIBYTE


def test_a_program_starts_as_another_user_and_can_write_to_tmp_alone(tmp_path: Path) -> None:
    image = Unpacked(tmp_path, "core", {}, ["python"], "abc")

    words = " ".join(image.inside(["run", "it"], extra={Path("/a/b"): "c/d"}))

    assert f"bwrap --ro-bind {tmp_path} / " in words
    assert "--tmpfs /dev/shm --remount-ro /dev/shm" in words
    assert "--dir /mnt/c --ro-bind /a/b /mnt/c/d --remount-ro /mnt" in words
    assert f"setpriv --reuid={USER} --regid={GROUP} --clear-groups" in words
    assert words.endswith("--bounding-set=-all -- run it")


def test_what_is_built_here_is_what_is_deployed() -> None:
    from dev_tools.image.unpacked import Target

    assert Target == DeployedTarget


@pytest.mark.parametrize(
    ("system", "user", "says"),
    [("darwin", 0, "on Linux only"), ("linux", 1000, "as root"), ("linux", 0, "bubblewrap")],
)
def test_where_nothing_can_be_started_in_it_that_is_said(
    programs: Programs, monkeypatch: pytest.MonkeyPatch, system: str, user: int, says: str
) -> None:
    programs()
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(os, "geteuid", lambda: user)

    assert says in str(why_not_here())


def test_what_is_not_built_is_named_with_what_builds_it(tmp_path: Path) -> None:
    Unpacked(tmp_path / "core", "core", {}, [], "abc").keep()
    assert why_not_built(tmp_path) == "the image is not built (browser): ./run image build"
    Unpacked(tmp_path / "browser", "browser", {}, [], "abc").keep()
    assert why_not_built(tmp_path) is None
