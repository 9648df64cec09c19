"""Writes a past and a future into a world: staff's own operations, at invented moments."""

from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

from neo_simulator.generator.names import (
    FIRST_NAMES,
    LAST_NAMES,
    PET_NAMES,
    PRODUCTS,
    REASONS,
    TYPES_AT_WORK,
)
from neo_simulator.generator.notes import PLAIN
from neo_simulator.operations import Operations
from neo_simulator.world import BREEDS, GENDERS, World


class Scribe:
    """One generator run: its chance, the moment it stamps changes with, and its world."""

    def __init__(self, world: World, random: Random, now: datetime) -> None:
        self.world = world
        self.random = random
        self.now = now
        """Of the clinic: what lies before has happened."""
        self.moment = now
        self.staff = Operations(world, lambda: self.moment)

    def family(self, pets: int = 1, **facts: str | None) -> list[int]:
        """A client with pets; the patients' ids."""
        pick = self.random.choice
        first, last = pick(FIRST_NAMES), pick(LAST_NAMES)
        number = len(self.world.clients)
        facts_of_client: dict[str, Any] = {
            "first_name": first,
            "last_name": last,
            "mobile_phone": f"555-555-01{self.random.randrange(100):02d}",
            "email": f"{first}.{last}{number}@example.com".lower(),
            **facts,
        }
        self.moment = self.now - timedelta(days=self.random.randrange(60, 2000))
        client = self.staff.add_client(**facts_of_client)
        return [self.pet(client, pick(PET_NAMES)) for _ in range(pets)]

    def pet(self, client_id: int, name: str) -> int:
        cat = self.random.random() < 0.4
        born = self.now.date() - timedelta(days=self.random.randrange(70, 5500))
        return self.staff.add_patient(
            client_id,
            name=name,
            species="Cat" if cat else self.random.choice(("Dog", "Canine")),
            breed=list(BREEDS)[cat],
            gender=self.random.choice(list(GENDERS)),
            weight_kg=round(self.random.uniform(2, 8 if cat else 45), 1),
            born=born,
        )

    def book(
        self,
        start: datetime,
        patient_id: int | None = None,
        minutes: int = 30,
        room: int | None = 3,
        appointment_type: str | None = None,
        provider: str | int | None = 1000,
        reason: str | None = None,
        spelling: int = 0,
    ) -> int:
        """A visit, booked some days ago."""
        if patient_id is None:
            patient_id = self.family()[0]
        latest = min(start, self.now)
        self.moment = latest - timedelta(minutes=self.random.randrange(60, 20 * 24 * 60))
        return self.staff.book(
            start,
            minutes=minutes,
            room=room,
            patient_id=patient_id,
            appointment_type=appointment_type or self.random.choice(TYPES_AT_WORK),
            provider=provider,
            reason=self.random.choice(REASONS) if reason is None else reason,
            spelling=spelling,
        )

    def seen(self, visit_id: int, notes: str | None = None) -> int:
        """The visit took place: arrival, consultation, a product, payment; the consultation."""
        visit = self.world.visit(visit_id)
        self.arrived(visit_id)
        self.moment = visit.start + timedelta(minutes=2)
        consultation = self.staff.start_consultation(visit_id)
        self.staff.edit_notes(consultation, notes or PLAIN.format(reason=visit.reason))
        product, total = self.random.choice(PRODUCTS)
        self.staff.add_line(consultation, product, total=total, provider=visit.provider_id)
        self.moment = visit.end + timedelta(minutes=self.random.randrange(5, 20))
        self.staff.finalise(visit_id)
        return consultation

    def arrived(self, visit_id: int) -> None:
        early = self.random.randrange(0, 12)
        self.moment = self.world.visit(visit_id).start - timedelta(minutes=early, seconds=early)
        self.staff.confirm_arrival(visit_id)

    def later_today(self, visit_id: int) -> None:
        """What the clock makes of a visit: seen, in the room, or still to come."""
        visit = self.world.visit(visit_id)
        if visit.end + timedelta(minutes=20) <= self.now:
            self.seen(visit_id)
        elif visit.start <= self.now:
            self.arrived(visit_id)
            self.moment = visit.start
            self.staff.start_consultation(visit_id)


def at(day: date, clock: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock))
