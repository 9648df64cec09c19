"""A login by the login function, as a run sees it: what counts as an attempt, and what does not."""

import threading
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from idexx_sync.core import errors
from idexx_sync.core.errors import LeaseLost, SyncError
from idexx_sync.core.invoking import NEVER_BEGUN, FunctionFailed, LambdaFunctions, NotInvoked
from idexx_sync.pims.neo.http.session import SessionKeeper
from idexx_sync.pims.neo.login.invoked import AROUND_S, LONGEST_S, InvokedLogin
from tests.kit.login_store import CANARY_PASSWORD, FakeLoginStore

OK = {
    "how": "ended",
    "outcome": "ok",
    "code": "dashboard",
    "cookies": [{"name": "neo_session", "value": "Canary-3"}],
    "user_agent": "Mozilla/5.0 (invented)",
    "submitted": True,
}
REJECTED = {**OK, "outcome": "credentials_rejected", "code": "error_box", "cookies": []}


class Functions(LambdaFunctions):
    """Answers as it is told, and notes what it was asked."""

    def __init__(self, answer: Callable[[], Any]) -> None:
        super().__init__()
        self.answer = answer
        self.asked: list[tuple[str, Any, float]] = []

    def call(self, function: str, event: Any, longest_s: float = 0) -> Any:
        self.asked.append((function, event, longest_s))
        return self.answer()


class Run:
    """A run that finds no session, and has to log in."""

    def __init__(self, answer: Callable[[], Any], *, time_left: float = 280, **more: Any) -> None:
        self.functions = Functions(answer)
        self.store = FakeLoginStore()
        self.login = InvokedLogin(
            "https://neo.example",
            "login",
            timeout_s=30,
            time_left=lambda: time_left,
            functions=self.functions,
            **more,
        )
        self.keeper = SessionKeeper(
            self.store, self.login, lambda: datetime.now(UTC), lambda: self.login.submitted
        )

    def fails(self) -> SyncError:
        with pytest.raises(SyncError) as caught:
            self.keeper.current()
        said = repr(caught.value) + "".join(traceback.format_exception(caught.value))
        assert "Canary" not in said
        assert len(self.functions.asked) == 1, "an attempt is one invocation"
        return caught.value

    @property
    def attempt(self) -> tuple[Any, Any]:
        """Outcome, and whether anything has left us."""
        (outcome,), (submitted,) = self.store.outcomes, self.store.submitted
        return outcome, submitted


def raises(error: Exception) -> Callable[[], Any]:
    def answer() -> Any:
        raise error

    return answer


def test_a_session_is_what_it_answers() -> None:
    run = Run(lambda: OK)

    session = run.keeper.current().session

    assert (session.cookies, session.user_agent) == (OK["cookies"], OK["user_agent"])
    assert run.attempt == ("ok", True)
    ((function, event, longest_s),) = run.functions.asked
    assert (function, longest_s) == ("login", LONGEST_S)
    assert event == {
        "v": 1,
        "origin": "https://neo.example",
        "credentials": {"company_id": "1", "username": "sync", "password": CANARY_PASSWORD},
        "longest_s": 30,
        "allowed_s": 30,
    }


def test_the_attempt_is_written_down_before_the_function_is_invoked() -> None:
    seen: list[Any] = []

    def answer() -> object:
        seen.append(run.attempt)
        return OK

    run = Run(answer)
    run.keeper.current()

    assert seen == [(None, None)]


def test_a_refusal_is_the_clinics_as_of_a_login_here() -> None:
    run = Run(lambda: REJECTED)

    assert isinstance(run.fails(), errors.CredentialsRejected)
    assert run.attempt == ("credentials_rejected", True)


