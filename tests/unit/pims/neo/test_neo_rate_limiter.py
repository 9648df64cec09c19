"""Politeness towards Neo."""

import threading
from contextlib import ExitStack
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from idexx_sync.pims.neo.http.rate_limiter import RateLimiter


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds


def starts(rate_limiter: RateLimiter, clock: Clock, gaps: list[float]) -> list[float]:
    """When each turn began, with some time passing between them."""
    moments = []
    for gap in gaps:
        clock.now += gap
        with rate_limiter.turn():
            moments.append(clock.now)
    return moments


@settings(deadline=None)
@given(
    st.floats(min_value=0.2, max_value=20),
    st.lists(st.floats(min_value=0, max_value=2), max_size=60),
)
def test_no_sliding_second_holds_more_than_the_rate(rate: float, gaps: list[float]) -> None:
    clock = Clock()
    moments = starts(RateLimiter(rate, 1, clock=clock, sleep=clock.sleep), clock, gaps)

    burst = max(1, int(rate))
    for first, one_too_many in zip(moments, moments[burst:], strict=False):
        assert one_too_many - first > 1.0
    if rate < 1:
        assert all(later - earlier >= 1 / rate for earlier, later in pairwise(moments))


def test_a_burst_within_the_rate_does_not_wait() -> None:
    clock = Clock()
    moments = starts(RateLimiter(10, 3, clock=clock, sleep=clock.sleep), clock, [0.0] * 10)

    assert set(moments) == {1000.0}


def test_what_neo_asks_for_holds_for_everybody() -> None:
    clock = Clock()
    rate_limiter = RateLimiter(10, 3, clock=clock, sleep=clock.sleep)
    rate_limiter.pause_all(7)
    rate_limiter.pause_all(2)

    assert starts(rate_limiter, clock, [0.0, 0.0]) == [1007.0, 1007.0]


def test_never_more_at_once_than_allowed() -> None:
    rate_limiter = RateLimiter(1000, 3)
    inside, most, lock = 0, 0, threading.Lock()
    together = threading.Barrier(3)

    def take_turns() -> None:
        nonlocal inside, most
        for _ in range(4):
            with rate_limiter.turn():
                with lock:
                    inside += 1
                    most = max(most, inside)
                together.wait(5)
                with lock:
                    inside -= 1

    with ExitStack() as stack:
        for _ in range(6):
            thread = threading.Thread(target=take_turns)
            thread.start()
            stack.callback(thread.join)
    assert most == 3
