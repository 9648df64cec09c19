"""`H` in a cron: stable, different for each sync of a clinic, even over many clinics."""

import json
import random
import re
from collections import Counter
from datetime import UTC, datetime
from itertools import product
from math import gcd
from typing import get_args
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dev_tools.emulator import ROOT
from idexx_sync.core.catalog import CATALOG, SYNCS, SyncName
from idexx_sync.schedules.entries import Entry, read_entries
from idexx_sync.schedules.fields import BadCron
from idexx_sync.schedules.load import load_of
from idexx_sync.schedules.next_run import plain_cron, timetable
from idexx_sync.schedules.spread import Place, spread
from idexx_sync.schedules.unix_cron import read_cron

CLINIC = UUID("00000000-0000-4000-8000-000000000001")
BERLIN = ZoneInfo("Europe/Berlin")
DICE = random.Random(29)
CLINICS = [UUID(int=DICE.getrandbits(128), version=4) for _ in range(10_000)]

clinics = st.uuids(version=4)
syncs = st.sampled_from(get_args(SyncName))
places = st.builds(Place, clinics, syncs, st.integers(0, 3))


def test_r29_the_numbers_of_an_entry_never_change() -> None:
    def of(cron: str, sync: SyncName, number: int = 0) -> str:
        return spread(cron, Place(CLINIC, sync, number))

    assert [of("H/15 * * * *", sync) for sync in SYNCS] == [
        *("7-59/15 * * * *", "11-59/15 * * * *", "0-59/15 * * * *"),
    ]
    assert [of("H H(4-5) * * *", sync) for sync in SYNCS] == [
        *("52 4 * * *", "11 5 * * *", "30 5 * * *"),
    ]
    assert [of("H H H * H", "cases", number) for number in range(3)] == [
        *("11 3 12 * 3", "11 6 13 * 5", "11 3 4 * 6"),
    ]


MINUTES = {
    "H": 60,
    **{f"H/{n}": n for n in (3, 4, 5, 6, 10, 12, 15, 20, 30)},
    "H(30-59)": 30,
    "H(5-24)/10": 10,
}
"""Text -> after how many minutes it comes again; steps of 3 and 4 can't but meet."""


@given(clinics)
def test_r29_the_syncs_of_a_clinic_have_different_minutes(clinic: UUID) -> None:
    for texts in product(MINUTES, repeat=2):
        if gcd(*(MINUTES[text] for text in texts)) < len(SYNCS):
            continue
        minutes = [
            read_cron(spread(f"{text} 2 * * *", Place(clinic, sync))).minutes
            for sync, text in zip(SYNCS[1:], texts, strict=True)
        ]
        assert not minutes[0] & minutes[1], texts


@given(clinics, st.sampled_from(sorted(MINUTES)))
def test_r29_three_syncs_that_write_the_same_have_three_times(clinic: UUID, text: str) -> None:
    crons = [read_cron(spread(f"{text} * * * *", Place(clinic, sync))) for sync in SYNCS]

    assert len(frozenset.union(*(cron.minutes for cron in crons))) == sum(
        len(cron.minutes) for cron in crons
    )


def test_r29_ten_thousand_clinics_are_spread_evenly() -> None:
    minutes = Counter(
        spread("H 2 * * *", Place(clinic, sync)) for clinic in CLINICS for sync in SYNCS
    )
    hours = Counter(spread("0 H * * *", Place(clinic, "cases")) for clinic in CLINICS)

    assert max(minutes.values()) / (len(CLINICS) * len(SYNCS) / 60) <= 1.25
    assert max(hours.values()) / (len(CLINICS) / 24) <= 1.25
    assert (len(minutes), len(hours)) == (60, 24)


RANGES = [
    ("H * * * *", 0, range(60)),
    ("0 H(4-5) * * *", 1, range(4, 6)),
    ("0 H * * *", 1, range(24)),
    ("0 0 H * *", 2, range(1, 29)),
    ("0 0 1 H *", 3, range(1, 13)),
    ("0 0 1 H(JUN-AUG) *", 3, range(6, 9)),
    ("0 0 * * H", 4, range(7)),
    ("0 0 * * h(mon-fri)", 4, range(1, 6)),
    ("0 0 * * H(6-7)", 4, range(6, 8)),
]


@pytest.mark.parametrize(("cron", "field", "numbers"), RANGES)
def test_r29_each_number_of_the_range_is_somebodys(cron: str, field: int, numbers: range) -> None:
    found = {int(spread(cron, Place(clinic, "cases")).split()[field]) for clinic in CLINICS[:500]}

    assert found == set(numbers)


@given(places, st.integers(0, 40), st.integers(1, 19), st.integers(1, 20))
def test_r29_steps_stay_in_their_range(place: Place, first: int, more: int, step: int) -> None:
    last = first + more
    if step > more + 1:
        step = more + 1
    minutes = read_cron(spread(f"H({first}-{last})/{step} * * * *", place)).minutes

    start = min(minutes)
    assert first <= start < first + step
    assert minutes == set(range(start, last + 1, step))


