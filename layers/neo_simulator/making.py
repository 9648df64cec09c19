"""Making a company from what the admin API was given."""

from datetime import date, timedelta

from neo_simulator.admin.requests import NewCompany
from neo_simulator.booking import naive
from neo_simulator.clock import Clock
from neo_simulator.company import Companies, Company, zone_named
from neo_simulator.errors import NotPossible
from neo_simulator.generator.clinic import Plan, generate
from neo_simulator.generator.setup import set_up
from neo_simulator.payloads.calendar import calendar_body
from neo_simulator.world import World, empty_world


def make_company(companies: Companies, wanted: NewCompany) -> Company:
    clock = Clock(zone_named(wanted.zone))
    if wanted.now is not None:
        clock.set_local(naive(wanted.now))
    company_id = wanted.company_id or companies.free_id()
    variant = int(company_id) if wanted.variant is None else wanted.variant
    if wanted.generate:
        world = _generated(wanted, clock, variant)
    else:
        world = empty_world(wanted.name)
        set_up(world, variant, wanted.branch)
    if wanted.id_base is not None and not wanted.generate:
        world.numbers.appointment = wanted.id_base
    company = Company(
        id=company_id,
        username=wanted.username,
        password=wanted.password,
        clock=clock,
        world=world,
    )
    companies.add(company)
    # Encoded now, so that the first calendar request is as quick as the others.
    calendar_body(world, company.knobs, company.cache, world.calendar(), clock.local())
    return company


def _generated(wanted: NewCompany, clock: Clock, variant: int) -> World:
    if wanted.branch != 1:
        raise NotPossible("branch: only the first one can be generated")
    first, last = wanted.days or _week_of(clock.local().date())
    if last < first:
        raise NotPossible(f"days: {last} is before {first}")
    return generate(
        Plan(
            seed=wanted.seed,
            first_day=first,
            last_day=last,
            zone=wanted.zone,
            now=None if wanted.now is None else clock.local(),
            past_until=None if wanted.past_until is None else naive(wanted.past_until),
            visits_per_day=wanted.visits_per_day,
            visits=wanted.visits,
            rooms=wanted.rooms,
            ugly=wanted.ugly,
            blocks=wanted.blocks,
            name=wanted.name,
            id_base=wanted.id_base,
            variant=variant,
        )
    )


def _week_of(day: date) -> tuple[date, date]:
    monday = day - timedelta(days=day.weekday())
    return monday, monday + timedelta(days=6)
