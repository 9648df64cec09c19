"""A whole login, from starting the browser to the last of its processes, in bounded time."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from idexx_sync.core.errors import DeadlineExceeded, SyncError
from idexx_sync.pims.access import Credentials
from idexx_sync.pims.neo.driver import Driver
from idexx_sync.pims.neo.http.transport import TimeLeft
from idexx_sync.pims.neo.login.browser import open_browser
from idexx_sync.pims.neo.login.dialog import LoginDialog, LoginResult, browser_failed
from idexx_sync.pims.neo.login.memory import LoginMemory
from idexx_sync.pims.neo.login.processes import LONGEST_END_S
from idexx_sync.pims.neo.login.run_folder import RunFolder, run_folder

_GRACE_S: Final = 2.0
"""How long after its time a login may still tidy up by itself."""
TIDYING_S: Final = 2 * _GRACE_S + LONGEST_END_S
"""So long after its time a login is over, whatever the browser does."""
_LOOK_EVERY_S: Final = 0.1
"""A page may take more than 100 MB meanwhile."""


class BrowserLogin:
    """Logs in with a browser of its own, on a thread of its own.

    The thread keeps Playwright's event loop away from the caller's, and lets the caller end a
    login that hangs or takes too much memory: killing the browser ends every wait for it. It also
    ends the browser's processes while the caller asks its first questions already; `close` waits
    for that.
    """

    def __init__(
        self,
        origin: str,
        *,
        chromium_path: str | None,
        timeout_s: float,
        memory_mb: float,
        time_left: TimeLeft,
        meanwhile: Callable[[], object] = lambda: None,
        beat: Callable[[], object] = lambda: None,
    ) -> None:
        """`memory_mb` is what the browser and all that it needs may take.

        `meanwhile` is done by the caller's thread, which has nothing to do but wait, and calls
        `beat` again and again while it does.
        """
        self._meanwhile = meanwhile
        self._beat = beat
        self._memory_mb = memory_mb
        self._origin = origin
        self._chromium_path = chromium_path
        self._timeout_s = timeout_s
        self._time_left = time_left
        self._folder: RunFolder | None = None
        self._driver: Driver | None = None
        self._dialog: LoginDialog | None = None
        self._attempt: _Attempt | None = None
        self._at_large = False
        """Whether the attempt goes on for all we know, so that nobody knows what it still does."""

    def __call__(self, credentials: Credentials) -> LoginResult:
        self.close()
        self._folder = self._driver = self._dialog = None
        self._at_large = False
        allowed = min(self._timeout_s, self._time_left())
        if allowed <= 0:
            raise DeadlineExceeded("no time was left to log in", code="before_login")
        self._attempt = attempt = _Attempt(self, credentials, allowed)
        ends = time.monotonic() + allowed + _GRACE_S
        self._at_large = True
        attempt.start()
        try:
            self._meanwhile()
            fault = self._watched(attempt, ends)
        except BaseException:  # somebody stops us: the browser must not outlive this
            self._cut_off(attempt)
            raise
        if fault is None:
            self._at_large = False
        else:
            attempt.give_up(fault)
            self._cut_off(attempt)
        result = attempt.result_or_raise()
        if fault is not None:  # it may have typed after it was given up and before it ended
            result = replace(result, submitted=result.submitted or self.submitted)
        return result

    def _watched(self, attempt: "_Attempt", ends: float) -> "LoginResult | SyncError | None":
        """What the login is given up for; None once it has an outcome."""
        memory = LoginMemory(self._memory_mb, self._processes)
        while not attempt.answered.wait(_LOOK_EVERY_S):
            try:
                self._beat()
            except SyncError:
                return browser_failed("the run is over", submitted=self.typed)
            if memory.is_too_large():
                return LoginResult("unavailable", "login_memory", submitted=self.typed)
            if time.monotonic() > ends:
                return browser_failed("did not end in time", submitted=self.typed)
        return None

    def _processes(self) -> list[int]:
        """The driver, whose child the browser is: without it no login goes on."""
        pid = None if self._driver is None else self._driver.pid
        return [] if pid is None else [pid]

    def close(self) -> None:
        """Wait until the last of a login's processes has ended; nothing of it is left then."""
        if self._attempt is not None:
            self._attempt.join(_GRACE_S)
            if self._attempt.is_alive():
                self._cut_off(self._attempt)

    def _cut_off(self, attempt: "_Attempt") -> None:
        self.interrupt()
        if self._driver is not None:
            self._driver.end()
        attempt.join(_GRACE_S)
        self._at_large = attempt.is_alive()

    @property
    def submitted(self) -> bool:
        """Whether the credentials may have left us."""
        return self._at_large or self.typed

    @property
    def typed(self) -> bool:
        """Whether the dialog has got so far that the credentials may have left us."""
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

        self._driver = driver = Driver()
        with (
            run_folder() as self._folder,
            open_browser(
                self._folder, self._origin, self._chromium_path, time_left, driver
            ) as browser,
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
        self._lock = threading.Lock()
        self._outcome: LoginResult | SyncError | None = None
        self.answered = threading.Event()
        """Set once the outcome is known."""

    def run(self) -> None:
        defect = None
        try:
            self._login.log_in(self._credentials, self._allowed, self._take)
        except SyncError as error:
            self._take(error)
        except Exception as error:  # noqa: BLE001 whatever it says, it may quote what was typed
            defect = type(error).__name__
        if defect:
            self._take(browser_failed(defect, submitted=self._login.typed))

    def give_up(self, why: LoginResult | SyncError) -> None:
        """Whatever comes of it now is no outcome any more."""
        self._take(why)

    def _take(self, outcome: LoginResult | SyncError) -> None:
        """The first one counts."""
        with self._lock:
            self._outcome = self._outcome or outcome
        self.answered.set()

    def result_or_raise(self) -> LoginResult:
        """The result; what Playwright itself says of a failure never leaves this module."""
        assert self._outcome is not None, "it is asked once there is an outcome"
        if isinstance(self._outcome, SyncError):
            raise self._outcome
        return self._outcome
