"""Rule R3: wall-clock texts become a day and two times of that day."""

from datetime import UTC, date, datetime
from typing import Any, Literal

import pytest

from idexx_sync.pims.protocol import Found, Unreadable
from idexx_sync.syncs.gate import UNREADABLE
from idexx_sync.syncs.proof import READS_THAT_SET_APART
from tests.kit.bench import Bench
from tests.kit.job_results import counts, warnings
from tests.kit.records import MONDAY, block, visit, visits

SPRING, AUTUMN = date(2026, 3, 8), date(2026, 11, 1)
"""The days on which Los Angeles changes its clocks, at 02:00."""


def times(row: dict[str, Any]) -> tuple[str, str, str]:
    return str(row["date"]), f"{row['start_time']:%H:%M:%S}", f"{row['end_time']:%H:%M:%S}"


@pytest.mark.parametrize(
    ("start", "end", "stored"),
    [
        ("2026-03-08 01:59:00", "2026-03-08 01:59:30", ("01:59:00", "01:59:30")),
        ("2026-03-08 02:00:00", "2026-03-08 02:30:00", ("03:00:00", "03:30:00")),
        ("2026-03-08 02:59:00", "2026-03-08 03:29:00", ("03:59:00", "04:29:00")),
        ("2026-03-08 03:00:00", "2026-03-08 03:30:00", ("03:00:00", "03:30:00")),
        # Two hours on the clock's face before the change end three hours later on it.
        ("2026-03-08 01:30:00", "2026-03-08 03:30:00", ("01:30:00", "04:30:00")),
    ],
)
def test_r03_a_skipped_time_moves_forward(
    bench: Bench, start: str, end: str, stored: tuple[str, str]
) -> None:
    bench.pims.records = [visit("1", start, end=end)]

    bench.sync(SPRING, SPRING)

    assert times(bench.row("1")) == ("2026-03-08", *stored)


def test_r03_a_repeated_time_is_kept_as_said(bench: Bench) -> None:
    bench.pims.records = [
        visit("1", "2026-11-01 01:00:00", end="2026-11-01 01:30:00"),
        visit("2", "2026-11-01 01:30:00", end="2026-11-01 02:30:00"),
    ]

    bench.sync(AUTUMN, AUTUMN)

    assert times(bench.row("1")) == ("2026-11-01", "01:00:00", "01:30:00")
    assert times(bench.row("2")) == ("2026-11-01", "01:30:00", "02:30:00")


@pytest.mark.parametrize("end", [None, "2026-05-04 09:00:00"])
def test_r03_no_length_is_one_slot(bench: Bench, end: str | None) -> None:
    bench.configure("clinic_schedule_configs", slot_duration_minutes=20)
    bench.pims.records = [visit("1", "2026-05-04 09:00:00", end=end)]

    job = bench.sync()

    assert times(bench.row("1")) == ("2026-05-04", "09:00:00", "09:20:00")
    assert job.status == "succeeded"


def test_r03_a_negative_length_occupies_the_rest_of_its_day(
    bench: Bench,
) -> None:
    bench.pims.records = [visit("1", "2026-05-04 09:00:00", end="2026-05-04 08:59:59")]
    bench.stage("shadow")
    bench.sync()
    assert bench.record("1")["quarantine_code"] is None  # a run that applies has yet to tell it
    bench.stage("live")
    bench.later()

    job = bench.sync()

    assert job.status == "succeeded_with_warnings"
    assert warnings(job) == {"unreadable_records": 1}
    assert bench.record("1")["quarantine_code"] == "ends_before_start"
    assert bench.rows() == []
    assert free(bench) == ["08:00", "08:30"]


def free(bench: Bench, day: date = MONDAY) -> list[str]:
    """Starts of the day's slots that are offered."""
    return [start for start, booked in bench.slots(day).items() if not booked]


def test_r03_a_negative_length_leaves_the_row_we_hold_as_it_is(bench: Bench) -> None:
    bench.pims.records = [visit("1", "2026-05-04 09:00:00", end="2026-05-04 10:00:00")]
    bench.sync()
    before = bench.row("1")
    bench.pims.replace("1", start="2026-05-04 11:00:00", status="Arrived")
    bench.later()

    job = bench.sync()

    assert "updated" not in counts(job)
    assert bench.row("1") == before


@pytest.mark.parametrize("end", ["2026-05-04 00:00:00", "2026-05-05 00:00:00"])
def test_r03_a_block_from_midnight_to_midnight_is_the_whole_day(bench: Bench, end: str) -> None:
    bench.pims.records = [block("7", "2026-05-04 00:00:00", end, room_id=None)]

    job = bench.sync()

    assert times(bench.row("7@2026-05-04 00:00:00")) == ("2026-05-04", "00:00:00", "23:59:59")
    assert warnings(job) == {}
    assert set(bench.slots().values()) == {2}