@pytest.mark.parametrize("word", sorted(NEVER_BEGUN))
def test_where_it_has_never_begun_the_attempt_counts_for_nothing(word: str) -> None:
    run = Run(raises(NotInvoked(word)))

    error = run.fails()

    assert run.attempt == ("unavailable", False)
    assert not run.login.submitted
    kinds = {
        "TooManyRequestsException": errors.Throttled,
        "AccessDeniedException": errors.ConfigurationInvalid,
        "ResourceNotFoundException": errors.ConfigurationInvalid,
    }
    assert type(error) is kinds.get(word, errors.InternalError)


@pytest.mark.parametrize(
    "answer",
    [
        raises(FunctionFailed("Canary: Task timed out after 60.00 seconds")),
        raises(NotInvoked("ReadTimeoutError")),
        raises(NotInvoked("TimeoutError")),
        raises(NotInvoked("ConnectionClosedError")),
        raises(NotInvoked("ServiceException")),
        raises(NotInvoked("status_202")),
        raises(ValueError("Canary")),
        lambda: None,
        lambda: {**OK, "cookies": "Canary"},
        lambda: {**OK, "outcome": "Canary"},
        lambda: {"errorMessage": "Canary"},
    ],
    ids=range(11),
)
def test_of_anything_else_nobody_knows_how_the_attempt_ended(answer: Callable[[], Any]) -> None:
    run = Run(answer)

    error = run.fails()

    assert (type(error), error.code) == (errors.InternalError, "login_function_failed")
    assert run.attempt == (None, None)
    assert run.login.submitted


@pytest.mark.parametrize("submitted", [True, False])
def test_a_login_that_broke_off_there_counts_as_it_would_here(submitted: bool) -> None:
    told = {"how": "broken_off", "kind": "internal", "code": "browser_failed"}
    run = Run(lambda: {**told, "submitted": submitted})

    error = run.fails()

    assert (type(error), error.code) == (errors.InternalError, "browser_failed")
    assert run.attempt == ((None, None) if submitted else ("unavailable", False))


def test_it_is_not_invoked_without_time_for_it_and_nothing_is_sent() -> None:
    run = Run(lambda: OK, time_left=AROUND_S)

    with pytest.raises(errors.DeadlineExceeded):
        run.keeper.current()

    assert run.functions.asked == []
    assert run.attempt == ("unavailable", False)


def test_it_may_take_what_the_run_has_left_and_is_waited_for_no_longer() -> None:
    run = Run(lambda: OK, time_left=AROUND_S + 5)

    run.keeper.current()

    ((_, event, longest_s),) = run.functions.asked
    assert (event["longest_s"], event["allowed_s"]) == (30, 5)
    assert longest_s == AROUND_S + 5


def test_the_run_shows_life_and_gets_ready_while_it_waits() -> None:
    answered, beats, ready = threading.Event(), [], []

    def beat() -> None:
        beats.append(1)
        if len(beats) == 3:
            answered.set()

    run = Run(
        lambda: [answered.wait(5), OK][1], beat=beat, meanwhile=lambda: ready.append(beats[:])
    )
    run.keeper.current()

    assert len(beats) >= 3
    assert ready == [[]]


def test_a_run_that_is_over_waits_no_longer_and_its_attempt_stays_without_outcome() -> None:
    answered = threading.Event()
    lost = LeaseLost("another run has the clinic", code="heartbeat")
    run = Run(lambda: [answered.wait(30), OK][1], beat=raises(lost))
    began = time.monotonic()

    error = run.fails()
    answered.set()

    assert time.monotonic() - began < 5
    assert error.code == "login_function_failed"
    assert run.attempt == (None, None)
    assert run.login.submitted


def test_who_interrupts_it_waits_no_longer() -> None:
    answered = threading.Event()
    run = Run(lambda: [answered.wait(30), OK][1])
    threading.Timer(0.2, run.login.interrupt).start()

    run.fails()
    answered.set()

    assert run.attempt == (None, None)


def test_an_answer_that_never_comes_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("idexx_sync.pims.neo.login.invoked.LONGEST_S", 0.3)
    answered = threading.Event()
    run = Run(lambda: [answered.wait(30), OK][1])

    run.fails()
    answered.set()

    assert run.attempt == (None, None)
