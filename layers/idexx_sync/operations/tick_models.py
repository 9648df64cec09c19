"""What became of clinics' scheduled times, as the API and the command line show it."""

from typing import Self

from pydantic import Field

from idexx_sync.core.catalog import SyncName
from idexx_sync.operations.models import Moment, ResponseModel
from idexx_sync.schedules.ticks import Tally


class SyncTicks(ResponseModel):
    """What became of the times at which one sync was due."""

    sync: SyncName = Field(description="Which sync.", examples=["inbound"])
    due: int = Field(
        description="How many should have run, and are settled: `ran`, `missed` and `skipped`.",
        examples=[96],
    )
    ran: int = Field(description="How many had a run, whatever it ended like.", examples=[94])
    missed: int = Field(description="How many never arrived.", examples=[1])
    skipped: int = Field(
        description="How many arrived too late, or while another sync of their clinic ran on.",
        examples=[1],
    )
    made_up: int = Field(
        description="How many of those two a catch-up was started for; of the others the next run "
        "did the work.",
        examples=[1],
    )
    waiting: int = Field(description="How many wait, or run now.", examples=[1])
    paused: int = Field(description="How many came while their clinic was paused.", examples=[0])
    cancelled: int = Field(description="How many a person has cancelled.", examples=[0])
    share: float | None = Field(
        description="How many of those due did run, from 0 to 1; null: none was due.",
        examples=[0.979],
    )

    @classmethod
    def of(cls, sync: SyncName, tally: Tally) -> Self:
        found = tally.outcomes
        return cls(
            sync=sync,
            due=tally.due,
            ran=found.get("ran", 0),
            missed=found.get("missed", 0),
            skipped=found.get("skipped", 0),
            made_up=tally.made_up,
            waiting=found.get("waiting", 0),
            paused=found.get("paused", 0),
            cancelled=found.get("cancelled", 0),
            share=tally.share,
        )


class TicksView(ResponseModel):
    """What became of the scheduled times of the last 24 hours."""

    since: Moment = Field(description="From then.", examples=["2026-05-03T14:00:00Z"])
    until: Moment = Field(description="Until now.", examples=["2026-05-04T14:00:00Z"])
    goal: float = Field(description="The share that each sync should reach.", examples=[0.999])
    syncs: tuple[SyncTicks, ...] = Field(description="Each sync, also one without any.")
