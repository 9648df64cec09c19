"""Jobs and holds as the API and the command line show them. Times are UTC, days the clinic's."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from idexx_sync.core.bounds import bounded, shortened
from idexx_sync.core.catalog import SyncName
from idexx_sync.core.errors import WhoActs, who_acts
from idexx_sync.core.vocabulary import FINAL_STATUSES, JobStatus, Manner, Trigger
from idexx_sync.jobs.model import Job, window_of
from idexx_sync.syncs.hold_store import Hold
from idexx_sync.syncs.holds import HoldStatus

MOST_LISTED = 100
MOST_FINDINGS = 1000
"""Of a hold that is shown by itself."""
MOST_FINDINGS_LISTED = 20
"""Of each hold in a list."""
MOST_LISTED_BYTES = 512 * 1024
"""Of a page over the API: one that would be longer ends before its limit."""


Moment = Annotated[AwareDatetime, AfterValidator(lambda moment: moment.astimezone(UTC))]
Text = Annotated[str, AfterValidator(shortened)]
"""What people read; of a very long one the beginning."""


class ResponseModel(BaseModel):
    """A body that we answer with."""

    model_config = ConfigDict(frozen=True)


class JobError(ResponseModel):
    kind: str
    message: Text | None
    who_acts: WhoActs
    """Who must do something about it."""


def _none_if_unfit(value: Any, read: ValidatorFunctionWrapHandler) -> Any:
    try:
        return read(value)
    except ValidationError:
        return None


type _Part[T] = Annotated[T | None, WrapValidator(_none_if_unfit)]


class _Told(BaseModel):
    """What a job's result tells; a part that is something else than expected tells nothing."""

    summary: _Part[str] = None
    counts: _Part[dict[str, int]] = None
    warnings: _Part[dict[str, int]] = None
    held: _Part[dict[str, int]] = None
    fresh: _Part[bool] = None
    unfresh: _Part[str] = None
    for_review: _Part[tuple[str, ...]] = None
    in_doubt: _Part[dict[str, str]] = None
    unread: _Part[dict[str, str]] = None
    days_lost: _Part[tuple[date, date]] = None
    unknown_fields: _Part[tuple[str, ...]] = None
    faults: _Part[tuple[dict[str, str], ...]] = None
    planned: _Part[int] = None
    plan: _Part[tuple[dict[str, Any], ...]] = None


