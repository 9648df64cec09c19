"""Discrepancies as the API and the command line show them. Times are UTC, days the clinic's."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Self
from uuid import UUID

from pydantic import Field

from idexx_sync.core.bounds import bounded
from idexx_sync.core.catalog import LoggedKind
from idexx_sync.operations.models import Moment, ResponseModel, Text
from idexx_sync.syncs.reconciliation.causes import Cause, Outcome, Treatment
from idexx_sync.syncs.reconciliation.discrepancy_list_store import Discrepancy
from idexx_sync.syncs.reconciliation.model import MissedBy


class DiscrepancyView(ResponseModel):
    """One difference between ODIS and the PIMS. It is the same one for as long as the same values
    differ."""

    id: UUID = Field(examples=["4e0f7c52-9d1b-4f1a-8a53-0b6f2f1c7d20"])
    kind: LoggedKind = Field(
        description="What differs: a row of the calendar, or a case.", examples=["case"]
    )
    external_id: Text = Field(
        description="The appointment's id in the PIMS, or the key of its case.",
        examples=["pims-appt-idexx-neo-600101"],
    )
    day: date = Field(
        description="The clinic's day on which the record is stored, or shown where it is not "
        "stored.",
        examples=["2026-05-04"],
    )
    cause: Cause = Field(
        description="Why ODIS and the PIMS differ, in one word.", examples=["deleted_in_neo"]
    )
    treatment: Treatment = Field(
        description="What is to be done about it, by the clinic's policy.", examples=["fix"]
    )
    outcome: Outcome = Field(
        description="What became of it. `left` is what was to be fixed and was not: somebody had "
        "changed the row meanwhile, the read proves too little, or fixing has not helped before.",
        examples=["fixed"],
    )
    missed_by: MissedBy | None = Field(
        description="The sync that has read the record since it changed, and should have found "
        "it; null: none has.",
        examples=[None],
    )
    nights: int = Field(
        description="On how many of the clinic's days a complete run has judged it, up to now.",
        examples=[1],
    )
    rule: Text | None = Field(description="The rule that it was found by.", examples=["R6"])
    code: Text | None = Field(
        description="What was found, in the rule's own word.", examples=["deleted"]
    )
    facts: Mapping[str, Any] = Field(
        description="What it rests on: times, statuses, ids and names of fields, never a personal "
        "value.",
        examples=[{"start": ["2026-05-04 09:00:00"]}],
    )
    first_seen_at: Moment = Field(
        description="When a run found it first.", examples=["2026-05-05T09:00:00Z"]
    )
    last_seen_at: Moment = Field(
        description="When a run found it last.", examples=["2026-05-05T09:00:00Z"]
    )
    ended_at: Moment | None = Field(
        description="When a complete run looked and found it no more; null: it is open.",
        examples=[None],
    )

    @classmethod
    def of(cls, found: Discrepancy) -> Self:
        said = bounded(dict(found.decision))
        facts = said.get("facts")
        return cls(
            id=found.id,
            kind=found.kind,
            external_id=found.external_id,
            day=found.day,
            cause=found.cause,
            treatment=found.treatment,
            outcome=found.outcome,
            missed_by=found.missed_by,
            nights=found.nights,
            rule=_word(said.get("rule")),
            code=_word(said.get("code")),
            facts=facts if isinstance(facts, dict) else {},
            first_seen_at=found.first_seen_at,
            last_seen_at=found.last_seen_at,
            ended_at=found.ended_at,
        )


def _word(value: object) -> str | None:
    return value if isinstance(value, str) else None


class DiscrepancyList(ResponseModel):
    """The newest day first."""

    discrepancies: tuple[DiscrepancyView, ...]
    """One page of them, the newest day first."""
    next_cursor: str | None = Field(description="Null on the last page.", examples=[None])