@given(places, st.sampled_from(["H/15 7,19 * * *", "3 H(0-5) * * MON", "H(0-9),H(30-39) * * * *"]))
def test_r29_what_is_spread_is_a_plain_cron(place: Place, cron: str) -> None:
    plain = plain_cron(cron, BERLIN, place)

    assert spread(plain, place) == plain
    assert "H" not in plain.replace("THU", "")


@given(places)
def test_r29_a_cron_without_h_stays_as_it_is(place: Place) -> None:
    for cron in ("*/20 * * * *", "0  2 * mar THU", "at the half hour please"):
        assert spread(cron, place) == cron


@given(places)
def test_r29_a_default_that_nobody_chose_is_spread(place: Place) -> None:
    row = CATALOG[place.sync]
    others = {other.default_cron for other in CATALOG.values()} - {row.default_cron}

    for written in (row.default_cron, f" {row.default_cron.replace(' ', '  ')} "):
        assert spread(written, place) == spread(row.default_spread, place)
    for cron in others:
        assert spread(cron, place) == cron, "of another sync somebody has chosen it"


def test_r29_the_defaults_are_those_that_odis_has() -> None:
    migration = (ROOT / "migrations" / "002_sync_schedules.sql").read_text()
    (stored,) = re.findall(r"DEFAULT '(\{.*?\})'", migration, re.DOTALL)

    assert json.loads(stored) == {row.name: row.default_cron for row in CATALOG.values()}


DAY = datetime(2026, 12, 1, tzinfo=UTC)
ZONES = ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles")
SHARES = (48, 29, 7, 16)
"""Of the clinics in each zone, as people live there: an assumption."""


@pytest.mark.parametrize("crons", ["default_cron", "default_spread"])
def test_r29_no_minute_of_ten_thousand_clinics_has_many_more_runs_than_another(crons: str) -> None:
    stored = read_entries({row.name: getattr(row, crons) for row in CATALOG.values()}).readable
    zones = random.Random(13).choices([ZoneInfo(name) for name in ZONES], SHARES, k=len(CLINICS))
    fleet = (timetable(stored, zone, clinic) for zone, clinic in zip(zones, CLINICS, strict=True))

    minutes = load_of(fleet, DAY).minutes

    assert sum(minutes) == len(CLINICS) * (96 + 12 + 1)
    assert max(minutes) <= 1.25 * sum(minutes) / len(minutes)


def test_r29_an_entry_keeps_its_time_when_another_one_is_switched_off() -> None:
    def crons(*entries: Entry) -> list[str]:
        return [cron for _, cron in timetable(entries, BERLIN, CLINIC).crons]

    early = Entry("sync_schedules[0]", "cases", "H H(0-11) * * *")
    late = Entry("sync_schedules[1]", "cases", "H H(12-23) * * *", number=1)
    other = Entry("sync_schedules[2]", "inbound", "H/15 * * * *")
    off = Entry(early.name, early.type, early.cron, enabled=False)

    all_three = crons(early, late, other)
    assert crons(off, late, other) == all_three[1:]
    assert crons(other, early, late) == [all_three[2], *all_three[:2]]


REFUSED = [
    ("H-5 * * * *", "minute 'H-5' is no H: write H, H/15, H(0-29) or H(0-29)/10"),
    ("H(5) * * * *", "minute 'H(5)' is no H"),
    ("H() * * * *", "minute 'H()' is no H"),
    ("H/H * * * *", "minute 'H/H' is no H"),
    ("H* * * * *", "minute 'H*' is no H"),
    ("H/0 * * * *", "behind a / a number of at least 1 is expected"),
    ("H/90 * * * *", "minute 'H/90' steps beyond 0 to 59: write H for one time"),
    ("H(0-9)/15 * * * *", "steps beyond 0 to 9"),
    ("H(50-70) * * * *", "minute '70': 0 to 59 is expected"),
    ("0 H(22-2) * * *", "hour '22-2' runs backwards"),
    ("0 0 H(1-31) * *", "day of month H(1-31): not every month has a day after 28"),
    ("0 0 H/2 * MON", "are both restricted, one by H/n: write * in one of them"),
    ("0 0 1 * H/2", "are both restricted, one by H/n: write * in one of them"),
    ("H * * *", "has 4 fields, a unix cron has 5"),
    ("@daily", "has 1 field, a unix cron has 5"),
    (f"{'H,' * 50}0 * * * *", "at most 100 characters"),
]


@pytest.mark.parametrize(("cron", "said"), REFUSED)
def test_r29_an_h_that_cannot_be_understood_says_why_and_what_to_write(
    cron: str, said: str
) -> None:
    with pytest.raises(BadCron) as refused:
        plain_cron(cron, BERLIN, Place(CLINIC, "inbound"))

    assert said in str(refused.value)
