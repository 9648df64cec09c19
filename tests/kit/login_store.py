"""A login store in memory, as strict as the contract."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import SecretStr

from idexx_sync.core.errors import SyncError
from idexx_sync.pims.access import Credentials, LoginOutcome, StoredSession
from idexx_sync.pims.identity import Shown

CANARY_PASSWORD = "Canary-Pass-7!word"


class FakeLoginStore:
    """Keeps what it is given and the order of it; a wrong order fails the test."""

    def __init__(
        self,
        company_id: str = "1",
        username: str = "sync",
        password: str = CANARY_PASSWORD,
        *,
        session: StoredSession | None = None,
        breaker: SyncError | None = None,
    ) -> None:
        self.credentials = Credentials(
            company_id=SecretStr(company_id),
            username=SecretStr(username),
            password=SecretStr(password),
        )
        self.stored = session
        self.breaker = breaker
        self.outcomes: list[LoginOutcome | None] = []
        """One for each login that was begun; None while it has no outcome."""
        self.submitted: list[bool | None] = []
        """Likewise, whether the credentials have left us."""
        self.dropped = 0
        self.stranger: SyncError | None = None
        """What is raised for a session of another company."""
        self.shown: list[Shown] = []
        """What was compared."""
        self._busy = threading.Lock()

    @property
    def logins(self) -> int:
        return len(self.outcomes)

    def session(self) -> StoredSession | None:
        with self._alone():
            return self.stored

    def store_session(self, session: StoredSession) -> None:
        with self._alone():
            after_login = self.outcomes[-1:] == ["ok"]
            assert after_login or session.recognised, "only a login that succeeded leaves a session"
            assert session.cookies
            assert session.user_agent
            assert session.logged_in_at.tzinfo
            self.stored = session

    def drop_session(self) -> None:
        with self._alone():
            self.stored = None
            self.dropped += 1

    def begin_login(self) -> Credentials:
        with self._alone():
            if self.breaker is not None:
                raise self.breaker
            self.outcomes.append(None)
            self.submitted.append(None)
            return self.credentials

    def end_login(self, outcome: LoginOutcome, *, submitted: bool = True) -> None:
        with self._alone():
            assert self.outcomes, "no login was begun"
            assert self.outcomes[-1] is None, "a login ends once"
            self.outcomes[-1], self.submitted[-1] = outcome, submitted

    def recognise(self, shown: Shown) -> None:
        with self._alone():
            self.shown.append(shown)
            if self.stranger is not None:
                raise self.stranger

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One store serves one run: two threads at it at once are a defect."""
        assert self._busy.acquire(blocking=False), "two threads at the store at once"
        try:
            yield
        finally:
            self._busy.release()
