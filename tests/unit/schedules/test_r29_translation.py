"""What goes out to EventBridge Scheduler runs at the times that the unix cron names."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from idexx_sync.core.clinic_time import to_wall
from idexx_sync.schedules.clock_effects import clock_effects
from idexx_sync.schedules.fields import BadCron
from idexx_sync.schedules.next_run import runs_after
from idexx_sync.schedules.translation import expressions

UTC_ZONE = ZoneInfo("UTC")
ZONES = {
    "America/Los_Angeles": "",
    "Asia/Kathmandu": "2026-05-04",  # 5:45 ahead
    "Pacific/Chatham": "",  # 12:45 and 13:45 ahead
    "Africa/Casablanca": "",  # back for Ramadan
    "Africa/Cairo": "",  # at midnight
    "America/Havana": "",  # at midnight
    "Australia/Lord_Howe": "",  # by half an hour
    "Antarctica/Troll": "",  # by two hours
    "America/St_Johns": "",  # 2:30 and 3:30 behind
    "America/Sao_Paulo": "2018-11-04",  # at midnight; since 2019 no more
    "Pacific/Apia": "2011-12-30",  # a whole day left out
}
"""Zone -> a day that is of interest, beside those of changes of its clocks."""


def changes(zone: ZoneInfo) -> Iterator[date]:
    """UTC days on which its clocks are put forward or back, over two years."""
    for n in range(2 * 365):
        day = datetime(2026, 6, 1, tzinfo=UTC) + timedelta(days=n)
        following = day + timedelta(days=1)
        if day.astimezone(zone).utcoffset() != following.astimezone(zone).utcoffset():
            yield day.date()


DAYS = [
    (ZoneInfo(key), day)
    for key, text in ZONES.items()
    for day in [*changes(ZoneInfo(key)), *([date.fromisoformat(text)] if text else [])]
]


def field(first: int, last: int, *words: str) -> st.SearchStrategy[str]:
    """One field of a unix cron other than a star, words in the place of numbers now and then."""
    number = st.integers(first, last)

    def shown(value: int, *, in_words: bool) -> str:
        return words[value - first] if in_words and value - first < len(words) else str(value)

    one = st.builds(lambda n, w: shown(n, in_words=w), number, st.booleans())
    ranges = st.builds(
        lambda a, b, w: f"{shown(min(a, b), in_words=w)}-{shown(max(a, b), in_words=w)}",
        *(number, number, st.booleans()),
    )
    # Of a range of one number with a step the library makes an open one.
    steps = st.builds(
        lambda a, b, n: f"{min(a, b)}-{max(a, b)}/{n}" if a != b else f"{a}/{n}",
        *(number, number, st.integers(1, last)),
    )
    return st.lists(one | ranges | steps, min_size=1, max_size=3).map(",".join)


STAR = st.just("*")
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS = ("SUN", "mon", "Tue", "WED", "THU", "FRI", "SAT")
star_steps = st.integers(1, 31).map("*/{}".format)
days_of_month, weekdays = field(1, 31), field(0, 7, *WEEKDAYS)
due_days = st.one_of(
    st.tuples(STAR, STAR),
    st.tuples(days_of_month | star_steps, STAR),
    st.tuples(STAR, weekdays | star_steps),
    st.tuples(days_of_month, weekdays),
)
months = STAR | field(1, 12, *MONTHS) | star_steps


@st.composite
def crons(draw: st.DrawFn, minutes: st.SearchStrategy[str], hours: st.SearchStrategy[str]) -> str:
    """Any cron but those that never come, or whose two day fields crons read differently."""
    day, weekday = draw(due_days)
    cron = f"{draw(minutes)} {draw(hours)} {day} {draw(months)} {weekday}"
    try:
        expressions(cron, UTC_ZONE)
    except BadCron as fault:
        if "no month that it names has that day" not in str(fault):
            raise
        return f"{draw(minutes)} {draw(hours)} * * *"
    return cron


any_cron = crons(field(0, 59) | star_steps, STAR | star_steps | field(0, 23))
minutes_only = st.builds("{} * * * *".format, field(0, 59) | star_steps)
few_a_day = crons(st.integers(0, 59).map(str), st.integers(0, 4).map(str))


def named(cron: str, first: datetime, until: datetime) -> list[datetime]:
    """The wall-clock times that the library finds in the cron, without any zone."""
    start = (first - timedelta(minutes=1)).replace(tzinfo=None)
    return list(takewhile(lambda wall: wall < until.replace(tzinfo=None), CronSim(cron, start)))


def passes(wall: datetime, zone: ZoneInfo) -> list[datetime]:
    """The instants at which the zone's clocks show the time: one, two, or none."""
    both = {wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    return sorted(instant for instant in both if to_wall(instant, zone) == wall)


def runs(cron: str, zone: ZoneInfo, first: datetime, until: datetime) -> set[datetime]:
    """From the first instant on, each once and in order."""
    all_of_them = runs_after(cron, zone, first - timedelta(microseconds=1))
    due = list(takewhile(lambda instant: instant < until, all_of_them))
    assert due == sorted(set(due))
    return set(due)


def check(cron: str, zone: ZoneInfo, first: datetime, until: datetime) -> None:
    """Between two instants the expressions run when the library's wall-clock times are shown:
    all that is shown twice in UTC, the first time in the zone."""
    in_utc = expressions(cron, zone)[0].zone is UTC_ZONE
    margin = timedelta(hours=3)
    walls = named(cron, to_wall(first - margin, zone), to_wall(until + margin, zone))
    expected = {
        instant
        for wall in walls
        for instant in (passes(wall, zone) if in_utc else passes(wall, zone)[:1])
        if first <= instant < until
    }

    assert runs(cron, zone, first, until) == expected


@given(any_cron | minutes_only, st.sampled_from(DAYS))
@settings(max_examples=100)
def test_r29_around_a_change_of_the_clocks_runs_come_as_the_cron_names_them(
    cron: str, at: tuple[ZoneInfo, date]
) -> None:
    zone, day = at
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=1)

    check(cron, zone, start, start + timedelta(days=3))


