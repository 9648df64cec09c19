"""How the demo looks on a terminal."""

import io

from rich.console import Console

from demo.report import Report, Steps

ERASE_LINE = "\x1b[2K"


def test_the_moving_line_is_gone_before_a_result_is_printed() -> None:
    terminal = io.StringIO()
    console = Console(file=terminal, force_terminal=True, _environ={"TERM": "xterm"})
    with Steps(console) as steps:
        steps.step("comparing")
        Report(console, steps, quiet=False).verdict([], 1.0)

    before, _, after = terminal.getvalue().partition("EQUAL")
    assert "comparing" in before
    assert before.endswith(ERASE_LINE)
    assert after == ": every row, slot and case is as the simulated Neo says. 1.0 s\n"