@pytest.mark.parametrize("day", [SPRING, AUTUMN])
def test_r03_a_whole_day_is_whole_when_the_clocks_change(bench: Bench, day: date) -> None:
    bench.pims.records = [block("7", f"{day} 00:00:00", f"{day} 00:00:00")]

    job = bench.sync(day, day)

    assert times(bench.row(f"7@{day} 00:00:00")) == (str(day), "00:00:00", "23:59:59")
    assert warnings(job) == {}


def test_r03_a_block_of_no_length_elsewhere_is_one_slot(bench: Bench) -> None:
    bench.pims.records = [block("7", "2026-05-04 12:00:00", "2026-05-04 12:00:00")]

    bench.sync()

    assert times(bench.row("7@2026-05-04 12:00:00")) == ("2026-05-04", "12:00:00", "12:30:00")


def test_r03_a_visit_from_midnight_to_midnight_is_one_slot(bench: Bench) -> None:
    bench.pims.records = [visit("1", "2026-05-04 00:00:00", end="2026-05-04 00:00:00")]

    bench.sync()

    assert times(bench.row("1")) == ("2026-05-04", "00:00:00", "00:30:00")


@pytest.mark.parametrize(
    ("end", "stored", "reported"),
    [
        ("2026-05-04 23:59:59", "23:59:59", {}),
        ("2026-05-05 00:00:00", "23:59:59", {}),
        ("2026-05-05 00:00:01", "23:59:59", {"ends_after_midnight": 1}),
        ("2026-05-06 09:00:00", "23:59:59", {"ends_after_midnight": 1}),
    ],
)
def test_r03_an_end_after_midnight_is_cut_and_reported(
    bench: Bench, end: str, stored: str, reported: dict[str, int]
) -> None:
    bench.pims.records = [visit("1", "2026-05-04 23:30:00", end=end)]

    job = bench.sync()

    assert times(bench.row("1")) == ("2026-05-04", "23:30:00", stored)
    assert warnings(job) == reported


def test_r03_the_day_is_the_texts_own_whatever_day_it_is_in_utc(bench: Bench) -> None:
    bench.pims.records = [visit("1", "2026-05-04 23:00:00"), visit("2", "2026-05-04 16:59:00")]

    bench.sync(date(2026, 5, 4), date(2026, 5, 4))

    assert [str(row["date"]) for row in bench.rows()] == ["2026-05-04", "2026-05-04"]


def test_r03_a_clinic_without_a_zone_is_in_los_angeles_and_warned_each_run(bench: Bench) -> None:
    bench.configure("clinics", timezone=None)
    bench.now = datetime(2026, 3, 8, 6, tzinfo=UTC)
    bench.pims.records = [visit("1", "2026-03-08 02:30:00")]

    jobs = [bench.sync(SPRING, SPRING), bench.sync(SPRING, SPRING)]

    assert [warnings(job) for job in jobs] == [{"clinic_without_zone": 1}] * 2
    assert [job.status for job in jobs] == ["succeeded_with_warnings"] * 2
    assert times(bench.row("1"))[1] == "03:30:00"


def test_r03_a_zone_that_does_not_exist_is_named(bench: Bench) -> None:
    bench.configure("clinics", timezone="America/Nowhere")

    job = bench.sync()

    assert (job.status, job.error_kind) == ("failed", "configuration_invalid")
    assert "clinics.timezone" in (job.error_message or "")


@pytest.mark.parametrize(
    ("item", "left"),
    [
        (Unreadable("x", "1", start="2026-05-04 09:00:00"), ["08:00", "08:30"]),
        (
            Unreadable("x", "1", start="2026-05-04 08:30:00", end="2026-05-04 16:30:00"),
            ["08:00", "16:30", "17:00", "17:30"],
        ),
        (Unreadable("x", "1", day=MONDAY), []),
        (Unreadable("x", None, day=MONDAY), []),
        (Unreadable("x", None, start="2026-05-04 09:00:00"), ["08:00", "08:30"]),
        (Unreadable("x", "7", kind="block", start="2026-05-04 09:00:00"), ["08:00", "08:30"]),
        (
            Unreadable("x", "1", start="2026-05-03 09:00:00", end="2026-05-04 16:00:00"),
            ["16:00", "16:30", "17:00", "17:30"],
        ),
        (
            Unreadable("x", "1", start="2026-05-04 09:00:00", last_day=date(2026, 5, 6)),
            ["08:00", "08:30"],
        ),
        (
            Unreadable("x", "1", day=date(2026, 5, 5), instant=datetime(2026, 5, 5, 3, tzinfo=UTC)),
            [],
        ),
        (Unreadable("x", "1", day=date(2026, 5, 2), last_day=date(2026, 5, 4), room_id="3"), []),
    ],
    ids=[
        "start",
        "start_and_end",
        "day",
        "no_id_day",
        "no_id_start",
        "block",
        "day_before",
        "last_day",
        "offset",
        "days",
    ],
)
def test_r03_an_unreadable_record_takes_all_that_it_may_mean(
    bench: Bench, item: Unreadable, left: list[str]
) -> None:
    bench.sync()
    assert len(free(bench)) == 20
    bench.pims.unreadable = [item]
    bench.later()

    job = bench.sync()

    assert job.status == "succeeded_with_warnings"
    assert (bench.rows(), free(bench)) == ([], left)
    reaches_on = item.last_day == date(2026, 5, 6) or item.day == date(2026, 5, 5)
    later = 0 if reaches_on else 20
    assert len(free(bench, date(2026, 5, 5))) == later


