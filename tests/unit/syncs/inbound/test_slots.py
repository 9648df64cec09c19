"""The grid of slots, and the hours it comes from (rule R11)."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idexx_sync.clinics.hours import (
    WEEKDAYS,
    Closure,
    Hours,
    closure_at,
    hours_by_weekday,
    slots_by_weekday,
    weekday_number,
)
from idexx_sync.clinics.store import BlockedPeriod, Clinic, Schedule
from idexx_sync.core.errors import ConfigurationInvalid
from idexx_sync.core.faults import Unfit
from idexx_sync.pims.protocol import Window
from idexx_sync.syncs.inbound.slots import Slot, SlotPlan, StoredSlot, plan_slots, slot_grid

LOS_ANGELES = ZoneInfo("America/Los_Angeles")
SCHEDULE = Schedule(
    open_time=time(8),
    close_time=time(18),
    days_of_week=(1, 2, 3, 4, 5, 6),
    slot_minutes=30,
    capacity=2,
    horizon_days=14,
    stale_minutes=60,
    daily_hours=None,
)
NINE_TO_ELEVEN = {"open": "09:00", "close": "11:00"}


def clinic(
    *, business_hours: Any = None, blocked: tuple[BlockedPeriod, ...] = (), **schedule: Any
) -> Clinic:
    return Clinic(
        id=UUID(int=1),
        name="Clinic",
        is_active=True,
        timezone="America/Los_Angeles",
        business_hours=business_hours,
        base_url="https://us.idexxneo.com",
        transport="http",
        room_ids=None,
        stage="live",
        known_room_ids=(),
        configuration_read_at=datetime(2026, 1, 1, tzinfo=UTC),
        acting_user_id=None,
        live_from=None,
        schedule=replace(SCHEDULE, **schedule),
        blocked_periods=blocked,
    )


def grid_of(of: Clinic, day: date) -> list[Slot]:
    """The day's slots; none where the hours leave no time for any."""
    with suppress(ConfigurationInvalid):
        return slot_grid(of, LOS_ANGELES, [day])
    return []


def planned(grid: list[Slot], stored: list[StoredSlot], now: datetime) -> SlotPlan:
    day = now.date()
    return plan_slots(grid, stored, now, Window(day, day), day)


