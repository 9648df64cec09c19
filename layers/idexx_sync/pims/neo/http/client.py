"""Asking Neo: politely, patiently, and as somebody who is logged in."""

import random
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import datetime
from typing import Final

from idexx_sync.core.errors import PimsSlow, PimsUnavailable, ShapeChanged, SyncError, Throttled
from idexx_sync.core.phrases import phrase
from idexx_sync.pims.access import StoredSession
from idexx_sync.pims.neo.http.answers import (
    Answered,
    Garbled,
    NotFound,
    SessionRefused,
    Strange,
    TooMany,
    Unavailable,
    judge_answer,
)
from idexx_sync.pims.neo.http.probe import Probe
from idexx_sync.pims.neo.http.rate_limiter import RateLimiter
from idexx_sync.pims.neo.http.session import NumberedSession, SessionKeeper
from idexx_sync.pims.neo.http.transport import TimeLeft, Transport
from idexx_sync.pims.protocol import Configuration

TRIES: Final = 3
LONGEST_PAUSE_S: Final = 30.0
"""A longer pause is left to the next run: it would cost this one its lease."""
_FIRST_PAUSE_S: Final = 0.5
_JITTER: Final = 0.3

Judged = Answered | NotFound | Strange | SessionRefused
"""What is left of the verdicts once an answer was worth no further try."""


class HttpClient:
    """All requests of one run go through here; threads may share it."""

    def __init__(
        self,
        keeper: SessionKeeper,
        connect: Callable[[StoredSession], Transport],
        rate_limiter: RateLimiter,
        *,
        probe: Probe,
        clock: Callable[[], datetime],
        time_left: TimeLeft,
        sleep: Callable[[float], None],
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        """`probe` is also the question that a session is recognised by.

        `beat` is called before each wait: a slow Neo is no reason to lose the lease.
        """
        self._keeper = keeper
        self._connect = connect
        self._rate_limiter = rate_limiter
        self._probe = probe
        self._clock = clock
        self._time_left = time_left
        self._sleep = sleep
        self._beat = beat
        self._transports: dict[int, Transport] = {}
        self._lock = threading.Lock()
        self._recognising = threading.Lock()
        self._recognised_by: dict[int, Configuration] = {}
        self._open = ExitStack()

    def read[T](
        self,
        path: str,
        params: Mapping[str, str],
        reader: Callable[[object], T],
        says_nothing: Callable[[T], bool] = lambda _: False,
    ) -> T:
        """What `reader` makes of the answer, for a question that a run depends on.

        Whatever is not what was asked for may come of a session that has ended, so one login is
        made and the question put again; then it is ShapeChanged, or what the reader raises. So
        may an answer that can be read and `says_nothing`; then it is what it says.
        """
        while True:
            held = self._recognised()
            verdict = self._patiently(held, path, params)
            try:
                value = reader(_value(path, verdict))
            except ShapeChanged as error:
                certain = isinstance(verdict, SessionRefused)
                if not self._keeper.renew(held, error.code or "", certain=certain):
                    raise
            else:
                if says_nothing(value) and self._keeper.renew(held, "says_nothing", certain=False):
                    continue
                self._keeper.accepted(held)
                return value

    def configuration(self) -> Configuration:
        """The answer to the probe; not asked for again if the session was just recognised by it.

        Raises ImplausibleData if it shows another company than the clinic's.
        """
        held = self._recognised()
        if held.number in self._recognised_by:
            return self._recognised_by[held.number]
        configuration = self.read(self._probe.path, {}, self._probe.read)
        self._keeper.recognise(configuration.shown)
        return configuration

    def ask(
        self,
        path: str,
        params: Mapping[str, str],
        *,
        still_wanted: Callable[[], None] = lambda: None,
    ) -> Answered | NotFound | Strange:
        """The verdict on the answer to one of many questions.

        A strange answer may be this question's own trouble, so the probe decides whether it is
        the session's. `still_wanted` is called when a try's turn has come and before a login, and
        raises when the answer would interest nobody any more.
        """
        while True:
            held = self._recognised()
            verdict = self._patiently(held, path, params, still_wanted)
            if isinstance(verdict, Answered):
                self._keeper.accepted(held)
            if isinstance(verdict, (Answered, NotFound)):
                return verdict
            if isinstance(verdict, SessionRefused):
                still_wanted()
                self._keeper.renew(held, verdict.code, certain=True)
                continue
            if self._is_alive(held):
                return verdict
            still_wanted()
            if not self._keeper.renew(held, verdict.code, certain=False):
                return verdict

    def close(self) -> None:
        self._open.close()

    def _recognised(self) -> NumberedSession:
        """The session to ask with, once it is known to be of the clinic's own company (rule R8).

        Nothing else is asked of it before. Raises ImplausibleData for another company's.
        """
        while True:
            held = self._keeper.current()
            if self._keeper.is_recognised(held):
                return held
            with self._recognising:
                if not self._keeper.is_recognised(self._keeper.current()):
                    self._recognise(self._keeper.current())

    def _recognise(self, held: NumberedSession) -> None:
        """Finds out whose the session is, or replaces it if it does not say."""
        verdict = self._patiently(held, self._probe.path, {})
        try:
            configuration = self._probe.read(_value(self._probe.path, verdict))
        except ShapeChanged as error:
            certain = isinstance(verdict, SessionRefused)
            if not self._keeper.renew(held, error.code or "", certain=certain):
                raise
            return
        self._keeper.accepted(held)
        self._keeper.recognise(configuration.shown, held)
        self._recognised_by[held.number] = configuration

    def _is_alive(self, held: NumberedSession) -> bool:
        """Whether Neo answers properly to a small question that any session may ask."""
        alive = self._probe.is_answered_by(self._patiently(held, self._probe.path, {}))
        if alive:
            self._keeper.accepted(held)
        return alive

    def _patiently(
        self,
        held: NumberedSession,
        path: str,
        params: Mapping[str, str],
        still_wanted: Callable[[], None] = lambda: None,
    ) -> Judged:
        """Never Unavailable, TooMany or Garbled: after the last try those leave as errors."""
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
                if isinstance(verdict, Garbled):
                    failure = _garbled(path, verdict)
                elif isinstance(verdict, (Unavailable, TooMany)):
                    failure, asked_for = _failure(verdict), verdict.retry_after
                else:
                    return verdict
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


def _garbled(path: str, verdict: Garbled) -> ShapeChanged:
    return ShapeChanged(
        f"Neo's answer to {path} calls itself JSON and can't be read as such", code=verdict.code
    )


def _value(path: str, verdict: Judged) -> object:
    """The JSON; ShapeChanged where there is none."""
    if isinstance(verdict, Answered):
        return verdict.value
    code = "status_404" if isinstance(verdict, NotFound) else verdict.code
    raise ShapeChanged(f"Neo answered {path} in an unknown way ({phrase({}, code)})", code=code)
