"""Each refused request ends the command with its message, its kind and its exit code."""

from typing import get_args
from uuid import UUID

import pytest
import typer

from idexx_sync.api.problems import problem_of
from idexx_sync.cli.errors import (
    OPTION_OF_FIELD,
    ReceivedProblem,
    error_of_problem,
    error_of_refusal,
    usage_errors,
)
from idexx_sync.cli.exits import Exit
from idexx_sync.core.errors import Conflict, ConflictCode, InvalidInput, NotFound, RequestRefused

ID = UUID(int=7)
REFUSALS: list[tuple[RequestRefused, str, dict[str, str]]] = [
    (NotFound("clinic", ID), "not_found", {"clinic_id": str(ID)}),
    (NotFound("key", ID), "not_found", {"key_id": str(ID)}),
    (InvalidInput("expires_at", "too early"), "invalid_request", {"field": "expires_at"}),
    *(
        (Conflict(code, "It is so.", job_id=ID), code, {"job_id": str(ID)})
        for code in get_args(ConflictCode)
    ),
]


HERE_ONLY = {"key_state", "clinic_on_board"}
"""Conflicts of commands that ask no API."""


@pytest.mark.parametrize(("refusal", "kind", "more"), REFUSALS, ids=lambda value: str(value)[:30])
def test_what_is_refused_in_this_process(
    refusal: RequestRefused, kind: str, more: dict[str, str]
) -> None:
    error = error_of_refusal(refusal)

    assert (error.message, error.kind, error.exit_code) == (refusal.message, kind, Exit.FAILED)
    assert error.more == more


@pytest.mark.parametrize("code", sorted({*get_args(ConflictCode)} - HERE_ONLY))
def test_a_conflict_is_told_alike_whichever_way_it_comes(code: ConflictCode) -> None:
    conflict = Conflict(code, "It is so.", job_id=ID)
    problem = problem_of(conflict, ())
    sent = ReceivedProblem.model_validate_json(problem.view().model_dump_json())

    here, there = error_of_refusal(conflict), error_of_problem(sent, problem.status)

    assert (there.message, there.kind, there.exit_code) == (here.message, here.kind, here.exit_code)
    assert there.more == here.more


@pytest.mark.parametrize(("field", "option"), OPTION_OF_FIELD.items())
def test_a_field_that_is_an_option_is_a_usage_error_of_it(field: str, option: str) -> None:
    with pytest.raises(typer.BadParameter, match="too long") as caught, usage_errors():
        raise InvalidInput(field, "too long")

    assert option in caught.value.format_message()


def test_any_other_field_is_no_usage_error() -> None:
    with pytest.raises(InvalidInput), usage_errors():
        raise InvalidInput("acting_user_id", "unknown")
