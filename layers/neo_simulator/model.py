"""The records of a clinic as Neo keeps them. Times are naive: the clinic's wall clock."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """Life cycle of a visit. "late" is not stored: it follows from the clock."""

    NOT_ARRIVED = "not arrived"
    ARRIVED = "arrived"
    IN_PROGRESS = "in progress"
    READY_TO_PAY = "ready to pay"
    FINALIZED = "finalized"
    NO_SHOW = "no show"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Named:
    """A look-up value: species, breed, gender."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Room:
    """A calendar column."""

    id: int
    name: str
    position: int


@dataclass(frozen=True, slots=True)
class AppointmentType:
    id: int
    name: str
    slots: int
    """Duration as Neo counts it: a number of slots, not minutes."""
    color: str


@dataclass(frozen=True, slots=True)
class Provider:
    id: int
    name: str
    user_type: str = "Vet"


@dataclass(slots=True)
class Client:
    id: int
    first_name: str | None
    last_name: str | None
    title: str = ""
    email: str | None = None
    home_phone: str | None = None
    mobile_phone: str | None = None
    work_phone: str | None = None
    registered_at: datetime | None = None
    revision: int = 0

    @property
    def phone(self) -> tuple[str | None, str | None]:
        """The one phone that the calendar shows, and its label."""
        for label, number in (
            ("Mobile", self.mobile_phone),
            ("Home", self.home_phone),
            ("Work", self.work_phone),
        ):
            if number:
                return number, label
        return None, None


@dataclass(slots=True)
class Patient:
    id: int
    client_id: int
    name: str
    species: Named
    breed: Named
    gender: Named
    born: date | None = None
    weight_kg: float | None = None
    color: str = ""
    alive: bool = True
    active: bool = True
    revision: int = 0


@dataclass(slots=True)
class Visit:
    """An appointment of a patient."""

    id: int
    patient_id: int
    start: datetime
    minutes: int
    room_id: int | None
    type_id: int
    provider_id: int | None
    reason: str
    booked_by: str
    booked_at: datetime
    last_updated_by: str
    last_updated_at: datetime
    status: Status = Status.NOT_ARRIVED
    status_before: Status = Status.NOT_ARRIVED
    """What an undone cancellation returns to."""
    spelling: int = 0
    """Which of the display spellings of its status the calendar shows."""
    confirmed: bool = False
    arrived_at: datetime | None = None
    consultation_id: int | None = None
    finished_at: datetime | None = None
    cancelled_reason: str | None = None
    deleted: bool = False
    revision: int = 0

    @property
    def end(self) -> datetime:
        return self.start + timedelta(minutes=self.minutes)


@dataclass(slots=True)
class Block:
    """Time held without a patient; a recurring one has several days under one id."""

    id: int
    title: str
    room_id: int | None
    days: list[date]
    starts: time
    ends: time
    """Equal to `starts` at 00:00 for a whole day."""
    booked_by: str
    booked_at: datetime
    last_updated_by: str
    last_updated_at: datetime
    more_days: int = 0
    """So many days later an occurrence ends; 0 for one that ends on its own day."""
    recurring: bool = False
    deleted: bool = False
    revision: int = 0

    def occurrences(self) -> list[tuple[datetime, datetime]]:
        later = timedelta(days=self.more_days)
        return [
            (datetime.combine(day, self.starts), datetime.combine(day + later, self.ends))
            for day in self.days
        ]


@dataclass(slots=True)
class Roster:
    """A staff roster overlay: not an appointment."""

    id: int
    title: str
    provider_id: int
    start: datetime
    end: datetime


@dataclass(slots=True)
class Line:
    """A product or service of a consultation, accepted or declined."""

    id: int
    product: str
    quantity: float
    total: float
    sold_at: datetime
    declined: bool = False
    label: str | None = None
    provider_id: int | None = None
    batch: str | None = None


@dataclass(slots=True)
class Consultation:
    id: int
    patient_id: int
    visit_id: int | None
    """None for a walk-in: the calendar does not show it."""
    reason: str
    started_at: datetime
    provider_id: int | None
    status: str = "draft"
    """draft, unpaid, paid, completed (notes only or nothing to pay)."""
    notes: str = ""
    lines: list[Line] = field(default_factory=list)
    vital_signs: dict[str, Any] | list[Any] | None = None
    """In whatever shape a test wants: nobody has seen the real one."""
    updated_at: datetime | None = None
