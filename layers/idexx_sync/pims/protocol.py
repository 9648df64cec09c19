"""What a sync knows of a practice-management system: a Protocol and its values.

Wall-clock texts are clinic-local, `YYYY-MM-DD HH:MM:SS`, without a zone, exactly as the source
means them; turning them into instants is the plan's work, because only it knows the clinic's zone.
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal, Protocol

from idexx_sync.core.personal import Discreet, Personal
from idexx_sync.pims.identity import Shown

RecordKind = Literal["visit", "block"]
Life = Literal["dead", "in_doubt"]
"""What a record says of its patient beside words: that it has died, or that it may have."""
OCCURRENCE: Final = "@"
"""Stands in keys between a block's id and its start; no record's id has it."""


@dataclass(frozen=True, slots=True)
class Window:
    """Whole clinic-local days, both ends included."""

    first_day: date
    last_day: date

    def __post_init__(self) -> None:
        if self.last_day < self.first_day:
            raise ValueError("a window's last day can't be before its first day")

    def __contains__(self, day: date) -> bool:
        return self.first_day <= day <= self.last_day

    @property
    def days(self) -> list[date]:
        count = (self.last_day - self.first_day).days + 1
        return [self.first_day + timedelta(days=n) for n in range(count)]

    def split(self, most_days: int) -> list["Window"]:
        """The same days in consecutive windows of at most `most_days` each."""
        firsts = self.days[::most_days]
        return [
            Window(first, min(first + timedelta(days=most_days - 1), self.last_day))
            for first in firsts
        ]


@dataclass(frozen=True, slots=True, repr=False)
class SourceRecord(Discreet):
    """One visit or block as the calendar shows it; texts are stripped, empty ones are None."""

    id: str
    """The source's id; occurrences of a recurring block share it (rule R10)."""
    kind: RecordKind
    start: str
    """Wall-clock text."""
    end: str | None
    """Wall-clock text; may equal `start`; None when the source gave none."""
    room_id: str | None = None
    status: str | None = None
    """The source's own word."""
    has_status: bool = True
    """False when the record lacks the status keys altogether (rule R5)."""
    has_consultation: bool = True
    """False when it lacks the key of the consultation's id: that is not the same as none."""
    type: str | None = None
    patient_id: str | None = None
    patient_name: Personal[str | None] = None
    client_id: str | None = None
    client_name: Personal[str | None] = None
    client_phone: Personal[str | None] = None
    client_email: Personal[str | None] = None
    provider_name: Personal[str | None] = None
    reason: Personal[str | None] = None
    consultation_id: str | None = None
    last_updated_at: str | None = None
    """Wall-clock text of the last change at the source; only compared, never converted."""
    recurs: bool | None = None
    """Whether others share the id; None: the source does not say."""
    unclear: tuple[str, ...] = ()
    """Names of the ids that could not be read: whose record it is, is not known for certain."""
    title: Personal[str | None] = field(default=None, compare=False)
    """What the calendar shows as the whole entry's text."""
    room_name: str | None = field(default=None, compare=False)
    life: Life | None = None
    """What it says of its patient's life; None: nothing against it."""
    emptied: frozenset[str] = frozenset()
    """Fields of this value that the source says are empty; of others it says nothing (rule R16)."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record that could not be understood; with an id it still counts as present (rule R6)."""

    code: str
    """What was wrong, one word: `end_unreadable`, `start_missing`, ..."""
    id: str | None
    kind: RecordKind = "visit"
    start: str | None = None
    """Wall-clock text when at least that was readable."""
    room_id: str | None = None
    end: str | None = None
    """Wall-clock text, where it and the start were readable."""
    day: date | None = None
    """The day that it names as its start's, whatever else of the start could not be read."""
    last_day: date | None = None
    """The same of its end."""
    instant: datetime | None = None
    """What the start means, aware, if it carries an offset: that may be another day there."""
    fills: bool = False
    """It may take every room: its own could not be read, or it may be a block without one."""
    told: SourceRecord | None = field(default=None, compare=False, repr=False)
    """Whom it is about and what it says in words, without time and status, if it is a visit."""

    @property
    def first_day(self) -> date | None:
        """The day on which it starts; None: any."""
        return date.fromisoformat(self.start[:10]) if self.start else self.day

    @property
    def is_vague(self) -> bool:
        """Which record it is, or on which day, can't be told."""
        return self.id is None or self.first_day is None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the source showed for a window. An error is an exception, never an empty snapshot."""

    window: Window
    read_at: datetime
    """The moment the read began, aware."""
    records: Sequence[SourceRecord]
    unreadable: Sequence[Unreadable] = ()
    rosters: int = 0
    """Roster entries, dropped (rule R10)."""
    unknown_fields: Mapping[str, int] = field(default_factory=dict)
    """Field names the reader does not know -> how many records had them."""
    is_whole: bool = True
    """The source does not say of its answer that it failed, or that there is more (rule R1)."""

    @property
    def complete(self) -> bool:
        """It is whole, and every record has an id and a day that can be read (rule R1).

        Proof look-ups and what is remembered may still contradict it.
        """
        return self.is_whole and not any(item.is_vague for item in self.unreadable)


@dataclass(frozen=True, slots=True)
class Found:
    """What a look-up by id showed. Only these facts may be taken from it (rule R6)."""

    id: str
    kind: RecordKind
    start: str
    end: str | None
    room_id: str | None
    status: str | None
    deleted: bool
    cancelled: bool
    patient_id: str | None = None
    """Whose visit it is now: after two patients were merged, another one than the calendar's."""
    life: Life | None = None


