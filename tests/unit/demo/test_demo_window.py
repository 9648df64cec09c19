"""The demo's days lie across a change of the clocks, whenever it is run."""

from datetime import date, timedelta

import pytest

from demo.window import clock_change_from, window_to_come

WEST = "America/Los_Angeles"


def test_an_hour_that_does_not_exist() -> None:
    change = clock_change_from(WEST, date(2026, 11, 26))

    assert str(change.begins) == "2027-03-14 02:00:00"
    assert str(change.ends) == "2027-03-14 03:00:00"
    assert change.forward
    assert str(change.in_the_middle) == "2027-03-14 02:30:00"
    assert str(change) == (
        "On 14 March 2027 the clocks of Los Angeles go forward: 02:00 to 03:00 does not exist."
    )


def test_an_hour_that_comes_twice() -> None:
    change = clock_change_from(WEST, date(2027, 3, 15))

    assert str(change.begins) == "2027-11-07 01:00:00"
    assert str(change.ends) == "2027-11-07 02:00:00"
    assert not change.forward
    assert str(change) == (
        "On 7 November 2027 the clocks of Los Angeles go back: 01:00 to 02:00 comes twice."
    )


def test_the_day_itself_counts() -> None:
    day = date(2027, 3, 14)

    assert clock_change_from(WEST, day).begins.date() == day


def test_half_an_hour_is_a_change_too() -> None:
    change = clock_change_from("Australia/Lord_Howe", date(2027, 1, 1))

    assert change.ends - change.begins == timedelta(minutes=30)


def test_a_zone_without_changes_is_refused() -> None:
    with pytest.raises(LookupError, match="America/Phoenix"):
        clock_change_from("America/Phoenix", date(2027, 1, 1))


@pytest.mark.parametrize("days", range(0, 366, 5))
def test_every_window_is_to_come_and_has_the_change_on_its_fourth_day(days: int) -> None:
    today = date(2026, 11, 26) + timedelta(days=days)

    window = window_to_come(WEST, today)

    assert window.first_day > today + timedelta(days=1)
    assert (window.last_day - window.first_day).days == 13
    assert (window.change.begins.date() - window.first_day).days == 3


@pytest.mark.parametrize(("today", "month"), [(date(2027, 3, 9), 3), (date(2027, 3, 10), 11)])
def test_a_change_that_is_too_near_is_left_to_the_next(today: date, month: int) -> None:
    assert window_to_come(WEST, today).first_day.month == month
