"""What the login function is told and answers: its shape, and that nothing of it is ever quoted."""

import io
import json
import traceback
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from functions.login.handler import handler
from idexx_sync.core.errors import ConfigurationInvalid, DeadlineExceeded, InternalError
from idexx_sync.core.logs import logger
from idexx_sync.pims.access import Credentials
from idexx_sync.pims.neo.login.dialog import LoginResult
from idexx_sync.pims.neo.login.order import (
    BrokenOff,
    Ended,
    LoginOrder,
    read_answer,
    read_order,
)
from tests.kit.login_store import CANARY_PASSWORD

CREDENTIALS = Credentials(
    company_id=SecretStr("Canary-1"),
    username=SecretStr("Canary-2"),
    password=SecretStr(CANARY_PASSWORD),
)
ORDER = LoginOrder(
    origin="https://us.idexxneo.com", credentials=CREDENTIALS, longest_s=30, allowed_s=12.5
)
COOKIES = [
    {
        "name": "neo_session",
        "value": "Canary-3",
        "domain": "us.idexxneo.com",
        "path": "/",
        "expires": -1,
        "httpOnly": True,
        "sameSite": "Lax",
    }
]
RESULT = LoginResult("ok", "dashboard", COOKIES, "Mozilla/5.0 (invented)", submitted=True)


def through_lambda(value: dict[str, Any]) -> Any:
    return json.loads(json.dumps(value))


def test_an_order_arrives_as_it_was_given_and_shows_no_secret() -> None:
    assert read_order(through_lambda(ORDER.event())) == ORDER
    assert "Canary" not in repr(ORDER) + str(ORDER) + ORDER.model_dump_json()


@pytest.mark.parametrize(
    "result",
    [
        RESULT,
        LoginResult("credentials_rejected", "error_box", user_agent="Mozilla/5.0", submitted=True),
        LoginResult("unavailable", "login_memory", submitted=False),
    ],
    ids=lambda result: result.outcome,
)
def test_an_outcome_arrives_whole(result: LoginResult) -> None:
    told = through_lambda(Ended.of(result).model_dump(mode="json"))

    answer = read_answer(told)
    assert isinstance(answer, Ended)
    assert answer.result() == result
    assert "Canary" not in repr(answer)


@pytest.mark.parametrize(
    ("error", "submitted"),
    [
        (InternalError("Canary", code="browser_failed"), True),
        (DeadlineExceeded("Canary", code="before_login"), False),
        (ConfigurationInvalid("Canary", code="base_url"), False),
    ],
)
def test_that_it_broke_off_arrives_as_the_same_error_in_words_of_ours(
    error: InternalError, submitted: bool
) -> None:
    told = through_lambda(BrokenOff.by(error, submitted=submitted).model_dump(mode="json"))

    answer = read_answer(told)
    assert isinstance(answer, BrokenOff)
    raised = answer.error()
    assert (type(raised), raised.code, answer.submitted) == (type(error), error.code, submitted)
    assert "Canary" not in str(raised)


def changed(**fields: Any) -> dict[str, Any]:
    told = through_lambda(Ended.of(RESULT).model_dump(mode="json"))
    return {name: value for name, value in {**told, **fields}.items() if value != "gone"}


@pytest.mark.parametrize(
    "told",
    [
        None,
        [],
        "ok",
        {},
        changed(how="otherwise"),
        changed(user_agent="Mozilla\u2028"),
        changed(outcome="fine"),
        changed(code="two words"),
        changed(code="x\n"),
        changed(cookies=[]),
        changed(cookies=[{"name": "neo_session"}]),
        changed(cookies=[{"name": "neo_session", "value": 3}]),
        changed(user_agent=""),
        changed(user_agent="Mozilla\r\nCookie: a=b"),
        changed(submitted="gone"),
        changed(submitted="yes"),
        changed(outcome="credentials_rejected"),
        changed(more=1),
        {"how": "broken_off", "kind": "internal", "code": "a b", "submitted": True},
    ],
)
def test_any_other_answer_is_none(told: object) -> None:
    assert read_answer(told) is None


EVENT = ORDER.event()
UNREADABLE = [
    None,
    [CANARY_PASSWORD],
    {**EVENT, "v": 2},
    {**EVENT, CANARY_PASSWORD: CANARY_PASSWORD},
    {**EVENT, "credentials": {**EVENT["credentials"], "password": [CANARY_PASSWORD]}},
    {**EVENT, "credentials": {"password": CANARY_PASSWORD}},
    {**EVENT, "credentials": CANARY_PASSWORD},
    {**EVENT, "allowed_s": CANARY_PASSWORD},
    {**EVENT, "allowed_s": 0},
    {**EVENT, "longest_s": float("inf")},
    {**EVENT, "origin": [CANARY_PASSWORD]},
]


@pytest.mark.parametrize("event", UNREADABLE, ids=range(len(UNREADABLE)))
def test_an_event_that_is_no_order_is_refused_in_none_of_its_words(
    event: object, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = io.StringIO()
    (handler_,) = logger().handlers
    monkeypatch.setattr(handler_, "stream", lines)
    with pytest.raises(ConfigurationInvalid) as caught:
        handler(event, None)

    error = caught.value
    assert error.code == "event"
    assert error.__cause__ is error.__context__ is None
    said = "".join([repr(error), *traceback.format_exception(error), *capfd.readouterr()])
    assert "left the handler" in lines.getvalue()
    assert "Canary" not in said + lines.getvalue()


def test_what_a_model_says_of_a_wrong_value_is_none_of_the_value() -> None:
    """Should it ever leave where it is caught."""
    for model, given in ((LoginOrder, UNREADABLE[4]), (Ended, changed(cookies=CANARY_PASSWORD))):
        with pytest.raises(ValidationError) as caught:
            model.model_validate(given)
        assert "Canary" not in str(caught.value)


@pytest.mark.parametrize(
    "origin",
    [
        "https://elsewhere.example",
        "http://us.idexxneo.com",
        "https://us.idexxneo.com.elsewhere.example",
        "https://us.idexxneo.com@elsewhere.example",
        "file:///etc/passwd",
    ],
)
def test_it_goes_nowhere_but_to_neo(origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDEXX_SYNC_NEO_HOSTS", "us.idexxneo.com")
    monkeypatch.setenv("IDEXX_SYNC_CHROMIUM_PATH", "/nowhere/chromium")

    assert handler({**EVENT, "origin": origin}, None) == {
        "how": "broken_off",
        "kind": "configuration_invalid",
        "code": "base_url",
        "submitted": False,
    }


def test_without_a_browser_it_says_that_nothing_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDEXX_SYNC_NEO_HOSTS", "us.idexxneo.com")
    monkeypatch.setenv("IDEXX_SYNC_CHROMIUM_PATH", "/nowhere/chromium")

    told = handler(EVENT, None)

    assert (told["how"], told["code"], told["submitted"]) == ("broken_off", "browser_start", False)