minutes = st.integers(min_value=0, max_value=24 * 60 - 1).map(lambda n: time(n // 60, n % 60))
spans = st.tuples(minutes, minutes).filter(lambda span: span[0] < span[1])
days = st.dates(date(2026, 1, 1), date(2026, 12, 31))
clinics = st.builds(
    lambda span, length, lunch, blocked: clinic(
        business_hours={
            weekday: {
                "open": f"{span[0]:%H:%M}",
                "close": f"{span[1]:%H:%M}",
                "lunch_start": f"{lunch[0]:%H:%M}",
                "lunch_end": f"{lunch[1]:%H:%M}",
            }
            for weekday in WEEKDAYS
        },
        slot_minutes=length,
        blocked=tuple(BlockedPeriod(start, end, tuple(range(7))) for start, end in blocked),
    ),
    spans,
    st.integers(min_value=1, max_value=120),
    spans,
    st.lists(spans, max_size=2),
)


@given(clinics, days)
def test_r11_every_slot_lies_within_the_hours_and_clear_of_what_is_closed(
    given_clinic: Clinic, day: date
) -> None:
    hours = hours_by_weekday(given_clinic)[weekday_number(day)]
    closed = [hours.lunch, *((b.start_time, b.end_time) for b in given_clinic.blocked_periods)]

    grid = grid_of(given_clinic, day)

    length = timedelta(minutes=given_clinic.schedule.slot_minutes)
    for slot in grid:
        assert hours.opens <= slot.start < slot.end <= hours.closes
        assert datetime.combine(day, slot.end) - datetime.combine(day, slot.start) == length
        assert not [c for c in closed if c and slot.start < c[1] and c[0] < slot.end]
    assert all(one.end <= two.start for one, two in pairwise(grid))


@given(clinics, days, minutes)
def test_r11_a_grid_that_is_stored_needs_no_change(
    given_clinic: Clinic, day: date, now: time
) -> None:
    grid = grid_of(given_clinic, day)
    stored = [StoredSlot(UUID(int=n), slot) for n, slot in enumerate(grid)]

    plan = planned(grid, stored, datetime.combine(day, now))

    assert not plan.changes_anything


@given(clinics, clinics, days, minutes)
def test_r11_only_future_slots_are_changed_or_taken_off(
    before: Clinic, after: Clinic, day: date, clock: time
) -> None:
    now = datetime.combine(day, clock)
    stored = [StoredSlot(UUID(int=n), slot) for n, slot in enumerate(grid_of(before, day))]

    plan = planned(grid_of(after, day), stored, now)

    by_id = {item.id: item.slot for item in stored}
    touched = [*plan.update, *(by_id[id_] for id_ in plan.off_grid)]
    assert all(datetime.combine(slot.day, slot.start) > now for slot in touched)


@pytest.mark.parametrize("day", [date(2026, 3, 8), date(2026, 11, 1)])
def test_r11_no_slot_begins_in_a_skipped_hour_and_none_twice(day: date) -> None:
    grid = slot_grid(
        clinic(open_time=time(0), close_time=time(5), days_of_week=(0,)), LOS_ANGELES, [day]
    )

    starts = [slot.start for slot in grid]
    skipped = {time(2), time(2, 30)} if day.month == 3 else set()
    every = {time(hour, minute) for hour in range(5) for minute in (0, 30)}
    assert starts == sorted(every - skipped)


# Hours ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "entry",
    [
        NINE_TO_ELEVEN,
        {**NINE_TO_ELEVEN, "enabled": True},
        {**NINE_TO_ELEVEN, "closed": False},
        {"open": "09:00:00", "close": "11:00:00"},
    ],
)
def test_r11_an_open_day(entry: dict[str, Any]) -> None:
    hours = Hours(time(9), time(11))

    assert hours_by_weekday(clinic(business_hours={"sunday": entry})) == {0: hours}
    assert hours_by_weekday(clinic(daily_hours={"0": entry})) == {0: hours}


@pytest.mark.parametrize(
    "entry",
    [
        None,
        {},
        {"open": "09:00"},
        {"close": "11:00"},
        {**NINE_TO_ELEVEN, "enabled": False},
        {**NINE_TO_ELEVEN, "closed": True},
        {"enabled": True},
        {"open": None, "close": None, "closed": False},
    ],
)
def test_r11_a_closed_day(entry: dict[str, Any] | None) -> None:
    found = hours_by_weekday(clinic(business_hours={"monday": entry, "sunday": NINE_TO_ELEVEN}))
    assert found.keys() == {0}


def test_r11_lunch_needs_both_ends() -> None:
    lunch = {"lunch_start": "10:00", "lunch_end": "10:30"}
    none = {"lunch_start": None, "lunch_end": None}
    hours = clinic(
        business_hours={
            "monday": {**NINE_TO_ELEVEN, **lunch},
            "tuesday": {**NINE_TO_ELEVEN, **none},
        }
    )

    found = hours_by_weekday(hours)

    assert found[1].lunch == (time(10), time(10, 30))
    assert found[2].lunch is None


@pytest.mark.parametrize(
    "value",
    [
        [],
        "closed",
        0,
        False,
        {"Monday ": NINE_TO_ELEVEN},
        {"1": NINE_TO_ELEVEN},
        {"monday": []},
        {"monday": {"open": "nine", "close": "11:00"}},
        {"monday": {"open": 9, "close": 11}},
        {"monday": {"open": "11:00", "close": "09:00"}},
        {"monday": {"open": "09:00Z", "close": "11:00Z"}},
        {"monday": {"open": "09:00", "close": "11:00+01:00"}},
        {"monday": {**NINE_TO_ELEVEN, "lunch_start": "10:30", "lunch_end": "10:00"}},
        {"monday": {**NINE_TO_ELEVEN, "lunch_start": "10:00"}},
        {"monday": {**NINE_TO_ELEVEN, "lunch_end": "10:00", "lunch_start": None}},
        {"monday": {**NINE_TO_ELEVEN, "enabled": "false"}},
        {"monday": {**NINE_TO_ELEVEN, "enabled": 0}},
        {"monday": {**NINE_TO_ELEVEN, "closed": "yes"}},
        {"monday": {**NINE_TO_ELEVEN, "closed": 1}},
        {"monday": NINE_TO_ELEVEN, "tuesday": {"closed": "yes"}},
        {"monday": NINE_TO_ELEVEN, "tuesday": "closed"},
        {"monday": {"open": "00:00", "close": "24:00"}},
        {"monday": {"open": "24:00", "close": "11:00"}},
        {},
        dict.fromkeys(WEEKDAYS),
        {weekday: {} for weekday in WEEKDAYS},
        {"monday": {"closed": True}},
        {**{weekday: {"closed": True} for weekday in WEEKDAYS}, "friday": {"open": "09:00"}},
    ],
)
def test_r11_unreadable_hours_are_named(value: Any) -> None:
    with pytest.raises(ConfigurationInvalid, match=r"business_hours") as raised:
        hours_by_weekday(clinic(business_hours=value))

    assert raised.value.code == "opening_hours"


@pytest.mark.parametrize("says", [{"closed": True}, {**NINE_TO_ELEVEN, "enabled": False}])
def test_r11_a_clinic_of_which_each_day_says_that_it_is_closed(says: dict[str, Any]) -> None:
    closed = dict.fromkeys(WEEKDAYS, says)
    numbers = {str(number): says for number in range(7)}

    assert slots_by_weekday(clinic(business_hours=closed)) == {}
    assert slots_by_weekday(clinic(daily_hours=numbers)) == {}


@pytest.mark.parametrize(
    ("column", "given"),
    [
        ("days_of_week", {"days_of_week": ()}),
        ("days_of_week", {"days_of_week": None}),
        ("days_of_week", {"days_of_week": (1, 7)}),
        ("open_time", {"open_time": time(18)}),
        ("open_time", {"open_time": time(19)}),
        ("close_time", {"close_time": Unfit("time")}),
        ("blocked periods", {"blocked": (BlockedPeriod(time(0), time(23), tuple(range(7))),)}),
        ("slot length", {"slot_minutes": 601}),
    ],
)
def test_r11_columns_that_give_no_slot_are_unreadable(column: str, given: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationInvalid, match=column) as raised:
        slots_by_weekday(clinic(**given))

    assert raised.value.code == "opening_hours"


def test_r11_a_blocked_day_beside_an_open_one_is_no_fault() -> None:
    tuesdays = BlockedPeriod(time(0), time(23), (2,))

    found = slots_by_weekday(clinic(blocked=(tuesdays,), days_of_week=(1, 2)))

    assert (len(found[1]), found[2]) == (20, [])


def test_r11_behind_the_horizon_and_elsewhere_nothing_is_made() -> None:
    """Of four days one is read, two lie within the horizon, and all are stored."""
    days = [date(2026, 5, 4) + timedelta(days=n) for n in range(4)]
    stored_grid = slot_grid(clinic(), LOS_ANGELES, days[1:])
    stored = [StoredSlot(UUID(int=n), slot) for n, slot in enumerate(stored_grid)]
    grid = slot_grid(clinic(open_time=time(9)), LOS_ANGELES, days[:3])

    plan = plan_slots(
        grid, stored, datetime.combine(days[0], time(7)), Window(days[0], days[0]), days[2]
    )

    assert {slot.day for slot in plan.create} == {days[0]}
    assert plan.update == []
    by_id = {item.id: item.slot.day for item in stored}
    assert [by_id[id_] for id_ in plan.off_grid] == [days[3]] * 20
    assert [by_id[id_] for id_ in plan.elsewhere] == [days[1]] * 2 + [days[2]] * 2


def test_weekdays_are_numbered_from_sunday() -> None:
    assert [weekday_number(date(2026, 5, 3 + n)) for n in range(7)] == list(range(7))


@given(clinics, days, minutes)
def test_r11_there_is_a_reason_wherever_there_is_no_slot(
    given_clinic: Clinic, day: date, at: time
) -> None:
    weekday = weekday_number(day)
    with suppress(ConfigurationInvalid):
        spans = slots_by_weekday(given_clinic).get(weekday, [])
        covered = any(start <= at < end for start, end in spans)
        assert (closure_at(given_clinic, weekday, at) is None) == covered


@pytest.mark.parametrize(
    ("at", "closure"),
    [
        ("08:59", Closure("outside_hours", (time(9), time(12, 20)))),
        ("12:20", Closure("outside_hours", (time(9), time(12, 20)))),
        ("09:40", Closure("lunch", (time(9, 45), time(10)))),
        ("11:10", Closure("blocked_period", (time(11), time(11, 15)))),
        ("12:10", Closure("no_whole_slot", (time(12, 10), time(12, 20)))),
        ("10:00", None),
    ],
)
def test_r11_why_no_slot_covers_a_time(at: str, closure: Closure | None) -> None:
    hours = {
        "open": "09:00", "close": "12:20", "lunch_start": "09:45", "lunch_end": "10:00"
    }  # fmt: skip
    given_clinic = clinic(
        business_hours={"monday": hours}, blocked=(BlockedPeriod(time(11), time(11, 15), (1,)),)
    )

    assert closure_at(given_clinic, 1, time.fromisoformat(at)) == closure
    assert closure_at(given_clinic, 2, time.fromisoformat(at)) == Closure("closed_day")
