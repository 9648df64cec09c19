"""Options that several commands take: one definition, and errors in our own words."""

import re
from typing import Any

import pytest
import typer
import typer.main
from typer.testing import CliRunner

from idexx_sync.cli.app import app
from tests.kit.paths import ROOT

NUMBERS = [
    (["jobs", "list"], "--limit", ["x", "0", "1001", "1.5", "-1", "", "\uff11"], "from 1 to 1000"),
    (["jobs", "watch", "beef"], "--timeout", ["x", "0"], "of 1 or more"),
    (["keys", "rotate", "beef"], "--overlap-hours", ["721", "-1"], "from 0 to 720"),
    (["keys", "create", "--operator", "--name", "x"], "--expires-in", ["0"], "from 1 to 3650"),
]


@pytest.mark.parametrize(
    ("words", "option", "text", "takes"),
    [(words, option, text, takes) for words, option, texts, takes in NUMBERS for text in texts],
)
def test_a_number_that_is_none_names_its_option_and_what_it_takes(
    words: list[str], option: str, text: str, takes: str
) -> None:
    ended = CliRunner().invoke(app, [*words, option, text])

    said = " ".join(re.sub("[│╭╮╰╯─]", " ", ended.output).split())
    assert ended.exit_code == 2
    assert f"Invalid value for '{option}': {text!r} is not a whole number {takes}" in said


def test_no_number_is_judged_in_the_librarys_words() -> None:
    sources = (ROOT / "layers" / "idexx_sync" / "cli").glob("*.py")

    assert not [
        one.name for one in sources if re.search(r"typer\.\w+\([^)]*\bmin=", one.read_text())
    ]


def test_all_decisions_take_the_same_options() -> None:
    holds: Any = typer.main.get_command(app)
    commands = holds.commands["holds"].commands
    approve, *others = (
        [(one.name, one.opts, getattr(one, "help", None)) for one in commands[name].params]
        for name in ("approve", "reject", "reopen", "revive")
    )

    assert {"--seen", "--yes", "--reason", "--by", "--json"} <= {
        o for _, opts, _ in approve for o in opts
    }
    assert others == [approve] * 3
