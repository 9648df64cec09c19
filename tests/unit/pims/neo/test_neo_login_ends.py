"""Whether the credentials may have left us, of a login that somebody stops."""

import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr

from idexx_sync.core.errors import DeadlineExceeded
from idexx_sync.pims.access import Credentials
from idexx_sync.pims.neo.login.attempt import BrowserLogin
from idexx_sync.pims.neo.login.dialog import LoginResult


class LateLogin(BrowserLogin):
    """Types only when it is told to, which is after somebody has begun to stop it."""

    stopped: Callable[[], None] = staticmethod(lambda: None)
    may_type: threading.Event

    def log_in(self, *_: Any) -> None:
        dialog: Any = SimpleNamespace(submitted=False)
        self._dialog = dialog
        self.may_type.wait(10)
        dialog.submitted = True

    def interrupt(self) -> None:
        self.stopped()


@pytest.fixture
def login() -> Iterator[LateLogin]:
    made = LateLogin(
        "https://neo.example",
        chromium_path=None,
        timeout_s=10,
        memory_mb=1e6,
        time_left=lambda: 10,
    )
    made.may_type = threading.Event()
    yield made
    made.may_type.set()
    made.close()


CREDENTIALS = Credentials(
    company_id=SecretStr("1"), username=SecretStr("sync"), password=SecretStr("Correct-Horse-1")
)


def stop() -> None:
    raise KeyboardInterrupt


def test_who_stops_twice_leaves_a_login_that_counts(login: LateLogin) -> None:
    login._meanwhile = login.stopped = stop

    with pytest.raises(KeyboardInterrupt):
        login(CREDENTIALS)

    assert login.submitted, "its thread lives, and may still type"


def test_what_is_typed_while_a_login_is_cut_off_counts(login: LateLogin) -> None:
    login._memory_mb = -1
    login.stopped = login.may_type.set

    result = login(CREDENTIALS)

    assert (result.code, result.submitted) == ("login_memory", True)


def test_a_login_that_ended_before_it_typed_counts_for_nothing(login: LateLogin) -> None:
    def early(*_: object) -> LoginResult:
        raise DeadlineExceeded("no time", code="before_login")

    login.log_in = early  # type: ignore[assignment, method-assign]

    with pytest.raises(DeadlineExceeded):
        login(CREDENTIALS)

    assert not login.submitted
