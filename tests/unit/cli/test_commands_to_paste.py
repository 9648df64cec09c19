"""A command that is printed to be pasted stays on one line, however narrow the terminal is."""

import io

import pytest
from rich.console import Console

from idexx_sync.cli.context import Cli
from idexx_sync.cli.tables import Shown, entries, fact_table, indented, line, two_toned

COMMAND = "idexx-sync clinics add 3f2b8c1e-5a77-4d0e-9c52-0d8f6a1b2c3d --stage shadow"
SAID = f"switched off, and nobody has said why; {COMMAND}"
LONG = "what has no command in it is wrapped where the terminal ends, and set in below its name"
PARTS: list[list[Shown]] = [
    [line(SAID)],
    [line(SAID, "green")],
    [two_toned("odis ", "bold", SAID)],
    [indented(SAID, 4)],
    entries([(("600101", "West"), SAID)]),
    [fact_table([("stage", SAID), ("more", LONG), ("none", None)], "Needed")],
]


def printed(*parts: Shown, to: str) -> list[str]:
    file = io.StringIO()
    console = Console(file=file, width=40, highlight=False, markup=False, emoji=False)
    cli = Cli(out=console, err=console, stdin=io.StringIO("yes\n"))
    if to == "answer":
        cli.answer({}, parts, as_json=False)
    else:
        cli.ask(f"Really? See {COMMAND}", parts)
    return file.getvalue().splitlines()


@pytest.mark.parametrize("to", ["answer", "ask"])
@pytest.mark.parametrize("parts", PARTS)
def test_a_command_is_never_wrapped(parts: list[Shown], to: str) -> None:
    found = [said for said in printed(*parts, to=to) if "idexx-sync" in said]

    assert found
    assert all(COMMAND in said for said in found)


def test_what_has_no_command_is_wrapped_below_its_name() -> None:
    lines = printed(fact_table([("a", LONG), ("name", "x")]), to="answer")

    assert all(len(said) <= 40 for said in lines)
    assert lines[0].startswith(" a     what has")
    assert lines[1].startswith(" " * 7)
    assert " ".join(part[7:].strip() for part in lines[:-1]) == LONG
    assert lines[-1].rstrip() == " name  x"
