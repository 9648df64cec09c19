"""The generator: deterministic, exact in number, and as ugly as promised."""

import json
from datetime import UTC, date, datetime, timedelta
from inspect import signature
from zoneinfo import ZoneInfo

import pytest

from neo_simulator.client import Company
from neo_simulator.errors import NotPossible
from neo_simulator.generator.clinic import Plan, generate
from neo_simulator.generator.names import FIRST_NAMES
from neo_simulator.generator.ugly import ITEMS, TECHNICIAN, dst_changes
from neo_simulator.model import Consultation, Status, Visit
from neo_simulator.state import world_state
from neo_simulator.world import World

wall = datetime.fromisoformat

FIRST, LAST = date(2026, 5, 4), date(2026, 5, 17)
LOS_ANGELES = "America/Los_Angeles"


def plan(**changes: object) -> Plan:
    values: dict[str, object] = {"seed": 7, "first_day": FIRST, "last_day": LAST}
    return Plan(**{**values, **changes})  # type: ignore[arg-type]


def as_bytes(world: World) -> bytes:
    return json.dumps(world_state(world)).encode()


@pytest.fixture(scope="module")
def ugly() -> World:
    return generate(plan(ugly=True, visits=400))


@pytest.mark.parametrize("is_ugly", [False, True])
def test_the_same_plan_makes_the_same_world_byte_for_byte(is_ugly: bool) -> None:
    wanted = plan(ugly=is_ugly, visits=200)

    assert as_bytes(generate(wanted)) == as_bytes(generate(wanted))


def test_another_seed_makes_another_world() -> None:
    assert as_bytes(generate(plan(seed=1))) != as_bytes(generate(plan(seed=2)))


@pytest.mark.parametrize("visits", [0, 1, 60, 1000, 10_000])
def test_the_number_of_visits_is_exact(visits: int) -> None:
    assert len(generate(plan(visits=visits)).visits) == visits


def test_with_ugly_data_the_number_is_exact_as_well(ugly: World) -> None:
    assert len(ugly.visits) == 400


def test_too_small_a_number_for_the_ugly_data_is_refused() -> None:
    with pytest.raises(NotPossible, match="too few"):
        generate(plan(visits=10, ugly=True))


def test_visits_per_day_holds_on_every_day_but_sundays() -> None:
    world = generate(plan(visits_per_day=25))

    by_day = {FIRST + timedelta(days=n): 0 for n in range(14)}
    for visit in world.visits.values():
        by_day[visit.start.date()] += 1

    assert by_day == {day: 0 if day.weekday() == 6 else 25 for day in by_day}


def test_a_clean_clinic_has_no_overlap_and_only_clean_states() -> None:
    world = generate(plan(visits_per_day=24, now=wall("2026-05-11 12:10")))

    taken = {(visit.start, visit.room_id) for visit in world.visits.values()}
    states = {visit.status for visit in world.visits.values()}

    assert len(taken) == len(world.visits)
    assert states <= {Status.NOT_ARRIVED, Status.IN_PROGRESS, Status.FINALIZED}
    assert not any(visit.deleted for visit in world.visits.values())


def test_visits_before_now_have_consultations_and_later_ones_have_none() -> None:
    now = wall("2026-05-11 12:10")
    world = generate(plan(now=now))

    for visit in world.visits.values():
        assert (visit.consultation_id is not None) == (visit.start <= now)


def test_ordinary_visits_have_taken_place_until_a_moment_of_their_own() -> None:
    until = wall("2026-05-05 12:10")
    planted = generate(plan(ugly=True, visits_per_day=0)).visits

    for id_, visit in generate(plan(ugly=True, past_until=until)).visits.items():
        if id_ in planted:
            assert visit.consultation_id == planted[id_].consultation_id
        else:
            assert (visit.consultation_id is not None) == (visit.start <= until)


def test_changes_are_stamped_in_order() -> None:
    now = wall("2026-05-11 12:10")
    for visit in generate(plan(now=now, ugly=True, visits=300)).visits.values():
        assert visit.booked_at <= visit.last_updated_at


def test_blocks_can_be_left_out() -> None:
    assert generate(plan(blocks=False)).blocks == {}


# -- the checklist of ugly data ---------------------------------------------------------------


def visits(world: World) -> list[Visit]:
    return list(world.visits.values())


def owners(world: World) -> list[tuple[str | None, str | None]]:
    return [(client.first_name, client.last_name) for client in world.clients.values()]


def phones(world: World) -> set[str | None]:
    return {client.phone[0] for client in world.clients.values()}


def consultations(world: World) -> list[Consultation]:
    return list(world.consultations.values())


def has_siblings(world: World) -> bool:
    seen = [(world.patients[v.patient_id].client_id, v.start) for v in visits(world)]
    return len(seen) > len(set(seen))


def has_dst_days(world: World) -> bool:
    starts = {visit.start for visit in visits(world)}
    days = {start.date() for start in starts}
    return all(
        {day - timedelta(days=1), day, day + timedelta(days=1)} <= days and moment in starts
        for day, moment in dst_changes(ZoneInfo(LOS_ANGELES), 2026)
    )


def has_all_statuses_twice(world: World) -> bool:
    seen = {(visit.status, visit.spelling) for visit in visits(world)}
    return seen == {(status, spelling) for status in Status for spelling in (0, 1)}


def is_moved(world: World) -> bool:
    moved = next(v for v in visits(world) if v.reason == "MOVED BY OWNER")
    return moved.last_updated_at > moved.booked_at


def utc_date_differs(visit: Visit) -> bool:
    instant = visit.start.replace(tzinfo=ZoneInfo(LOS_ANGELES)).astimezone(UTC)
    return instant.date() != visit.start.date()


