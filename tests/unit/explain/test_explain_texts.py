"""Every code that planning can yield has a text, and every text has a code that yields it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import idexx_sync.explain
import idexx_sync.syncs
from idexx_sync.explain.steps import CALENDAR_STEPS, CASE_STEPS, STATUS_STEPS
from idexx_sync.explain.texts import CALENDAR, CASE, CLOCK, RULES, STATUS, WORDS, anchor_of
from idexx_sync.explain.time_texts import RULES_OF_TIME, TIME
from idexx_sync.syncs.cases import due, plan_calendar, plan_record, planning, reading, status
from tests.kit.paths import ROOT

SYNCS = Path(idexx_sync.syncs.__path__[0])
EXPLAIN = Path(idexx_sync.explain.__path__[0])
CONSTANTS = {
    name: value
    for module in (due, plan_calendar, plan_record, planning, reading, status)
    for name, value in vars(module).items()
    if name.isupper() and isinstance(value, str)
}


def codes_in(path: Path) -> Iterator[str]:
    """What follows a rule in a call, and the code of each ruling."""
    for call in ast.walk(ast.parse(path.read_text())):
        if isinstance(call, ast.Call):
            place = {"ReadingRuling": 1, "Meaning": 2, "Obstacle": 1}.get(_name(call.func), 0)
            told = [_text(argument) for argument in call.args]
            at = [n + 1 for n, text in enumerate(told) if text and _is_rule(text)]
            yield from (told[n] for n in [place, *at] if n and n < len(told) and told[n])


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return str(CONSTANTS.get(_name(node), ""))


def _is_rule(text: str) -> bool:
    return text[0] == "R" and text[1:].isdigit()


CASES = SYNCS / "cases"
OF_CASES = [
    *sorted(CASES.glob("plan*.py")),
    *(CASES / f"{name}.py" for name in ("due", "calendar")),
]
TABLES: list[tuple[list[Path], dict[str, Any]]] = [
    ([SYNCS / "decision.py"], dict(WORDS)),
    (sorted((SYNCS / "inbound").glob("plan*.py")), {**CALENDAR, **WORDS}),
    (OF_CASES, dict(CASE)),
    ([CASES / f"{name}.py" for name in ("status", "obstacles", "further_cases")], dict(STATUS)),
]


@pytest.mark.parametrize(("paths", "table"), TABLES)
def test_every_code_of_a_plan_has_its_text(paths: list[Path], table: dict[str, Any]) -> None:
    found = {code for path in paths for code in codes_in(path)}

    assert found
    assert found <= table.keys()


def test_every_text_is_of_a_code_that_is_yielded() -> None:
    paths = [path for paths, _ in TABLES for path in paths]
    paths += [EXPLAIN / "preview.py", CASES / "reading.py"]
    found = {code for path in paths for code in codes_in(path)}
    found |= {f"{CONSTANTS[name]}_now" for name in ("WRONG_PATIENT", "READ_FAILED", "OF_ANOTHER")}
    found |= {CONSTANTS[name] for name in ("WRONG_PATIENT", "VANISHED", "READ_FAILED")}
    found |= {CONSTANTS[name] for name in ("ENDS_BEFORE_START", "OUT_OF_CALENDAR")}
    found |= {CONSTANTS[name] for name in ("NOT_AN_OBJECT", "REFUSED", "OLDER_VERSION")}
    found |= {"new_since_read", "never_read"}  # what is said of `new`, by when its day was read

    assert {*CALENDAR, *CASE, *STATUS, *WORDS} <= found


def test_whatever_is_said_of_an_appointment_has_a_step_or_none_on_purpose() -> None:
    assert CALENDAR_STEPS.keys() == CALENDAR.keys()
    assert CASE_STEPS.keys() == CASE.keys()
    assert STATUS_STEPS.keys() == STATUS.keys()


def test_whatever_is_said_of_a_time_has_its_rule() -> None:
    assert RULES_OF_TIME.keys() == TIME.keys() | CLOCK.keys()


def test_each_rule_that_is_named_leads_to_its_heading() -> None:
    headings = re.findall(r"^### (R\d+) (.+)$", (ROOT / "docs" / "rules.md").read_text(), re.M)
    cited = {
        rule for path in EXPLAIN.glob("*.py") for rule in re.findall(r'"(R\d+)"', path.read_text())
    }
    cited |= {
        rule
        for path in SYNCS.rglob("*.py")
        for rule in re.findall(r'(?:Decision\(|note\([^"]*)"(R\d+)"', path.read_text())
    }

    assert cited <= RULES.keys()
    assert RULES.items() <= dict(headings).items()
    assert anchor_of("R15") == "docs/rules.md#r15-a-persons-edit-stays"
    assert anchor_of("R14") == "docs/rules.md#r14-one-visit-one-case"
