"""Over the API each text is a whole sentence still: no joint is left of a command that is not
named."""

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

import idexx_sync
from idexx_sync.alerts.texts import KINDS, OF_CODES, next_step
from idexx_sync.core.errors import SyncError
from idexx_sync.operations.hints import INSTEAD, for_the_api
from idexx_sync.pims.breaker import Attempt, check_breaker

ROOT = Path(idexx_sync.__path__[0])
NOW = datetime(2026, 5, 4, 14, tzinfo=UTC)
ID = UUID(int=7)
BEGINS = re.compile(r"(?:^ *|[:;.(] |\(|\n *|, (?:then |or )?)$")
LEFT_OPEN = re.compile(r"\b(?:run|with|has|have|see|and|before|until|by|to):? $", re.IGNORECASE)
ENDS = re.compile(r"$|[;,.)\"\n]")


def is_whole(text: str) -> bool:
    """Whether whom to ask stands as a clause of its own wherever it is told."""
    return all(
        BEGINS.search(text[: found.start()])
        and not LEFT_OPEN.search(text[: found.start()])
        and ENDS.match(text[found.end() :])
        for found in re.finditer(INSTEAD, text)
    )


def texts_in(path: Path) -> Iterator[str]:
    """Each text of the module that is no docstring, with X for what is put into it."""
    tree = ast.parse(path.read_text())
    parts = {id(one) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)
             for one in node.values}  # fmt: skip
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if id(node) in parts | told:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(
                str(one.value) if isinstance(one, ast.Constant) else "X" for one in node.values
            )


def with_commands() -> list[str]:
    texts = {text for path in sorted(ROOT.rglob("*.py")) for text in texts_in(path)}
    return sorted(text for text in texts if for_the_api(text) != text)


def test_there_are_texts_with_commands_that_need_the_database() -> None:
    assert len(with_commands()) > 20


@pytest.mark.parametrize("text", with_commands())
def test_each_text_of_ours_is_a_whole_sentence_over_the_api(text: str) -> None:
    fit = for_the_api(text)

    assert INSTEAD in fit
    assert is_whole(fit), fit


@pytest.mark.parametrize("code", [None, *OF_CODES])
@pytest.mark.parametrize("kind", KINDS)
def test_each_next_step_of_an_alert_is_one_too(kind: str, code: str | None) -> None:
    for clinic_id in (ID, None):
        step = next_step(kind, code, clinic_id=clinic_id, job_id=ID, incident_id=None)
        assert is_whole(for_the_api(step)), for_the_api(step)


@pytest.mark.parametrize(
    "outcomes",
    [
        ["credentials_rejected"],
        ["password_change_required"],
        ["account_locked"],
        ["challenge_required"],
        ["page_unknown", "page_unknown"],
    ],
)
def test_so_is_why_no_login_is_tried(outcomes: list[str]) -> None:
    attempts = [Attempt(NOW, outcome) for outcome in outcomes]  # type: ignore[arg-type]

    with pytest.raises(SyncError) as refused:
        check_breaker(ID, attempts, NOW)

    fit = for_the_api(refused.value.message)
    assert INSTEAD in fit
    assert is_whole(fit), fit


@pytest.mark.parametrize(
    ("told", "fit"),
    [
        (
            "no further try is made until the clinic has put it right and somebody has run: "
            "idexx-sync credentials set --clinic 7",
            f"no further try is made until the clinic has put it right; {INSTEAD}",
        ),
        ("Read them with: idexx-sync sync inbound --clinic 7", f"Read them; {INSTEAD}"),
        ("look, then run: idexx-sync credentials set", f"look, then {INSTEAD}"),
        (
            "switch it off, and end its run: idexx-sync clinics add 7",
            f"switch it off, and end its run: {INSTEAD}",
        ),
        ("See: idexx-sync explain appointment 7", INSTEAD),
    ],
)
def test_what_leads_to_a_command_goes_with_it(told: str, fit: str) -> None:
    """The first one stands in errors of jobs that ended before it was worded anew."""
    assert for_the_api(told) == fit
