"""Jobs and the orders that ask for them: values. Pure."""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID, uuid4, uuid5

from pydantic import ValidationError

from idexx_sync.core.catalog import SyncName
from idexx_sync.core.errors import ConfigurationInvalid
from idexx_sync.core.vocabulary import FINAL_STATUSES, JobStatus, Manner, Stage, Trigger
from idexx_sync.jobs.leases import Lease
from idexx_sync.jobs.params import Params, params_model, read_params

_TICKS = UUID("6f0a3c52-5b0e-4f0c-9d43-0f6f7d0f8f11")


@dataclass(frozen=True, slots=True)
class RunOrder:
    """A run that somebody wants. The same order twice is the same job."""

    job_id: UUID
    clinic_id: UUID | None
    """None: the job exists already and knows its clinic."""
    sync: SyncName
    trigger: Trigger = "cli"
    scheduled_time: datetime | None = None
    params: Params | None = None
    """None: the sync's own; of a job that exists nobody asks for them."""
    manner: Manner = "apply"
    """What its run may write at most; the clinic's stage may allow less."""
    retry_of: UUID | None = None
    """The job whose order is repeated."""
    request_id: str | None = None
    """The request to the API that the order came with."""
    invocation: UUID = field(default_factory=uuid4)
    """Who carries the order out: another delivery of the same order is another invocation."""


def new_order(
    clinic_id: UUID,
    sync: SyncName,
    trigger: Trigger,
    params: Params | None = None,
    manner: Manner | None = None,
) -> RunOrder:
    """An order of its own; without a manner, that of its parameters."""
    params = params or params_model(sync)()
    return RunOrder(
        uuid4(), clinic_id, sync, trigger, params=params, manner=manner or params.manner
    )


def asked_manner(params: Params, *, dry_run: bool) -> Manner:
    """The manner of a run that a caller asks for."""
    return "preview" if dry_run else params.manner


def allowed_manner(manner: Manner, stage: Stage | None) -> Manner:
    """What becomes of a manner in a clinic of that stage: in shadow nothing of ODIS is written."""
    return "observe" if manner == "apply" and stage == "shadow" else manner


def retry_order(job: "Job") -> RunOrder:
    """The order to do again, as a new job, what the job was to do."""
    params = params_of(job)
    return RunOrder(
        uuid4(),
        job.clinic_id,
        job.sync,
        trigger_again(job),
        params=params,
        manner=manner_again(job),
        retry_of=job.id,
    )


def params_of(job: "Job") -> Params:
    """What was asked of the job; ConfigurationInvalid where its row says what can't be asked."""
    with suppress(ValidationError):
        if job.params is not None:
            return read_params(job.sync, job.params)
    raise ConfigurationInvalid(
        f"jobs.params of job {job.id}: not what a {job.sync} run can be asked; request a new run",
        code="params",
    )


def manner_again(job: "Job") -> Manner:
    """The manner in which a job is repeated: whether it applies is the clinic's stage's matter."""
    return asked_manner(params_of(job), dry_run=job.manner == "preview")


def trigger_again(job: "Job") -> Trigger:
    """The trigger of a job's repetition: a decision that it was to carry out is carried out still,
    because only a run that a decision orders revives rows."""
    return "approval" if job.trigger == "approval" else "retry"


def tick_order(
    clinic_id: UUID,
    sync: SyncName,
    trigger: Trigger,
    scheduled_time: datetime,
    params: Params | None = None,
    manner: Manner | None = None,
) -> RunOrder:
    """The order of one scheduled time, whose seconds do not count: whatever is delivered of the
    tick, and however its time is written, gives the same job id."""
    params = params or params_model(sync).on_schedule()
    due = scheduled_time.replace(second=0, microsecond=0)
    job_id = uuid5(_TICKS, f"{clinic_id}/{sync}/{due.timestamp()}")
    return RunOrder(job_id, clinic_id, sync, trigger, due, params, manner or params.manner)


@dataclass(frozen=True, slots=True)
class Job:
    id: UUID
    clinic_id: UUID
    sync: SyncName
    trigger: Trigger
    scheduled_time: datetime | None
    params: dict[str, Any] | None
    """None: what was asked can't be read, so that no run may go by it."""
    manner: Manner
    """What its run may write; until it begins, what was asked for."""
    status: JobStatus
    attempt: int
    error_kind: str | None
    error_message: str | None
    result: dict[str, Any] | None
    progress: dict[str, Any] | None
    """The pieces that its run has committed; None: none yet, or the sync has only one."""
    retry_of: UUID | None
    queued_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    catch_up_of: UUID | None = None
    """Of a catch-up, the job of the newest tick that it makes up."""
    made_up_by: UUID | None = None
    """Of a tick that did not run, the catch-up that does its work."""
    request_id: str | None = None
    """Of the request to the API that ordered it; None: none did."""

    @classmethod
    def read(cls, *, params: Any, result: Any, progress: Any, **columns: Any) -> Self:
        """The job of a row of JOB_COLUMNS; a document that is no object counts as none."""
        return cls(
            params=params if isinstance(params, dict) else None,
            result=result if isinstance(result, dict) else None,
            progress=progress if isinstance(progress, dict) else None,
            **columns,
        )

    @property
    def is_final(self) -> bool:
        return self.status in FINAL_STATUSES


def window_of(stored: Any) -> tuple[date, date] | None:
    """First and last day as a job's documents hold them; None for anything else."""
    try:
        first_day, last_day = map(date.fromisoformat, stored)
    except (TypeError, ValueError):
        return None
    return first_day, last_day


JOB_COLUMNS = """id, clinic_id, sync, trigger, scheduled_time, params - 'dry_run' AS params, manner,
    status, attempt, error_kind, error_message, result, progress, retry_of, queued_at, started_at,
    finished_at, catch_up_of, made_up_by, request_id"""
"""`dry_run` is the word of the release before for a preview; see migration 011."""
LISTED_COLUMNS = JOB_COLUMNS.replace("result,", "result - 'plan' AS result,")
"""The same without the plan, which only the view of a single job shows."""


@dataclass(frozen=True, slots=True)
class Begun:
    """What the first round trip of a run found."""

    now: datetime
    """Business time."""
    job: Job | None
    """None: the order named a clinic that does not exist, or a job that does not."""
    lease: Lease | None
    """None: the job is final already, or somebody holds the clinic's lease."""
    held_by: UUID | None
    """The job that holds the clinic's lease."""
    clinic: dict[str, Any] | None
    """A row of CLINIC_QUERY."""
    session: tuple[int, bytes] | None
    """Credential version and sealed session, if one is stored for the newest credentials."""
    last_success_at: datetime | None = None
    """When the clinic's last job of this sync ended that brought its rows up to date."""
    fingerprint_imprints: list[str] | None = None
    """By which the database knows its fingerprint key; None: it knows none yet."""
