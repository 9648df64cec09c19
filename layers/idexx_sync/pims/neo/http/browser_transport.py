"""The same requests through Playwright, for a Neo that refuses plain HTTP."""

import queue
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from idexx_sync.core.errors import InternalError, SyncError
from idexx_sync.pims.access import StoredSession
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
)

if TYPE_CHECKING:
    from playwright.sync_api import APIRequestContext

_GRACE_S: Final = 5.0
MOST_WHOLE: Final = 2
"""So many times as many bytes as are kept may an answer have, which comes whole here."""


@dataclass(frozen=True, slots=True)
class _Question:
    url: str
    wait: float
    answer: Future[RawAnswer] = field(default_factory=Future)


class BrowserTransport:
    """Asks with Playwright's request context, which starts a driver but no Chromium.

    Playwright belongs to the thread that started it, so one thread of its own asks for all others,
    one question after the other.
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
        self._questions: queue.SimpleQueue[_Question | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="neo-browser", daemon=True)
        self._thread.start()

    def get(self, path: str, params: Mapping[str, str]) -> RawAnswer:
        wait = allowed_wait(self._timeout_s, self._time_left)
        question = _Question(address(self._base_url, path, params), wait)
        self._questions.put(question)
        if not self._thread.is_alive():
            self._refuse_the_rest("ended before")
        try:
            return question.answer.result(wait + _GRACE_S)
        except NotInTime:
            question.answer.cancel()
        raise too_slow(wait)

    def close(self) -> None:
        self._questions.put(None)
        self._thread.join(_GRACE_S)

    def _serve(self) -> None:
        from playwright.sync_api import Error, sync_playwright

        defect = "closed"
        try:
            with sync_playwright() as playwright:
                context = playwright.request.new_context(
                    storage_state={"cookies": self._cookies(), "origins": []},
                    user_agent=self._session.user_agent,
                    extra_http_headers=JSON_HEADERS,
                )
                self._answer_all(context)
                context.dispose()
        except Error as error:
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
            body = WithoutPictures()
            if not self._says_too_large(headers):
                body.add(response.body())
            answer = RawAnswer(response.status, response.url, headers, body.finished())
            response.dispose()
        except TimeoutError:
            slow = True
        except Error as error:
            # Its message quotes the request, cookies included.
            slow, fault = False, type(error).__name__
        else:
            if self._says_too_large(headers):
                raise too_large(self._largest_body)
            refuse_too_large(body, self._largest_body)
            return answer
        raise too_slow(question.wait) if slow else unreachable(fault)

    def _says_too_large(self, headers: Mapping[str, str]) -> bool:
        """Whether the body is not even to be fetched from Playwright, which holds all of it."""
        length = headers.get("content-length", "")
        return length.isdecimal() and int(length) > MOST_WHOLE * self._largest_body

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
