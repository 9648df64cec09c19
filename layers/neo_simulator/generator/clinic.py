"""A seeded clinic of any size: the same plan always makes the same world."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random

from neo_simulator.errors import NotPossible
from neo_simulator.generator.scribe import Scribe, at
from neo_simulator.generator.setup import set_up
from neo_simulator.generator.ugly import UGLY_ROOMS, plant_everything
from neo_simulator.model import Room
from neo_simulator.world import World, empty_world

SATURDAY, SUNDAY = 5, 6
LUNCH = (time(12), time(13))


@dataclass(frozen=True, slots=True)
class Plan:
    seed: int
    first_day: date
    last_day: date
    zone: str = "America/Los_Angeles"
    now: datetime | None = None
    """The clinic's wall clock: what lies before has happened. By default all is to come, or with
    ugly data the middle of the days."""
    past_until: datetime | None = None
    """Until when the ordinary visits have taken place, if it is not `now`."""
    visits_per_day: int = 20
    """On every day but Sundays."""
    visits: int | None = None
    """Exact number in all, planted ones and deleted ones included, evenly over the days."""
    rooms: int = 3
    ugly: bool = False
    """With every oddity of the table in `ugly`."""
    blocks: bool = True
    """With a lunch block per room, recurring under one id."""
    name: str = "Example Animal Clinic"
    id_base: int | None = None
    variant: int = 0
    """Which company's rooms, types and providers it has."""

    def open_days(self) -> list[date]:
        number = (self.last_day - self.first_day).days + 1
        days = [self.first_day + timedelta(days=n) for n in range(number)]
        return [day for day in days if day.weekday() != SUNDAY] or days

    def clock(self) -> datetime:
        if self.now is not None:
            return self.now
        days = self.open_days()
        return at(days[len(days) // 2], "12:00") if self.ugly else at(days[0], "00:00")


def generate(plan: Plan) -> World:
    rooms = _rooms(plan.rooms)
    columns = rooms + (UGLY_ROOMS if plan.ugly else [])
    world = empty_world(plan.name, columns)
    set_up(world, plan.variant)
    if plan.id_base is not None:
        world.numbers.appointment = plan.id_base
    scribe = Scribe(world, Random(plan.seed), plan.clock())
    if plan.blocks:
        _lunches(scribe, plan, rooms)
    if plan.ugly:
        plant_everything(scribe, plan.open_days(), plan.zone)
    scribe.now = plan.past_until or scribe.now
    _fill(scribe, plan, rooms)
    scribe.world.changed()
    return world


def _rooms(number: int) -> list[Room]:
    names = [f"ROOM {chr(65 + n)}" if n < 26 else f"ROOM {n + 1}" for n in range(number)]
    return [Room(3 + n, name, n + 1) for n, name in enumerate(names)]


def _lunches(scribe: Scribe, plan: Plan, rooms: list[Room]) -> None:
    days = [day for day in plan.open_days() if day.weekday() < SATURDAY]
    if not days:
        return
    scribe.moment = at(days[0], "00:00") - timedelta(days=30)
    for room in rooms:
        start, end = (datetime.combine(days[0], moment) for moment in LUNCH)
        scribe.staff.book_block(start, end, "STAFF LUNCH", room.id, repeat_days=days[1:])


def _fill(scribe: Scribe, plan: Plan, rooms: list[Room]) -> None:
    """Ordinary visits up to the wanted number, as evenly over the days as possible."""
    days = plan.open_days()
    wanted = plan.visits_per_day * len(days) if plan.visits is None else plan.visits
    missing = wanted - len(scribe.world.visits)
    if missing < 0 and plan.visits is not None:
        raise NotPossible(
            f"visits: {plan.visits} is too few; the ugly data alone are {len(scribe.world.visits)}"
        )
    pets = [pet for _ in range(max(0, missing) // 3 + 1) for pet in _some_family(scribe)]
    for index, day in enumerate(days):
        share = missing // len(days) + (index < missing % len(days))
        for start, room in _cells(scribe.random, day, rooms, max(0, share)):
            visit = scribe.book(start, scribe.random.choice(pets), room=room.id)
            scribe.later_today(visit)


def _some_family(scribe: Scribe) -> list[int]:
    return scribe.family(pets=scribe.random.choice((1, 1, 2)))


def _cells(
    random: Random, day: date, rooms: list[Room], number: int
) -> Iterator[tuple[datetime, Room]]:
    """Half hours of the day, each room's taken once before any is taken twice."""
    saturday = day.weekday() == SATURDAY
    opens, closes = ("09:00", "13:00") if saturday else ("08:00", "18:00")
    cells = []
    moment = at(day, opens)
    while moment < at(day, closes):
        if saturday or not LUNCH[0] <= moment.time() < LUNCH[1]:
            cells += [(moment, room) for room in rooms]
        moment += timedelta(minutes=30)
    rounds, rest = divmod(number, len(cells))
    yield from sorted(
        cells * rounds + random.sample(cells, rest), key=lambda cell: (cell[0], cell[1].id)
    )
