"""A whole login, from starting the browser to the last of its processes, in bounded time."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from idexx_sync.core.errors import DeadlineExceeded, SyncError
from idexx_sync.pims.access import Credentials
from idexx_sync.pims.neo.http.transport import TimeLeft
from idexx_sync.pims.neo.login.browser import RunFolder, open_browser, run_folder
from idexx_sync.pims.neo.login.dialog import LoginDialog, LoginResult, browser_failed
from idexx_sync.pims.neo.login.processes import end_children

_GRACE_S: Final = 2.0
"""How long after its time a login may still tidy up by itself."""


class BrowserLogin:
    """Logs in with a browser of its own, on a thread of its own.

    The thread keeps Playwright's event loop away from the caller's, and lets the caller end a
    login that hangs: killing the browser ends every wait for it. It also ends the browser's
    processes while the caller asks its first questions already; `close` waits for that.
    """

    def __init__(
        self,
        origin: str,
        *,
        chromium_path: str | None,
        timeout_s: float,
        time_left: TimeLeft,
        meanwhile: Callable[[], object] = lambda: None,
    ) -> None:
        """`meanwhile` is done by the caller's thread, which has nothing to do but wait."""
        self._meanwhile = meanwhile
        self._origin = origin
        self._chromium_path = chromium_path
        self._timeout_s = timeout_s
        self._time_left = time_left
        self._folder: RunFolder | None = None
        self._dialog: LoginDialog | None = None
        self._attempt: _Attempt | None = None

    def __call__(self, credentials: Credentials) -> LoginResult:
        allowed = min(self._timeout_s, self._time_left())
        if allowed <= 0:
            raise DeadlineExceeded("no time was left to log in", code="before_login")
        self.close()
        self._attempt = attempt = _Attempt(self, credentials, allowed)
        attempt.start()
        try:
            self._meanwhile()
            answered = attempt.answered.wait(allowed + _GRACE_S)
        except BaseException:  # somebody stops us: the browser must not outlive this
            self._cut_off(attempt)
            raise
        if not answered:
            self._cut_off(attempt)
        return attempt.result_or_raise()

    def close(self) -> None:
        """Wait until the last of a login's processes has ended; nothing of it is left then."""
        if self._attempt is not None:
            self._attempt.join(_GRACE_S)
            if self._attempt.is_alive():
                self._cut_off(self._attempt)

    def _cut_off(self, attempt: "_Attempt") -> None:
        self.interrupt()
        end_children("run-driver")
        attempt.join(_GRACE_S)

    @property
    def submitted(self) -> bool:
        """Whether the credentials may have left us."""
        return self._dialog is not None and self._dialog.submitted

    def interrupt(self) -> None:
        """Ends the browser of a login that is under way; any thread may call this."""
        folder = self._folder
        if folder is not None:
            folder.processes.end()

    def log_in(
        self, credentials: Credentials, allowed: float, tell: Callable[[LoginResult], None]
    ) -> None:
        """The login itself, on the calling thread; the result is told before the tidying up."""
        ends = time.monotonic() + allowed

        def time_left() -> float:
            return ends - time.monotonic()

        self._dialog = None
        with (
            run_folder() as self._folder,
            open_browser(self._folder, self._origin, self._chromium_path, time_left) as browser,
        ):
            self._dialog = LoginDialog(
                browser.page, self._origin, longest_s=self._timeout_s, time_left=time_left
            )
            result = self._dialog.run(credentials)
            tell(replace(result, user_agent=browser.user_agent))


class _Attempt(threading.Thread):
    """One login and how it ended."""

    def __init__(self, login: BrowserLogin, credentials: Credentials, allowed: float) -> None:
        super().__init__(name="neo-login", daemon=True)
        self._login = login
        self._credentials = credentials
        self._allowed = allowed
        self._result: LoginResult | None = None
        self._error: SyncError | None = None
        self._defect = "did not end in time"
        self.answered = threading.Event()
        """Set once the outcome is known."""

    def run(self) -> None:
        defect = None
        try:
            self._login.log_in(self._credentials, self._allowed, self._take)
        except SyncError as error:
            self._error = error
        except Exception as error:  # noqa: BLE001 whatever it says, it may quote what was typed
            defect = type(error).__name__
        if defect:
            self._defect = defect
        self.answered.set()

    def _take(self, result: LoginResult) -> None:
        self._result = result
        self.answered.set()

    def result_or_raise(self) -> LoginResult:
        """The result; what Playwright itself says of a failure never leaves this module."""
        if self._result is not None:
            return self._result
        if self._error is not None:
            raise self._error
        raise browser_failed(self._defect, submitted=self._login.submitted)
