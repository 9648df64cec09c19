"""What staff write into a patient's name of its death (rule R19)."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idexx_sync.syncs.cases.life_status import Screening, screen_name
from tests.unit.syncs.cases.life_in_names import NAMES


@pytest.mark.parametrize(("name", "verdict"), NAMES)
def test_a_name_is_judged(name: str, verdict: Screening | None) -> None:
    assert screen_name(name) == verdict


@given(st.text())
def test_never_raises(name: str) -> None:
    screen_name(name)


@pytest.mark.parametrize("name", ["(" * 50_000, "- " * 50_000, "a b" * 50_000, "RIP " * 50_000])
def test_no_name_is_too_long(name: str) -> None:
    start = time.process_time()

    screen_name(name)

    assert time.process_time() - start < 0.5  # a thousand signs are looked at
