"""A company per test, a reader with a valid session, and a browser."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page

from neo_simulator.client import Company, Simulator
from tests.kit.plain_http import NO_TLS
from tests.kit.shared_chromium import running_chromium


@pytest.fixture
def clinic(simulator: Simulator) -> Iterator[Company]:
    """An empty clinic on Monday, 4 May 2026, 8:00, whose rooms and persons have plain names."""
    company = simulator.create_company(generate=False, now="2026-05-04 08:00:00", variant=0)
    yield company
    company.remove()


@pytest.fixture
def reader(clinic: Company) -> Iterator[httpx.Client]:
    """An HTTP client with a valid session of the clinic."""
    with httpx.Client(
        verify=NO_TLS, base_url=clinic.base_url, cookies=clinic.open_session()
    ) as client:
        yield client


@pytest.fixture(scope="module")  # Playwright in this thread admits no second one beside it
def browser(chromium_path: Path) -> Iterator[Browser]:
    with running_chromium(chromium_path) as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh page without cookies; it waits for nothing longer than 5 s."""
    context = browser.new_context()
    context.set_default_timeout(5000)
    yield context.new_page()
    context.close()
