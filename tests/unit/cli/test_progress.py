"""The bars of a run: full only where something was done."""

import io
import re

from rich.console import Console

from idexx_sync.cli.progress import Bars

LINE = re.compile(r"(?P<phase>\S+( \S+)*) +(?P<bar>━*) *(?P<count>\d+/\d+)? +\d:\d\d:\d\d")


def shown(*told: tuple[str, int | None, int], succeeded: bool = True) -> list[tuple[str, str, int]]:
    """Each bar's phase, count and length, for phases told with their total and steps done."""
    said = io.StringIO()
    with Bars(Console(file=said, width=80)) as bars:
        for phase, total, steps in told:
            bars.phase(phase, total)
            bars.advance(steps)
        if succeeded:
            bars.finish()
    lines = [LINE.fullmatch(line) for line in said.getvalue().splitlines()]
    return [(line["phase"], line["count"] or "", len(line["bar"])) for line in lines if line]


def test_a_login_in_between_interrupts_the_reading() -> None:
    assert shown(("calendar", 5, 2), ("login", 1, 1), ("calendar", 5, 5), ("write", None, 0)) == [
        ("read calendar", "5/5", 30),
        ("log in", "1/1", 30),
        ("write", "", 30),
    ]


def test_what_was_not_done_is_not_full() -> None:
    assert shown(("calendar", 1, 0), ("login", 1, 0), succeeded=False) == [
        ("read calendar", "0/1", 0),
        ("log in", "0/1", 0),
    ]


def test_a_run_that_ends_before_its_first_phase_says_nothing() -> None:
    said = io.StringIO()
    with Bars(Console(file=said, width=80)):
        pass

    assert said.getvalue() == ""
