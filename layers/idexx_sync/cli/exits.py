"""Exit codes: what a script that calls the command line decides by."""

from enum import IntEnum
from typing import Final

from idexx_sync.core.vocabulary import JobStatus


class Exit(IntEnum):
    OK = 0
    FAILED = 1
    USAGE = 2
    HELD = 3
    WARNINGS = 4
    NOT_AUTHORISED = 5
    NOT_REACHABLE = 6
    INTERRUPTED = 130


HELP: Final = (
    "Exit codes: 0 done, 1 failed, 2 wrong use, 3 done but something is held for a person, "
    "4 done with warnings, or status names somebody who is needed, 5 not authorised, "
    "6 database, API or Neo not reachable, 130 interrupted."
)

_OF_STATUS: Final[dict[JobStatus, Exit]] = {
    "succeeded": Exit.OK,
    "succeeded_with_warnings": Exit.WARNINGS,
    "held": Exit.HELD,
    "cancelled": Exit.INTERRUPTED,
}
_NOT_REACHABLE: Final = ("pims_unavailable", "pims_slow", "database_unavailable")
_NOT_AUTHORISED: Final = (
    "credentials_rejected",
    "password_change_required",
    "account_locked",
    "challenge_required",
)


def exit_of_kind(error_kind: str | None) -> Exit:
    if error_kind in _NOT_REACHABLE:
        return Exit.NOT_REACHABLE
    return Exit.NOT_AUTHORISED if error_kind in _NOT_AUTHORISED else Exit.FAILED


def exit_of_answer(http_status: int) -> Exit:
    """Of an answer of the API that is not what was asked for."""
    if http_status in (401, 403):
        return Exit.NOT_AUTHORISED
    return Exit.NOT_REACHABLE if http_status in (502, 503, 504) else Exit.FAILED


def exit_of_job(status: JobStatus, error_kind: str | None) -> Exit:
    found = _OF_STATUS.get(status)
    return exit_of_kind(error_kind) if found is None else found
