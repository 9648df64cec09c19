"""The messages of a mapping's event, and when one that was not done comes back."""

import json
from collections.abc import Iterator
from time import monotonic
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from idexx_sync.core.catalog import CATALOG
from idexx_sync.jobs import deliveries as module
from idexx_sync.jobs.deliveries import (
    BACK_AFTER_S,
    LONGEST_S,
    MOST_RECEIVES,
    Delivery,
    SqsVisibility,
    deliveries,
)
from idexx_sync.jobs.ending import ENDS_WITHIN_S
from tests.kit.deliveries import delivered
from tests.kit.hostile_http import hostile_site
from tests.kit.settings import make_settings
from tests.kit.upkeep import QUEUE_ARN, letter

FIRST = Delivery("message-0", "handle-0", QUEUE_ARN, "{}", 1)
SENT = {
    "QueueUrl": "https://sqs.us-west-2.amazonaws.com/123456789012/dead-letters",
    "ReceiptHandle": "handle-0",
    "VisibilityTimeout": 60,
}


def client(**more: Any) -> Any:
    return boto3.client(
        "sqs", "us-west-2", aws_access_key_id="none", aws_secret_access_key="none", **more
    )


@pytest.fixture
def stubbed() -> Iterator[tuple[SqsVisibility, Stubber]]:
    made = client()
    with Stubber(made) as stubber:
        yield SqsVisibility(made), stubber
        stubber.assert_no_pending_responses()


def test_a_mappings_event_is_its_messages() -> None:
    event = delivered({"v": 1}, "no JSON", number=2)

    first, second = deliveries(event) or []

    assert first == Delivery("message-0", "handle-0", QUEUE_ARN, '{"v": 1}', 2)
    assert (first.event(), second.event()) == ({"v": 1}, None)


@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        {"v": 1},
        {"Records": None},
        {"Records": []},
        {"Records": [None]},
        {"Records": [{**letter(0, "{}"), "eventSource": "aws:kinesis"}]},
        {"Records": [letter(0, "{}"), {**letter(1, "{}"), "messageId": 1}]},
        {"Records": [{**letter(0, "{}"), "body": {}}]},
    ],
)
def test_any_other_event_is_none_of_a_queue(event: object) -> None:
    assert deliveries(event) is None


@pytest.mark.parametrize("body", ["", "{", "[" * 200_000, "9" * 5000, '{"a": NaN'])
def test_a_body_that_is_no_json_is_no_event(body: str) -> None:
    assert deliveries(delivered(body)) is not None
    assert Delivery("m", "h", QUEUE_ARN, body, 1).event() is None


@pytest.mark.parametrize(
    ("told", "number"),
    [("1", 1), ("2", 2), ("30", 30), ("0", 1), ("-1", 1), ("", 1), ("9" * 5000, 1), ("²", 1),
     (None, 1), (2, 1)],
)  # fmt: skip
def test_a_number_of_deliveries_that_cannot_be_read_is_the_first(told: Any, number: int) -> None:
    record = {**letter(0, "{}"), "attributes": {"ApproximateReceiveCount": told}}

    (found,) = deliveries({"Records": [record]}) or []

    assert found.number == number
    (bare,) = deliveries({"Records": [{**record, "attributes": None}]}) or []
    assert bare.number == 1


def test_a_message_comes_back_after_one_minute_then_two_and_is_given_up_at_once() -> None:
    numbered = [Delivery("m", "h", QUEUE_ARN, "{}", number) for number in range(1, 6)]

    assert [one.back_after_s for one in numbered] == [60, 120, 0, 0, 0]
    assert [one.is_last for one in numbered] == [False, False, True, True, True]
    assert len(BACK_AFTER_S) == MOST_RECEIVES - 1
    assert {row.attempts for row in CATALOG.values()} == {MOST_RECEIVES}


def test_its_visibility_is_set(stubbed: tuple[SqsVisibility, Stubber]) -> None:
    visibility, stubber = stubbed
    stubber.add_response("change_message_visibility", {}, SENT)

    visibility(FIRST)


@pytest.mark.parametrize("code", ["ReceiptHandleIsInvalid", "AccessDenied", "RequestThrottled"])
def test_a_refusal_is_logged_as_a_word_and_changes_nothing(
    stubbed: tuple[SqsVisibility, Stubber], code: str, caplog: pytest.LogCaptureFixture
) -> None:
    visibility, stubber = stubbed
    stubber.add_client_error("change_message_visibility", code, "a long story")

    visibility(FIRST)

    (record,) = caplog.records
    assert (vars(record)["error"], vars(record)["message_id"]) == (code, "message-0")
    assert "story" not in json.dumps(vars(record), default=str)


def test_a_queue_without_a_name_is_logged_too(caplog: pytest.LogCaptureFixture) -> None:
    SqsVisibility(client())(Delivery("m", "h", "no-arn", "{}", 1))

    assert [vars(record)["error"] for record in caplog.records] == ["ValueError"]


def test_r27_an_answer_of_the_queue_that_drips_in_is_given_up_in_time(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "LONGEST_S", 0.3)
    with hostile_site() as origin:
        visibility = SqsVisibility(client(endpoint_url=f"{origin}/drip/head?"))
        began = monotonic()
        visibility(FIRST)
        assert monotonic() - began < 3

    assert [vars(record)["error"] for record in caplog.records] == ["TimeoutError"]


def test_a_run_that_ends_itself_leaves_time_for_it() -> None:
    reserve = make_settings("postgresql://nobody@127.0.0.1/none").deadline_reserve_seconds

    assert reserve > ENDS_WITHIN_S + LONGEST_S
