"""Why a command could not be carried out, as text, as JSON and as exit code."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID

import typer
from pydantic import BaseModel, ConfigDict

from idexx_sync.api.problems import PROBLEMS, FieldError, error_text
from idexx_sync.cli.exits import Exit, exit_of_answer
from idexx_sync.core.errors import Conflict, InvalidInput, NotFound, RequestRefused

OPTION_OF_FIELD: Final = {
    "base_url": "--base-url",
    "cron": "CRON",
    "entry": "--entry",
    "name": "--name",
    "scopes": "--scope",
    "treatment": "TREATMENT",
    "until": "--until",
}
"""Fields whose value comes from an option or an argument alone."""

_TOO_MANY: Final = frozenset(code for code, (status, _) in PROBLEMS.items() if status == 429)


class CommandError(Exception):
    """Ends a command; `kind` is a problem's code, or a word of the command line's own."""

    def __init__(
        self, message: str, *, kind: str, exit_code: Exit, more: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind
        self.exit_code = exit_code
        self.more = dict(more or {})
        """What --json shows beside."""

    @property
    def may_pass(self) -> bool:
        """Whether asking again a little later may help."""
        return self.exit_code == Exit.NOT_REACHABLE or self.kind in _TOO_MANY

    def with_hint(self, hint: str) -> "CommandError":
        message = f"{self.message.rstrip('.')}; {hint}"
        return CommandError(message, kind=self.kind, exit_code=self.exit_code, more=self.more)


class ReceivedProblem(BaseModel):
    """A problem as the API sends it, of whatever code: the API may be newer than we are."""

    model_config = ConfigDict(frozen=True)

    code: str
    detail: str
    errors: tuple[FieldError, ...] | None = None
    job_id: UUID | None = None


def error_of_problem(problem: ReceivedProblem, http_status: int) -> CommandError:
    """The problem's detail, with every field that it does not name itself."""
    more = problem.model_dump(mode="json", exclude={"code", "detail"}, exclude_none=True)
    return CommandError(
        "; ".join([problem.detail, *_unnamed(problem.errors or (), problem.detail)]),
        kind=problem.code,
        exit_code=exit_of_answer(http_status),
        more=more,
    )


def error_of_refusal(refusal: RequestRefused) -> CommandError:
    """What was refused here, in this process: its message, and the ids or the field it names."""
    match refusal:
        case NotFound():
            more = {refusal.field: str(refusal.id)}
        case InvalidInput():
            more = {"field": refusal.field}
        case Conflict():
            more = {name: str(id_) for name, id_ in refusal.ids.items()}
        case _:
            more = {}
    return CommandError(refusal.message, kind=refusal.kind, exit_code=Exit.FAILED, more=more)


@contextmanager
def usage_errors() -> Iterator[None]:
    """Turn InvalidInput for a field that is an option into a usage error of that option."""
    try:
        yield
    except InvalidInput as error:
        option = OPTION_OF_FIELD.get(error.field)
        if option is None:
            raise
        raise typer.BadParameter(error.advice, param_hint=f"'{option}'") from None


def _unnamed(errors: Sequence[FieldError], detail: str) -> list[str]:
    return [text for error in errors if (text := error_text(error)) not in detail]
