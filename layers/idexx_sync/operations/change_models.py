"""What a job wrote as the API and the command line show it. Times are UTC."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field

from idexx_sync.core.bounds import bounded
from idexx_sync.operations.models import Moment, ResponseModel, Text
from idexx_sync.syncs.audit import LoggedChange, Outcome
from idexx_sync.syncs.change import Action


class ChangeView(ResponseModel):
    """What a job did to one record, or saw and left."""

    id: Text = Field(
        description="The appointment's id in the PIMS, or the key of its case.", examples=["600101"]
    )
    action: Action = Field(description="What was done to its row.", examples=["update"])
    outcome: Outcome = Field(
        description="What became of it: done; seen and left; or refused by ODIS's database.",
        examples=["written"],
    )
    reasons: tuple[str, ...] = Field(
        description="Why, each in one word, the first one first.", examples=[["source"]]
    )
    fields: Mapping[str, Mapping[str, Any]] = Field(
        description="Field -> its value before and after. Of a personal one only that it changed.",
        examples=[
            {
                "start_time": {"before": "09:00:00", "after": "09:30:00"},
                "patient_name": {"changed": True},
            }
        ],
    )
    error: Text | None = Field(description="What refused it, by name.", examples=[None])
    at: Moment = Field(description="When.", examples=["2026-05-04T14:10:00Z"])

    @classmethod
    def of(cls, change: LoggedChange) -> Self:
        return cls(
            id=change.external_id,
            action=change.action,
            outcome=change.outcome,
            reasons=change.reasons,
            fields=bounded(change.fields),
            error=change.error,
            at=change.at,
        )


class ChangeList(ResponseModel):
    """By id."""

    changes: tuple[ChangeView, ...]
    """One page of them."""
    next_cursor: str | None = Field(description="Null on the last page.", examples=[None])
