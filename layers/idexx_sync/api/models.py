"""What the HTTP API takes and gives, as JSON. Times are UTC, days are the clinic's own."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from idexx_sync.core.catalog import ParamsKind, SyncName
from idexx_sync.core.errors import WhoActs
from idexx_sync.core.vocabulary import Freshness, JobStatus, Stage
from idexx_sync.jobs.params import ReconciliationParams, WindowParams
from idexx_sync.operations.decisions import LONGEST_REASON
from idexx_sync.operations.models import MOST_LISTED, Moment, ResponseModel, Text
from idexx_sync.syncs.holds import HoldStatus

MOST_NEEDS: Final = 100


class RequestModel(BaseModel):
    """A body or query that a caller sends; an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class EmptyBody(RequestModel):
    """No body, or an empty object."""


class ReasonBody(RequestModel):
    """Why it is done; nothing has to be said."""

    reason: str | None = Field(
        default=None,
        max_length=4 * LONGEST_REASON,
        description=f"Why, for those who look later: at most {LONGEST_REASON} characters, kept "
        "with who and when. Name no client and no patient here.",
        examples=["the clinic confirmed by phone"],
    )


class DecisionBody(ReasonBody):
    """Which version of the hold was seen, and why it is decided so."""

    seen: str = Field(
        min_length=1,
        max_length=40,
        description="`version` of the hold as it was looked at; while it says something else the "
        "decision is `409 hold_changed`.",
        examples=["3f2b8c1e5a"],
    )


class SyncRequest(WindowParams):
    """Which clinic to sync, and which of its days; both ends are included.

    Without days: the clinic's own window.
    """

    clinic_id: UUID | None = None
    """A clinic's key acts for its own clinic; an operator names one."""
    dry_run: bool = False
    """Whether it only shows what it would change, and writes nothing."""


class ReconciliationRequest(ReconciliationParams):
    """Which clinic to compare, how far back, and whether differences are put right."""

    clinic_id: UUID
    dry_run: bool = False
    """Whether it only shows what it would find, and writes nothing."""


StartRequest = SyncRequest | ReconciliationRequest
"""A body that starts a sync: its parameters, whose it is, and whether it is a preview."""
START_REQUESTS: Final[Mapping[ParamsKind, type[StartRequest]]] = {
    "window": SyncRequest,
    "lookback": ReconciliationRequest,
}


class ClinicQuery(RequestModel):
    clinic_id: UUID | None = None


class ListQuery(ClinicQuery):
    sync: SyncName | None = None
    limit: int = Field(default=20, ge=1, le=MOST_LISTED)
    cursor: str | None = Field(default=None, max_length=200)
    """`next_cursor` of the page before."""


class JobsQuery(ListQuery):
    status: JobStatus | None = None


class HoldsQuery(ListQuery):
    status: HoldStatus | None = None


class NoQuery(RequestModel):
    """No parameters."""


class SyncStatusView(ResponseModel):
    """How current a sync of the clinic is."""

    sync: SyncName
    freshness: Freshness
    last_success_at: Moment | None
    next_run_at: Moment | None
    """Null where the clinic has no schedule for it that could be read."""


class NeedView(ResponseModel):
    who: WhoActs
    what: Text
    blocks: bool
    """Whether no run can succeed before it is met."""
    since: Moment | None
    """Until when all is known to have been well; null: never, or nobody knows."""


class ClinicStatusView(ResponseModel):
    """The status of a clinic, and what is needed from whom."""

    clinic_id: UUID
    name: Text
    timezone: str | None
    stage: Stage | None
    """Null: the clinic is not set up for this service."""
    paused_reason: Text | None
    syncs: tuple[SyncStatusView, ...]
    open_holds: int
    kept_out: int = Field(
        description="Holds that a person has rejected and that still keep something out; each is "
        "among the needs, with who, when and how it is reopened.",
        examples=[1],
    )
    needs: Annotated[tuple[NeedView, ...], BeforeValidator(lambda needs: needs[:MOST_NEEDS])]
    """What blocks comes first; at most 100."""


class Discrepancies(ResponseModel):
    discrepancies: tuple[Mapping[str, Any], ...]
    next_cursor: str | None


class Health(ResponseModel):
    """The process answers, and of which release it is; nothing of anything behind it."""

    status: Literal["ok"] = "ok"
    version: str
    commit: str
    """Of the sources, with `-dirty` if they had been changed; `unknown` where nobody said it."""


class Readiness(ResponseModel):
    status: Literal["ready", "not ready"]


class Check(ResponseModel):
    name: str
    ok: bool
    detail: str


class ReadinessDetails(ResponseModel):
    status: Literal["ready", "not ready"]
    checks: tuple[Check, ...]
