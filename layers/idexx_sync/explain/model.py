"""What is known of one appointment, gathered from everywhere. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from idexx_sync.core.catalog import SyncName
from idexx_sync.core.personal import Discreet, Personal
from idexx_sync.pims.protocol import (
    OCCURRENCE,
    ConsultationAnswer,
    Lookup,
    Snapshot,
    SourceRecord,
    Unreadable,
)
from idexx_sync.syncs.audit import Outcome
from idexx_sync.syncs.cases.reading import MERGED, READ, outcome_of
from idexx_sync.syncs.cases.stored import StoredCase, StoredVisit
from idexx_sync.syncs.change import Action
from idexx_sync.syncs.holds import Finding, HoldStatus
from idexx_sync.syncs.inbound.model import Stored
from idexx_sync.syncs.memory import Kind, Remembered


@dataclass(frozen=True, slots=True)
class NeoSays:
    """What Neo says now; nothing of it if `not_asked` says why."""

    lookup: Lookup | None = None
    """By the bare id."""
    snapshot: Snapshot | None = None
    """The calendar of one day, without what is about others; None: none was read."""
    consultation: ConsultationAnswer | None = None
    not_asked: str | None = None
    """Why Neo could not be asked, or not to the end, and what to do; None: it was."""

    @property
    def day(self) -> date | None:
        """The calendar's day that was read."""
        return None if self.snapshot is None else self.snapshot.window.first_day

    @property
    def shown(self) -> Sequence[SourceRecord]:
        """Under the id on that day; several for a recurring block."""
        return () if self.snapshot is None else self.snapshot.records

    @property
    def unreadable(self) -> Sequence[Unreadable]:
        """Under the id on that day."""
        found = () if self.snapshot is None else self.snapshot.unreadable
        return [item for item in found if item.id is not None]

    @property
    def record(self) -> SourceRecord | None:
        """The visit, or the block's first occurrence of the day."""
        return next(iter(self.shown), None)

    @property
    def reading(self) -> str | None:
        """What the clinical record is to its visit; None: there is none of both."""
        if self.record is None or self.consultation is None:
            return None
        return outcome_of(self.record, self.consultation, self.lookup)

    @property
    def is_of_patient(self) -> bool:
        """Whether the clinical record is of the visit's own patient."""
        return self.reading in (READ, MERGED)


@dataclass(frozen=True, slots=True, repr=False)
class StoredRow(Discreet):
    """A row of `schedule_appointments`, live or removed."""

    id: UUID
    key: str
    date: date
    start_time: time
    end_time: time
    room_id: str | None
    status: str
    type: str | None
    deleted_at: datetime | None
    last_synced_at: datetime | None
    slot_id: UUID | None
    patient_name: Personal[str | None]
    client_name: Personal[str | None]
    client_phone: Personal[str | None]
    provider_name: Personal[str | None]


@dataclass(frozen=True, slots=True)
class StoredSlot:
    """A slot in which a live row lies."""

    id: UUID
    date: date
    start_time: time
    end_time: time
    capacity: int
    booked_count: int
    last_synced_at: datetime | None


@dataclass(frozen=True, slots=True)
class Memory:
    """One of our records, with when it was written last."""

    kind: Kind
    record: Remembered[Any]
    read_at: datetime


@dataclass(frozen=True, slots=True, repr=False)
class CaseBeside(Discreet):
    """What a case says besides what the case sync reads of it."""

    source: str | None
    extreme_case_check: Personal[Any]
    created_at: datetime
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class Touch:
    """What one job did to one of the records."""

    job_id: UUID
    sync: SyncName
    external_id: str
    did: Action
    outcome: Outcome
    error_message: str | None
    at: datetime
    reason: str | None
    changes: Mapping[str, Any]
    """Field -> before and after, personal ones as a hash."""


@dataclass(frozen=True, slots=True)
class NamedHold:
    """A hold in force, as far as it names what is explained."""

    id: UUID
    sync: SyncName
    cause: str
    status: HoldStatus
    opened_at: datetime
    findings: Mapping[str, Finding]
    decided_at: datetime | None = None
    decided_by: str | None = None

    def about(self, appointment_id: str) -> "NamedHold | None":
        """The hold with its findings about the appointment; None: it has none."""
        found = {
            key: finding
            for key, finding in self.findings.items()
            if key.partition(OCCURRENCE)[0] == appointment_id
        }
        return replace(self, findings=found) if found else None


@dataclass(frozen=True, slots=True)
class StoredAppointment:
    """What is stored of one appointment."""

    rows: Sequence[StoredRow] = ()
    """Live ones first."""
    slots: Sequence[StoredSlot] = ()
    memories: Sequence[Memory] = ()
    visit: StoredVisit = field(default_factory=StoredVisit)
    """As the case sync sees it: its cases, which of them is ours, what is remembered."""
    beside: Mapping[UUID, CaseBeside] = field(default_factory=dict)
    """By the case's id."""
    touches: Sequence[Touch] = ()
    """Newest first."""
    holds: Sequence[NamedHold] = ()

    @property
    def is_empty(self) -> bool:
        return not (
            self.rows
            or self.memories
            or self.visit.cases
            or self.visit.key
            or self.touches
            or self.holds
        )

    @property
    def live(self) -> StoredRow | None:
        return next((row for row in self.rows if row.deleted_at is None), None)

    @property
    def case(self) -> StoredCase | None:
        return self.visit.case

    def memory(self, kind: Kind) -> Memory | None:
        return next((memory for memory in self.memories if memory.kind == kind), None)

    @property
    def start(self) -> str | None:
        """Wall-clock text of the start that we know."""
        for kind in ("appointment", "visit"):
            memory = next((m for m in self.memories if m.kind == kind), None)
            source = memory.record.source if memory is not None else None
            if source is not None and source.start is not None:
                return str(source.start)
        row = next(iter(self.rows), None)
        return None if row is None else f"{row.date} {row.start_time}"


@dataclass(frozen=True, slots=True)
class Booking:
    """A time that the voice agent has given away."""

    start_time: time
    end_time: time
    status: str
    hold_expires_at: datetime | None
    appointment_id: str | None
    """The visit that it has become."""
    counts: bool
    """Whether it takes its time by itself."""


@dataclass(frozen=True, slots=True)
class StoredDay:
    """What is stored of one day of a clinic's calendar."""

    rows: Sequence[StoredRow] = ()
    """Of the day, removed ones too, and those that our log says were on it lately."""
    slots: Sequence[StoredSlot] = ()
    memories: Sequence[Memory] = ()
    """Of records that are in doubt and take time of the day."""
    bookings: Sequence[Booking] = ()
    touches: Sequence[Touch] = ()
    """What jobs did to the rows, newest first."""


@dataclass(frozen=True, slots=True)
class NeoDay:
    """What Neo's calendar says of one day now, beside what a run would load with it."""

    snapshot: Snapshot | None = None
    stored: Stored | None = None
    """None: the day was not read."""
    proofs: Mapping[str, Lookup] = field(default_factory=dict)
    """Of rows that the calendar lacks."""
    not_asked: str | None = None
    """Why Neo could not be asked, or not to the end; None: it was."""
