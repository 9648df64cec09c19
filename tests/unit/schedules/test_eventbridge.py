"""The dialect of EventBridge Scheduler: when an expression runs, and what is refused."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idexx_sync.core.clinic_time import to_wall
from idexx_sync.schedules.eventbridge import Expression, read_expression
from idexx_sync.schedules.fields import BadCron

NEW_YORK = ZoneInfo("America/New_York")
NEW_YEAR = datetime(2026, 1, 1, 5, 0, tzinfo=UTC)
"""Thursday midnight in New York."""

RUNS = [
    ("cron(0 10 * * ? *)", ["2026-01-01 10:00", "2026-01-02 10:00", "2026-01-03 10:00"]),
    ("cron(0/20 10 1 * ? *)", ["2026-01-01 10:00", "2026-01-01 10:20", "2026-01-01 10:40"]),
    ("cron(1/25 10 1 * ? *)", ["2026-01-01 10:01", "2026-01-01 10:26", "2026-01-01 10:51"]),
    ("cron(0 18 ? * 1 *)", ["2026-01-04 18:00", "2026-01-11 18:00", "2026-01-18 18:00"]),  # Sunday
    ("cron(0 18 ? * 2-6 *)", ["2026-01-01 18:00", "2026-01-02 18:00", "2026-01-05 18:00"]),
    ("cron(0 18 ? * MON-FRI *)", ["2026-01-01 18:00", "2026-01-02 18:00", "2026-01-05 18:00"]),
    ("cron(0 8 ? 2,MAR 3 *)", ["2026-02-03 08:00", "2026-02-10 08:00", "2026-02-17 08:00"]),
    ("cron(0 8 L * ? *)", ["2026-01-31 08:00", "2026-02-28 08:00", "2026-03-31 08:00"]),
    ("cron(0 8 3W * ? *)", ["2026-01-02 08:00", "2026-02-03 08:00", "2026-03-03 08:00"]),
    ("cron(0 8 1W * ? *)", ["2026-01-01 08:00", "2026-02-02 08:00", "2026-03-02 08:00"]),
    ("cron(0 8 31W * ? *)", ["2026-01-30 08:00", "2026-03-31 08:00", "2026-05-29 08:00"]),
    ("cron(0 8 LW * ? *)", ["2026-01-30 08:00", "2026-02-27 08:00", "2026-03-31 08:00"]),
    ("cron(0 8 ? * 3#2 *)", ["2026-01-13 08:00", "2026-02-10 08:00", "2026-03-10 08:00"]),
    ("cron(0 8 ? * FRI#5 *)", ["2026-01-30 08:00", "2026-05-29 08:00", "2026-07-31 08:00"]),
    ("cron(15 10 ? * 6L 2019-2026)", ["2026-01-30 10:15", "2026-02-27 10:15", "2026-03-27 10:15"]),
    ("cron(0 8 ? * L *)", ["2026-01-03 08:00", "2026-01-10 08:00", "2026-01-17 08:00"]),
    ("cron(0 0 29 2 ? *)", ["2028-02-29 00:00", "2032-02-29 00:00", "2036-02-29 00:00"]),
    ("cron(0 8 1 1 ? 2028/70)", ["2028-01-01 08:00", "2098-01-01 08:00", "2168-01-01 08:00"]),
    ("cron(0 8 1 12 ? 2026,2027)", ["2026-12-01 08:00", "2027-12-01 08:00"]),
    ("cron(0 8 1 1 ? 1970-2025)", []),
    ("cron(0 8 31 2 ? *)", []),
]


@pytest.mark.parametrize(("text", "expected"), RUNS)
def test_an_expression_runs_at_the_times_it_names(text: str, expected: list[str]) -> None:
    found = list(islice(Expression(text, NEW_YORK).runs_after(NEW_YEAR), 3))

    assert [f"{to_wall(instant, NEW_YORK):%Y-%m-%d %H:%M}" for instant in found] == expected
    for earlier, later in pairwise(found):
        assert Expression(text, NEW_YORK).next_run(earlier) == later
        assert Expression(text, NEW_YORK).previous_run(later) == later
        just_before = later - timedelta(microseconds=1)
        assert Expression(text, NEW_YORK).previous_run(just_before) == earlier


def test_what_is_over_has_a_last_run_and_no_next_one() -> None:
    over = Expression("cron(0 8 1 1 ? 1970-2025)", NEW_YORK)

    assert over.next_run(NEW_YEAR) is None
    assert over.previous_run(NEW_YEAR) == datetime(2025, 1, 1, 13, 0, tzinfo=UTC)
    assert Expression("cron(0 8 1 1 ? 2027)", NEW_YORK).previous_run(NEW_YEAR) is None


def test_r29_a_time_that_is_left_out_does_not_run() -> None:
    nightly = Expression("cron(30 2 * * ? *)", NEW_YORK)
    before = datetime(2026, 3, 8, 5, 0, tzinfo=UTC)

    assert nightly.next_run(before) == datetime(2026, 3, 9, 6, 30, tzinfo=UTC)
    assert nightly.previous_run(datetime(2026, 3, 8, 20, 0, tzinfo=UTC)) == datetime(
        2026, 3, 7, 7, 30, tzinfo=UTC
    )


def test_r29_an_hour_that_comes_twice_runs_once() -> None:
    often = Expression("cron(0/30 * * * ? *)", NEW_YORK)
    midnight = datetime(2026, 11, 1, 4, 0, tzinfo=UTC)

    found = list(islice(often.runs_after(midnight), 5))

    assert [f"{instant:%H:%M}" for instant in found] == [
        "04:30",
        "05:00",
        "05:30",
        "07:00",
        "07:30",
    ]
    assert often.previous_run(datetime(2026, 11, 1, 6, 10, tzinfo=UTC)) == found[2]
    assert often.next_run(datetime(2026, 11, 1, 6, 10, tzinfo=UTC)) == found[3]


REFUSED = [
    ("0 2 * * ? *", "not of the form cron("),
    ("cron(0 2 * * ? *", "not of the form cron("),
    ("cron(0 2 * * ?)", "not of the form cron("),
    ("cron(0 0 2 * * ? *)", "not of the form cron("),
    ("rate(5 minutes)", "not of the form cron("),
    ("at(2026-11-20T13:00:00)", "not of the form cron("),
    ("cron(0 2 * * * *)", "exactly one has to be ?"),
    ("cron(0 2 ? * ? *)", "exactly one has to be ?"),
    ("cron(0 2 1 * MON *)", "exactly one has to be ?"),
    ("cron(0 2 ? * 0 *)", "weekday '0': 1 to 7 or SUN to SAT is expected"),
    ("cron(0 2 ? * 8 *)", "weekday '8'"),
    ("cron(0 2 ? * mon *)", "weekday 'mon'"),
    ("cron(0 2 ? * */2 *)", "steps are not possible there"),
    ("cron(0 2 ? * FRI-MON *)", "runs backwards"),
    ("cron(0 2 ? * 3#1,6#3 *)", "weekday '3#1'"),
    ("cron(0 2 ? * 3#6 *)", "weekday '3#6'"),
    ("cron(0 2 0 * ? *)", "day of month '0'"),
    ("cron(0 2 32W * ? *)", "day of month '32'"),
    ("cron(0 2 1,L * ? *)", "day of month 'L'"),
    ("cron(60 2 * * ? *)", "minute '60'"),
    ("cron(? 2 * * ? *)", "minute '?'"),
    ("cron(0 24 * * ? *)", "hour '24'"),
    ("cron(0 2 * 13 ? *)", "month '13'"),
    ("cron(0 2 * * ? 1969)", "year '1969'"),
    ("cron(0 2 * * ? 2200)", "year '2200'"),
    ("cron(0/0 2 * * ? *)", "minute: behind a /"),
    ("cron(²/5 2 * * ? *)", "minute '²'"),
    (f"cron({'0,' * 130}0 2 * * ? *)", "at most 256 characters"),
]


@pytest.mark.parametrize(("text", "said"), REFUSED)
def test_what_aws_refuses_is_refused(text: str, said: str) -> None:
    with pytest.raises(BadCron) as refused:
        read_expression(text)

    assert said in str(refused.value)


@given(
    st.builds(
        "cron({})".format,
        st.text(st.sampled_from("0159*/,-#LW?MON "), max_size=24) | st.text(max_size=24),
    )
)
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(BadCron):
        assert (Expression(text, NEW_YORK).next_run(NEW_YEAR) or NEW_YEAR) >= NEW_YEAR