@given(few_a_day, st.sampled_from(sorted(ZONES)))
@settings(max_examples=25)
def test_r29_over_two_years_runs_come_as_the_cron_names_them(cron: str, key: str) -> None:
    start = datetime(2026, 6, 1, tzinfo=UTC)

    check(cron, ZoneInfo(key), start, start + timedelta(days=2 * 365))


@given(any_cron | minutes_only, st.sampled_from(DAYS))
@settings(max_examples=100)
def test_r29_what_is_told_of_the_clocks_is_all_by_which_runs_differ_from_the_cron(
    cron: str, at: tuple[ZoneInfo, date]
) -> None:
    """Of what goes by minutes only, and so in UTC, an hour that clocks skip is missed by nobody."""
    zone, day = at
    first, until = (datetime.combine(day + timedelta(days=n), datetime.min.time()) for n in (-1, 2))
    instants = [passes(wall, zone) for wall in (first, until)]
    if not all(instants):
        return  # the very midnight is left out
    walls = named(cron, first, until)
    ran = Counter(
        to_wall(instant, zone) for instant in runs(cron, zone, instants[0][0], instants[1][0])
    )

    told = Counter(
        (effect.name, time)
        for effect in clock_effects(cron, zone, first.date(), 3)
        for time in effect.times
        if first <= time < until
    )

    in_utc = expressions(cron, zone)[0].zone is UTC_ZONE
    differ = Counter({("skipped", wall): 1 for wall in walls if not ran[wall] and not in_utc})
    differ += Counter({("twice", wall): 1 for wall in walls if ran[wall] == 2})
    differ += Counter(
        {("once", wall): 1 for wall in walls if ran[wall] == 1 and len(passes(wall, zone)) == 2}
    )
    assert told == differ


WRITTEN = [
    ("*/15 * * * *", "America/Los_Angeles", ["0/15 * * * ? * in UTC"]),
    ("*/15 * * * *", "Asia/Kathmandu", ["0/15 * * * ? * in UTC"]),
    ("*/20 * * * *", "Asia/Kathmandu", ["15/20 * * * ? * in UTC"]),
    ("0 * * * *", "Pacific/Chatham", ["15 * * * ? * in UTC"]),
    ("*/15 * * * *", "Australia/Lord_Howe", ["0/15 * * * ? * in UTC"]),
    ("*/20 * * * *", "Australia/Lord_Howe", ["0/20 * * * ? *"]),
    ("*/15 * * * 1-5", "America/Los_Angeles", ["0/15 * ? * MON,TUE,WED,THU,FRI *"]),
    ("*/15 * * 1,7 *", "America/Los_Angeles", ["0/15 * * 1,7 ? *"]),
    ("*/15 7-19 * * *", "America/Los_Angeles", ["0/15 7-19 * * ? *"]),
    ("0 2 * * *", "America/Los_Angeles", ["0 2 * * ? *"]),
    ("0 2 * * 0", "America/Los_Angeles", ["0 2 ? * SUN *"]),
    ("0 2 * * 7", "America/Los_Angeles", ["0 2 ? * SUN *"]),
    ("0 2 * * 5-7", "America/Los_Angeles", ["0 2 ? * SUN,FRI,SAT *"]),
    ("0 2 * * */7", "America/Los_Angeles", ["0 2 ? * SUN *"]),
    ("0 2 * * 1-7", "America/Los_Angeles", ["0 2 * * ? *"]),
    ("0 2 */10 * *", "America/Los_Angeles", ["0 2 1/10 * ? *"]),
    ("0 2 1,15 * FRI", "America/Los_Angeles", ["0 2 1,15 * ? *", "0 2 ? * FRI *"]),
    ("0 2 1-31 * FRI", "America/Los_Angeles", ["0 2 * * ? *"]),
    ("0 2 30 2 FRI", "America/Los_Angeles", ["0 2 ? 2 FRI *"]),
    ("5,6,7 0,12 * jan-mar *", "America/Los_Angeles", ["5-7 0,12 * 1-3 ? *"]),
]


@pytest.mark.parametrize(("cron", "zone", "written"), WRITTEN)
def test_r29_a_cron_goes_out_as_one_expression_or_two(
    cron: str, zone: str, written: list[str]
) -> None:
    found = expressions(cron, ZoneInfo(zone))

    assert [
        f"{one.text.removeprefix('cron(').removesuffix(')')}"
        + (" in UTC" if one.zone is UTC_ZONE else "")
        for one in found
    ] == written
    assert {one.zone.key for one in found} <= {"UTC", zone}
