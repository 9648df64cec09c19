"""Rule R11: slots are offered from today to the clinic's horizon, and no longer."""

from datetime import date, timedelta

from tests.kit.bench import Bench
from tests.kit.database import query
from tests.kit.job_results import counts
from tests.kit.records import MONDAY, visit

HORIZON = 7


def day(number: int) -> date:
    return MONDAY + timedelta(days=number)


def offered(bench: Bench) -> list[date]:
    """Days on which a slot has time left."""
    found = query(
        bench.conn,
        "SELECT DISTINCT date FROM public.schedule_slots "
        "WHERE clinic_id = %s AND booked_count < capacity ORDER BY date",
        (bench.clinic_id,),
    )
    return [slot["date"] for slot in found]


def set_horizon(bench: Bench, days: int) -> None:
    bench.configure("clinic_schedule_configs", sync_horizon_days=days)


def test_r11_slots_behind_the_horizon_last_until_a_run_does_not_read_them(bench: Bench) -> None:
    bench.pims.records = [visit("1", f"{day(9)} 09:00:00")]
    bench.sync(day(0), day(13))
    assert max(offered(bench)) == day(12)
    bench.later()

    bench.sync()

    assert max(offered(bench)) == day(5)  # Saturday: Sunday is closed
    assert bench.slots(day(9)) == {"09:00": 2}  # the visit's own is full


def test_r11_a_lowered_horizon_leaves_no_slots_behind_it(bench: Bench) -> None:
    set_horizon(bench, 14)
    bench.sync(day(0), day(13))
    assert max(offered(bench)) == day(12)
    set_horizon(bench, 3)
    bench.later()

    job = bench.sync(day(0), day(2))

    assert offered(bench) == [day(0), day(1), day(2)]
    assert bench.slots(day(3)) == {}
    assert counts(job)["slots_deleted"] == 9 * 20


def test_r11_behind_the_horizon_a_slot_in_use_is_full_and_reported(bench: Bench) -> None:
    set_horizon(bench, 14)
    bench.pims.records = [
        visit("1", f"{day(9)} 09:00:00"),
        visit("2", f"{day(10)} 09:00:00", status="Cancelled"),
    ]
    bench.sync(day(0), day(13))
    bench.book(f"{day(11)} 09:00", f"{day(11)} 09:30", slot_id=slot_at(bench, day(11), "09:00"))
    set_horizon(bench, 3)
    for _ in range(2):
        bench.later()
        job = bench.sync(day(0), day(2))

    assert offered(bench) == [day(0), day(1), day(2)]
    assert (bench.slots(day(9)), bench.slots(day(10))) == ({"09:00": 2}, {})
    assert bench.slots(day(11)) == {"09:00": 2}
    assert counts(job)["slots_off_grid"] == 2
    assert "slots_recounted" not in counts(job)


def test_r11_a_run_over_today_alone_takes_away_what_lies_behind_the_horizon(bench: Bench) -> None:
    set_horizon(bench, 14)
    bench.sync(day(0), day(13))
    set_horizon(bench, 3)
    bench.configure("clinic_schedule_configs", open_time="09:00", close_time="19:00")
    bench.later()

    bench.sync(day(0), day(0))

    assert offered(bench) == [day(0), day(1), day(2)]
    hours = [(min(bench.slots(day(n))), max(bench.slots(day(n)))) for n in (0, 1)]
    assert hours == [("09:00", "18:30"), ("08:00", "17:30")]  # tomorrow is left as it was


def test_r11_a_horizon_that_grows_gives_its_slots_back(bench: Bench) -> None:
    set_horizon(bench, 14)
    bench.pims.records = [visit("1", f"{day(9)} 09:00:00")]
    bench.sync(day(0), day(13))
    set_horizon(bench, 3)
    bench.sync(day(0), day(2))

    set_horizon(bench, 14)
    bench.sync(day(0), day(13))

    assert bench.slots(day(9))["09:00"] == 1
    assert len(bench.slots(day(9))) == 20


def test_r11_another_days_filled_slot_stays_full_when_its_day_is_counted(bench: Bench) -> None:
    """A run over other days counts a day that a visit has left, and knows its grid as well."""
    bench.pims.records = [visit("1", f"{day(2)} 08:00:00"), visit("2", f"{day(2)} 12:00:00")]
    bench.sync()
    bench.configure("clinic_schedule_configs", open_time="09:00")
    bench.later()
    bench.sync()
    assert bench.slots(day(2))["08:00"] == 2
    bench.pims.replace("2", start=f"{day(0)} 12:00:00", end=f"{day(0)} 12:30:00")
    bench.later()

    bench.sync(day(0), day(0))

    assert bench.slots(day(2))["12:00"] == 0
    assert bench.slots(day(2))["08:00"] == 2


def slot_at(bench: Bench, of: date, start: str) -> object:
    (found,) = query(
        bench.conn,
        "SELECT id FROM public.schedule_slots "
        "WHERE clinic_id = %s AND date = %s AND start_time = %s",
        (bench.clinic_id, of, start),
    )
    return found["id"]
