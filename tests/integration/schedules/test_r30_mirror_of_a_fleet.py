"""Ten thousand clinics in EventBridge Scheduler: how long that takes, and what it costs."""

import time

import pytest

from tests.kit.mirror import MirroredWorld
from tests.kit.strict_scheduler import Killed

CLINICS = 10_000


def test_r30_ten_thousand_clinics_are_mirrored_within_five_passes_and_then_left_alone(
    world: MirroredWorld,
) -> None:
    """At what the oldest accounts may do, and killed in the midst of each pass."""
    world.add_fleet(CLINICS)
    world.client.per_second = 50

    passes = 0
    while not world.run().complete:
        passes += 1
        assert passes < 5
    assert world.is_right()
    assert world.client.counts["CreateSchedule"] < 1.05 * 3 * CLINICS

    world.run()
    began = time.process_time()
    made = world.made()
    assert made == {"ListSchedules": 3 * CLINICS / 100}
    assert time.process_time() - began < 20


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
    assert world.client.counts["CreateSchedule"] + world.client.counts["UpdateSchedule"] < 500
