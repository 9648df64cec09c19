"""Functions of ours that are invoked and waited for."""

import io
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from dev_tools.ports import free_port
from idexx_sync.core.invoking import FunctionFailed, LambdaFunctions, NotInvoked
from tests.kit.strict_lambda import running_lambda

SENT = {
    "FunctionName": "config-sync",
    "InvocationType": "RequestResponse",
    "Payload": json.dumps({"v": 1}).encode(),
}


@pytest.fixture
def stubbed() -> Iterator[tuple[LambdaFunctions, Stubber]]:
    client = boto3.client(
        "lambda", "us-east-1", aws_access_key_id="none", aws_secret_access_key="none"
    )
    with Stubber(client) as stubber:
        yield LambdaFunctions(client), stubber
        stubber.assert_no_pending_responses()


def answer(told: Any, **more: Any) -> dict[str, Any]:
    return {"StatusCode": 200, "Payload": io.BytesIO(json.dumps(told).encode()), **more}


def test_an_answer_is_read_as_json(stubbed: tuple[LambdaFunctions, Stubber]) -> None:
    functions, stubber = stubbed
    stubber.add_response("invoke", answer({"complete": True}), SENT)

    assert functions.call("config-sync", {"v": 1}) == {"complete": True}


def test_a_function_that_failed_says_why(stubbed: tuple[LambdaFunctions, Stubber]) -> None:
    functions, stubber = stubbed
    told = {"errorType": "ConfigurationInvalid", "errorMessage": "set these variables: X"}
    stubber.add_response("invoke", answer(told, FunctionError="Unhandled"), SENT)

    with pytest.raises(FunctionFailed, match="set these variables: X"):
        functions.call("config-sync", {"v": 1})


@pytest.mark.parametrize("code", ["TooManyRequestsException", "AccessDeniedException"])
def test_what_was_not_begun_says_awss_word_and_no_more(
    stubbed: tuple[LambdaFunctions, Stubber], code: str
) -> None:
    functions, stubber = stubbed
    stubber.add_client_error("invoke", code, "a long story", expected_params=SENT)

    with pytest.raises(NotInvoked) as caught:
        functions.call("config-sync", {"v": 1})

    assert (caught.value.word, str(caught.value)) == (code, code)
    assert caught.value.__context__ is None


@pytest.mark.parametrize("way", ["start", "call"])
def test_where_the_machine_names_no_region_nothing_is_invoked_and_that_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, way: str
) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)

    with pytest.raises(NotInvoked, match="NoRegionError"):
        getattr(LambdaFunctions(), way)("config-sync", {"v": 1})


@pytest.mark.parametrize(
    ("code", "never_begun"),
    [
        ("TooManyRequestsException", True),
        ("AccessDeniedException", True),
        ("ResourceNotFoundException", True),
        ("ServiceException", False),
        ("EC2ThrottledException", False),
        ("two words", False),
    ],
)
def test_that_it_has_never_begun_is_said_only_where_that_is_certain(
    stubbed: tuple[LambdaFunctions, Stubber], code: str, never_begun: bool
) -> None:
    functions, stubber = stubbed
    stubber.add_client_error("invoke", code, "a long story", expected_params=SENT)

    with pytest.raises(NotInvoked) as caught:
        functions.call("config-sync", {"v": 1})

    assert caught.value.never_begun == never_begun


def test_one_that_is_not_reached_has_never_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    with running_lambda(monkeypatch, {}):
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", f"http://127.0.0.1:{free_port(0)}")
        with pytest.raises(NotInvoked) as caught:
            LambdaFunctions().call("config-sync", {"v": 1}, longest_s=5)

    assert (caught.value.word, caught.value.never_begun) == ("EndpointConnectionError", True)


def test_one_that_works_too_long_is_asked_once_and_may_have_begun(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    over = threading.Event()
    with running_lambda(monkeypatch, {"config-sync": lambda *_: over.wait(5)}) as served:
        with pytest.raises(NotInvoked) as caught:
            LambdaFunctions().call("config-sync", {"v": 1}, longest_s=0.5)
        over.set()

        assert served.invocations == ["config-sync"]
    assert not caught.value.never_begun
