"""The function that sends the API's and the authorizer's lines, with events as AWS makes them."""

import base64
import gzip
import json
from typing import Any

import pytest

from functions.log_shipping.handler import NotShipped, handler
from idexx_sync.core.errors import ConfigurationInvalid, InternalError
from local_stack.sinks.server import Sinks
from local_stack.sinks.trouble import Trouble

OURS = json.dumps({"level": "INFO", "message": "request", "timestamp": "2026-05-04T14:00:00+00:00"})
EMF = json.dumps({"_aws": {"Timestamp": 1}, "level": "x"})
REPORT = "REPORT RequestId: 3f2b8c1e Duration: 29000.00 ms Status: timeout\n"


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


def test_our_lines_and_lambdas_own_arrive_and_what_others_print_does_not(sinks: Sinks) -> None:
    answer = handler(event(OURS, EMF, REPORT, "Traceback: Robin Sample", '{"a": 1}'), None)

    assert answer == {"shipped": 2, "left_out": 3}
    ours, report = sinks.axiom.events
    assert ours["message"] == "request"
    assert report["message"].startswith("REPORT RequestId")
    assert report["timestamp"] == "2026-05-04T14:00:00.002+00:00"


def test_what_does_not_arrive_is_tried_again_by_aws(sinks: Sinks) -> None:
    sinks.troubles.always(Trouble("status", status=503))

    with pytest.raises((NotShipped, InternalError)):
        handler(event(OURS), None)


def test_a_message_of_aws_itself_holds_no_lines(sinks: Sinks) -> None:
    assert handler(event("CWL CONTROL MESSAGE", kind="CONTROL_MESSAGE"), None)["shipped"] == 0


@pytest.mark.parametrize(
    "strange", [None, {}, {"awslogs": {}}, {"awslogs": {"data": "no base64"}}, [], "text"]
)
def test_an_event_that_is_none_of_cloudwatch_is_named(sinks: Sinks, strange: object) -> None:
    with pytest.raises(ConfigurationInvalid, match="its subscriptions"):
        handler(strange, None)
