"""What an answer of the runtime emulator means. Pure."""

import json
from dataclasses import dataclass
from typing import Any, Final

_OF_THE_RUNTIME: Final = ("Runtime.", "Sandbox.", "Extension.")
_TIMED_OUT: Final = "Task timed out after "
MOST_BYTES: Final = 6 * 1024 * 1024 + 100
"""Of what a function answers; Lambda takes no more."""
_TOO_LARGE: Final = f"the answer is longer than {MOST_BYTES} bytes"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How an invocation ended."""

    payload: bytes
    """JSON: what the function returned, or what went wrong."""
    failed: bool = False
    reusable: bool = True
    """Whether the execution environment may be used again."""


def judge_invocation(status: int, body: bytes) -> Verdict:
    """The emulator answers 200 to a handler that raised, and plain text when time ran out; it
    passes on what is too long for Lambda."""
    if len(body) > MOST_BYTES:
        return Verdict(_error("Function.ResponseSizeTooLarge", _TOO_LARGE), failed=True)
    try:
        answer = json.loads(body)
    except ValueError:
        return failure(*_in_words(body.decode(errors="replace")))
    error_type = _error_type(answer)
    if status == 200 and error_type is None:
        return Verdict(body)
    broken = status != 200 or str(error_type).startswith(_OF_THE_RUNTIME)
    return Verdict(body, failed=True, reusable=not broken)


def failure(error_type: str, message: str) -> Verdict:
    """A failure of the execution environment itself, which is not used again."""
    return Verdict(_error(error_type, message), failed=True, reusable=False)


def _error(error_type: str, message: str) -> bytes:
    return json.dumps({"errorType": error_type, "errorMessage": message}).encode()


def _error_type(answer: Any) -> Any:
    """None: it is what the function returned. A status code marks an answer for the gateway."""
    if isinstance(answer, dict) and "statusCode" not in answer:
        return answer.get("errorType")
    return None


def _in_words(text: str) -> tuple[str, str]:
    if text.startswith(_TIMED_OUT):
        return "Sandbox.Timedout", f"Error: {text}"
    return "Runtime.InvalidAnswer", f"the answer is not JSON: {text[:200]}"
