"""What the HTTP API takes and gives, as JSON. Times are UTC, days are the clinic's own."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from idexx_sync.alerts.kinds import AlertStatus
from idexx_sync.alerts.texts import KINDS
from idexx_sync.core.catalog import LoggedKind, ParamsKind, SyncName
from idexx_sync.core.id_prefix import WHOLE_ID
from idexx_sync.core.vocabulary import Freshness, JobStatus
from idexx_sync.jobs.params import ReconciliationParams, WindowParams
from idexx_sync.operations.decisions import LONGEST_REASON
from idexx_sync.operations.models import MOST_LISTED, ResponseModel
from idexx_sync.syncs.holds import HoldStatus
from idexx_sync.syncs.reconciliation.causes import Cause, Outcome
from idexx_sync.syncs.reconciliation.discrepancy_list_store import WantedDiscrepancies
from idexx_sync.syncs.reconciliation.model import MissedBy
from idexx_sync.upkeep.dead_letter_store import LetterStatus


class RequestModel(BaseModel):
    """A body or query that a caller sends; an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


_Reason = Annotated[str, Field(max_length=LONGEST_REASON)]
_FilledReason = Annotated[str, Field(min_length=1, max_length=LONGEST_REASON)]


def _why(more: str = "", *, example: str, default: Any = ...) -> Any:
    return Field(
        default,
        description=f"Why, for those who look later: at most {LONGEST_REASON} characters, "
        "kept with who and when. Name no client and no patient here."
        f"{more and ' '}{more}",
        examples=[example],
    )


class EmptyBody(RequestModel):
    """No body, or an empty object."""


class ReasonBody(RequestModel):
    """Why it is done; nothing has to be said."""

    reason: _Reason | None = _why(example="the clinic confirmed by phone", default=None)


class WhyBody(RequestModel):
    """Why it is done, which has to be said."""

    reason: _FilledReason = _why(example="a message of a test")


class PauseBody(WhyBody):
    """Why nothing is to be asked, which has to be said."""

    reason: _FilledReason = _why(
        "Every key that may look at the clinic is shown it; where all are paused name no clinic.",
        example="the clinic moves",
    )


class ResumeBody(ReasonBody):
    """Why it may go on; nothing has to be said."""

    reason: _Reason | None = _why(example="the clinic has moved", default=None)


class DiscardBody(WhyBody):
    """Why nothing is to come of the message, which has to be said."""


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


class RefreshBody(RequestModel):
    """Whose schedules are meant; a clinic's key may leave it out."""

    clinic_id: UUID | None = None


class ClinicQuery(RequestModel):
    clinic_id: UUID | None = None


class TicksQuery(ClinicQuery):
    sync: SyncName | None = None


class PageQuery(RequestModel):
    limit: int = Field(default=20, ge=1, le=MOST_LISTED)
    cursor: str | None = Field(default=None, max_length=1000)
    """`next_cursor` of the page before."""


class ListQuery(ClinicQuery, PageQuery):
    sync: SyncName | None = None
    since: AwareDatetime | None = Field(
        default=None,
        description="Only what was ordered, opened or received then or later.",
        examples=["2026-05-04T00:00:00Z"],
    )
    id: str | None = Field(
        default=None,
        pattern=r"^[0-9a-fA-F-]{4,36}$",
        description="Only what has an id that begins so.",
        examples=["3f2b8c1e"],
    )


class JobsQuery(ListQuery):
    status: JobStatus | None = None


class HoldsQuery(ListQuery):
    status: HoldStatus | None = None


class DeadLettersQuery(ListQuery):
    status: LetterStatus | None = Field(
        default=None, description="Only those that stand so.", examples=["parked"]
    )


class AlertsQuery(ListQuery):
    status: AlertStatus | None = None
    kind: str | None = Field(
        default=None,
        pattern=f"^({'|'.join(KINDS)})$",
        description="Only alerts of this kind.",
        examples=["shape_changed"],
    )
    of_many: bool | None = Field(
        default=None,
        description="Only alerts that stand for many clinics, or only those of one.",
        examples=[False],
    )


class MuteBody(RequestModel):
    """Until when nobody is to be told."""

    until: AwareDatetime = Field(
        description="Until when nobody is told of the alert's kind at its clinic: a moment with "
        "its zone, that lies ahead and at most 366 days away.",
        examples=["2026-05-04T18:00:00Z"],
    )


class ClinicsQuery(PageQuery):
    named: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="Only clinics that it may mean: by name, by the beginning of a name, or by the "
        "beginning of an id. A whole name means no other one.",
        examples=["West Animal Clinic"],
    )
    ids: str | None = Field(
        default=None,
        pattern=rf"^{WHOLE_ID}(,{WHOLE_ID}){{0,{MOST_LISTED - 1}}}$",
        description=f"Only these clinics: ids with a comma between, at most {MOST_LISTED}.",
        examples=["9c2e6f0a-1b7d-4a55-8f11-2f6f0c1f7a10"],
    )
    sync: SyncName | None = Field(
        default=None, description="Only clinics whose status tells of this sync."
    )
    freshness: Freshness | None = Field(
        default=None,
        description="Only clinics of which a sync, or the one that is named, is so. A page may be "
        "shorter than its limit, even empty, and have a next one.",
    )
    somebody: bool | None = Field(
        default=None,
        description="Only clinics that need somebody, or only those that do not.",
        examples=[True],
    )


class DiscrepanciesQuery(PageQuery):
    cause: Cause | None = Field(
        default=None, description="Only differences of this cause.", examples=["deleted_in_neo"]
    )
    kind: LoggedKind | None = Field(
        default=None,
        description="Only rows of the calendar, or only cases.",
        examples=["appointment"],
    )
    outcome: Outcome | None = Field(
        default=None, description="Only those of which this became.", examples=["reported"]
    )
    missed_by: MissedBy | None = Field(
        default=None, description="Only those that this sync missed.", examples=["inbound"]
    )

    @property
    def wanted(self) -> WantedDiscrepancies:
        return WantedDiscrepancies(self.cause, self.kind, self.outcome, self.missed_by)


class NoQuery(RequestModel):
    """No parameters."""


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
