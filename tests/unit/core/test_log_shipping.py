"""The function that sends the API's and the authorizer's lines, with events as AWS makes them."""

import base64
import gzip
import json
from collections.abc import Sequence
from typing import Any

import pytest

from functions.log_shipping import handler as module
from functions.log_shipping.handler import SHIPS_FOR_S, NotShipped, handler
from idexx_sync.core.axiom import process_axiom
from idexx_sync.core.errors import ConfigurationInvalid, InternalError
from idexx_sync.core.log_fields import REFUSED
from idexx_sync.core.shipments import Shipments
from local_stack.sinks.server import Sinks
from local_stack.sinks.trouble import Trouble

OURS = json.dumps({"level": "INFO", "message": "request", "timestamp": "2026-05-04T14:00:00+00:00"})
EMF = json.dumps({"_aws": {"Timestamp": 1}, "level": "x"})
ID = "ea643eb8-1547-41f5-8c51-4ff6abe3e0d1"
TRACED = (
    f"REPORT RequestId: {ID}\tDuration: 29000.00 ms\tBilled Duration: 29000 ms\t"
    "Memory Size: 512 MB\tMax Memory Used: 57 MB\tStatus: timeout\t\n"
    "XRAY TraceId: 1-643eb81e-7b15c13c3bff33247638ad8d\tSegmentId: 4c72ac137fd02fb0\t"
    "Sampled: true\t\n"
)
NESTED = '{"level": "INFO", "a": ' + "[" * 200_000 + "]" * 200_000 + "}"


def event(*lines: str, kind: str = "DATA_MESSAGE") -> dict[str, Any]:
    told = {
        "messageType": kind,
        "owner": "123456789012",
        "logGroup": "/aws/lambda/idexx-sync-status-api",
        "logStream": "2026/05/04/[$LATEST]abc",
        "subscriptionFilters": ["Shipped"],
        "logEvents": [
            {"id": str(number), "timestamp": 1_777_903_200_000 + number, "message": line}
            for number, line in enumerate(lines)
        ],
    }
    data = base64.b64encode(gzip.compress(json.dumps(told).encode())).decode()
    return {"awslogs": {"data": data}}


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was given up in one test keeps no other one waiting."""
    monkeypatch.setattr(module, "_send", Shipments(process_axiom, SHIPS_FOR_S))


def measured(printed: str, name: str) -> list[int]:
    return [json.loads(line)[name][0] for line in printed.splitlines() if f'"{name}":[' in line]


def test_our_lines_and_lambdas_own_arrive_and_what_others_print_does_not(
    sinks: Sinks, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = handler(event(OURS, EMF, TRACED, "Traceback: Robin Sample", '{"a": 1}'), None)

    assert answer == {"shipped": 2, "not_shipped": 0, "left_out": 2}
    ours, report = sinks.axiom.events
    assert ours["message"] == "request"
    assert report == {
        "timestamp": "2026-05-04T14:00:00.002+00:00",
        "level": "ERROR",
        "message": "invocation reported",
        "invocation_id": ID,
        "duration_ms": 29000.0,
        "billed_ms": 29000.0,
        "memory_mb": 512.0,
        "memory_used_mb": 57.0,
        "status": "timeout",
        "xray_trace_id": "1-643eb81e-7b15c13c3bff33247638ad8d",
        "log_group": "idexx-sync-status-api",
    }
    assert measured(capsys.readouterr().out, "LinesLeftOut") == [2]


def test_of_a_line_only_what_a_line_may_hold_is_passed_on(sinks: Sinks) -> None:
    line = {"level": "INFO", "message": "request answered", "http_status": 200}
    whose = {"patient_name": "Robin Sample", "request_id": "Robin Sample", REFUSED: ["notes"]}

    handler(event(json.dumps({**line, **whose})), None)

    assert sinks.axiom.events == [{**line, REFUSED: ["notes", "patient_name", "request_id"]}]


@pytest.mark.parametrize(
    "trouble", [Trouble("status", status=503), Trouble("status", status=429), Trouble("breaks")]
)
def test_what_may_arrive_later_is_tried_again_by_aws(
    sinks: Sinks, trouble: Trouble, capsys: pytest.CaptureFixture[str]
) -> None:
    sinks.troubles.always(trouble)

    with pytest.raises((NotShipped, InternalError)):
        handler(event(OURS), None)

    assert measured(capsys.readouterr().out, "LinesNotShipped") == []


@pytest.mark.parametrize("status", [400, 403, 404])
def test_what_axiom_will_not_take_is_counted_and_not_tried_again(
    sinks: Sinks, status: int, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    sinks.troubles.always(Trouble("status", status=status))

    answer = handler(event(OURS, OURS), None)

    assert answer == {"shipped": 0, "not_shipped": 2, "left_out": 0}
    assert measured(capsys.readouterr().out, "LinesNotShipped") == [2]
    reasons = [one.__dict__.get("reason") for one in caplog.records]
    assert f"axiom_{status}" in reasons


def test_lines_of_which_axiom_refuses_some_are_sent_once(
    sinks: Sinks, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    taken: list[Sequence[str]] = []

    class RefusesOne:
        def __call__(self, lines: Sequence[str]) -> int:
            taken.append(lines)
            return 1

        def break_off(self) -> None: ...

    monkeypatch.setattr(module, "_send", Shipments(RefusesOne, SHIPS_FOR_S))

    answer = handler(event(OURS, OURS, OURS), None)

    assert answer == {"shipped": 2, "not_shipped": 1, "left_out": 0}
    assert measured(capsys.readouterr().out, "LinesNotShipped") == [1]


def test_without_a_token_it_says_that_nothing_was_sent(
    sinks: Sinks, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("IDEXX_SYNC_AXIOM_TOKEN")
    process_axiom.forget()

    assert handler(event(OURS), None) == {"shipped": 0, "not_shipped": 1, "left_out": 0}
    assert measured(capsys.readouterr().out, "LinesNotShipped") == []


@pytest.mark.parametrize(
    "strange", [NESTED, '{"level": "INFO", "v": NaN}', '{"level": "INFO", "v": ' + "9" * 5000 + "}"]
)
def test_a_line_that_is_no_json_of_ours_costs_no_other_one(sinks: Sinks, strange: str) -> None:
    answer = handler(event(OURS, strange, OURS), None)

    assert answer == {"shipped": 2, "not_shipped": 0, "left_out": 1}


def test_a_message_of_aws_itself_holds_no_lines(sinks: Sinks) -> None:
    assert handler(event("CWL CONTROL MESSAGE", kind="CONTROL_MESSAGE"), None)["shipped"] == 0


@pytest.mark.parametrize(
    "strange", [None, {}, {"awslogs": {}}, {"awslogs": {"data": "no base64"}}, [], "text"]
)
def test_an_event_that_is_none_of_cloudwatch_is_named(sinks: Sinks, strange: object) -> None:
    with pytest.raises(ConfigurationInvalid, match="its subscriptions"):
        handler(strange, None)
