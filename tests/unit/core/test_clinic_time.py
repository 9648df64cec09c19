"""Wall-clock texts, instants, and the rules between them (rule R3)."""

from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from idexx_sync.core.clinic_time import (
    DEFAULT_ZONE,
    LAST_SECOND,
    ClockChange,
    EndsBeforeStart,
    OutOfCalendar,
    Span,
    clock_change,
    day_of,
    is_skipped,
    local_day,
    named_zone,
    occupied_span,
    parse_wall,
    to_instant,
    to_wall,
    zone_of,
)

LOS_ANGELES = ZoneInfo("America/Los_Angeles")
ZONES = [
    ZoneInfo(name)
    for name in (
        "America/Los_Angeles",
        "America/New_York",
        "America/Phoenix",
        "America/St_Johns",
        "America/Havana",  # changes at midnight
        "Pacific/Honolulu",
        "Europe/London",
        "Australia/Lord_Howe",  # changes by half an hour
        "Asia/Kathmandu",
    )
]
zones = st.sampled_from(ZONES)
days = st.dates(date(2020, 1, 1), date(2035, 12, 31))
walls = st.builds(datetime.combine, days, st.times().map(lambda t: t.replace(microsecond=0)))
lengths = st.integers(min_value=1, max_value=30 * 3600).map(lambda n: timedelta(seconds=n))


def change_days(zone: ZoneInfo) -> list[date]:
    """The days of 2026 on which the zone's offset changes."""
    first = datetime.combine(date(2026, 1, 1), time(12))
    noons = [first + timedelta(days=n) for n in range(366)]
    return [
        later.date()
        for earlier, later in pairwise(noons)
        if earlier.replace(tzinfo=zone).utcoffset() != later.replace(tzinfo=zone).utcoffset()
    ]


near_changes = zones.filter(lambda zone: bool(change_days(zone))).flatmap(
    lambda zone: st.tuples(
        st.just(zone),
        st.sampled_from(change_days(zone)),
        st.integers(min_value=0, max_value=24 * 60 - 1),
    ).map(
        lambda found: (
            found[0],
            datetime.combine(found[1], time()) + timedelta(minutes=found[2]),
        )
    )
)
starts = st.one_of(st.tuples(zones, walls), near_changes)


def exists(wall: datetime, zone: ZoneInfo) -> bool:
    return to_wall(to_instant(wall, zone), zone) == wall


@given(starts)
def test_r03_a_time_moves_forward_or_not_at_all(start: tuple[ZoneInfo, datetime]) -> None:
    zone, wall = start

    shown = to_wall(to_instant(wall, zone), zone)

    assert shown == wall or timedelta(0) < shown - wall <= timedelta(hours=1)


@given(starts)
def test_r03_of_two_equal_times_the_first_counts(start: tuple[ZoneInfo, datetime]) -> None:
    zone, wall = start
    instant = to_instant(wall, zone)

    for earlier in (timedelta(minutes=30), timedelta(hours=1)):
        assert to_wall(instant - earlier, zone) != wall


@given(starts, lengths)
def test_r03_a_span_lies_on_the_day_of_its_text(
    start: tuple[ZoneInfo, datetime], length: timedelta
) -> None:
    zone, wall = start

    span = occupied_span(str(wall), str(wall + length), zone, 30, is_block=False)

    assert span.day == wall.date() == day_of(str(wall))
    assert span.start <= span.end
    assert span.start >= wall.time()
    if exists(wall, zone):
        assert span.start == wall.time()


@given(starts, lengths)
def test_r03_a_span_covers_all_the_time_that_the_visit_takes(
    start: tuple[ZoneInfo, datetime], length: timedelta
) -> None:
    """Whatever the clock on the wall shows between the two instants, that day, is occupied.

    But for what the second pass of a repeated hour shows before the start: a start stays.
    """
    zone, wall = start
    begin = to_instant(wall, zone)

    span = occupied_span(str(wall), str(wall + length), zone, 30, is_block=False)

    for part in range(9):
        instant = begin + length * part / 8
        shown = to_wall(instant, zone)
        if shown.date() != span.day:
            continue
        if shown.time().replace(microsecond=0) < span.start:
            assert instant.astimezone(zone).fold == 1
        else:
            assert shown.time() <= span.end or span.end == LAST_SECOND


def test_r03_a_visit_over_a_repeated_hour_keeps_its_start_and_the_later_end() -> None:
    havana = ZoneInfo("America/Havana")  # 01:00 is 00:00 again

    span = occupied_span("2026-11-01 00:21:00", "2026-11-01 01:00:00", havana, 30, is_block=False)

    assert span == Span(date(2026, 11, 1), time(0, 21), time(1, 0))


@given(zones, walls, lengths)
def test_r03_without_a_change_of_clocks_a_span_is_what_the_texts_say(
    zone: ZoneInfo, wall: datetime, length: timedelta
) -> None:
    end = wall + length
    assume(end.date() == wall.date())
    assume(wall.replace(tzinfo=zone).utcoffset() == end.replace(tzinfo=zone).utcoffset())
    assume(exists(wall, zone))

    span = occupied_span(str(wall), str(end), zone, 30, is_block=False)

    assert span == Span(wall.date(), wall.time(), end.time())


