"""One login for any number of refusals, and never a third try."""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from idexx_sync.core import errors
from idexx_sync.core.errors import (
    ImplausibleData,
    InternalError,
    PimsUnavailable,
    ShapeChanged,
    SyncError,
    Throttled,
)
from idexx_sync.pims.access import Credentials, LoginOutcome, StoredSession
from idexx_sync.pims.neo.http.answers import Answered, NotFound, RawAnswer, Strange
from idexx_sync.pims.neo.http.client import HttpClient
from idexx_sync.pims.neo.http.probe import Probe
from idexx_sync.pims.neo.http.rate_limiter import RateLimiter
from idexx_sync.pims.neo.http.session import SessionKeeper
from idexx_sync.pims.neo.login.dialog import LoginResult
from idexx_sync.pims.protocol import Configuration
from tests.kit.login_store import CANARY_PASSWORD, FakeLoginStore

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
OLD = StoredSession([{"name": "neo_session", "value": "0"}], "agent", NOW, recognised=True)
Answer = Callable[[StoredSession, str], RawAnswer]


def json_answer(status: int = 200, **headers: str) -> RawAnswer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return RawAnswer(
        status, "https://neo.example/x", {"content-type": "application/json"} | named, b"{}"
    )


def read_page(value: object) -> object:
    """What reads JSON without an `error` in it."""
    if isinstance(value, dict) and "error" in value:
        raise ShapeChanged("an error", code="says_error")
    return value


def read_probe(value: object) -> Configuration:
    read_page(value)
    return CONFIGURATION


CONFIGURATION = Configuration(15, [])
HTML = RawAnswer(200, "https://neo.example/x", {"content-type": "text/html"}, b"<h1>Soon</h1>")


class Neo:
    """A scripted Neo: counts logins and requests, and what it answers depends on the session."""

    def __init__(
        self, answer: Answer, login_store: FakeLoginStore, outcome: LoginOutcome = "ok"
    ) -> None:
        self._answer = answer
        self._outcome = outcome
        self.requests = 0
        self.closed = 0
        self.slept: list[float] = []
        self._lock = threading.Lock()
        self.left = 1000.0
        self.keeper = SessionKeeper(login_store, self._log_in, lambda: NOW)
        self.client = HttpClient(
            self.keeper,
            lambda session: _Connected(self, session),
            RateLimiter(10_000, 100, clock=lambda: 0.0, sleep=self.slept.append),
            probe=Probe("/probe", read_probe),
            clock=lambda: NOW,
            time_left=lambda: self.left,
            sleep=self.slept.append,
        )
        self._sessions = 0

    def _log_in(self, credentials: Credentials) -> LoginResult:
        assert credentials.password.get_secret_value() == CANARY_PASSWORD
        self._sessions += 1
        if self._outcome != "ok":
            return LoginResult(self._outcome, "error_box")
        cookie = {"name": "neo_session", "value": str(self._sessions)}
        return LoginResult("ok", "dashboard", [cookie], "agent")

    def answer(self, session: StoredSession, path: str) -> RawAnswer:
        with self._lock:
            self.requests += 1
        return self._answer(session, path)


class _Connected:
    def __init__(self, neo: Neo, session: StoredSession) -> None:
        self._neo = neo
        self._session = session

    def get(self, path: str, params: Mapping[str, str]) -> RawAnswer:
        assert params == {}
        return self._neo.answer(self._session, path)

    def close(self) -> None:
        self._neo.closed += 1


def number(session: StoredSession) -> int:
    return int(session.cookies[0]["value"])


def test_a_stored_session_is_used_without_any_login() -> None:
    login_store = FakeLoginStore(session=OLD)
    neo = Neo(lambda _session, _path: json_answer(), login_store)

    assert neo.client.ask("/x", {}) == Answered({})
    assert not neo.keeper.will_log_in
    assert (login_store.logins, neo.requests, neo.keeper.logged_in) == (0, 1, False)


