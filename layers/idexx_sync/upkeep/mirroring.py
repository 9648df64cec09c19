"""What the function that mirrors the schedules is told, and what it answers."""

from typing import Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError

from idexx_sync.core.errors import ConfigurationInvalid
from idexx_sync.schedules.mirror.calls import Call, Verb
from idexx_sync.schedules.mirror.one_pass import Mirrored, Order
from idexx_sync.schedules.mirror.wanted import FindingCode

MOST_NAMED: Final = 100
"""Of each kind of thing; all are counted. What a function answers has a largest size."""


class MirrorEvent(BaseModel):
    """With what the function is invoked: by its schedule without anything more."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    v: Literal[1]
    clinic_id: UUID | None = None
    """None: all clinics."""
    dry_run: bool = False
    force: bool = False
    """Whether any number of schedules may be deleted."""


class MirrorCall(BaseModel):
    """One thing that a pass had to do; of a schedule that is to go only its name."""

    verb: Verb
    name: str
    expression: str | None = None
    zone: str | None = None
    state: str | None = None


class MirrorFinding(BaseModel):
    """What of a clinic's rows could not be carried out, or was taken for something else."""

    clinic_id: UUID
    where: str
    code: FindingCode


class MirrorAnswer(BaseModel):
    """What a pass did, or would do: ids, names of ours, words and numbers."""

    complete: bool
    dry_run: bool
    counts: dict[str, int]
    failures: dict[str, int]
    """AWS's word -> how many calls failed with it."""
    calls: list[MirrorCall]
    calls_in_all: int
    findings: list[MirrorFinding]
    findings_in_all: int
    withheld: list[str]
    """Names of schedules that stay, because too many would go in one pass."""
    foreign: list[str]
    """Names in our group that are none of ours."""


def order_of(event: object) -> Order:
    """What the event orders. Raises ConfigurationInvalid for one that can't be read."""
    try:
        read = MirrorEvent.model_validate(event)
    except ValidationError as error:
        wrong = {str(place) for one in error.errors() for place in one["loc"]}
    else:
        return Order(read.clinic_id, read.dry_run, read.force)
    # Out here: pydantic's error holds what was sent, and a name may be what somebody sent too.
    named = [name for name in MirrorEvent.model_fields if name in wrong]
    raise ConfigurationInvalid(
        f"the event can't be read ({', '.join(named) or 'as a whole'}): an object is expected with "
        f"{', '.join(MirrorEvent.model_fields)} and nothing else, and v is 1",
        code="event",
    )


def answer_of(mirrored: Mirrored, *, dry_run: bool) -> MirrorAnswer:
    """What is told of a pass; the first hundred of each kind of thing, and how many there are."""
    return MirrorAnswer(
        complete=mirrored.complete,
        dry_run=dry_run,
        counts=mirrored.counts,
        failures=mirrored.failures,
        calls=[_told(call) for call in mirrored.calls[:MOST_NAMED]],
        calls_in_all=len(mirrored.calls),
        findings=[
            MirrorFinding(clinic_id=one.clinic_id, where=one.where, code=one.code)
            for one in mirrored.findings[:MOST_NAMED]
        ],
        findings_in_all=len(mirrored.findings),
        withheld=list(mirrored.withheld[:MOST_NAMED]),
        foreign=list(mirrored.foreign[:MOST_NAMED]),
    )


def _told(call: Call) -> MirrorCall:
    if call.schedule is None:
        return MirrorCall(verb=call.verb, name=call.name)
    request = call.schedule.request
    return MirrorCall(
        verb=call.verb,
        name=call.name,
        expression=request["ScheduleExpression"],
        zone=request["ScheduleExpressionTimezone"],
        state=request["State"],
    )
