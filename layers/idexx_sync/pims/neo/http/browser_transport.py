"""The same requests through Playwright, for a Neo that refuses plain HTTP."""

import queue
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from idexx_sync.core.errors import InternalError, SyncError
from idexx_sync.pims.access import StoredSession
from idexx_sync.pims.neo.driver import Driver
from idexx_sync.pims.neo.http.answers import RawAnswer
from idexx_sync.pims.neo.http.pasted import WithoutPictures
from idexx_sync.pims.neo.http.transport import (
    JSON_HEADERS,
    LARGEST_BODY,
    TimeLeft,
    address,
    allowed_wait,
    belongs_to,
    refuse_too_large,
    too_large,
    too_slow,
    unreachable,
    whole,
)
from idexx_sync.pims.neo.login.memory import peak_mb

if TYPE_CHECKING:
    from playwright.sync_api import APIRequestContext

_GRACE_S: Final = 2.0
_LOOK_EVERY_S: Final = 0.1
MOST_DRIVER_MB: Final = 400
"""Most memory of Playwright's own process, which holds an answer five times before we see it."""
_MOST_DIGITS: Final = 15


@dataclass(frozen=True, slots=True)
class _Question:
    url: str
    wait: float
    answer: Future[RawAnswer] = field(default_factory=Future)


class BrowserTransport:
    """Asks with Playwright's request context, which starts a driver but no Chromium.

    A driver that hangs, or that holds more than we can, is ended; the next question gets another.
    """

    def __init__(
        self,
        base_url: str,
        session: StoredSession,
        *,
        timeout_s: float,
        time_left: TimeLeft,
        largest_body: int = LARGEST_BODY,
    ) -> None:
        self._base_url = base_url
        self._session = session
        self._timeout_s = timeout_s
        self._time_left = time_left
        self._largest_body = largest_body
        self._lock = threading.Lock()
        self._asker = self._new_asker()

    def get(self, path: str, params: Mapping[str, str]) -> RawAnswer:
        wait = allowed_wait(self._timeout_s, self._time_left)
        question = _Question(address(self._base_url, path, params), wait)
        asker = self._current_asker()
        asker.ask(question)
        try:
            return self._answer(asker, question)
        except SyncError:
            if asker.is_of_no_more_use():
                self._replace(asker)
            raise

    def close(self) -> None:
        self._asker.close()

    def _answer(self, asker: "_Asker", question: _Question) -> RawAnswer:
        ends = time.monotonic() + question.wait + _GRACE_S
        while True:
            with suppress(NotInTime):
                return question.answer.result(_LOOK_EVERY_S)
            if asker.holds_too_much():
                failure: SyncError = too_large(self._largest_body)
            elif time.monotonic() > ends:
                failure = too_slow(question.wait)
            else:
                continue
            asker.hangs = True
            raise failure

    def _current_asker(self) -> "_Asker":
        with self._lock:
            return self._asker

    def _replace(self, asker: "_Asker") -> None:
        with self._lock:
            if self._asker is asker:
                asker.driver.end()
                asker.close()
                self._asker = self._new_asker()

    def _new_asker(self) -> "_Asker":
        asker = _Asker(self._base_url, self._session, self._largest_body)
        asker.start()
        return asker


class _Asker(threading.Thread):
    """Playwright belongs to the thread that started it, so this one asks for all others, one
    question after the other."""

    def __init__(self, base_url: str, session: StoredSession, largest_body: int) -> None:
        super().__init__(name="neo-browser", daemon=True)
        self.driver = Driver()
        self._base_url = base_url
        self._session = session
        self._largest_body = largest_body
        self._questions: queue.SimpleQueue[_Question | None] = queue.SimpleQueue()
        self.hangs = False
        """Whether a question was given up that it is still busy with."""

    def ask(self, question: _Question) -> None:
        self._questions.put(question)
        if not self.is_alive():
            self._refuse_the_rest("ended before")

    def close(self) -> None:
        self._questions.put(None)
        self.join(_GRACE_S)
        if self.is_alive():
            self.driver.end()
            self.join(_GRACE_S)

    def is_of_no_more_use(self) -> bool:
        return self.hangs or not self.is_alive() or self.holds_too_much()

    def holds_too_much(self) -> bool:
        """Whether the driver has ever held more than it may."""
        pid = self.driver.pid
        return pid is not None and peak_mb(pid) > MOST_DRIVER_MB

    def run(self) -> None:
        defect = "closed"
        try:
            with self.driver as playwright:
                context = playwright.request.new_context(
                    storage_state={"cookies": self._cookies(), "origins": []},
                    user_agent=self._session.user_agent,
                    extra_http_headers=JSON_HEADERS,
                )
                self._answer_all(context)
                context.dispose()
        except Exception as error:  # noqa: BLE001 it may quote the request, cookies included
            defect = type(error).__name__
        self._refuse_the_rest(defect)

    def _answer_all(self, context: "APIRequestContext") -> None:
        while (question := self._questions.get()) is not None:
            if not question.answer.set_running_or_notify_cancel():
                continue
            try:
                answer = self._ask(context, question)
            except SyncError as error:
                question.answer.set_exception(error)
            else:
                question.answer.set_result(answer)

    def _ask(self, context: "APIRequestContext", question: _Question) -> RawAnswer:
        from playwright.sync_api import Error, TimeoutError  # noqa: A004 Playwright's own

        fault = ""
        try:
            response = context.get(question.url, max_redirects=0, timeout=question.wait * 1000)
            headers = dict(response.headers)
            is_too_large = self._says_too_large(headers) or self.holds_too_much()
            body = WithoutPictures()
            if not is_too_large:
                body.add(response.body())
            response.dispose()
        except TimeoutError:
            slow = True
        except Error as error:
            # Its message quotes the request, cookies included.
            slow, fault = False, type(error).__name__
        else:
            if is_too_large:
                raise too_large(self._largest_body)
            refuse_too_large(body, self._largest_body)
            content = whole(body, self._largest_body)
            return RawAnswer(response.status, response.url, headers, content)
        raise too_slow(question.wait) if slow else unreachable(fault)

    def _says_too_large(self, headers: Mapping[str, str]) -> bool:
        """Whether the body is not even to be fetched from Playwright, which holds all of it."""
        length = headers.get("content-length", "")
        return length.isdecimal() and (
            len(length) > _MOST_DIGITS or int(length) > self._largest_body
        )

    def _refuse_the_rest(self, defect: str) -> None:
        """Nobody may wait for an answer that can't come any more."""
        while not self._questions.empty():
            question = self._questions.get()
            if question is not None and question.answer.set_running_or_notify_cancel():
                question.answer.set_exception(
                    InternalError(f"Playwright has ended ({defect})", code="browser_transport")
                )

    def _cookies(self) -> list[Any]:
        host = (urlsplit(self._base_url).hostname or "").casefold()
        defaults = {
            "path": "/",
            "expires": -1,
            "httpOnly": True,
            "secure": False,
            "sameSite": "Lax",
        }
        return [
            {**defaults, **cookie} for cookie in self._session.cookies if belongs_to(host, cookie)
        ]