def test_without_a_session_it_logs_in_first_and_keeps_it() -> None:
    login_store = FakeLoginStore()
    neo = Neo(lambda _session, _path: json_answer(), login_store)
    before = neo.keeper.will_log_in

    neo.client.ask("/x", {})
    assert (before, neo.keeper.will_log_in) == (True, False)
    neo.client.ask("/x", {})
    assert login_store.outcomes == ["ok"]
    assert login_store.stored == StoredSession(
        [{"name": "neo_session", "value": "1"}], "agent", NOW, recognised=True
    )
    assert neo.keeper.logged_in


def test_forty_refusals_at_once_cause_one_login() -> None:
    login_store = FakeLoginStore(session=OLD)
    together = threading.Barrier(40)

    def answer(session: StoredSession, _path: str) -> RawAnswer:
        if number(session) == 0:
            together.wait(10)
            return json_answer(401)
        return json_answer()

    neo = Neo(answer, login_store)
    with ThreadPoolExecutor(40) as pool:
        verdicts = list(pool.map(lambda _: neo.client.ask("/x", {}), range(40)))

    assert verdicts == [Answered({})] * 40
    assert (login_store.outcomes, login_store.dropped, neo.requests) == (["ok"], 1, 81)
    neo.client.close()
    assert neo.closed == 2


def test_r08_forty_questions_at_once_ask_once_whose_a_session_is() -> None:
    login_store = FakeLoginStore(session=replace(OLD, recognised=False))
    asked: list[str] = []

    def answer(_session: StoredSession, path: str) -> RawAnswer:
        asked.append(path)
        return json_answer()

    neo = Neo(answer, login_store)
    with ThreadPoolExecutor(40) as pool:
        list(pool.map(lambda _: neo.client.ask("/x", {}), range(40)))

    assert (asked[0], asked.count("/probe"), len(asked)) == ("/probe", 1, 41)
    assert (login_store.logins, login_store.stored) == (0, OLD)
    assert neo.client.configuration() == CONFIGURATION
    assert len(asked) == 41, "what the session was recognised by was asked for once more"


def test_r08_a_session_of_another_company_is_asked_nothing_else() -> None:
    login_store = FakeLoginStore(session=replace(OLD, recognised=False))
    login_store.stranger = ImplausibleData("not ours", code="other_company")
    asked: list[str] = []

    def answer(_session: StoredSession, path: str) -> RawAnswer:
        asked.append(path)
        return json_answer()

    neo = Neo(answer, login_store)
    for _ in range(2):
        with pytest.raises(ImplausibleData):
            neo.client.ask("/x", {})

    assert (asked, login_store.logins) == (["/probe"], 0)
    assert (login_store.stored, login_store.dropped) == (None, 1)


def test_r08_a_session_from_a_login_in_the_middle_of_a_run_is_compared_too() -> None:
    login_store = FakeLoginStore(session=OLD)
    asked: list[str] = []

    def answer(session: StoredSession, path: str) -> RawAnswer:
        asked.append(path)
        if number(session):
            login_store.stranger = ImplausibleData("not ours", code="other_company")
        return json_answer(401 if path == "/2" and not number(session) else 200)

    neo = Neo(answer, login_store)
    neo.client.ask("/1", {})
    with pytest.raises(ImplausibleData):
        neo.client.ask("/2", {})

    assert asked == ["/1", "/2", "/probe"]
    assert (login_store.outcomes, login_store.stored) == (["ok"], None)


def test_forty_refusals_and_a_rejected_login_are_one_attempt() -> None:
    login_store = FakeLoginStore(session=OLD)
    neo = Neo(lambda _session, _path: json_answer(403), login_store, outcome="credentials_rejected")

    def ask(_: int) -> str:
        with pytest.raises(errors.CredentialsRejected):
            neo.client.ask("/x", {})
        return "rejected"

    with ThreadPoolExecutor(40) as pool:
        assert list(pool.map(ask, range(40))) == ["rejected"] * 40
    assert login_store.outcomes == ["credentials_rejected"]


