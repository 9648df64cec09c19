"""Rule R11: slots are derived from the clinic's hours, and bookings survive a change of them."""

from datetime import date, time, timedelta
from itertools import pairwise
from typing import Any

import pytest

from idexx_sync.jobs.model import Job
from tests.kit.bench import Bench
from tests.kit.database import query
from tests.kit.job_results import counts
from tests.kit.records import MONDAY, visit

TUESDAY = MONDAY + timedelta(days=1)
SUNDAY = MONDAY + timedelta(days=6)
CONFIG = "clinic_schedule_configs"


def configure(bench: Bench, **columns: Any) -> None:
    bench.configure(CONFIG, **columns)


def slot(bench: Bench, start: str, day: date = MONDAY) -> dict[str, Any]:
    (found,) = query(
        bench.conn,
        "SELECT * FROM public.schedule_slots "
        "WHERE clinic_id = %s AND date = %s AND start_time = %s",
        (bench.clinic_id, day, start),
    )
    return found


def first_and_last(bench: Bench, day: date) -> tuple[str, str] | None:
    starts = list(bench.slots(day))
    return (starts[0], starts[-1]) if starts else None


def of_week(bench: Bench) -> list[tuple[str, str] | None]:
    """First and last slot of each day, Monday to Sunday."""
    return [first_and_last(bench, MONDAY + timedelta(days=n)) for n in range(7)]


# Hours ------------------------------------------------------------------------------------------


def test_r11_the_columns_count_where_nothing_else_is_said(bench: Bench) -> None:
    configure(bench, open_time="09:00", close_time="11:00", days_of_week=[0, 2])

    bench.sync()

    hours = ("09:00", "10:30")
    assert of_week(bench) == [None, hours, None, None, None, None, hours]
    assert slot(bench, "10:30", TUESDAY)["capacity"] == 2
    assert str(slot(bench, "10:30", TUESDAY)["end_time"]) == "11:00:00"


@pytest.mark.parametrize(
    "hours",
    [
        {"monday": {"open": "09:00", "close": "11:00"}, "tuesday": None},
        {
            "monday": {"open": "09:00", "close": "11:00", "enabled": True},
            "tuesday": {"open": "09:00", "close": "11:00", "enabled": False},
            "wednesday": {"open": "09:00", "enabled": True},
        },
        {
            "monday": {"open": "09:00", "close": "11:00", "closed": False},
            "tuesday": {"open": "09:00", "close": "11:00", "closed": True},
            "wednesday": {"close": "11:00", "closed": False},
            "thursday": {"closed": True},
            "friday": {},
        },
    ],
    ids=["lunch_shape", "enabled_shape", "closed_shape"],
)
def test_r11_business_hours_of_each_shape(bench: Bench, hours: dict[str, Any]) -> None:
    bench.configure("clinics", business_hours=hours)

    bench.sync()

    assert of_week(bench) == [("09:00", "10:30"), None, None, None, None, None, None]


def test_r11_over_lunch_there_are_no_slots(bench: Bench) -> None:
    day = {"open": "10:00", "close": "15:00", "lunch_start": "12:00", "lunch_end": "13:00"}
    bench.configure("clinics", business_hours={"monday": day})

    bench.sync()

    starts = list(bench.slots())
    assert starts == ["10:00", "10:30", "11:00", "11:30", "13:00", "13:30", "14:00", "14:30"]


def test_r11_no_slot_crosses_an_edge_of_a_working_block(bench: Bench) -> None:
    day = {"open": "10:00", "close": "14:15", "lunch_start": "11:45", "lunch_end": "13:15"}
    bench.configure("clinics", business_hours={"monday": day})

    bench.sync()

    found = query(
        bench.conn,
        "SELECT start_time, end_time FROM public.schedule_slots WHERE clinic_id = %s AND date = %s",
        (bench.clinic_id, MONDAY),
    )
    spans = {(f"{s['start_time']:%H:%M}", f"{s['end_time']:%H:%M}") for s in found}
    assert {("10:00", "10:30"), ("11:00", "11:30")} <= spans
    assert all(end <= "11:45" or start >= "13:15" for start, end in spans)
    assert all("10:00" <= start < end <= "14:15" for start, end in spans)