def test_r03_a_row_that_cannot_be_read_any_more_keeps_its_time_too(bench: Bench) -> None:
    bench.pims.records = [visit("1", "2026-05-04 09:00:00", end="2026-05-04 10:00:00")]
    bench.sync()
    bench.pims.records = []
    bench.pims.unreadable = [Unreadable("end_unreadable", "1", "visit", "2026-05-04 16:00:00", "3")]
    bench.later()

    bench.sync()

    assert [start for start, booked in bench.slots().items() if booked] == [
        "09:00",
        "09:30",
        "16:00",
        "16:30",
        "17:00",
        "17:30",
    ]
    assert max(bench.slots().values()) == 1


def test_r03_once_readable_the_record_takes_what_it_says(bench: Bench) -> None:
    bench.pims.unreadable = [Unreadable("end_unreadable", "1", start="2026-05-04 09:00:00")]
    bench.sync()
    bench.pims.unreadable = []
    bench.pims.records = [visit("1", "2026-05-04 09:00:00", end="2026-05-04 10:00:00")]
    bench.later()

    job = bench.sync()

    assert (job.status, counts(job)["created"]) == ("succeeded", 1)
    assert times(bench.row("1")) == ("2026-05-04", "09:00:00", "10:00:00")
    assert bench.row("1")["patient_name"] == "TANGO"
    assert bench.record("1")["quarantine_code"] is None
    assert len(free(bench)) == 18


@pytest.mark.parametrize("by", ["gone_twice", "deleted", "no_id"])
def test_r03_what_an_unreadable_record_took_is_free_once_it_is_gone(bench: Bench, by: str) -> None:
    record_id = None if by == "no_id" else "1"
    bench.pims.unreadable = [Unreadable("x", record_id, start="2026-05-04 09:00:00")]
    bench.sync()
    bench.pims.unreadable = []
    if by == "deleted":
        bench.pims.answers["1"] = Found(
            "1", "visit", "2026-05-04 09:00:00", None, "3", None, deleted=True, cancelled=False
        )
    bench.later()
    bench.sync()
    assert len(free(bench)) == (20 if by == "deleted" else 2)
    bench.later()

    bench.sync()

    assert len(free(bench)) == 20


def test_r03_a_record_of_no_known_day_frees_no_day(bench: Bench) -> None:
    bench.pims.records = visits(2)
    bench.sync()
    bench.pims.replace("600101", start="2026-05-05 12:00:00", end="2026-05-05 12:30:00")
    bench.pims.unreadable = [Unreadable("start_missing", "1")]
    bench.later()

    bench.sync()

    assert (bench.slots()["08:00"], bench.slots(date(2026, 5, 5))["12:00"]) == (1, 1)
    bench.pims.unreadable = []
    bench.later()
    bench.sync()
    assert bench.slots()["08:00"] == 0


@pytest.mark.parametrize("verdict", ["approved", "rejected"])
def test_r03_a_record_of_no_known_day_frees_no_day_until_a_person_lets_it_through(
    bench: Bench, verdict: Literal["approved", "rejected"]
) -> None:
    friday = date(2026, 5, 8)
    bench.pims.records = visits(2)
    bench.sync(MONDAY, date(2026, 5, 7))
    bench.pims.replace("600101", start="2026-05-05 12:00:00", end="2026-05-05 12:30:00")
    bench.pims.unreadable = [Unreadable("start_missing", "1")]
    for _ in range(READS_THAT_SET_APART + 1):
        bench.later()
        job = bench.sync()

    assert job.result is not None
    assert (job.status, job.result["fresh"]) == ("held", True)  # it is set apart, the rest counts
    assert (bench.slots()["08:00"], bench.slots(friday)) == (1, {})
    bench.decide(UNREADABLE, verdict)
    bench.later()

    bench.sync()

    taken = (bench.slots()["08:00"], set(bench.slots(friday).values()))
    assert taken == ((0, {0}) if verdict == "approved" else (1, set()))


@pytest.mark.parametrize(
    "item",
    [
        Unreadable("start_missing", "1"),
        Unreadable("end_unreadable", "1", start="2026-05-12 09:00:00"),
    ],
    ids=["without_start", "beyond_the_window"],
)
def test_r03_what_has_no_place_in_the_window_occupies_nothing(
    bench: Bench, item: Unreadable
) -> None:
    bench.pims.unreadable = [item]

    bench.sync()

    assert bench.rows() == []


def test_r03_an_unreadable_record_is_audited_once(bench: Bench) -> None:
    bench.pims.unreadable = [Unreadable("start_missing", "1")]
    first = bench.sync()
    bench.later()
    second = bench.sync()

    (audit,) = bench.audits(first)
    assert (audit["status"], audit["error_message"]) == ("skipped", "start_missing")
    assert bench.audits(second) == []