@dataclass(frozen=True, slots=True)
class Gone:
    """The source answered clearly that it knows no such id."""


NOT_ASKED: Final = "not_asked"
"""Code of what was not asked for any more, because the source had failed to answer before."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """The look-up gave no usable answer: nothing may be concluded."""

    code: str


Lookup = Found | Gone | Unknown


@dataclass(frozen=True, slots=True, repr=False)
class Line(Discreet):
    """A product or service of a consultation."""

    name: Personal[str]
    """May itself contain separators such as `;`."""
    quantity: float | None = 1
    """None: it could not be read."""
    declined: bool = False
    label: Personal[str | None] = None
    """What is printed beside the name."""
    id: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Consultation(Discreet):
    """The clinical record of one visit; texts are stripped, empty ones are None."""

    id: str
    patient_id: str | None
    status: str | None = None
    """The source's own word."""
    day: str | None = None
    """As the source writes it."""
    reason: Personal[str | None] = None
    notes_html: Personal[str | None] = None
    """The clinical notes, HTML."""
    discharge_html: Personal[str | None] = None
    """What the owner was told, where the source keeps it apart from the notes."""
    lines: Sequence[Line] | None = None
    """None: the answer did not say, which is not the same as none."""
    vital_signs: Personal[Mapping[str, Any] | None] = None
    """As the source sends them: their inner shape is not known."""
    species: str | None = None
    """The source's own word, as breed and sex."""
    breed: str | None = None
    sex: str | None = None
    born: Personal[date | None] = None
    weight_kg: float | None = None
    client_id: str | None = None
    client_phone: Personal[str | None] = None
    """As typed by staff; the mobile one before home and work."""
    client_email: Personal[str | None] = None
    branch_id: str | None = None
    """The branch of the company at which it was, where the source says so."""
    patient_name: Personal[str | None] = None
    life: Life | None = None
    """What it says of its patient's life; None: nothing against it."""
    has_notes_place: bool = True
    """False where the answer has none of the places of notes that are known (rule R5): that is
    not the same as no notes."""
    unread: Sequence[str] = ()
    """Names of what of it could not be read, or was cut because it is too long."""
    hidden: Sequence[str] = ()
    """Those of them that may say in words what nobody has screened (rule R18)."""
    unread_texts: Personal[Sequence[str]] = ()
    """Texts found in what could not be read; HTML or not."""
    unknown_texts: Personal[Sequence[str]] = ()
    """Texts of the record of which nobody knows what they are about; HTML or not."""
    emptied: frozenset[str] = frozenset()
    """Fields of this value that the source says are empty; of others it says nothing (rule R16)."""


ConsultationAnswer = Consultation | Gone | Unknown


@dataclass(frozen=True, slots=True)
class Room:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Configuration:
    """The clinic's set-up at the source."""

    slot_minutes: int
    rooms: Sequence[Room]
    appointment_types: Sequence[str] = ()
    shown: Shown = field(default_factory=Shown)
    """What it shows of the company that it belongs to."""


class Pims(Protocol):
    """A clinic's practice-management system, open for reading.

    Every method may raise the errors of `core/errors.py`; for a failure none returns an empty
    value.
    """

    @property
    def logged_in(self) -> bool:
        """A login was needed in this run."""
        ...

    @property
    def will_log_in(self) -> bool:
        """There is no session: the first question of all needs a login."""
        ...

    def schedule(self, window: Window) -> Snapshot:
        """Everything the calendar shows for the window."""
        ...

    def appointments(self, ids: Sequence[str]) -> Mapping[str, Lookup]:
        """Each id looked up at the source; an id whose look-up failed is `Unknown`."""
        ...

    def consultations(
        self, ids: Sequence[str]
    ) -> Generator[tuple[str, ConsultationAnswer], None, None]:
        """The record of each id, as they come; one whose reading failed is `Unknown`.

        Few more are asked for than were taken, and none once it is closed.
        """
        ...

    def configuration(self) -> Configuration: ...
