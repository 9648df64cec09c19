"""A simulated Neo for the tests of the provider: one process, one company per test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from neo_simulator.client import Company, Simulator
from neo_simulator.process import running_simulator
from tests.kit.neo import Clinic
from tests.kit.plain_login import PlainLogin


@pytest.fixture(scope="session")
def simulator() -> Iterator[Simulator]:
    with running_simulator() as running:
        yield running


@pytest.fixture
def company(simulator: Simulator) -> Iterator[Company]:
    """A company whose calendar is empty and whose clock stands on Monday morning."""
    made = simulator.create_company(
        generate=False, now="2026-05-04 07:00:00", password="Canary-Pass-7!word"
    )
    yield made
    made.remove()


@pytest.fixture
def clinic(company: Company, chromium_path: Path) -> Clinic:
    """Our side of it."""
    return Clinic(company, chromium_path)


@pytest.fixture
def quick_clinic(clinic: Clinic) -> Clinic:
    """The same, with logins that need no browser: what is tried is the reading around them."""
    clinic.login = PlainLogin(clinic.company.base_url)
    return clinic
