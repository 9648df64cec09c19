"""Ten thousand clinics in EventBridge Scheduler: how many passes that takes, and what one costs."""

import time

import pytest

from tests.kit.mirror import MirroredWorld
from tests.kit.strict_scheduler import Killed

CLINICS = 10_000
OLDEST_ACCOUNTS = 50
"""Calls a second that AWS lets the oldest accounts make."""
SHARE = 10
"""So many times smaller is the fleet that is mirrored call by call, and its rate as well."""
MOST_CPU_S = 15
"""Of an unchanged pass; it takes a third of that where nothing else runs."""


def test_r30_ten_thousand_clinics_are_mirrored_within_five_passes(world: MirroredWorld) -> None:
    clinics = CLINICS // SHARE
    world.add_fleet(clinics)
    world.client.per_second = OLDEST_ACCOUNTS // SHARE
    world.per_second = OLDEST_ACCOUNTS / SHARE

    passes = 1
    while not world.run().complete:
        passes += 1
        assert passes <= 5

    assert world.is_right()
    assert world.client.counts["CreateSchedule"] < 1.1 * 3 * clinics


def test_r30_an_unchanged_pass_over_ten_thousand_clinics_writes_and_gets_nothing(
    world: MirroredWorld,
) -> None:
    world.add_fleet(CLINICS)
    world.pretend_mirrored()
    world.per_second = 1000

    began = time.process_time()
    done = world.run()

    assert (done.complete, done.counts) == (True, {"unchanged": 3 * CLINICS})
    assert world.client.counts == {"ListSchedules": 3 * CLINICS / 100}
    assert time.process_time() - began < MOST_CPU_S


def test_r30_a_first_pass_that_is_killed_again_and_again_goes_on_each_time(
    world: MirroredWorld,
) -> None:
    world.add_fleet(100)
    for kill_at in range(20, 400, 60):
        world.client.faults = {kill_at: "done and killed"}
        with pytest.raises(Killed):
            while True:
                world.run()

    world.client.faults = {}
    world.run()

    assert world.is_right()
    assert world.run().counts == {"unchanged": 300}
    assert world.client.counts["CreateSchedule"] + world.client.counts["UpdateSchedule"] < 600