@given(starts, st.integers(min_value=1, max_value=120), st.booleans())
def test_r03_no_end_and_no_length_are_one_slot(
    start: tuple[ZoneInfo, datetime], minutes: int, is_block: bool
) -> None:
    zone, wall = start
    assume(wall.time() != time())
    without, equal, said = (
        occupied_span(str(wall), end, zone, minutes, is_block=is_block)
        for end in (None, str(wall), str(wall + timedelta(minutes=minutes)))
    )

    assert without == equal == said


@given(starts, lengths)
def test_r03_a_negative_length_is_refused(
    start: tuple[ZoneInfo, datetime], length: timedelta
) -> None:
    zone, wall = start

    with pytest.raises(EndsBeforeStart):
        occupied_span(str(wall), str(wall - length), zone, 30, is_block=False)


@given(zones, days)
def test_r03_a_block_from_midnight_to_midnight_is_the_whole_day(zone: ZoneInfo, day: date) -> None:
    midnight = f"{day} 00:00:00"
    assume(exists(parse_wall(midnight), zone))

    span = occupied_span(midnight, midnight, zone, 30, is_block=True)

    assert span == Span(day, time(), LAST_SECOND)


@given(lengths)
def test_r03_only_what_ends_after_midnight_is_cut(length: timedelta) -> None:
    start = parse_wall("2026-05-04 22:30:00")

    span = occupied_span(str(start), str(start + length), LOS_ANGELES, 30, is_block=False)

    assert span.cut_at_midnight is (length > timedelta(minutes=90))
    assert (span.end == LAST_SECOND) is (length >= timedelta(seconds=90 * 60 - 1))


@pytest.mark.parametrize(
    "text",
    ["2026-05-04T09:00:00", "2026-05-04 09:00", "2026-05-04 09:00:00Z", "2026-13-04 09:00:00", ""],
)
def test_a_text_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_wall(text)


def test_r03_an_evening_visit_belongs_to_the_local_day() -> None:
    late = parse_wall("2026-05-04 23:30:00")

    assert to_instant(late, LOS_ANGELES).date() == date(2026, 5, 5)
    assert local_day(to_instant(late, LOS_ANGELES), LOS_ANGELES) == date(2026, 5, 4)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    "start", ["9999-12-31 23:45:00", "9999-12-31 00:00:00", "0001-01-01 00:10:00"]
)
def test_r26_what_no_calendar_can_add_up_takes_the_rest_of_its_day(
    zone: ZoneInfo, start: str
) -> None:
    span = occupied_span(start, None, zone, 30, is_block=False)
    assert (span.day, span.start) == (day_of(start), parse_wall(start).time())
    assert span.end >= span.start


def test_r26_the_instant_of_the_last_evening_is_none() -> None:
    with pytest.raises(OutOfCalendar):
        to_instant(parse_wall("9999-12-31 23:45:00"), LOS_ANGELES)


@pytest.mark.parametrize(
    ("zone", "day", "before", "after"),
    [
        ("America/Los_Angeles", date(2026, 3, 8), "02:00", "03:00"),
        ("America/Los_Angeles", date(2026, 11, 1), "02:00", "01:00"),
        ("Australia/Lord_Howe", date(2026, 4, 5), "02:00", "01:30"),
        ("America/Havana", date(2026, 3, 8), "00:00", "01:00"),
        ("America/Havana", date(2026, 11, 1), "01:00", "00:00"),
    ],
)
def test_r03_a_change_of_the_clocks_is_found_on_its_day_and_on_no_other(
    zone: str, day: date, before: str, after: str
) -> None:
    change = clock_change(day, ZoneInfo(zone))

    assert change is not None
    assert (f"{change.before:%H:%M}", f"{change.after:%H:%M}") == (before, after)
    assert change.first.date() == day
    assert change.skips == is_skipped(change.first, ZoneInfo(zone)) == (before < after)
    for other in (day - timedelta(days=1), day + timedelta(days=1), date.min, date.max):
        assert clock_change(other, ZoneInfo(zone)) is None


def test_r03_what_touches_a_change_of_the_clocks() -> None:
    change = clock_change(date(2026, 11, 1), LOS_ANGELES)

    def touches(start: str, end: str) -> bool:
        assert isinstance(change, ClockChange)
        day = date(2026, 11, 1)
        spans = (datetime.combine(day, time.fromisoformat(text)) for text in (start, end))
        return change.touches(*spans)

    assert touches("01:00", "01:00")
    assert touches("01:59", "03:00")
    assert touches("00:30", "01:01")
    assert not touches("00:30", "01:00")
    assert not touches("02:00", "03:00")


@pytest.mark.parametrize(
    "name", ["localtime", "posixrules", "Factory", "right/America/New_York", "posix/Europe/Berlin"]
)
def test_a_file_of_the_systems_that_is_no_place_is_no_zone(name: str) -> None:
    assert named_zone(name) is None
    assert zone_of(name).key == DEFAULT_ZONE
