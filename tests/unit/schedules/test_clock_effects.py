"""What is told of a change of the clocks when a schedule is looked at."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from idexx_sync.schedules.clock_effects import clock_effects

SAID = [
    (
        "30 2 * * *",
        "America/Los_Angeles",
        date(2026, 6, 1),
        [
            "on Sunday 2027-03-14 clocks go from 02:00 to 03:00: the run at 02:30 is left out",
        ],
    ),
    (
        "*/15 0-5 * * *",
        "America/Los_Angeles",
        date(2026, 6, 1),
        [
            "on Sunday 2026-11-01 01:00 to 02:00 comes twice: "
            "the 4 runs from 01:00 to 01:45 come once each, the first time",
            "on Sunday 2027-03-14 clocks go from 02:00 to 03:00: "
            "the 4 runs from 02:00 to 02:45 are left out",
        ],
    ),
    (
        "*/15 * * * *",  # in UTC
        "America/Los_Angeles",
        date(2026, 6, 1),
        [
            "on Sunday 2026-11-01 01:00 to 02:00 comes twice: "
            "the 4 runs from 01:00 to 01:45 come both times",
        ],
    ),
    (
        "7 * * * *",
        "Europe/Berlin",
        date(2026, 6, 1),
        ["on Sunday 2026-10-25 02:00 to 03:00 comes twice: the run at 02:07 comes both times"],
    ),
    (
        "30 23 * * THU",
        "Africa/Cairo",
        date(2026, 6, 1),
        [
            "on Thursday 2026-10-29 23:00 to 00:00 comes twice: "
            "the run at 23:30 comes once, the first time",
        ],
    ),
    (
        "0 5 * * *",
        "Pacific/Apia",
        date(2011, 11, 1),
        [
            "on Friday 2011-12-30 clocks go from 00:00 to 2011-12-31 00:00: "
            "the run at 05:00 is left out",
        ],
    ),
    ("30 2 * * MON-SAT", "America/Los_Angeles", date(2026, 6, 1), []),
    ("30 2 * * *", "Asia/Kathmandu", date(2026, 6, 1), []),
    ("30 2 * * *", "UTC", date(2026, 6, 1), []),
]


@pytest.mark.parametrize(("cron", "zone", "first_day", "said"), SAID)
def test_r29_each_date_on_which_clocks_concern_a_run_is_told(
    cron: str, zone: str, first_day: date, said: list[str]
) -> None:
    effects = clock_effects(cron, ZoneInfo(zone), first_day)

    assert [effect.in_words() for effect in effects] == said
