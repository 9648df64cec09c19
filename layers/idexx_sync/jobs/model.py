"""Jobs and the orders that ask for them: values, and what a caller may ask of a sync. Pure."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Any, Self
from uuid import UUID, uuid4, uuid5

from pydantic import BaseModel, ConfigDict, Field, model_validator

from idexx_sync.core.catalog import SyncName
from idexx_sync.core.errors import ConfigurationInvalid
from idexx_sync.core.vocabulary import FINAL_STATUSES, JobStatus, Manner, Stage, Trigger
from idexx_sync.jobs.leases import Lease
from idexx_sync.pims.protocol import Window

MOST_DAYS = 62
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2199, 12, 31)
"""Days outside of these are typing errors; calendars' arithmetic is safe within them."""


_TICKS = UUID("6f0a3c52-5b0e-4f0c-9d43-0f6f7d0f8f11")


Day = Annotated[date, Field(ge=FIRST_DAY, le=LAST_DAY)]


class Params(BaseModel):
    """What a caller may ask of a sync; dates are clinic-local days, both ends included."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    first_day: Day | None = Field(default=None, alias="from")
    last_day: Day | None = Field(default=None, alias="to")

    @model_validator(mode="after")
    def _window_is_possible(self) -> Self:
        if self.first_day is None or self.last_day is None:
            return self
        days = (self.last_day - self.first_day).days + 1
        if days < 1:
            raise ValueError("to: must not be before from")
        if days > MOST_DAYS:
            raise ValueError(f"to: the window has {days} days, at most {MOST_DAYS} are allowed")
        return self

    def as_stored(self) -> dict[str, Any]:
        """The parameters as a job's row holds them: those that were asked for."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)

    def window(self, first_day: date, last_day: date) -> Window:
        """The days asked for, completed by the sync's own.

        Raises ConfigurationInvalid when the completed window is too long.
        """
        first = self.first_day or min(first_day, self.last_day or first_day)
        last = self.last_day or max(first, last_day)
        window = Window(first, last)
        if len(window.days) > MOST_DAYS:
            raise ConfigurationInvalid(
                f"from, to: the window {first} to {last} has {len(window.days)} days, at most "
                f"{MOST_DAYS} are allowed; name both ends",
                code="window",
            )
        return window


@dataclass(frozen=True, slots=True)
class RunOrder:
    """A run that somebody wants. The same order twice is the same job."""

    job_id: UUID
    clinic_id: UUID | None
    """None: the job exists already and knows its clinic."""
    sync: SyncName
    trigger: Trigger = "cli"
    scheduled_time: datetime | None = None
    params: Params = field(default_factory=Params)
    manner: Manner = "apply"
    """What its run may write at most; the clinic's stage may allow less."""
    retry_of: UUID | None = None
    """The job whose order is repeated."""
    invocation: UUID = field(default_factory=uuid4)
    """Who carries the order out: another delivery of the same order is another invocation."""


def new_order(
    clinic_id: UUID,
    sync: SyncName,
    trigger: Trigger,
    params: Params | None = None,
    manner: Manner = "apply",
) -> RunOrder:
    return RunOrder(uuid4(), clinic_id, sync, trigger, params=params or Params(), manner=manner)


def asked_manner(*, dry_run: bool) -> Manner:
    """The manner of a run that a caller asks for."""
    return "preview" if dry_run else "apply"


def allowed_manner(manner: Manner, stage: Stage | None) -> Manner:
    """What becomes of a manner in a clinic of that stage: in shadow nothing of ODIS is written."""
    return "observe" if manner == "apply" and stage == "shadow" else manner


def retry_order(job: "Job") -> RunOrder:
    """The order to do again, as a new job, what the job was to do."""
    params = Params.model_validate(job.params)
    return RunOrder(
        uuid4(),
        job.clinic_id,
        job.sync,
        "retry",
        params=params,
        manner=manner_again(job),
        retry_of=job.id,
    )


def manner_again(job: "Job") -> Manner:
    """The manner in which a job is repeated: whether it applies is the clinic's stage's matter."""
    return asked_manner(dry_run=job.manner == "preview")


def tick_order(
    clinic_id: UUID,
    sync: SyncName,
    trigger: Trigger,
    scheduled_time: datetime,
    params: Params,
    manner: Manner = "apply",
) -> RunOrder:
    """The order of one scheduled time; a second delivery of the tick gives the same job id."""
    job_id = uuid5(_TICKS, f"{clinic_id}/{sync}/{scheduled_time.timestamp()}")
    return RunOrder(job_id, clinic_id, sync, trigger, scheduled_time, params, manner)


@dataclass(frozen=True, slots=True)
class Job:
    id: UUID
    clinic_id: UUID
    sync: SyncName
    trigger: Trigger
    scheduled_time: datetime | None
    params: dict[str, Any]
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

    @property
    def is_final(self) -> bool:
        return self.status in FINAL_STATUSES


JOB_COLUMNS = """id, clinic_id, sync, trigger, scheduled_time, params - 'dry_run' AS params, manner,
    status, attempt, error_kind, error_message, result, progress, retry_of, queued_at, started_at,
    finished_at"""
"""`dry_run` is the word of the release before for a preview; see migration 010."""
LISTED_COLUMNS = JOB_COLUMNS.replace("result,", "result - 'plan' AS result,")
"""The same without the plan, which only the view of a single job shows."""


@dataclass(frozen=True, slots=True)
class Begun:
    """What the first round trip of a run found."""

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
