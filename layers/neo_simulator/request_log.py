"""What was asked of one company: every request with its times, and every login attempt."""

import time
from collections import deque
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Literal

MOST_REQUESTS = 200_000

LoginOutcome = Literal[
    "ok",
    "wrong_password",
    "locked",
    "no_script",
    "csrf_missing",
    "mfa",
    "sso",
    "captcha",
    "branch_chooser",
    "password_change",
    "unknown_landing",
]


@dataclass(slots=True)
class LoggedRequest:
    number: int
    """Counts from 1 since the log was last cleared."""
    at: str
    """Wall clock when it arrived, ISO, UTC (the machine's, not the company's)."""
    started: float
    """Monotonic seconds when it arrived; comparable with other processes of this machine."""
    method: str
    path: str
    query: str
    concurrency: int
    """Requests in work for this company at that moment, this one included."""
    finished: float | None = None
    """Monotonic seconds when the answer was handed to the socket; None while in work."""
    status: int | None = None
    """0: the connection was cut without an answer."""
    bytes: int | None = None
    """Length of the body that was sent."""
    fault: str | None = None
    """The fault rule's action, if one was applied."""


@dataclass(frozen=True, slots=True)
class LoginAttempt:
    at: str
    username: str
    outcome: LoginOutcome


class RequestLog:
    """Bounded: the oldest entries give way."""

    def __init__(self) -> None:
        self.requests: deque[LoggedRequest] = deque(maxlen=MOST_REQUESTS)
        self.logins: deque[LoginAttempt] = deque(maxlen=MOST_REQUESTS)
        self._number = 0
        self._in_work = 0

    def begin(self, method: str, path: str, query: str) -> LoggedRequest:
        self._number += 1
        self._in_work += 1
        entry = LoggedRequest(
            number=self._number,
            at=_now(),
            started=time.monotonic(),
            method=method,
            path=path,
            query=query,
            concurrency=self._in_work,
        )
        self.requests.append(entry)
        return entry

    def end(self, entry: LoggedRequest, status: int, size: int) -> None:
        self._in_work -= 1
        entry.finished, entry.status, entry.bytes = time.monotonic(), status, size

    def login(self, username: str, outcome: LoginOutcome) -> None:
        self.logins.append(LoginAttempt(_now(), username, outcome))

    def clear(self) -> None:
        """Forget requests and logins; what is in work is not counted anew."""
        self.requests.clear()
        self.logins.clear()
        self._number = 0

    def requests_after(self, number: int) -> list[dict[str, object]]:
        return [asdict(entry) for entry in self.requests if entry.number > number]

    def login_list(self) -> list[dict[str, object]]:
        return [asdict(attempt) for attempt in self.logins]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