def test_r11_daily_hours_win_over_business_hours(bench: Bench) -> None:
    bench.configure("clinics", business_hours={"monday": {"open": "09:00", "close": "11:00"}})
    configure(
        bench,
        daily_hours={
            "0": {"enabled": True, "open": "12:00", "close": "13:00"},
            "1": {"enabled": False, "open": "09:00", "close": "11:00"},
            "2": {"enabled": True, "open": "14:00", "close": "15:00"},
            "3": {"enabled": True},
        },
    )

    bench.sync()

    assert of_week(bench) == [
        None,
        ("14:00", "14:30"),
        None,
        None,
        None,
        None,
        ("12:00", "12:30"),
    ]


def test_r11_blocked_periods_give_no_slots_on_their_days(bench: Bench) -> None:
    configure(bench, open_time="09:00", close_time="12:00")
    for start, end, days, active in (
        ("10:00", "10:30", [1], True),
        ("11:15", "11:20", [1], True),
        ("09:00", "12:00", [1], False),
        ("09:00", "12:00", [3], True),
    ):
        bench.conn.execute(
            "INSERT INTO public.clinic_blocked_periods "
            "(clinic_id, name, start_time, end_time, days_of_week, is_active) "
            "VALUES (%s, 'rounds', %s, %s, %s, %s)",
            (bench.clinic_id, start, end, days, active),
        )

    bench.sync()

    assert list(bench.slots()) == ["09:00", "09:30", "10:30", "11:30"]
    assert len(bench.slots(TUESDAY)) == 6
    assert bench.slots(MONDAY + timedelta(days=2)) == {}


def test_r11_no_slot_begins_at_a_time_that_the_clocks_skip(bench: Bench) -> None:
    spring = date(2026, 3, 8)
    bench.now = bench.now.replace(month=3, day=7)
    configure(bench, open_time="01:00", close_time="04:00", days_of_week=[0])

    bench.sync(spring, spring)

    assert list(bench.slots(spring)) == ["01:00", "01:30", "03:00", "03:30"]


@pytest.mark.parametrize("text", ['"always"', "[]", "7", "true"])
def test_r11_hours_that_are_no_object_are_unreadable(bench: Bench, text: str) -> None:
    bench.conn.execute(
        "UPDATE public.clinics SET business_hours = %s::jsonb WHERE id = %s",
        (text, bench.clinic_id),
    )

    assert bench.sync().error_kind == "configuration_invalid"
    assert bench.slots() == {}


def test_r11_a_json_null_says_nothing(bench: Bench) -> None:
    bench.conn.execute(
        "UPDATE public.clinics SET business_hours = 'null' WHERE id = %s", (bench.clinic_id,)
    )
    bench.conn.execute(
        f"UPDATE public.{CONFIG} SET daily_hours = 'null' WHERE clinic_id = %s", (bench.clinic_id,)
    )

    bench.sync()

    assert first_and_last(bench, MONDAY) == ("08:00", "17:30")


# A grid that changed ----------------------------------------------------------------------------


def open_at(bench: Bench, opens: str) -> Job:
    configure(bench, open_time=opens)
    bench.later()
    return bench.sync()


def test_r11_a_slot_off_the_grid_that_nobody_uses_is_deleted(bench: Bench) -> None:
    bench.sync(MONDAY, MONDAY)

    configure(bench, open_time="09:00")
    bench.later()
    job = bench.sync(MONDAY, MONDAY)

    assert first_and_last(bench, MONDAY) == ("09:00", "17:30")
    assert counts(job)["slots_deleted"] == 2
    assert "slots_off_grid" not in counts(job)


@pytest.mark.parametrize("status", ["confirmed", "pending"])
def test_r11_a_slot_off_the_grid_with_a_booking_is_filled_and_reported(
    bench: Bench, status: str
) -> None:
    bench.sync()
    bench.book(
        "2026-05-04 08:00",
        "2026-05-04 08:30",
        slot_id=slot(bench, "08:00")["id"],
        status=status,
        hold_expires_at=bench.now + timedelta(minutes=20),
    )

    job = open_at(bench, "09:00")

    assert bench.slots()["08:00"] == 2
    assert "08:30" not in bench.slots()
    assert counts(job)["slots_off_grid"] == 1


def test_r11_a_slot_off_the_grid_with_an_appointment_is_filled(bench: Bench) -> None:
    bench.pims.records = [visit("1", "2026-05-04 08:00:00")]
    bench.sync()

    job = open_at(bench, "09:00")

    assert bench.slots()["08:00"] == 2
    assert counts(job)["slots_off_grid"] == 1
    assert bench.row("1")["slot_id"] == slot(bench, "08:00")["id"]