def has_taken_number(world: World) -> bool:
    (walk_in,) = [c for c in consultations(world) if c.visit_id is None]
    namesake = world.visits[walk_in.id]
    return namesake.consultation_id is None and namesake.patient_id != walk_in.patient_id


def lines_are_odd(world: World) -> bool:
    lines = [line for c in consultations(world) for line in c.lines]
    return (
        any(line.declined for line in lines)
        and any(not line.declined for line in lines)
        and any(line.quantity != int(line.quantity) for line in lines)
        and any(";" in line.product for line in lines)
    )


def has_euthanasia(world: World) -> bool:
    dead = {patient.id for patient in world.patients.values() if not patient.alive}
    return any(
        visit.patient_id in dead and world.types[visit.type_id].name == "Euthanasia"
        for visit in visits(world)
    )


def has_parallel_visits(world: World) -> bool:
    starts = [(visit.start, visit.room_id) for visit in visits(world)]
    moments = [start for start, _ in starts]
    return max(map(moments.count, moments)) >= 4 and len(starts) > len(set(starts))


PRESENT = {
    "two pets of one owner at the same time": has_siblings,
    "owner without first name": lambda w: {None, ""} <= {first for first, _ in owners(w)},
    'owner with "&"': lambda w: any("&" in (first or "") for first, _ in owners(w)),
    "upper and mixed case names, accents, apostrophe": lambda w: (
        {"SAMPLE", "McExample", "Nuñez O'Sample"} <= {last for _, last in owners(w)}
    ),
    "placeholder pet name": lambda w: "new puppy" in {p.name for p in w.patients.values()},
    "missing phone": lambda w: None in phones(w),
    "missing e-mail": lambda w: {None, ""} <= {c.email for c in w.clients.values()},
    "three phone spellings": lambda w: (
        {"555-555-0142", "5555550142", "(555) 555-0142"} <= phones(w)
    ),
    "visit with null provider": lambda w: any(v.provider_id is None for v in visits(w)),
    "room named like a doctor": lambda w: any(r.name.startswith("DR.") for r in w.rooms.values()),
    "technician column": lambda w: any(v.room_id == TECHNICIAN for v in visits(w)),
    "block with and without a room": lambda w: (
        {3, None} <= {b.room_id for b in w.blocks.values() if not b.recurring}
    ),
    "all-day closure block": lambda w: any(
        start == end and start.hour == 0
        for b in w.blocks.values()
        for start, end in b.occurrences()
    ),
    "recurring block": lambda w: any(len(b.days) > 1 for b in w.blocks.values()),
    "roster event": lambda w: bool(w.rosters),
    "zero-length event": lambda w: any(v.minutes == 0 for v in visits(w)),
    "visit late in the evening": lambda w: any(utc_date_differs(v) for v in visits(w)),
    "days around both DST changes": has_dst_days,
    "each status in two spellings": has_all_statuses_twice,
    "visit moved to another day": is_moved,
    "visit cancelled": lambda w: any(v.status is Status.CANCELLED for v in visits(w)),
    "visit deleted": lambda w: any(v.deleted for v in visits(w)),
    "future visit without a consultation": lambda w: any(
        v.consultation_id is None and v.start > wall("2026-05-12 00:00") for v in visits(w)
    ),
    "four visits at one time, two in one room": has_parallel_visits,
    "draft consultation without notes": lambda w: any(
        c.status == "draft" and not c.notes for c in consultations(w)
    ),
    "SOAP-table notes": lambda w: any("S - history" in c.notes for c in consultations(w)),
    "notes with entities, nested lists and a pasted script tag": lambda w: any(
        "<script>" in c.notes and "<ul><li>" in c.notes and "&eacute;" in c.notes
        for c in consultations(w)
    ),
    'accepted and declined lines, fractional quantity, product name with ";"': lines_are_odd,
    "euthanasia visit": has_euthanasia,
    "walk-in whose consultation number is another visit's appointment number": has_taken_number,
}


def test_every_item_of_the_table_has_a_check() -> None:
    assert set(PRESENT) == set(ITEMS)


@pytest.mark.parametrize("item", ITEMS)
def test_ugly_data_have(item: str, ugly: World) -> None:
    assert PRESENT[item](ugly)


def test_ugly_data_can_be_several_hundred_in_one_window(ugly: World) -> None:
    end = wall("2026-05-18 00:00")

    assert len(list(ugly.starting(wall("2026-05-04 00:00"), end))) > 300


def test_two_generated_clinics_share_their_ids() -> None:
    one, other = generate(plan(seed=1)), generate(plan(seed=2, zone="Europe/Berlin"))

    assert set(one.visits) == set(other.visits)
    assert set(generate(plan(id_base=9000)).visits).isdisjoint(one.visits)


def test_a_zone_without_dst_and_a_single_day_are_possible() -> None:
    world = generate(plan(ugly=True, zone="America/Phoenix", last_day=FIRST, rooms=1))

    assert not list(dst_changes(ZoneInfo("America/Phoenix"), 2026))
    assert world.visits


def test_dst_changes_name_a_moment_that_is_skipped_or_repeated() -> None:
    assert list(dst_changes(ZoneInfo(LOS_ANGELES), 2026)) == [
        (date(2026, 3, 8), wall("2026-03-08 02:30")),
        (date(2026, 11, 1), wall("2026-11-01 01:30")),
    ]


def test_who_is_booked_by_hand_has_a_first_name_that_nobody_is_given() -> None:
    """So that a test which looks for what is left of that owner finds no vet of the same name."""
    assert signature(Company.book).parameters["owner_first"].default not in FIRST_NAMES
