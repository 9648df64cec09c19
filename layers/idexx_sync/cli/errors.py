"""Why a desk did not do what was asked, and how the process ends then."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from idexx_sync.api.problems import Fault, Problem, told
from idexx_sync.cli.exits import Exit, exit_of_answer


class Refused(Exception):
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
        return self.exit_code == Exit.NOT_REACHABLE or self.kind == "throttled"

    def with_hint(self, hint: str) -> "Refused":
        message = f"{self.message.rstrip('.')}; {hint}"
        return Refused(message, kind=self.kind, exit_code=self.exit_code, more=self.more)


class ToldProblem(BaseModel):
    """A problem as it is told, of whatever code: the API may be newer than we are."""

    model_config = ConfigDict(frozen=True)

    code: str
    detail: str
    errors: tuple[Fault, ...] | None = None
    job_id: UUID | None = None


def refused(problem: ToldProblem | Problem, http_status: int) -> Refused:
    """The problem's detail, with every field that it does not name itself."""
    if isinstance(problem, Problem):
        problem = ToldProblem.model_validate(problem.view().model_dump())
    more = problem.model_dump(mode="json", exclude={"code", "detail"}, exclude_none=True)
    return Refused(
        "; ".join([problem.detail, *_unnamed(problem.errors or (), problem.detail)]),
        kind=problem.code,
        exit_code=exit_of_answer(http_status),
        more=more,
    )


def _unnamed(faults: Sequence[Fault], detail: str) -> list[str]:
    return [text for fault in faults if (text := told(fault)) not in detail]