def test_r11_a_filled_slot_stays_full_and_goes_when_it_is_free(bench: Bench) -> None:
    bench.pims.records = [visit("1", "2026-05-04 08:00:00"), visit("2", "2026-05-04 10:00:00")]
    bench.sync()
    open_at(bench, "09:00")
    bench.later()
    bench.sync()
    assert bench.slots()["08:00"] == 2
    bench.pims.delete("1")
    bench.later()

    bench.sync()

    assert "08:00" not in bench.slots()


def test_r11_a_filled_slot_that_is_on_the_grid_again_is_counted_again(bench: Bench) -> None:
    bench.pims.records = [visit("1", "2026-05-04 08:00:00")]
    bench.sync()
    open_at(bench, "09:00")

    open_at(bench, "08:00")

    assert bench.slots()["08:00"] == 1


def test_r11_a_slot_that_has_begun_is_left_as_it_is(bench: Bench) -> None:
    bench.sync()
    bench.later(70)  # 08:10 at the clinic, and 08:25 at the next run

    open_at(bench, "12:00")

    assert list(bench.slots())[:2] == ["08:00", "12:00"]


def test_r11_slots_of_other_days_are_left_alone(bench: Bench) -> None:
    bench.sync()
    configure(bench, open_time="09:00")
    bench.later()

    bench.sync(TUESDAY, TUESDAY)

    assert first_and_last(bench, MONDAY) == ("08:00", "17:30")
    assert first_and_last(bench, TUESDAY) == ("09:00", "17:30")


def test_r11_past_days_get_no_slots(bench: Bench) -> None:
    yesterday = date(2026, 4, 30)

    bench.sync(yesterday, MONDAY)

    assert bench.slots(yesterday) == {}
    assert bench.slots() != {}


def test_r11_another_slot_length_replaces_the_grid(bench: Bench) -> None:
    bench.pims.records = [visit("1", "2026-05-04 09:30:00")]
    bench.sync()
    configure(bench, slot_duration_minutes=60)
    bench.later()

    bench.sync()

    assert list(bench.slots()) == [f"{hour:02}:00" for hour in range(8, 18)]
    assert bench.slots()["09:00"] == 1
    assert bench.row("1")["slot_id"] == slot(bench, "09:00")["id"]


def test_r11_an_upsert_never_writes_what_is_booked(bench: Bench) -> None:
    """The capacity changes; in the count a concurrent booking must not get lost."""
    bench.pims.records = [visit("1", "2026-05-04 08:00:00")]
    bench.sync()
    bench.book("2026-05-04 08:00", "2026-05-04 08:30")
    configure(bench, default_capacity=5)
    bench.later()

    bench.sync()

    found = slot(bench, "08:00")
    assert (found["capacity"], found["booked_count"]) == (5, 2)


def test_r11_slots_without_a_change_are_not_written(bench: Bench) -> None:
    bench.sync()
    slots = "SELECT xmin::text, * FROM public.schedule_slots WHERE clinic_id = %s ORDER BY id"
    before = query(bench.conn, slots, (bench.clinic_id,))
    bench.later()

    bench.sync()

    assert query(bench.conn, slots, (bench.clinic_id,)) == before


def test_r11_an_appointment_points_at_the_slot_in_which_it_starts(bench: Bench) -> None:
    bench.pims.records = [
        visit("1", "2026-05-04 09:20:00"),
        visit("2", "2026-05-04 19:00:00"),
        visit("3", f"{SUNDAY} 09:00:00"),
    ]

    bench.sync()

    assert bench.row("1")["slot_id"] == slot(bench, "09:00")["id"]
    assert (bench.row("2")["slot_id"], bench.row("3")["slot_id"]) == (None, None)


def test_r11_a_new_grid_does_not_lie_over_slots_that_have_begun(bench: Bench) -> None:
    bench.pims.records = [visit("1", "2026-05-04 11:30:00")]
    bench.sync()
    bench.later(5 * 60 + 20)  # 12:20 at the clinic
    configure(bench, slot_duration_minutes=45)

    bench.sync()

    spans = query(
        bench.conn,
        "SELECT start_time, end_time FROM public.schedule_slots "
        "WHERE clinic_id = %s AND date = %s ORDER BY start_time",
        (bench.clinic_id, MONDAY),
    )
    begun = [span for span in spans if span["start_time"] <= time(12, 20)]
    assert all(one["end_time"] <= two["start_time"] for one, two in pairwise(begun))
    assert f"{begun[-1]['start_time']:%H:%M}" == "12:00"
    linked = bench.row("1")["slot_id"]
    bench.later()
    bench.pims.records.append(visit("2", "2026-05-05 09:00:00"))
    bench.sync()
    assert bench.row("1")["slot_id"] == linked
