"""An option that narrows what is looked at: empty, it must not widen it."""

import pytest
from typer.testing import CliRunner

from idexx_sync.cli.app import app

CLINIC = "7d1c0a50-0000-4000-8000-000000000000"
FIND = ["find", "--clinic", CLINIC]
TIME = ["explain", "time", "--clinic", CLINIC, "--day", "2026-05-04", "--at", "09:00"]


@pytest.mark.parametrize("blank", ["", "  ", "\n"])
@pytest.mark.parametrize("words", [[*FIND, "--patient"], [*FIND, "--room"], [*TIME, "--room"]])
def test_an_empty_option_is_wrong_use_and_not_any(words: list[str], blank: str) -> None:
    ended = CliRunner().invoke(
        app, [*words, blank], env={"DATABASE_URL": "postgresql://x@127.0.0.1:1/x"}
    )
    assert ended.exit_code == 2
    assert "leave the option out for any" in " ".join(ended.output.split())
