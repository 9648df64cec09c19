"""The folder that a local stack keeps."""

import os
from pathlib import Path

import pytest

from local_stack.home import AlreadyRuns, home


def test_secrets_are_made_once_and_only_we_may_read_them(tmp_path: Path) -> None:
    with home(tmp_path) as first:
        kept = first.kept()
    with home(tmp_path) as second:
        assert second.kept() == kept

    assert (tmp_path / "kept.json").stat().st_mode & 0o777 == 0o600


def test_a_second_one_is_told_who_is_first(tmp_path: Path) -> None:
    with home(tmp_path) as first:
        first.tell("http://127.0.0.1:1 (process 2)")
        with (
            pytest.raises(AlreadyRuns, match=r"^http://127.0.0.1:1 \(process 2\)$"),
            home(tmp_path),
        ):
            pass


def test_afresh_forgets_everything(tmp_path: Path) -> None:
    with home(tmp_path) as first:
        kept = first.kept()
        first.logs.mkdir()
        (first.logs / "a").touch()

    with home(tmp_path, afresh=True) as second:
        assert not second.logs.exists()
        assert second.kept()["pepper"] != kept["pepper"]


def test_afresh_removes_a_link_and_not_what_it_leads_to(tmp_path: Path) -> None:
    folder, somebodys = tmp_path / "stack", tmp_path / "somebody's"
    (somebodys / "inner").mkdir(parents=True)
    with home(folder):
        (folder / "postgres").symlink_to(somebodys)
        (folder / "a file").symlink_to(somebodys / "inner")

    with home(folder, afresh=True):
        assert {path.name for path in folder.iterdir()} == {"lock"}
    assert (somebodys / "inner").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only a root user's Postgres runs as another user")
def test_a_root_users_data_lie_where_postgres_can_reach_them_and_go_when_reset(
    tmp_path: Path,
) -> None:
    tmp_path.chmod(0o700)
    with home(tmp_path) as private:
        data = private.postgres
        assert data.is_symlink()
        assert all(one.stat().st_mode & 1 for one in (data.resolve(), *data.resolve().parents))
        assert private.postgres == data

    with home(tmp_path, afresh=True):
        assert not data.resolve().exists()
        assert not data.exists()
