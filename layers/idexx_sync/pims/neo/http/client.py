"""Asking Neo: politely, patiently, and as somebody who is logged in."""

import random
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import datetime
from typing import Final

from idexx_sync.core.errors import PimsSlow, PimsUnavailable, SyncError, Throttled
from idexx_sync.pims.access import StoredSession
from idexx_sync.pims.identity import Shown
from idexx_sync.pims.neo.http.answers import (
    SessionRefused,
    TooMany,
    Unavailable,
    Verdict,
    judge_answer,
)
from idexx_sync.pims.neo.http.rate_limiter import RateLimiter
from idexx_sync.pims.neo.http.session import NumberedSession, SessionKeeper
from idexx_sync.pims.neo.http.transport import TimeLeft, Transport

TRIES: Final = 3
LONGEST_PAUSE_S: Final = 30.0
"""A longer pause is left to the next run: it would cost this one its lease."""
_FIRST_PAUSE_S: Final = 0.5
_JITTER: Final = 0.3


class HttpClient:
    """All requests of one run go through here; threads may share it."""

    def __init__(
        self,
        keeper: SessionKeeper,
        connect: Callable[[StoredSession], Transport],
        rate_limiter: RateLimiter,
        *,
        probe: str,
        shown_by: Callable[[Verdict], Shown],
        clock: Callable[[], datetime],
        time_left: TimeLeft,
        sleep: Callable[[float], None],
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        """`probe` is the question that a session is recognised by, `shown_by` reads its answer.

        `beat` is called before each wait: a slow Neo is no reason to lose the lease.
        """
        self._keeper = keeper
        self._connect = connect
        self._rate_limiter = rate_limiter
        self._probe = probe
        self._shown_by = shown_by
        self._clock = clock
        self._time_left = time_left
        self._sleep = sleep
        self._beat = beat
        self._transports: dict[int, Transport] = {}
        self._lock = threading.Lock()
        self._recognising = threading.Lock()
        self._recognised_by: dict[int, Verdict] = {}
        self._open = ExitStack()

    def ask(
        self,
        path: str,
        params: Mapping[str, str],
        *,
        one_of_many: bool = False,
        still_wanted: Callable[[], None] = lambda: None,
    ) -> Verdict:
        """The verdict on the answer; a refused session is renewed and the question put again.

        Never Unavailable or TooMany: after the last try those leave as errors. `one_of_many`: an
        answer that is merely not JSON may be this question's own trouble, so a second question
        decides whether it is the session's. `still_wanted` is called when a try's turn has come
        and before a login, and raises when the answer would interest nobody any more.
        """
        while True:
            held = self._keeper.current()
            if (refused := self._recognise(held)) is not None:
                still_wanted()
                self._keeper.renew(held, refused.code)
                continue
            if path == self._probe and held.number in self._recognised_by:
                return self._recognised_by[held.number]
            verdict = self._patiently(held, path, params, still_wanted)
            if not isinstance(verdict, SessionRefused):
                self._keeper.accepted(held)
                return verdict
            if one_of_many and not verdict.certain and self._is_alive(held):
                return verdict
            still_wanted()
            self._keeper.renew(held, verdict.code)

    def close(self) -> None:
        self._open.close()

    def _recognise(self, held: NumberedSession) -> SessionRefused | None:
        """Finds out whose a session is before anything else is asked of it (rule R8).

        None once it is the clinic's own. Raises ImplausibleData for another company's,
        ShapeChanged where the answer does not say.
        """
        if self._keeper.is_recognised(held):
            return None
        with self._recognising:
            if self._keeper.is_recognised(held):
                return None
            verdict = self._patiently(held, self._probe, {})
            if isinstance(verdict, SessionRefused):
                return verdict
            self._keeper.accepted(held)
            self._keeper.recognise(self._shown_by(verdict), held)
            self._recognised_by[held.number] = verdict
            return None

    def _is_alive(self, held: NumberedSession) -> bool:
        """Whether Neo answers properly to a small question that any session may ask."""
        return not isinstance(self._patiently(held, self._probe, {}), SessionRefused)

    def _patiently(
        self,
        held: NumberedSession,
        path: str,
        params: Mapping[str, str],
        still_wanted: Callable[[], None] = lambda: None,
    ) -> Verdict:
        transport = self._transport(held)
        tried = 0
        while True:
            tried += 1
            self._beat()
            failure: SyncError
            asked_for = None
            try:
                with self._rate_limiter.turn():
                    self._beat()  # waiting for it may have taken half a lease
                    still_wanted()
                    answer = transport.get(path, params)
            except (PimsUnavailable, PimsSlow) as error:
                failure = error
            else:
                verdict = judge_answer(answer, self._clock())
                if not isinstance(verdict, (Unavailable, TooMany)):
                    return verdict
                failure, asked_for = _failure(verdict), verdict.retry_after
            self._pause_or_raise(failure, tried, asked_for)

    def _pause_or_raise(self, failure: SyncError, tried: int, asked_for: float | None) -> None:
        """What Neo asked for holds for all threads, our own short pause for this one."""
        jitter = 1 + random.uniform(0, _JITTER)  # noqa: S311 no secret hangs on it
        pause = _FIRST_PAUSE_S * 2 ** (tried - 1) * jitter if asked_for is None else asked_for
        if tried == TRIES or pause > LONGEST_PAUSE_S or pause >= self._time_left():
            raise failure
        if asked_for is None:
            self._sleep(pause)
        else:
            self._rate_limiter.pause_all(pause)

    def _transport(self, held: NumberedSession) -> Transport:
        """One transport per session; an old one stays open for those who still use it."""
        with self._lock:
            if held.number not in self._transports:
                transport = self._connect(held.session)
                self._open.callback(transport.close)
                self._transports[held.number] = transport
            return self._transports[held.number]


def _failure(verdict: Unavailable | TooMany) -> SyncError:
    if isinstance(verdict, TooMany):
        return Throttled("Neo asked us to slow down (429)", code="status_429")
    status = verdict.code.removeprefix("status_")
    return PimsUnavailable(f"Neo answered with a server error ({status})", code=verdict.code)
