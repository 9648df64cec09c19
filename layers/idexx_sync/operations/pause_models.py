"""Pauses as the API and the command line show them. Times are UTC."""

from typing import Self
from uuid import UUID

from pydantic import Field

from idexx_sync.clinics.pauses import Pause
from idexx_sync.operations.models import Moment, ResponseModel, Text


class PauseView(ResponseModel):
    """Who has paused a clinic, or all of them, when and why; and who let go on."""

    id: UUID
    clinic_id: UUID | None = Field(
        description="The clinic that is paused; null: all of them are.",
        examples=["3f2b8c1e-5a77-4d0e-9c52-0d8f6a1b2c3d"],
    )
    paused_at: Moment = Field(description="Since when.", examples=["2026-05-04T14:00:00Z"])
    paused_by: Text = Field(description="Who paused.", examples=["Kim"])
    reason: Text = Field(
        description="Why, in the words of whoever paused.", examples=["the clinic moves"]
    )
    resumed_at: Moment | None = Field(
        description="When somebody let go on; null: nobody has yet.", examples=[None]
    )
    resumed_by: Text | None = Field(description="Who let go on.", examples=[None])
    resume_reason: Text | None = Field(
        description="Why, in the words of whoever let go on.", examples=[None]
    )

    @classmethod
    def of(cls, pause: Pause) -> Self:
        return cls.model_validate(pause, from_attributes=True)

    def as_pause(self) -> Pause:
        """The value, which has the words."""
        return Pause(**dict(self))


class PauseAnswer(ResponseModel):
    """What pausing or resuming has done, and what stands now."""

    changed: bool = Field(
        description="Whether anything has changed; else it was paused already, or was not paused.",
        examples=[True],
    )
    timezone: str | None = Field(
        description="The clinic's zone; null: it has none, or all clinics are meant.",
        examples=["America/Los_Angeles"],
    )
    pause: PauseView | None = Field(
        description="The pause that was made, that stood already, or that has ended; null: there "
        "was none to end."
    )
    standing: tuple[PauseView, ...] = Field(
        description="All that keeps the clinic paused now; where all clinics are meant, what keeps "
        "any of them paused, at most 100."
    )
