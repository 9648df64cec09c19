"""Dead letters as the API and the command line show them. Times are UTC."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Self
from uuid import UUID

from pydantic import Field

from idexx_sync.core.bounds import bounded
from idexx_sync.core.catalog import SyncName
from idexx_sync.operations.letter_ways import run_meant, way_on
from idexx_sync.operations.models import Moment, ResponseModel, Text
from idexx_sync.upkeep.dead_letter_store import DeadLetter, LetterStatus, Outcome
from idexx_sync.upkeep.letters import Shape


class DeadLetterView(ResponseModel):
    """A message of the dead-letter queue, and what became of it."""

    id: UUID = Field(description="Its id.", examples=["5b1c2a90-8a0e-4b8e-9a59-1f4b6c1d2e3f"])
    received_at: Moment = Field(
        description="When it was taken in.", examples=["2026-05-04T14:04:00Z"]
    )
    shape: Shape = Field(
        description="Who sent it: Lambda (`destination`), EventBridge Scheduler (`schedule`), a "
        "queue that gave up (`event`), or nobody knows (`unreadable`).",
        examples=["destination"],
    )
    condition: str | None = Field(description="AWS's word for why.", examples=["RetriesExhausted"])
    invocation_id: UUID | None = Field(
        description="The invocation that was the last, as the worker's log calls it.",
        examples=["0d8f6a1b-2c3d-4d0e-9c52-3f2b8c1e5a77"],
    )
    outcome: Outcome = Field(
        description="What was done with it: its job was `ended`; its job had ended or is run by "
        "another event, so that it is `superseded`; or it is `parked` for a person.",
        examples=["parked"],
    )
    reason: str = Field(description="Why so, as a word.", examples=["unknown_version"])
    status: LetterStatus = Field(
        description="The outcome, until a person has it ordered again or discards it.",
        examples=["parked"],
    )
    job_id: UUID | None = Field(
        description="The job that it is about.", examples=["9c2e6f0a-1b7d-4a55-8f11-2f6f0c1f7a10"]
    )
    clinic_id: UUID | None = Field(
        description="Whose it is; null: nobody knows, and only operators see it.",
        examples=["3f2b8c1e-5a77-4d0e-9c52-0d8f6a1b2c3d"],
    )
    sync: SyncName | None = Field(description="Which sync.", examples=["inbound"])
    event: Mapping[str, Any] | None = Field(
        description="What of the event is kept: ids, times, numbers and words of this service.",
        examples=[{"v": 2, "job_id": "9c2e6f0a-1b7d-4a55-8f11-2f6f0c1f7a10"}],
    )
    left_out: int = Field(
        description="How many of its values are not kept; then it is not the whole order.",
        examples=[0],
    )
    body_bytes: int = Field(description="How long the message was.", examples=[812])
    body_sha256: str = Field(
        description="By what the message is found again where a copy of it is kept.",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    )
    ended_at: Moment | None = Field(
        description="When nothing more was to come of it; null: it waits for a person.",
        examples=["2026-05-04T15:00:00Z"],
    )
    ended_by: Text | None = Field(
        description="Who had it ordered again or discarded it.", examples=["Kim"]
    )
    ended_reason: Text | None = Field(
        description="Why it was discarded, in that person's words.", examples=["an old test"]
    )
    retry_job_id: UUID | None = Field(
        description="The job as which it was ordered again.",
        examples=["9c2e6f0a-1b7d-4a55-8f11-2f6f0c1f7a10"],
    )

    retryable: bool = Field(
        description="Whether it can be ordered again: it says which run was meant, or of which job "
        "it is, and nothing has come of it.",
        examples=[True],
    )
    next: str | None = Field(
        description="What can be done with it, and the commands; null: nothing.",
        examples=["Order it again: idexx-sync dead-letters retry 5b1c2a90"],
    )

    @classmethod
    def of(cls, letter: DeadLetter, known: AbstractSet[UUID]) -> Self:
        """`known`: of the jobs and clinics that it names, those that are there."""
        own = ("event", "invocation_id", "retryable", "next")
        names = [name for name in cls.model_fields if name not in own]
        return cls(
            event=bounded(letter.event),
            invocation_id=letter.request_id,
            retryable=run_meant(letter, known) is not None,
            next=way_on(letter, known),
            **{name: getattr(letter, name) for name in names},
        )


class DeadLetterList(ResponseModel):
    """Newest first."""

    dead_letters: tuple[DeadLetterView, ...]
    """One page of them, the newest first."""
    next_cursor: str | None
    """Null on the last page."""
