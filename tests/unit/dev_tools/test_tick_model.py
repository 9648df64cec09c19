"""What the model says of ticks, and that each of its answers hangs on what it claims to."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from dev_tools.tick_model.fleet import DEFAULTS, USUAL, Durations, Tick, ticks
from dev_tools.tick_model.model import (
    LEASE_WAIT_S,
    LEAST_STALE_S,
    Outcome,
    Way,
    Worker,
    simulate,
)
from dev_tools.tick_model.nights import AGAIN_S, SEED, for_ticks, night, reserved, row, workers
from idexx_sync.core.catalog import SYNCS, SyncName
from idexx_sync.jobs.runner import OVERLAP_WAIT_S
from idexx_sync.schedules.next_run import next_run
from idexx_sync.schedules.staleness import LEAST_STALE
from tests.kit.paths import ROOT

MIDNIGHT: Final = datetime(2026, 1, 14, tzinfo=UTC)
NEW_YORK: Final = ZoneInfo("America/New_York")
MINUTE: Final = Worker(
    slots=10, event_age_s=3600, again_after_s=AGAIN_S, durations=Durations(((1, 60),)), failing=0
)
"""A case sync of a minute on ten slots."""
HOUR: Final = range(7, 8)
"""It is 02:00 in New York, where most clinics are."""


def at_once(clinics: int, sync: SyncName = "cases") -> list[Tick]:
    """So many clinics within one minute, each of them again two hours later."""
    random = Random(SEED)
    return [Tick(clinic, sync, 0, 7200, random.uniform(0, 60)) for clinic in range(clinics)]


def cases(way: Way, worker: Worker, clinics: int = 500, jitter: float = 0.1) -> Outcome:
    return simulate(way, {"cases": worker}, at_once(clinics), SEED, jitter)["cases"]


@pytest.mark.parametrize("sync", SYNCS)
def test_a_default_cron_ticks_in_the_model_as_it_does_in_its_zone(sync: SyncName) -> None:
    cron, moment = DEFAULTS[sync].cron, MIDNIGHT - timedelta(seconds=1)
    due = []
    while (found := next_run(cron, NEW_YORK, moment)) and found < MIDNIGHT + timedelta(days=1):
        due.append((found - MIDNIGHT).total_seconds())
        moment = found

    modelled = [tick for tick in ticks(1, range(24), SEED, spread=False) if tick.sync == sync]

    assert [tick.due for tick in modelled] == due
    assert all(one.following == other.due for one, other in pairwise(modelled))


def test_the_models_waits_are_those_of_the_service() -> None:
    assert LEASE_WAIT_S == OVERLAP_WAIT_S
    assert timedelta(seconds=LEAST_STALE_S) == LEAST_STALE


def test_spread_ticks_are_as_many_and_no_minute_has_many_more_than_another() -> None:
    stand, spread = ([*ticks(2_000, HOUR, SEED, spread=one)] for one in (False, True))
    minutes = [int(tick.due // 60) for tick in spread if tick.sync == "inbound"]

    assert len(spread) == len(stand)
    assert max(map(minutes.count, set(minutes))) < 1.25 * len(minutes) / 60
    assert max(map(minutes.count, set(minutes))) < 2_000 / 4, "all of them stood at four minutes"


def test_handed_over_directly_a_fifth_of_500_runs_of_a_minute_is_lost_though_there_is_room() -> (
    None
):
    direct, queue = cases("direct", MINUTE), cases("queue", MINUTE)

    assert 57 < direct.dropped < 228, "the model of AWS's behaviour before this one lost 114"
    assert direct.busy_s < MINUTE.slots * MINUTE.event_age_s, "so slots stood empty meanwhile"
    assert (queue.ran, queue.dropped) == (500, 0)


def test_what_is_lost_directly_hangs_on_a_jitter_that_nobody_has_documented() -> None:
    lost = [cases("direct", MINUTE, jitter=jitter).dropped for jitter in (0, 0.1, 0.25)]

    assert lost[0] > 2 * lost[1] > 0
    assert lost[2] == 0


def test_what_is_lost_directly_hangs_on_the_events_age_and_the_slots() -> None:
    assert cases("direct", replace(MINUTE, event_age_s=6 * 3600)).dropped == 0
    assert cases("direct", replace(MINUTE, slots=500)).dropped == 0
    assert cases("direct", replace(MINUTE, slots=2)).dropped > cases("direct", MINUTE).dropped


def test_a_queue_drops_nothing_whatever_waits_and_what_it_delays_too_long_is_counted() -> None:
    few = cases("queue", replace(MINUTE, slots=2))

    assert (few.ticks, few.dropped) == (500, 0)
    assert few.stale > 200, "two slots do 240 runs of a minute in two hours"
    assert few.peak == 2


def test_a_queue_drops_nothing_of_ten_thousand_clinics_as_their_crons_stand() -> None:
    queue = night("queue", 10_000, "usual", spread=False, hours=HOUR)

    assert {sync: (one.dropped, one.stale) for sync, one in queue.items()} == dict.fromkeys(
        SYNCS, (0, 0)
    )
    assert queue["cases"].ticks == 5_500, "those of two zones; the others' hour is the next one"
    assert [queue[sync].peak for sync in SYNCS] == [for_ticks(sync) for sync in SYNCS]
    with_one = {sync: replace(one, slots=1) for sync, one in workers("queue", USUAL).items()}
    crowded = simulate("queue", with_one, ticks(500, HOUR, SEED, spread=False), SEED)
    assert crowded["inbound"].dropped == 0
    assert crowded["cases"].oldest_s > 1_000, "it says how long they waited"


def test_handed_over_directly_ten_thousand_clinics_lose_case_syncs_as_their_crons_stand() -> None:
    modelled: Mapping[SyncName, Worker] = {"cases": workers("direct", USUAL)["cases"]}

    def dropped(*, spread: bool) -> int:
        due = ticks(10_000, HOUR, SEED, spread=spread, syncs=["cases"])
        return simulate("direct", modelled, due, SEED)["cases"].dropped

    assert dropped(spread=False) > 500
    assert dropped(spread=True) == 0


def test_while_neo_is_slow_a_queue_lets_more_runs_begin_with_fewer_slots() -> None:
    direct, queue = (
        night(way, 2_000, "slow", spread=False, hours=HOUR)["inbound"]
        for way in ("direct", "queue")
    )

    assert direct.dropped > 1_000
    assert queue.dropped == 0
    assert queue.ran > direct.ran
    assert queue.peak < direct.peak


@pytest.mark.parametrize("way", ["direct", "queue"])
def test_each_tick_has_one_outcome_and_no_slot_is_taken_twice(way: Way) -> None:
    found = night(way, 500, "slow", spread=False, hours=HOUR)
    ticked = [tick.sync for tick in ticks(500, HOUR, SEED, spread=False)]

    assert {sync: one.ticks for sync, one in found.items()} == {
        sync: ticked.count(sync) for sync in SYNCS
    }
    limits = {sync: one.slots for sync, one in workers(way, USUAL).items()}
    assert all(found[sync].peak <= limits[sync] for sync in SYNCS)


def test_the_same_seed_gives_the_same_night() -> None:
    first, again = (night("direct", 500, "usual", spread=True, hours=HOUR) for _ in range(2))

    assert first == again


@pytest.mark.parametrize(("seconds", "ran"), [(LEASE_WAIT_S - 1, 2), (LEASE_WAIT_S + 1, 1)])
def test_a_clinics_second_run_waits_for_its_first_but_not_for_long(seconds: int, ran: int) -> None:
    worker = replace(MINUTE, durations=Durations(((1, seconds),)))
    both: Mapping[SyncName, Worker] = {"inbound": worker, "cases": worker}
    due = [Tick(1, sync, 0, 7200, 0) for sync in both]

    found = simulate("queue", both, due, SEED).values()

    assert sum(one.ran for one in found) == ran
    assert sum(one.overlapped for one in found) == 2 - ran
    assert sum(one.busy_s for one in found) == seconds + (2 * seconds if ran == 2 else 60)


def test_a_run_that_always_fails_is_tried_as_often_as_it_may() -> None:
    found = cases("queue", replace(MINUTE, failing=1), clinics=1)

    assert (found.failed, found.busy_s) == (1, 3 * 60)


def test_what_comes_again_only_after_the_visibility_time_out_meets_its_next_tick() -> None:
    quarter = [replace(tick, following=900) for tick in at_once(200)]

    def stale(*again: float) -> int:
        worker = replace(MINUTE, again_after_s=again, failing=0.1, slots=200)
        return simulate("queue", {"cases": worker}, quarter, SEED)["cases"].stale

    assert stale(*AGAIN_S) == 0
    assert stale(1800, 1800) > 10


@pytest.mark.parametrize("spread", [False, True])
def test_the_decision_tells_what_the_model_says(spread: bool) -> None:
    told = (ROOT / "docs" / "decisions" / "ticks.md").read_text()

    for neo in ("usual", "slow"):
        assert row(500, neo, spread=spread) in told.splitlines()
    for sync in SYNCS:
        limit = for_ticks(sync)
        assert f"| {sync} | {reserved(sync)} | {limit} |" in told
