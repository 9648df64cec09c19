"""A pass's calls: how fast they come, and what becomes of one that fails."""

from collections import Counter
from typing import Any

import pytest

from idexx_sync.schedules.mirror.aws import AwsScheduler
from idexx_sync.schedules.mirror.calls import MOST_FAILURES, Call, Carrying, Outcome
from idexx_sync.schedules.mirror.pace import Pace
from idexx_sync.schedules.mirror.wanted import wanted_of
from tests.kit.mirror import GROUP, TARGETS, Moment, row
from tests.kit.strict_scheduler import Fault, StrictScheduler


def creates(clinics: int = 1) -> list[Call]:
    rows = [row(n) for n in range(1, clinics + 1)]
    return [Call("create", name, one) for name, one in wanted_of(rows, TARGETS).schedules.items()]


class World:
    """A scheduler, and calls to it, in a time of their own."""

    def __init__(self, per_second: float = 50, **scheduler: Any) -> None:
        self.moment = Moment()
        self.client = StrictScheduler(now=lambda: self.moment.now, **scheduler)
        self.pace = Pace(per_second, self.moment.elapsed, self.moment.sleep)
        self.carrying: Carrying

    def carry_out(self, calls: list[Call], seconds: float = 60, at_once: int = 1) -> list[Outcome]:
        scheduler = AwsScheduler(GROUP, client=self.client)
        left = self.moment.left_of(seconds)
        self.carrying = Carrying(scheduler, self.pace, at_once, left)
        return [one for some in self.carrying.carry_out(calls) for one in some]


def results(outcomes: list[Outcome]) -> Counter[str]:
    return Counter(one.result for one in outcomes)


def test_r30_calls_come_no_faster_than_the_setting_says() -> None:
    world = World(per_second=10)

    outcomes = world.carry_out(creates(clinics=20))

    assert results(outcomes) == {"done": 60}
    assert world.moment.elapsed() == pytest.approx(6, abs=0.5)


def test_r30_calls_that_are_throttled_come_again_and_all_others_slower() -> None:
    world = World(per_second=50)
    world.client.per_second = 10

    outcomes = world.carry_out(creates(clinics=50))

    assert results(outcomes) == {"done": 150}
    assert len(world.client.schedules()) == 150
    throttled = world.client.counts["CreateSchedule"] - 150
    assert 0 < throttled < 150
    assert world.moment.elapsed() < 60


def test_r30_a_pass_ends_with_its_time_and_says_what_is_left() -> None:
    world = World(per_second=10)

    outcomes = world.carry_out(creates(clinics=20), seconds=2)

    assert 18 <= len(outcomes) <= 25
    assert world.carrying.left == 60 - len(outcomes)
    assert len(world.client.schedules()) == len(outcomes)


def test_r30_a_service_that_only_throttles_is_not_asked_for_ever() -> None:
    world = World(refuses=lambda _operation, _name: "throttled")

    outcomes = world.carry_out(creates(), seconds=30)

    assert (outcomes, world.carrying.left) == ([], 3)
    assert world.client.counts["CreateSchedule"] < 100


@pytest.mark.parametrize("fault", ["refused", "broken", "silent"])
def test_r30_a_call_that_fails_stops_no_other_one(fault: Fault) -> None:
    world = World(faults={2: fault})

    outcomes = world.carry_out(creates())

    assert results(outcomes) == {"done": 2, "failed": 1}
    assert len(world.client.schedules()) == 2


def test_r30_where_every_call_fails_the_pass_gives_up() -> None:
    world = World(refuses=lambda _operation, _name: "refused")

    outcomes = world.carry_out(creates(clinics=30), at_once=4)

    assert MOST_FAILURES <= len(outcomes) <= MOST_FAILURES + 4
    assert {one.code for one in outcomes} == {"AccessDeniedException"}
    assert world.carrying.left == 90 - len(outcomes)


def test_r30_what_aws_refuses_of_some_clinics_keeps_no_other_one_waiting() -> None:
    calls = creates(clinics=12)
    valid = calls[-1].name
    world = World(refuses=lambda _operation, name: None if name == valid else "invalid")

    outcomes = world.carry_out(calls)

    assert results(outcomes) == {"failed": 35, "done": 1}
    assert list(world.client.schedules()) == [valid]
    assert not world.carrying.gave_up


def test_r30_what_is_there_already_is_replaced_and_what_is_gone_is_made() -> None:
    world = World()
    made = creates()
    world.carry_out(made)
    gone = made[0].name
    world.client.delete_by_hand(gone)

    again = [Call("update", one.name, one.schedule) for one in made]
    outcomes = world.carry_out([*made[1:], again[0], Call("delete", "not-there")])

    assert results(outcomes) == {"done": 4}
    assert len(world.client.schedules()) == 3
    assert world.client.counts["UpdateSchedule"] == 3


def test_r30_a_group_that_is_not_there_is_no_reason_to_go_on() -> None:
    world = World(groups=("others",))

    outcomes = world.carry_out([*creates(), Call("delete", "x")])

    assert results(outcomes) == {"failed": 3, "done": 1}


def test_r30_several_calls_are_under_way_at_once() -> None:
    world = World(per_second=1000)

    outcomes = world.carry_out(creates(clinics=100), at_once=8)

    assert results(outcomes) == {"done": 300}
    assert len(world.client.schedules()) == 300


def test_r30_the_moment_of_an_answer_is_awss_own() -> None:
    world = World()

    (first, *_) = world.carry_out(creates())

    assert first.answered_at is not None
    assert abs(first.answered_at - world.moment.now).total_seconds() < 2