def test_a_session_refused_right_after_its_login_ends_the_run() -> None:
    login_store = FakeLoginStore()
    neo = Neo(lambda _session, _path: json_answer(401), login_store)

    with pytest.raises(ShapeChanged) as caught:
        neo.client.ask("/x", {})
    assert caught.value.code == "refused_after_login"
    assert (login_store.logins, neo.requests, login_store.stored) == (1, 1, None)


def test_a_second_refusal_ends_the_run_for_everybody() -> None:
    login_store = FakeLoginStore(session=OLD)
    neo = Neo(lambda _session, _path: json_answer(401), login_store)

    for _ in range(2):
        with pytest.raises(ShapeChanged, match="ODIS has to look"):
            neo.client.ask("/x", {})
    assert (login_store.logins, neo.requests) == (1, 2)


ERROR = RawAnswer(
    200, "https://neo.example/x", {"content-type": "application/json"}, b'{"error": "ended"}'
)
OTHERWISE = [
    (HTML, "not_json_type"),
    (json_answer(302, location="/"), "redirect_elsewhere"),
    (json_answer(204), "status_204"),
    (json_answer(404), "status_404"),
    (json_answer(410), "status_410"),
    (ERROR, "says_error"),
]


@pytest.mark.parametrize(("other", "code"), OTHERWISE)
def test_any_answer_that_was_not_asked_for_costs_one_login(other: RawAnswer, code: str) -> None:
    login_store = FakeLoginStore(session=OLD)
    neo = Neo(lambda session, _path: json_answer() if number(session) else other, login_store)

    assert neo.client.read("/x", {}, read_page) == {}
    assert (login_store.outcomes, login_store.dropped, neo.requests) == (["ok"], 0, 3)


@pytest.mark.parametrize("stored", [OLD, None])
@pytest.mark.parametrize(("other", "code"), OTHERWISE)
def test_after_the_login_it_is_what_it_says(
    other: RawAnswer, code: str, stored: StoredSession | None
) -> None:
    login_store = FakeLoginStore(session=stored)
    neo = Neo(lambda _session, path: other if path == "/x" else json_answer(), login_store)

    for _ in range(2):
        with pytest.raises(ShapeChanged) as caught:
            neo.client.read("/x", {}, read_page)
        assert caught.value.code == code
        assert neo.client.read("/1", {}, read_page) == {}
    assert (login_store.logins, login_store.dropped) == (1, 0)
    assert login_store.stored is not None


def test_a_suspected_session_stays_if_no_login_comes_of_it() -> None:
    login_store = FakeLoginStore(session=OLD)
    neo = Neo(lambda _session, _path: HTML, login_store, outcome="unavailable")

    with pytest.raises(PimsUnavailable):
        neo.client.read("/x", {}, read_page)
    assert login_store.stored == OLD


def test_a_run_that_began_with_a_login_survives_one_refusal_in_its_middle() -> None:
    login_store = FakeLoginStore()
    asked: list[str] = []

    def answer(session: StoredSession, path: str) -> RawAnswer:
        asked.append(path)
        return json_answer(419 if path == "/2" and number(session) == 1 else 200)

    neo = Neo(answer, login_store)
    for path in ("/1", "/2", "/3"):
        assert neo.client.ask(path, {}) == Answered({})
    assert asked == ["/probe", "/1", "/2", "/probe", "/2", "/3"]
    assert login_store.outcomes == ["ok", "ok"]


def test_a_session_renewed_and_accepted_is_not_renewed_again() -> None:
    login_store = FakeLoginStore(session=OLD)
    neo = Neo(
        lambda session, path: json_answer(401 if path == "/2" or not number(session) else 200),
        login_store,
    )

    assert neo.client.ask("/1", {}) == Answered({})
    with pytest.raises(ShapeChanged, match="second time in one run"):
        neo.client.ask("/2", {})
    assert login_store.outcomes == ["ok"]


