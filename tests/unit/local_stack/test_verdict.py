"""What the runtime emulator's answers mean."""

import json

import pytest

from local_stack.lambdas.verdict import MOST_BYTES, Verdict, judge_invocation


@pytest.mark.parametrize(
    "body", [b'{"statusCode": 200}', b'"text"', b"null", b"[1]", b'{"error": "of its own"}']
)
def test_what_a_function_returns_is_passed_on(body: bytes) -> None:
    assert judge_invocation(200, body) == Verdict(body)


def test_what_a_handler_raised_is_a_failure_after_which_the_process_goes_on() -> None:
    body = b'{"errorType": "ValueError", "errorMessage": "no"}'

    assert judge_invocation(200, body) == Verdict(body, failed=True, reusable=True)


def test_an_answer_for_the_gateway_is_none_even_if_it_names_an_error_type() -> None:
    body = b'{"statusCode": 500, "errorType": "x"}'

    assert judge_invocation(200, body) == Verdict(body)


@pytest.mark.parametrize(
    ("status", "error_type"),
    [(502, "Runtime.ExitError"), (200, "Runtime.ImportModuleError"), (502, "Sandbox.Failure")],
)
def test_a_broken_runtime_is_not_used_again(status: int, error_type: str) -> None:
    body = json.dumps({"errorType": error_type, "errorMessage": "x"}).encode()

    assert judge_invocation(status, body) == Verdict(body, failed=True, reusable=False)


@pytest.mark.parametrize(
    ("body", "error_type"),
    [
        (b"Task timed out after 3.00 seconds", "Sandbox.Timedout"),
        (b"<html>", "Runtime.InvalidAnswer"),
        (b"", "Runtime.InvalidAnswer"),
    ],
)
def test_plain_text_is_a_failure(body: bytes, error_type: str) -> None:
    verdict = judge_invocation(200, body)

    assert (verdict.failed, verdict.reusable) == (True, False)
    assert json.loads(verdict.payload)["errorType"] == error_type


def test_an_answer_that_lambda_would_not_pass_on_is_none_here_either() -> None:
    longest = b'"' + b"x" * (MOST_BYTES - 2) + b'"'

    assert judge_invocation(200, longest) == Verdict(longest)
    verdict = judge_invocation(200, longest + b" ")
    assert (verdict.failed, verdict.reusable) == (True, True)
    assert json.loads(verdict.payload)["errorType"] == "Function.ResponseSizeTooLarge"
