"""Alerts as the API and the command line show them. Times are UTC."""

from typing import Self
from uuid import UUID

from pydantic import Field

from idexx_sync.alerts.alert_store import Alert
from idexx_sync.alerts.kinds import AlertStatus
from idexx_sync.alerts.texts import CLOSED, happened, next_step
from idexx_sync.core.bounds import bounded
from idexx_sync.core.errors import WhoActs
from idexx_sync.operations.models import Moment, ResponseModel, Text


class AlertView(ResponseModel):
    """What people are told: what has happened, who must act and what to do next."""

    id: UUID
    clinic_id: UUID | None = Field(
        description="The clinic that it is about; null: it stands for many.",
        examples=["3f2b8c1e-5a77-4d0e-9c52-0d8f6a1b2c3d"],
    )
    clinic_name: Text | None = Field(
        description="The clinic's name; null: it stands for many.",
        examples=["Example Animal Hospital"],
    )
    timezone: str | None
    kind: Text = Field(
        description="The kind of error with which its runs ended; `held`: a hold waits; `stale`: "
        "data have grown old; `discrepancy_stays`: a difference to Neo was there on three nights; "
        "`closed_case_has_call`: a call or an e-mail is queued for a case that was closed.",
        examples=["shape_changed"],
    )
    code: Text | None = Field(
        description="What exactly was found, as a word; of `stale` the kind of error that keeps "
        "runs from success.",
        examples=["no_data"],
    )
    records: tuple[str, ...] = Field(
        description="Ids of what it is about, at most 20: of `discrepancy_stays` discrepancies, of "
        "`closed_case_has_call` cases; of other kinds none.",
        examples=[["7d1f0a52-6c3e-4b8f-a1d9-2e5b4c7f8a90"]],
    )
    status: AlertStatus
    what: str = Field(
        description="What has happened, for people.",
        examples=["An answer of Neo no longer has the shape that is read (no data)."],
    )
    who_acts: WhoActs
    next: str | None = Field(
        description="What to do, and the command that goes on; null: it is closed.",
        examples=["The reader has to be changed: idexx-sync jobs show 9c2e6f0a"],
    )
    syncs: tuple[str, ...] = Field(
        description="The syncs in which it is so; once it is closed, in which it was last.",
        examples=[["inbound"]],
    )
    job_id: UUID | None
    request_id: str | None = Field(
        description="The request that ordered that job, as its answer and the log name it; null: "
        "a schedule or the command line did.",
        examples=["JKJaXmPLvHcESHA="],
    )
    """The newest job that said it."""
    times: int = Field(description="How often it was said.", examples=[3])
    incident_id: UUID | None = Field(
        description="The alert that stands for it, because many clinics have it alike; a clinic's "
        "key is not told of it.",
        examples=[None],
    )
    alike: int | None = Field(
        description="Of one that stands for many: how many clinics have it now.", examples=[None]
    )
    most_alike: int | None = Field(
        description="Of one that stands for many: the most that had it at once.", examples=[None]
    )
    synced: int | None = Field(
        description="Of one that stands for many: how many clinics are synced now.",
        examples=[None],
    )
    opened_at: Moment
    """Since when it is so."""
    last_at: Moment = Field(description="When it was said last.", examples=["2026-05-04T14:00:00Z"])
    acknowledged_at: Moment | None = Field(
        description="When somebody has seen it; null: nobody has.",
        examples=["2026-05-04T14:00:00Z"],
    )
    acknowledged_by: Text | None = Field(description="Who has seen it first.", examples=["Kim"])
    muted_until: Moment | None = Field(
        description="Until when nobody is told of its kind at its clinic; null: it is not muted.",
        examples=[None],
    )
    muted_by: Text | None = Field(description="Who has muted it.", examples=[None])
    closed_at: Moment | None = Field(
        description="When it was no longer so; null: it is open.", examples=[None]
    )
    closed_because: str | None = Field(
        description="Why it is closed, as a word: `succeeded`, `no_longer_so`, `not_watched`, "
        "`few_left`.",
        examples=[None],
    )
    closed_in_words: str | None = Field(
        description="The same for people.", examples=["a run went well"]
    )

    @property
    def is_open(self) -> bool:
        return self.status == "open"

    @classmethod
    def of(cls, alert: Alert, *, tells_of_many: bool = True) -> Self:
        """`tells_of_many`: whether it may be said that other clinics have it alike."""
        incident_id = alert.incident_id if tells_of_many else None
        because = alert.closed_because
        alike = alert.alike if alert.is_open else alert.clinics
        return cls(
            id=alert.id,
            clinic_id=alert.clinic_id,
            clinic_name=alert.clinic_name,
            timezone=alert.timezone,
            kind=alert.kind,
            code=alert.code,
            records=tuple(bounded(alert.records)),
            status="open" if alert.is_open else "closed",
            what=bounded(happened(alert.kind, alert.code, alike, alert.synced, alert.records)),
            who_acts=alert.who_acts,
            next=bounded(_next(alert, incident_id)),
            syncs=tuple(bounded(alert.syncs)),
            job_id=alert.job_id,
            request_id=alert.request_id,
            times=alert.times,
            incident_id=incident_id,
            alike=alert.alike,
            most_alike=alert.clinics,
            synced=alert.synced,
            opened_at=alert.opened_at,
            last_at=alert.last_at,
            acknowledged_at=alert.acknowledged_at,
            acknowledged_by=alert.acknowledged_by,
            muted_until=alert.muted_until if alert.is_muted else None,
            muted_by=alert.muted_by if alert.is_muted else None,
            closed_at=alert.closed_at,
            closed_because=because,
            closed_in_words=None if because is None else CLOSED[because],
        )


def _next(alert: Alert, incident_id: UUID | None) -> str | None:
    if not alert.is_open:
        return None
    return next_step(
        alert.kind,
        alert.code,
        clinic_id=alert.clinic_id,
        job_id=alert.job_id,
        incident_id=incident_id,
    )


class AlertList(ResponseModel):
    """Those that are open, then those that are closed; each the newest first."""

    alerts: tuple[AlertView, ...]
    """One page of them."""
    next_cursor: str | None