def test_one_of_many_questions_with_a_strange_answer_does_not_cost_the_session() -> None:
    login_store = FakeLoginStore(session=OLD)
    neo = Neo(lambda _session, path: json_answer() if path == "/probe" else HTML, login_store)

    assert neo.client.ask("/x", {}) == Strange("not_json_type")
    assert (login_store.logins, neo.requests) == (0, 2)


@pytest.mark.parametrize(("other", "code"), [one for one in OTHERWISE if one[0].status != 404][:-1])
def test_one_of_many_questions_notices_a_session_that_has_ended_in_silence(
    other: RawAnswer, code: str
) -> None:
    login_store = FakeLoginStore(session=OLD)
    neo = Neo(lambda session, _path: json_answer() if number(session) else other, login_store)

    assert neo.client.ask("/x", {}) == Answered({})
    assert (login_store.logins, neo.requests) == (1, 4)


def test_one_of_many_questions_is_what_it_says_once_a_login_was_in_vain() -> None:
    login_store = FakeLoginStore(session=OLD)
    probed = iter([ERROR, json_answer(), ERROR, ERROR])
    neo = Neo(lambda _session, path: next(probed) if path == "/probe" else HTML, login_store)

    for _ in range(2):
        assert neo.client.ask("/x", {}) == Strange("not_json_type")
    assert login_store.outcomes == ["ok"]


def test_r08_a_session_that_does_not_say_whose_it_is_is_asked_nothing_else() -> None:
    login_store = FakeLoginStore()
    neo = Neo(lambda _session, _path: ERROR, login_store)

    for _ in range(2):
        with pytest.raises(ShapeChanged, match="an error"):
            neo.client.ask("/x", {})
    assert (login_store.outcomes, neo.requests) == (["ok"], 2)
    assert login_store.stored is not None
    assert not login_store.stored.recognised


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [
        ("credentials_rejected", errors.CredentialsRejected),
        ("password_change_required", errors.PasswordChangeRequired),
        ("account_locked", errors.AccountLocked),
        ("challenge_required", errors.ChallengeRequired),
        ("page_unknown", errors.PageUnknown),
        ("unavailable", errors.PimsUnavailable),
    ],
)
def test_each_outcome_of_a_login_is_an_error_that_says_who_must_act(
    outcome: LoginOutcome, kind: type[SyncError]
) -> None:
    login_store = FakeLoginStore()
    neo = Neo(lambda _session, _path: json_answer(), login_store, outcome)

    with pytest.raises(kind) as caught:
        neo.client.ask("/x", {})
    assert caught.value.code == "error_box"
    assert {"clinic": "clinic", "odis": "ODIS", "nobody": "later"}[kind.who_acts] in str(
        caught.value
    )
    assert CANARY_PASSWORD not in str(caught.value)
    assert (login_store.outcomes, neo.requests, login_store.stored) == ([outcome], 0, None)


def test_an_open_breaker_starts_nothing() -> None:
    login_store = FakeLoginStore(breaker=errors.CredentialsRejected("open"))
    neo = Neo(lambda _session, _path: json_answer(), login_store)

    with pytest.raises(errors.CredentialsRejected, match="open"):
        neo.client.ask("/x", {})
    assert (login_store.logins, neo.requests) == (0, 0)


ENDINGS: list[BaseException] = [
    InternalError("the browser", code="browser_start"),
    errors.LeaseLost("another run has taken over", code="fence"),
    RuntimeError("can't start new thread"),
    KeyboardInterrupt(),
]
"""Ways in which a login breaks off, without a result."""


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: type(ending).__name__)
@pytest.mark.parametrize(("left", "outcomes"), [(False, ["unavailable"]), (True, [None])])
def test_an_attempt_keeps_no_outcome_only_if_something_may_have_left_us(
    ending: BaseException, left: bool, outcomes: list[LoginOutcome | None]
) -> None:
    login_store = FakeLoginStore()

    def log_in(_: Credentials) -> LoginResult:
        raise ending

    keeper = SessionKeeper(login_store, log_in, lambda: NOW, lambda: left)
    with pytest.raises(type(ending)):
        keeper.current()
    assert (login_store.outcomes, login_store.submitted) == (outcomes, [None if left else False])


