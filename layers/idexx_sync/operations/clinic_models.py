"""Clinics as the API and the command line show them. Times are UTC."""

from collections.abc import Sequence
from typing import Annotated, Final, Self
from uuid import UUID

from pydantic import BeforeValidator, Field

from idexx_sync.clinics.status import ClinicStatus
from idexx_sync.core.catalog import SyncName
from idexx_sync.core.errors import WhoActs
from idexx_sync.core.vocabulary import Freshness, Stage
from idexx_sync.operations.models import Moment, ResponseModel, Text
from idexx_sync.operations.pause_models import PauseView

MOST_NEEDS: Final = 100


class SyncStatusView(ResponseModel):
    """How current a sync of the clinic is."""

    sync: SyncName
    freshness: Freshness
    last_success_at: Moment | None
    next_run_at: Moment | None
    """Null where the clinic has no schedule for it that could be read."""
    is_expected: bool = Field(
        default=True,
        description="Whether its freshness says anything of the clinic: it is scheduled, or each "
        "clinic has it.",
        examples=[True],
    )


class NeedView(ResponseModel):
    who: WhoActs
    what: Text
    blocks: bool
    """Whether no run can succeed before it is met."""
    since: Moment | None
    """Until when all is known to have been well; null: never, or nobody knows."""
    decided: bool = Field(
        default=False,
        description="Whether a person has decided it so: it is told, and asks nothing of anybody.",
        examples=[False],
    )
    alert_id: UUID | None = Field(
        default=None,
        description="The open alert that is about it.",
        examples=["b1d9c3a4-2f5e-4c1b-9a77-6e0f4d2c8b15"],
    )


class ClinicAlertView(ResponseModel):
    """An open alert of the clinic, in short."""

    id: UUID = Field(description="Its id.", examples=["b1d9c3a4-2f5e-4c1b-9a77-6e0f4d2c8b15"])
    kind: Text = Field(description="Its kind.", examples=["shape_changed"])
    since: Moment
    """Since when it is so."""
    acknowledged_by: Text | None = Field(
        description="Who has seen it first; null: nobody has.", examples=["Kim"]
    )
    muted_until: Moment | None = Field(
        description="Until when nobody is told of it; null: it is not muted.", examples=[None]
    )
    incident_id: UUID | None = Field(
        description="The alert that stands for it, because many clinics have it alike; a clinic's "
        "key is not told of it.",
        examples=[None],
    )


def _first(needs: Sequence[object]) -> Sequence[object]:
    return needs[:MOST_NEEDS]


class ClinicStatusView(ResponseModel):
    """The status of a clinic, and what is needed from whom."""

    clinic_id: UUID
    name: Text
    timezone: str | None
    is_active: bool = Field(description="Whether it is active in ODIS.", examples=[True])
    stage: Stage | None
    """Null: the clinic is not set up for this service."""
    paused_reason: Text | None
    pauses: tuple[PauseView, ...] = Field(
        default=(),
        description="What keeps it paused, with who, since when and why: the pause of all clinics "
        "first, then its own; empty: it is not paused.",
    )
    is_on_board: bool = Field(
        description="Whether this service is to sync it, be it paused or not.", examples=[True]
    )
    needs_somebody: bool = Field(
        description="Whether the clinic or ODIS has to act, or nobody knows why its data are old.",
        examples=[False],
    )
    syncs: tuple[SyncStatusView, ...]
    open_holds: int
    kept_out: int = Field(
        description="Holds that a person has rejected and that still keep something out; each is "
        "among the needs, with who, when and how it is reopened.",
        examples=[1],
    )
    needs: Annotated[tuple[NeedView, ...], BeforeValidator(_first)]
    """What blocks comes first; at most 100."""
    alerts: tuple[ClinicAlertView, ...] = Field(
        default=(),
        description="Its open alerts, oldest first; a need that one of them is about names it.",
    )

    @classmethod
    def of(cls, status: ClinicStatus) -> Self:
        return cls.model_validate(status, from_attributes=True)


class ClinicList(ResponseModel):
    """By name."""

    clinics: tuple[ClinicStatusView, ...]
    """One page of them, in the order of their names."""
    next_cursor: str | None
    """Null on the last page."""
