"""Each refused request becomes one problem, with the code and the status that callers know."""

from typing import get_args
from uuid import UUID

import pytest

from idexx_sync.api.problems import PROBLEM_OF_CONFLICT, FieldError, Problem, problem_of
from idexx_sync.core.errors import (
    Conflict,
    ConflictCode,
    InvalidInput,
    NotFound,
    RequestRefused,
)

ID = UUID(int=7)
STATUS_OF_CONFLICT = {
    "clinic_on_board": 422,
    "hold_changed": 409,
    "hold_decided": 409,
    "hold_not_rejected": 409,
    "idempotency_key_reused": 422,
    "job_final": 409,
    "job_not_final": 409,
    "clinic_paused": 409,
    "key_state": 422,
    "letter_ended": 409,
    "letter_not_retryable": 409,
    "nothing_to_revive": 409,
    "sync_running": 409,
}


def of(error: RequestRefused, *parameters: str) -> Problem:
    return problem_of(error, parameters)


@pytest.mark.parametrize("what", ["job", "hold", "clinic", "key"])
def test_what_does_not_exist_is_404_and_its_id_is_not_repeated(what: str) -> None:
    problem = of(NotFound(what, ID))

    assert (problem.code, problem.status) == ("not_found", 404)
    assert problem.detail == f"There is no such {what}."


def test_a_field_is_a_parameter_of_the_query_or_else_one_of_the_body() -> None:
    error = InvalidInput("cursor", "no cursor of ours")

    in_query, in_body = of(error, "limit", "cursor"), of(error, "limit")

    assert (in_query.code, in_query.status) == ("invalid_request", 422)
    assert in_query.errors == (FieldError(detail="no cursor of ours", parameter="cursor"),)
    assert in_body.errors == (FieldError(detail="no cursor of ours", pointer="/cursor"),)
    assert in_query.detail == in_body.detail == error.message


@pytest.mark.parametrize("code", get_args(ConflictCode))
def test_every_conflict_has_a_problem_that_names_the_job_in_the_way(code: ConflictCode) -> None:
    problem = of(Conflict(code, "It is so.", job_id=ID))

    assert problem.code == PROBLEM_OF_CONFLICT[code]
    assert problem.status == STATUS_OF_CONFLICT[code]
    assert (problem.detail, problem.job_id) == ("It is so.", ID)
    assert of(Conflict(code, "It is so.")).job_id is None
