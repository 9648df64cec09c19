"""A rig for the tests of the rig itself: one per test process."""

from collections.abc import Iterator

import pytest

from tests.faults.clinic import FaultClinic
from tests.faults.converge import A_DAY, MINUTES_APART
from tests.faults.eventful import eventful_clinic
from tests.faults.rig import Rig, devoted, running_rig


@pytest.fixture(scope="session")
def shared_rig() -> Iterator[Rig]:
    with running_rig() as running:
        yield running


@pytest.fixture
def rig(shared_rig: Rig) -> Iterator[Rig]:
    """Only while such a test runs: other tests share the process."""
    with devoted(shared_rig):
        yield shared_rig


@pytest.fixture
def clinic(rig: Rig) -> Iterator[FaultClinic]:
    """A clinic after an eventful run that went well, and two more for what took two strikes."""
    made = eventful_clinic(rig)
    for minutes in (MINUTES_APART, A_DAY, MINUTES_APART):
        assert made.invoke(made.order()).word == "succeeded"
        made.later(minutes)
    yield made
    made.close()