class JobView(ResponseModel):
    """One run of a sync, from the order to the outcome."""

    id: UUID
    clinic_id: UUID
    timezone: str | None
    """The clinic's zone, in which its days are counted."""
    sync: SyncName
    trigger: Trigger
    status: JobStatus
    manner: Manner
    """What it may write: nothing, our own memory, or ODIS's rows too."""
    dry_run: bool
    """Whether it is a preview."""
    window: tuple[date, date] | None
    """First and last day; null as long as the run has not come to know them."""
    attempt: int
    scheduled_time: Moment | None
    retry_of: UUID | None
    queued_at: Moment
    started_at: Moment | None
    finished_at: Moment | None
    summary: str | None
    """One phrase for people."""
    counts: Mapping[str, int] | None
    warnings: Mapping[str, int] | None
    """Code -> how often."""
    held: Mapping[str, int] | None
    """Cause -> how many records are held back for a person."""
    fresh: bool | None
    """Whether it brought the clinic's rows up to date over all days that its sync is for."""
    unfresh: str | None
    """Why it did not, although it ended well."""
    message: Text | None
    """Why the job did not do what was asked, where it has no error."""
    error: JobError | None
    for_review: tuple[str, ...] | None
    """Ids of records that a person should look at."""
    in_doubt: Mapping[str, str] | None
    """Id of a record that takes time because it is in doubt -> why, in one word; at most 50. What
    begins with `? ` is our name for one that shows no id or no day."""
    unread: Mapping[str, str] | None
    """Id of a visit whose clinical record gave nothing when it was asked for last -> why, in one
    word: `read_failed`, `wrong_patient`, `vanished`, `refused`; at most 50."""
    days_lost: tuple[date, date] | None
    """First and last of the days that no run has read since the last success and that are too long
    ago for a run of its own; name them to read them."""
    unknown_fields: tuple[str, ...] | None
    """Names of Neo's fields that were seen for the first time."""
    faults: tuple[Mapping[str, str], ...] | None
    """Rows that could not be read or written, by table, column or constraint, and id."""
    planned: int | None
    """Of a run that applies nothing: how many changes it would have made."""
    plan: tuple[Mapping[str, Any], ...] | None
    """The first of them: ids, reasons and names of fields. Lists leave it out."""

    @property
    def is_final(self) -> bool:
        return self.status in FINAL_STATUSES

    @classmethod
    def of(cls, job: Job, timezone: str | None) -> Self:
        result = job.result or {}
        told = _Told.model_validate(bounded(result))
        error = None
        if job.error_kind is not None:
            error = JobError(
                kind=job.error_kind, message=job.error_message, who_acts=who_acts(job.error_kind)
            )
        asked = [(job.params or {}).get(name) for name in ("from", "to")]
        return cls(
            id=job.id,
            clinic_id=job.clinic_id,
            timezone=timezone,
            sync=job.sync,
            trigger=job.trigger,
            status=job.status,
            manner=job.manner,
            dry_run=job.manner == "preview",
            window=window_of(result.get("window") or asked),
            attempt=job.attempt,
            scheduled_time=job.scheduled_time,
            retry_of=job.retry_of,
            queued_at=job.queued_at,
            started_at=job.started_at,
            finished_at=job.finished_at,
            message=None if error else job.error_message,
            error=error,
            **{name: getattr(told, name) for name in _Told.model_fields},
        )


def fitting[V: ResponseModel](views: Sequence[V], most_bytes: int | None) -> Sequence[V]:
    """As many from the beginning as such an answer may hold, and at least one."""
    left = most_bytes
    for number, view in enumerate(views):
        if left is None:
            break
        left -= len(view.model_dump_json().encode())
        if left < 0:
            return views[: max(1, number)]
    return views


class JobList(ResponseModel):
    """Newest first."""

    jobs: tuple[JobView, ...]
    next_cursor: str | None
    """Null on the last page."""


class HoldView(ResponseModel):
    """What waits for a person's decision, and what was decided."""

    id: UUID
    clinic_id: UUID
    timezone: str | None
    sync: SyncName
    cause: str
    status: HoldStatus
    findings: Mapping[str, Mapping[str, Any]]
    """Record id -> what was found: times, field names and statuses, never a personal value. What
    begins with `? ` is our name for one that shows no id or no day. The first ones only: at most
    1000, in lists 20."""
    found: int
    """How many there are in all."""
    job_id: UUID
    """The run that found it last."""
    opened_at: Moment
    updated_at: Moment
    decided_at: Moment | None
    decided_by: str | None
    permit_until: Moment | None
    """Until when runs may let through what was approved."""
    ended_at: Moment | None

    @classmethod
    def of(cls, hold: Hold, timezone: str | None, most_findings: int = MOST_FINDINGS) -> Self:
        shown = sorted(hold.findings.items())[:most_findings]
        return cls(
            id=hold.id,
            clinic_id=hold.clinic_id,
            timezone=timezone,
            sync=hold.sync,
            cause=hold.cause,
            status=hold.status,
            findings=bounded(dict(shown), most=most_findings),
            found=len(hold.findings),
            job_id=hold.job_id,
            opened_at=hold.opened_at,
            updated_at=hold.updated_at,
            decided_at=hold.decided_at,
            decided_by=hold.decided_by,
            permit_until=hold.permit_until,
            ended_at=hold.ended_at,
        )


class HoldList(ResponseModel):
    """Newest first."""

    holds: tuple[HoldView, ...]
    next_cursor: str | None
