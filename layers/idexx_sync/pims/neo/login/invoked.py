"""A login by the login function, for a worker that has no browser of its own.

It is invoked once, waited for, and never again: an attempt is at most one submission. Whatever
keeps its answer from us leaves the attempt without outcome, unless it is certain that the function
has not begun.
"""

import threading
import time
from collections.abc import Callable
from typing import Final

from idexx_sync.core.errors import (
    ConfigurationInvalid,
    DeadlineExceeded,
    InternalError,
    SyncError,
    Throttled,
)
from idexx_sync.core.invoking import FunctionFailed, LambdaFunctions, NotInvoked
from idexx_sync.pims.access import Credentials
from idexx_sync.pims.neo.http.transport import TimeLeft
from idexx_sync.pims.neo.login.dialog import LoginResult
from idexx_sync.pims.neo.login.order import BrokenOff, LoginOrder, read_answer

LONGEST_S: Final = 75.0
"""How long an answer is waited for: longer than the function may work, so that Lambda itself says
that it was killed."""
AROUND_S: Final = 20.0
"""What a run must have left beside a login: the function may have to start, and to tidy up."""
_LOOK_EVERY_S: Final = 0.1
_SETTINGS_OF_OURS: Final = frozenset({"AccessDeniedException", "ResourceNotFoundException"})
"""Words of what only another deployment can put right."""


class InvokedLogin:
    """Logs in by invoking a function; there is nothing of it here but the waiting."""

    def __init__(
        self,
        origin: str,
        function: str,
        *,
        timeout_s: float,
        time_left: TimeLeft,
        meanwhile: Callable[[], object] = lambda: None,
        beat: Callable[[], object] = lambda: None,
        functions: LambdaFunctions | None = None,
    ) -> None:
        """`meanwhile` is done while the function works, and `beat` called again and again."""
        self._origin = origin
        self._function = function
        self._timeout_s = timeout_s
        self._time_left = time_left
        self._meanwhile = meanwhile
        self._beat = beat
        self._functions = functions or LambdaFunctions()
        self._interrupted = threading.Event()
        self._submitted = False

    def __call__(self, credentials: Credentials) -> LoginResult:
        self._submitted = False
        self._interrupted.clear()
        allowed = min(self._timeout_s, self._time_left() - AROUND_S)
        if allowed <= 0:
            raise DeadlineExceeded("no time was left to log in", code="before_login")
        order = LoginOrder(
            origin=self._origin,
            credentials=credentials,
            longest_s=self._timeout_s,
            allowed_s=allowed,
        )
        longest = min(LONGEST_S, self._time_left())
        call = _Call(self._functions, self._function, order, longest)
        self._submitted = True
        call.start()
        self._meanwhile()
        told = self._told(call, time.monotonic() + longest)
        if isinstance(told, NotInvoked):
            self._submitted = not told.never_begun
            raise _not_begun(told.word) if told.never_begun else _unknown(told.word)
        answer = read_answer(told)
        if answer is None:
            raise _unknown("its answer can't be read")
        self._submitted = answer.submitted
        if isinstance(answer, BrokenOff):
            raise answer.error()
        return answer.result()

    def _told(self, call: "_Call", ends: float) -> object:
        """The answer, or that the function was not invoked. Raises InternalError without either."""
        while not call.over.wait(_LOOK_EVERY_S):
            try:
                self._beat()
            except SyncError:
                raise _unknown("the run is over") from None
            if self._interrupted.is_set():
                raise _unknown("the run is over")
            if time.monotonic() > ends:
                raise _unknown("it did not answer in time")
        if call.fault is not None:
            raise _unknown(call.fault)
        return call.told

    @property
    def submitted(self) -> bool:
        """Whether the credentials may have left us: from the invocation until it is known."""
        return self._submitted

    def interrupt(self) -> None:
        """Ends the waiting; any thread may call this. The function ends by its own time."""
        self._interrupted.set()

    def close(self) -> None:
        """Nothing: what may still be waited for is a thread that keeps nobody from ending."""


class _Call(threading.Thread):
    """One invocation, and what came of it."""

    def __init__(
        self, functions: LambdaFunctions, function: str, order: LoginOrder, longest_s: float
    ) -> None:
        super().__init__(name="login-function", daemon=True)
        self._functions = functions
        self._function = function
        self._order = order
        self._longest_s = longest_s
        self.over = threading.Event()
        self.told: object = None
        """What the function answered, or NotInvoked."""
        self.fault: str | None = None
        """Why there is neither."""

    def run(self) -> None:
        try:
            self.told = self._functions.call(self._function, self._order.event(), self._longest_s)
        except NotInvoked as error:
            self.told = error
        except FunctionFailed:
            self.fault = "it failed"
        except Exception as error:  # noqa: BLE001 whatever it says, it may quote the session
            self.fault = type(error).__name__
        self.over.set()


def _not_begun(word: str) -> SyncError:
    """Nothing has left us, and the attempt counts for nothing."""
    if word == "TooManyRequestsException":
        return Throttled("all login functions were busy; nothing was sent", code="login_function")
    if word in _SETTINGS_OF_OURS:
        return ConfigurationInvalid(
            f"the login function can't be invoked ({word}); see IDEXX_SYNC_LOGIN_FUNCTION and the "
            "rights of the worker's role",
            code="login_function",
        )
    return InternalError(
        f"the login function did not begin ({word}); nothing was sent", code="login_not_begun"
    )


def _unknown(why: str) -> InternalError:
    """As of a browser that did not live to tell the outcome."""
    return InternalError(
        f"the login function did not tell how a login ended ({why}); its log may",
        code="login_function_failed",
    )