def scripted(*answers: RawAnswer | SyncError) -> Answer:
    left = list(answers)

    def answer(_session: StoredSession, _path: str) -> RawAnswer:
        given = left.pop(0)
        if isinstance(given, SyncError):
            raise given
        return given

    return answer


CUT = PimsUnavailable("cut", code="ReadError")


@pytest.mark.parametrize(
    "answers",
    [
        [CUT, CUT, json_answer()],
        [json_answer(500), json_answer(502), json_answer()],
        [errors.PimsSlow("slow"), json_answer(503), json_answer()],
        [json_answer(429), json_answer()],
    ],
)
def test_a_call_is_tried_three_times(answers: list[RawAnswer | SyncError]) -> None:
    neo = Neo(scripted(*answers), FakeLoginStore(session=OLD))

    assert neo.client.ask("/x", {}) == Answered({})
    assert neo.requests == len(answers)
    pauses = [(0.5, 0.65), (1.0, 1.3)][: len(answers) - 1]
    assert len(neo.slept) == len(pauses)
    for slept, (least, most) in zip(neo.slept, pauses, strict=True):
        assert least <= slept <= most


@pytest.mark.parametrize(
    ("answers", "kind", "code"),
    [
        ([CUT] * 3, PimsUnavailable, "ReadError"),
        ([json_answer(504)] * 3, PimsUnavailable, "status_504"),
        ([json_answer(429)] * 3, Throttled, "status_429"),
        (
            [json_answer(500), json_answer(500), errors.PimsSlow("s", code="t")],
            errors.PimsSlow,
            "t",
        ),
        ([json_answer(429, retry_after="3600")], Throttled, "status_429"),
    ],
)
def test_then_it_is_left_to_the_next_run(
    answers: list[RawAnswer | SyncError], kind: type[SyncError], code: str
) -> None:
    neo = Neo(scripted(*answers), FakeLoginStore(session=OLD))

    with pytest.raises(kind) as caught:
        neo.client.ask("/x", {})
    assert (caught.value.code, caught.value.retryable) == (code, True)
    assert neo.requests == len(answers)


def test_what_neo_asks_for_is_waited_for() -> None:
    neo = Neo(scripted(json_answer(429, retry_after="7"), NOT_FOUND), FakeLoginStore(session=OLD))

    assert neo.client.ask("/x", {}) == NotFound()
    assert neo.slept == [7.0]


def test_no_pause_outlasts_the_run() -> None:
    neo = Neo(scripted(json_answer(429, retry_after="7")), FakeLoginStore(session=OLD))
    neo.left = 5

    with pytest.raises(Throttled):
        neo.client.ask("/x", {})
    assert neo.slept == []


def test_json_that_cant_be_read_is_tried_three_times_and_costs_no_session() -> None:
    login_store = FakeLoginStore(session=OLD)
    neo = Neo(scripted(CUT_JSON, CUT_JSON, json_answer(), *[CUT_JSON] * 3), login_store)

    assert neo.client.ask("/x", {}) == Answered({})
    with pytest.raises(ShapeChanged) as caught:
        neo.client.ask("/x", {})
    assert caught.value.code == "not_json_body"
    assert (login_store.logins, login_store.dropped, neo.requests) == (0, 0, 6)


NOT_FOUND = json_answer(404)
CUT_JSON = RawAnswer(
    200, "https://neo.example/x", {"content-type": "application/json"}, b'{"events": ['
)
