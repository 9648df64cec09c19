"""What a worker is invoked with. Pure."""

from typing import Any, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from idexx_sync.core.catalog import SyncName
from idexx_sync.core.vocabulary import Manner, Trigger
from idexx_sync.jobs.model import RunOrder, new_order, tick_order
from idexx_sync.jobs.params import read_params


class WorkerEvent(BaseModel):
    """What a worker is invoked with: a job that exists, or an order for a clinic's sync."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    v: Literal[1]
    job_id: UUID | None = None
    clinic_id: UUID | None = None
    sync: SyncName | None = None
    trigger: Trigger = "schedule"
    scheduled_time: AwareDatetime | None = None
    params: dict[str, Any] = Field(default_factory=dict)
    """What is asked of the sync; read by its own model."""
    manner: Manner | None = None
    """None: that of the parameters."""

    @model_validator(mode="after")
    def _names_job_or_clinic(self) -> Self:
        if (self.job_id is None) == (self.clinic_id is None):
            raise ValueError("job_id or clinic_id: exactly one of them is expected")
        return self

    def order(self, sync: SyncName) -> RunOrder:
        """The order that the event stands for; the same event twice is the same job."""
        if self.job_id is not None:
            return RunOrder(self.job_id, None, sync, self.trigger)
        assert self.clinic_id is not None
        params = read_params(sync, self.params) if self.params else None
        if self.scheduled_time is None:
            return new_order(self.clinic_id, sync, self.trigger, params, self.manner)
        return tick_order(
            self.clinic_id, sync, self.trigger, self.scheduled_time, params, self.manner
        )
