"""The month's own checks can fail."""

import random
from collections.abc import Iterator

import pytest
from psycopg.types.json import Jsonb

from tests.faults.clinic import FaultClinic
from tests.faults.month import SCHEDULES, START, SYNCS, Life
from tests.faults.results import Outcome
from tests.faults.rig import Rig


@pytest.fixture
def life(rig: Rig) -> Iterator[Life]:
    clinic = FaultClinic(rig, start=START, syncs=SYNCS, sync_schedules=Jsonb(SCHEDULES))
    yield Life(clinic, Outcome("a group", "a name"), random.Random(1))
    clinic.close()


def test_a_day_without_runs_is_seen(life: Life) -> None:
    life.check(cases=True)

    found = [one.text for one in life.watch.outcome.violations if one.rule == "one time"]
    assert found == [f"{sync} is new" for sync in SYNCS]
    assert any(one.rule == "converges" for one in life.watch.outcome.violations)
