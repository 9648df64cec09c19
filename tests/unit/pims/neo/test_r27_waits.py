"""Rule R27: no wait for Neo is longer than the lease without a sign of life, or than the run."""

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from idexx_sync.core.errors import DeadlineExceeded, PimsSlow
from idexx_sync.core.settings import LOGIN_ENDS_WITHIN_S, Settings
from idexx_sync.pims.access import StoredSession
from idexx_sync.pims.neo.http import browser_transport
from idexx_sync.pims.neo.http.answers import RawAnswer
from idexx_sync.pims.neo.http.client import LONGEST_PAUSE_S, HttpClient
from idexx_sync.pims.neo.http.probe import Probe
from idexx_sync.pims.neo.http.rate_limiter import RateLimiter
from idexx_sync.pims.neo.http.session import SessionKeeper
from idexx_sync.pims.neo.login import attempt
from idexx_sync.pims.protocol import Configuration
from infra.stages import PROD
from tests.kit.login_store import FakeLoginStore
from tests.kit.settings import make_settings

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
SESSION = StoredSession([], "agent", NOW, recognised=True)
SETTINGS: Settings = make_settings("postgresql://somewhere")


class SlowNeo:
    """Asks us to wait as long as we may, and then takes as long as it may, each time."""

    def __init__(self, left: float = 1000.0) -> None:
        self.now, self.ends = 0.0, left
        self.beats = [0.0]
        store = FakeLoginStore(session=SESSION)
        limiter = RateLimiter(
            10, 1, time_left=self.time_left, clock=lambda: self.now, sleep=self.sleep
        )
        self.client = HttpClient(
            SessionKeeper(store, lambda _: pytest.fail("no login"), lambda: NOW),
            lambda _session: self,
            limiter,
            probe=Probe("/probe", lambda _value: Configuration(15, [])),
            clock=lambda: NOW,
            time_left=self.time_left,
            sleep=self.sleep,
            beat=lambda: self.beats.append(self.now),
        )
        self.answers = 0

    def time_left(self) -> float:
        return self.ends - self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def get(self, _path: str, _params: Mapping[str, str]) -> RawAnswer:
        self.answers += 1
        if self.answers % 2:
            headers = {"retry-after": str(int(LONGEST_PAUSE_S))}
            return RawAnswer(429, "https://neo.example/x", headers, b"")
        self.now += SETTINGS.neo_timeout_seconds
        raise PimsSlow("Neo did not answer", code="timeout")

    def close(self) -> None:
        pass


def test_r27_a_pause_and_a_slow_answer_keep_the_lease() -> None:
    neo = SlowNeo()

    for _ in range(3):
        with pytest.raises(Exception, match="Neo"):
            neo.client.ask("/x", {})

    gaps = [later - earlier for earlier, later in pairwise([*neo.beats, neo.now])]
    assert max(gaps) < SETTINGS.lease_seconds
    assert neo.now > 3 * SETTINGS.neo_timeout_seconds


def test_r27_a_turn_that_comes_too_late_for_the_run_is_not_waited_for() -> None:
    now = [0.0]
    limiter = RateLimiter(
        10, 3, time_left=lambda: 20 - now[0], clock=lambda: now[0], sleep=now.append
    )
    limiter.pause_all(30)

    with pytest.raises(DeadlineExceeded), limiter.turn():
        pass

    assert now == [0.0]


def test_r27_every_single_wait_is_shorter_than_the_lease() -> None:
    longest = {
        "an answer of Neo": SETTINGS.neo_timeout_seconds,
        "a pause that Neo asks for": LONGEST_PAUSE_S,
        "a login and its end": SETTINGS.login_timeout_seconds + LOGIN_ENDS_WITHIN_S,
        "an answer over the browser": SETTINGS.neo_timeout_seconds + browser_transport._GRACE_S,
    }

    assert {what: wait for what, wait in longest.items() if wait >= SETTINGS.lease_seconds} == {}
    assert attempt.TIDYING_S < LOGIN_ENDS_WITHIN_S


def test_r27_a_login_is_within_the_memory_of_a_worker() -> None:
    """As much again stays for our own process, and for what a page takes between two looks."""
    for worker in PROD.workers.values():
        assert SETTINGS.login_memory_mb <= worker.size.memory_mb / 2
