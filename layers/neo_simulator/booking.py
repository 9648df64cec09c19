"""Booking: how visits, blocks, patients and their owners come into being."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta

from neo_simulator.errors import NotPossible
from neo_simulator.model import Block, Client, Patient, Roster, Visit
from neo_simulator.world import BREEDS, FRONT_DESK, GENDERS, LONGEST, SPECIES, World, found

MOST_MINUTES = LONGEST // timedelta(minutes=1)


class Booking:
    """What the front desk enters. Ids are given in ascending order, as in Neo."""

    def __init__(self, world: World, now: Callable[[], datetime]) -> None:
        """`now` is the clinic's wall clock: it stamps every change."""
        self.world = world
        self.now = now

    def add_client(
        self,
        first_name: str | None = "Robin",
        last_name: str | None = "Sample",
        mobile_phone: str | None = None,
        home_phone: str | None = None,
        work_phone: str | None = None,
        email: str | None = None,
        title: str = "",
    ) -> int:
        client = Client(
            id=self.world.numbers.take("client"),
            first_name=first_name,
            last_name=last_name,
            title=title,
            email=email,
            home_phone=home_phone,
            mobile_phone=mobile_phone,
            work_phone=work_phone,
            registered_at=self.now(),
        )
        self.world.clients[client.id] = client
        return client.id

    def add_patient(
        self,
        client_id: int,
        name: str = "TANGO",
        species: str = "Dog",
        breed: str = "Mixed",
        gender: str = "Neutered Male",
        weight_kg: float | None = 21.4,
        born: date | None = None,
    ) -> int:
        found(self.world.clients, client_id, "client")
        patient = Patient(
            id=self.world.numbers.take("patient"),
            client_id=client_id,
            name=name,
            species=choice(SPECIES, species, "species"),
            breed=choice(BREEDS, breed, "breed"),
            gender=choice(GENDERS, gender, "gender"),
            born=born,
            weight_kg=weight_kg,
        )
        self.world.patients[patient.id] = patient
        return patient.id

    def book(
        self,
        start: datetime,
        minutes: int = 30,
        room: int | None = 3,
        patient: str = "TANGO",
        owner_first: str | None = "Robin",
        owner_last: str | None = "Sample",
        phone: str | None = "555-555-0100",
        email: str | None = "robin.sample@example.com",
        patient_id: int | None = None,
        client_id: int | None = None,
        appointment_type: str | int = "Exam",
        provider: str | int | None = 1000,
        reason: str = "CHECK UP",
        species: str = "Dog",
        spelling: int = 0,
        by: str = FRONT_DESK,
    ) -> int:
        """A new visit. Without ids, an owner and patient of equal name and phone are used again."""
        self._check_slot(minutes, room)
        if patient_id is None:
            if client_id is None:
                client_id = self._client_like(owner_first, owner_last, phone, email)
            patient_id = self._patient_like(client_id, patient, species)
        found(self.world.patients, patient_id, "patient")
        now = self.now()
        visit = Visit(
            id=self.world.numbers.take("appointment"),
            patient_id=patient_id,
            start=naive(start),
            minutes=minutes,
            room_id=room,
            type_id=self._type(appointment_type),
            provider_id=self._provider(provider),
            reason=reason,
            booked_by=by,
            booked_at=now,
            last_updated_by=by,
            last_updated_at=now,
            spelling=spelling,
        )
        self.world.visits[visit.id] = visit
        self.world.remember(visit, now)
        self.world.changed()
        return visit.id

    def book_block(
        self,
        start: datetime,
        end: datetime,
        title: str = "STAFF LUNCH",
        room: int | None = None,
        repeat_days: list[date] | None = None,
        by: str = FRONT_DESK,
    ) -> int:
        """Hold time in one room, or in all of them; from midnight to midnight is a whole day.

        It may last several days. `repeat_days` are further days of a recurring block: all share
        the one id, and none lasts beyond its day.
        """
        start, end = naive(start), naive(end)
        whole_day = start.time() == time() and end - start in (timedelta(), timedelta(days=1))
        more_days = 0 if whole_day else (end.date() - start.date()).days
        if not whole_day and not start < end <= start + LONGEST:
            raise NotPossible(f"a block ends after its start, within {LONGEST.days} days")
        if more_days and repeat_days:
            raise NotPossible("a block that recurs ends on the day on which it starts")
        if not title:
            raise NotPossible("a block needs a title")
        self._check_slot(0, room)
        now = self.now()
        block = Block(
            id=self.world.numbers.take("appointment"),
            title=title,
            room_id=room,
            days=sorted({start.date(), *(repeat_days or [])}),
            starts=start.time(),
            ends=end.time(),
            more_days=more_days,
            booked_by=by,
            booked_at=now,
            last_updated_by=by,
            last_updated_at=now,
            recurring=bool(repeat_days),
        )
        self.world.blocks[block.id] = block
        self.world.remember(block, now)
        self.world.changed()
        return block.id

    def book_roster(
        self, start: datetime, end: datetime, title: str, provider: str | int = 1002
    ) -> int:
        """When somebody of the staff works: an overlay of the calendar, no appointment."""
        provider_id = self._provider(provider)
        assert provider_id is not None
        number = self.world.numbers.take("roster")
        self.world.rosters[number] = Roster(number, title, provider_id, naive(start), naive(end))
        self.world.changed()
        return number

    def _check_slot(self, minutes: int, room: int | None) -> None:
        if not 0 <= minutes <= MOST_MINUTES:
            raise NotPossible(f"minutes: {minutes} is not within 0..{MOST_MINUTES}")
        if room is not None and room not in self.world.rooms:
            rooms = ", ".join(str(number) for number in self.world.rooms)
            raise NotPossible(f"room: {room} is none of this clinic's rooms ({rooms})")

    def _client_like(
        self, first: str | None, last: str | None, phone: str | None, email: str | None
    ) -> int:
        for client in self.world.clients.values():
            if (client.first_name, client.last_name, client.phone[0]) == (first, last, phone):
                return client.id
        return self.add_client(first, last, mobile_phone=phone, email=email)

    def _patient_like(self, client_id: int, name: str, species: str) -> int:
        for patient in self.world.patients.values():
            if (patient.client_id, patient.name) == (client_id, name):
                return patient.id
        return self.add_patient(client_id, name, species=species)

    def _type(self, wanted: str | int) -> int:
        for kind in self.world.types.values():
            if wanted in (kind.id, kind.name):
                return kind.id
        names = ", ".join(kind.name for kind in self.world.types.values())
        raise NotPossible(f"appointment_type: {wanted!r} is none of {names}")

    def _provider(self, wanted: str | int | None) -> int | None:
        if wanted is None:
            return None
        for provider in self.world.providers.values():
            if wanted in (provider.id, provider.name):
                return provider.id
        names = ", ".join(provider.name for provider in self.world.providers.values())
        raise NotPossible(f"provider: {wanted!r} is none of {names}")


def choice[T](options: dict[str, T], wanted: str, what: str) -> T:
    if wanted not in options:
        raise NotPossible(f"{what}: {wanted!r} is none of {', '.join(options)}")
    return options[wanted]


def naive(moment: datetime) -> datetime:
    """Neo sends and stores wall-clock times only."""
    if moment.tzinfo is not None:
        raise NotPossible("times are the clinic's wall clock: give them without a zone")
    return moment.replace(microsecond=0)
