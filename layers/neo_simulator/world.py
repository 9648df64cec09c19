"""Everything one company holds, with the look-ups that its pages and answers need."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from neo_simulator.errors import UnknownRecord
from neo_simulator.model import (
    AppointmentType,
    Block,
    Client,
    Consultation,
    Named,
    Patient,
    Provider,
    Room,
    Roster,
    Visit,
)

CalendarRecord = Visit | Block | Roster

LONGEST = timedelta(days=31)
"""No calendar entry is longer; bounds the search for entries that span a window's start."""

FRONT_DESK = "Front Desk"


class HasId(Protocol):
    @property
    def id(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One entry of the calendar; a recurring block has several."""

    start: datetime
    end: datetime
    record: CalendarRecord

    @property
    def key(self) -> tuple[str, int, datetime]:
        """What tells entries apart: a recurring block's ones share the id."""
        return type(self.record).__name__, self.record.id, self.start


@dataclass(frozen=True, slots=True)
class Version:
    """How a visit or block was from a moment on, until its next version."""

    since: datetime
    record: Visit | Block


@dataclass(slots=True)
class Numbers:
    """The next free id of each kind; two companies with the same bases share all ids."""

    appointment: int = 600101
    consultation: int = 910011
    patient: int = 40021
    client: int = 15077
    roster: int = 70001
    line: int = 1

    def take(self, kind: str) -> int:
        number: int = getattr(self, kind)
        setattr(self, kind, number + 1)
        return number


@dataclass(slots=True)
class World:
    name: str = "Example Animal Clinic"
    branch_id: int = 1
    slot_minutes: int = 15
    hours: list[tuple[list[int], str, str]] = field(
        default_factory=lambda: [([1, 2, 3, 4, 5], "08:00", "18:00"), ([6], "09:00", "13:00")]
    )
    """Days of the week (0 = Sunday), opening, closing."""
    rooms: dict[int, Room] = field(default_factory=dict)
    types: dict[int, AppointmentType] = field(default_factory=dict)
    providers: dict[int, Provider] = field(default_factory=dict)
    clients: dict[int, Client] = field(default_factory=dict)
    patients: dict[int, Patient] = field(default_factory=dict)
    visits: dict[int, Visit] = field(default_factory=dict)
    blocks: dict[int, Block] = field(default_factory=dict)
    rosters: dict[int, Roster] = field(default_factory=dict)
    consultations: dict[int, Consultation] = field(default_factory=dict)
    numbers: Numbers = field(default_factory=Numbers)
    versions: dict[int, list[Version]] = field(default_factory=dict)
    """By the id of a visit or block, the oldest first; the last is the record as it is."""
    _calendar: list[Occurrence] | None = None
    _starts: list[datetime] = field(default_factory=list)

    def changed(self) -> None:
        """Call after a change to what the calendar shows where; it is sorted anew when read."""
        self._calendar = None

    def remember(self, record: Visit | Block, since: datetime) -> None:
        """Keep how the record is from a moment of the clinic's wall clock on."""
        kept = copy(record)
        if isinstance(kept, Block):
            kept.days = list(kept.days)
        self.versions.setdefault(record.id, []).append(Version(since, kept))

    def as_of(self, moment: datetime) -> "World":
        """The same world with the visits and blocks of a moment that is past."""
        return replace(
            self,
            visits=self._then(self.visits, moment),
            blocks=self._then(self.blocks, moment),
            _calendar=None,
            _starts=[],
        )

    def _then[R: Visit | Block](self, records: dict[int, R], moment: datetime) -> dict[int, R]:
        found: dict[int, R] = {}
        for number, record in records.items():
            versions = self.versions.get(number, [])
            if not versions or versions[-1].since <= moment:
                found[number] = record
                continue
            for version in versions:
                if version.since <= moment and isinstance(version.record, type(record)):
                    found[number] = version.record
        return found

    def calendar(self) -> list[Occurrence]:
        """Every entry that is not deleted, in order of start."""
        if self._calendar is None:
            self._calendar = sorted(self._occurrences(), key=lambda o: (o.start, o.record.id))
            self._starts = [entry.start for entry in self._calendar]
        return self._calendar

    def starting(self, first: datetime, last: datetime) -> Iterator[Occurrence]:
        """Entries with `first <= start <= last`."""
        calendar = self.calendar()
        for index in range(bisect_left(self._starts, first), len(calendar)):
            if calendar[index].start > last:
                return
            yield calendar[index]

    def _occurrences(self) -> Iterator[Occurrence]:
        for visit in self.visits.values():
            if not visit.deleted:
                yield Occurrence(visit.start, visit.end, visit)
        for block in self.blocks.values():
            if not block.deleted:
                for start, end in block.occurrences():
                    yield Occurrence(start, end, block)
        for roster in self.rosters.values():
            yield Occurrence(roster.start, roster.end, roster)

    def visit(self, visit_id: int) -> Visit:
        return found(self.visits, visit_id, "visit")

    def consultation(self, consultation_id: int) -> Consultation:
        return found(self.consultations, consultation_id, "consultation")

    def patient_of(self, visit: Visit | Consultation) -> tuple[Patient, Client]:
        patient = self.patients[visit.patient_id]
        return patient, self.clients[patient.client_id]


def found[T](records: dict[int, T], number: int, kind: str) -> T:
    """The record, or an explained 404."""
    if number not in records:
        raise UnknownRecord(f"no {kind} has the id {number}")
    return records[number]


def by_id[T: HasId](records: Iterable[T]) -> dict[int, T]:
    return {record.id: record for record in records}


SPECIES = {"Dog": Named(31, "Dog"), "Canine": Named(5, "Canine"), "Cat": Named(32, "Cat")}
BREEDS = {"Mixed": Named(3001, "Mixed"), "Domestic Shorthair": Named(3002, "Domestic Shorthair")}
GENDERS = {
    "Male": Named(8, "Male"),
    "Neutered Male": Named(9, "Neutered Male"),
    "Female": Named(10, "Female"),
    "Spayed Female": Named(11, "Spayed Female"),
}

ROOMS = [Room(3, "ROOM A", 1), Room(4, "ROOM B", 2), Room(5, "TECH", 3)]
TYPES = [
    AppointmentType(1, "Default", 1, "#EEEEEE"),
    AppointmentType(1001, "Exam", 2, "#aaddee"),
    AppointmentType(1002, "Recheck", 1, "#C8E6C9"),
    AppointmentType(1003, "Vaccination", 1, "#fff3b0"),
    AppointmentType(1004, "Surgery", 6, "#F7C6C7"),
    AppointmentType(1005, "Dental", 4, "#d7c4f0"),
    AppointmentType(1006, "Euthanasia", 4, "#B0BEC5"),
]
PROVIDERS = [
    Provider(2, FRONT_DESK, "Tech"),
    Provider(1000, "DR. A. EXAMPLE"),
    Provider(1001, "Dr. B. Specimen"),
    Provider(1002, "T. Technician", "Nurse"),
]


def empty_world(name: str = "Example Animal Clinic", rooms: Iterable[Room] = ()) -> World:
    """A clinic that is set up and has no records yet."""
    return World(
        name=name,
        rooms=by_id(list(rooms) or ROOMS),
        types=by_id(TYPES),
        providers=by_id(PROVIDERS),
    )
