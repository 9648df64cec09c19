"""The session with Neo: read from the login store, renewed once if Neo refuses it, never twice."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from idexx_sync.core import errors
from idexx_sync.core.errors import ImplausibleData, ShapeChanged, SyncError
from idexx_sync.core.phrases import phrase
from idexx_sync.pims.access import Credentials, LoginOutcome, LoginStore, StoredSession
from idexx_sync.pims.identity import Shown
from idexx_sync.pims.neo.login.dialog import LoginResult

LogIn = Callable[[Credentials], LoginResult]

_LOGIN_ERRORS: Final[dict[LoginOutcome, tuple[type[SyncError], str]]] = {
    "credentials_rejected": (
        errors.CredentialsRejected,
        "Neo refused the company id, username or password; the clinic has to give new credentials "
        "(no further login is tried before that)",
    ),
    "password_change_required": (
        errors.PasswordChangeRequired,
        "Neo asks for a new password; somebody at the clinic has to log in, set one and pass it on",
    ),
    "account_locked": (
        errors.AccountLocked,
        "Neo has locked the account; an administrator at the clinic has to unlock it in Neo",
    ),
    "challenge_required": (
        errors.ChallengeRequired,
        "Neo asks for something that only a person can give (one-time code, single sign-on, "
        "captcha or choice of a branch); the clinic has to turn it off for this user",
    ),
    "page_unknown": (
        errors.PageUnknown,
        "the login ended on a page that nobody has described; ODIS has to look at it and correct "
        "the reader",
    ),
    "unavailable": (
        errors.PimsUnavailable,
        "Neo's login could not be reached or did not answer properly; it is tried again later",
    ),
}


@dataclass(frozen=True, slots=True)
class NumberedSession:
    """A session of this run; the number tells an old one from its successor."""

    number: int
    session: StoredSession
    fresh: bool
    """Whether it comes from a login of this run."""


class SessionKeeper:
    """Holds the run's session. However many threads are refused at once, one login follows.

    Nothing but whose it is may be asked of a session before it was recognised as the clinic's own.

    A refusal, or an answer that may be one, is answered by one silent login per run. A session
    that is refused right after its login, or a second refusal, ends the run: another login would
    not help. A session that was merely suspected stays stored until another one replaces it.
    """

    def __init__(
        self,
        login_store: LoginStore,
        log_in: LogIn,
        clock: Callable[[], datetime],
        may_have_left: Callable[[], bool] = lambda: True,
    ) -> None:
        """`may_have_left` tells of a login that gave no result whether the credentials may have
        left us."""
        self._login_store = login_store
        self._log_in = log_in
        self._may_have_left = may_have_left
        self._clock = clock
        self._lock = threading.Lock()
        self._held: NumberedSession | None = None
        self._proven = -1
        self._renewed = False
        self._recognised = -1
        self._failure: SyncError | None = None
        self.logged_in = False
        """Whether this run has logged in."""

    @property
    def will_log_in(self) -> bool:
        """There is no session yet and none is stored."""
        with self._lock:
            return self._held is None and self._login_store.session() is None

    def current(self) -> NumberedSession:
        """The session to ask with; logs in when there is none."""
        with self._lock:
            self._fail_again()
            if self._held is None:
                stored = self._login_store.session()
                self._held = NumberedSession(0, stored, fresh=False) if stored else self._fresh(0)
            return self._held

    def is_recognised(self, held: NumberedSession) -> bool:
        """Whether it was found to be of the clinic's own company, now or when it was made."""
        return held.session.recognised or held.number <= self._recognised

    def recognise(self, shown: Shown, asked_with: NumberedSession | None = None) -> None:
        """Compares what a session shows with what is known of the clinic's company.

        With the session that was asked whose it is, this one is the clinic's from now on. Raises
        ImplausibleData for another company's; then the session is dropped, and the run over.
        """
        with self._lock:
            self._fail_again()
            try:
                self._login_store.recognise(shown)
            except ImplausibleData as error:
                self._login_store.drop_session()
                self._failure = error
                raise
            if asked_with is not None and asked_with == self._held:
                self._recognised = asked_with.number
                self._login_store.store_session(replace(asked_with.session, recognised=True))

    def accepted(self, held: NumberedSession) -> None:
        """Neo has answered to this session, and what it was asked for."""
        self._proven = max(self._proven, held.number)

    def renew(self, refused: NumberedSession, code: str, *, certain: bool) -> bool:
        """Replaces a session that Neo refused, unless another thread has done so already.

        Not `certain`: Neo has only answered otherwise than asked. False if this run has logged
        in already; then the answer is what it says. A certain refusal is an error by then.
        """
        with self._lock:
            self._fail_again()
            if self._held is None or self._held.number != refused.number:
                return True
            if not certain and refused.fresh:
                return False
            if certain:
                self._login_store.drop_session()
            if self._renewed or (refused.fresh and self._proven < refused.number):
                self._failure = _refused_after_login(code)
                self._fail_again()
            self._renewed = True
            self._held = self._fresh(refused.number + 1)
            return True

    def _fail_again(self) -> None:
        """What ended the run for one thread ends it for all."""
        if self._failure is not None:
            raise self._failure

    def _fresh(self, number: int) -> NumberedSession:
        try:
            return NumberedSession(number, self._logged_in_session(), fresh=True)
        except SyncError as error:
            self._failure = error
            raise

    def _logged_in_session(self) -> StoredSession:
        """One login; however it breaks off, it stays without outcome only if the credentials may
        have left us."""
        credentials = self._login_store.begin_login()
        try:
            result = self._log_in(credentials)
        except BaseException:  # Ctrl-C too, while the browser starts
            if not self._may_have_left():
                self._login_store.end_login("unavailable", submitted=False)
            raise
        self._login_store.end_login(result.outcome, submitted=result.submitted)
        if result.outcome != "ok":
            kind, message = _LOGIN_ERRORS[result.outcome]
            raise kind(message, code=result.code)
        session = StoredSession(result.cookies, result.user_agent, self._clock())
        self._login_store.store_session(session)
        self.logged_in = True
        return session


def _refused_after_login(code: str) -> ShapeChanged:
    return ShapeChanged(
        f"Neo refused a session right after a login ({phrase({}, code)}), or a second time in one "
        "run; ODIS has to look at what Neo answers",
        code="refused_after_login",
    )
