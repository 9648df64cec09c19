"""Sending runs to the syncs' queues: botocore's own stubber judges what is sent."""

import json
from collections.abc import Iterator
from time import monotonic
from uuid import UUID

import boto3
import pytest
from botocore.stub import Stubber

from idexx_sync.jobs import queue_dispatch as module
from idexx_sync.jobs.queue_dispatch import QueueDispatch
from idexx_sync.jobs.submission import WorkerUnavailable
from tests.kit.hostile_http import hostile_site

JOB = UUID("3f2b8c1e-5a77-4d0e-9c52-0d8f6a1b2c3d")
URL = "https://sqs.us-west-2.amazonaws.com/123456789012/inbound-ticks"
SENT = {"QueueUrl": URL, "MessageBody": json.dumps({"v": 1, "job_id": str(JOB)})}


@pytest.fixture
def stubbed() -> Iterator[tuple[QueueDispatch, Stubber]]:
    client = boto3.client(
        "sqs", "us-west-2", aws_access_key_id="none", aws_secret_access_key="none"
    )
    with Stubber(client) as stubber:
        yield QueueDispatch({"inbound": URL}, client), stubber
        stubber.assert_no_pending_responses()


def test_r31_a_job_is_sent_to_the_queue_of_its_sync(
    stubbed: tuple[QueueDispatch, Stubber],
) -> None:
    dispatch, stubber = stubbed
    stubber.add_response("send_message", {"MessageId": "one"}, SENT)

    dispatch("inbound", JOB)


@pytest.mark.parametrize("code", ["QueueDoesNotExist", "AccessDenied"])
def test_r31_a_refusal_is_told_by_its_code(
    stubbed: tuple[QueueDispatch, Stubber], code: str, caplog: pytest.LogCaptureFixture
) -> None:
    dispatch, stubber = stubbed
    stubber.add_client_error("send_message", code, "a long story", expected_params=SENT)

    with pytest.raises(WorkerUnavailable):
        dispatch("inbound", JOB)

    assert [vars(record)["error"] for record in caplog.records] == [code]


def test_r31_a_sync_without_a_queue_is_unavailable_by_name() -> None:
    with pytest.raises(WorkerUnavailable, match="IDEXX_SYNC_TICK_QUEUES"):
        QueueDispatch({})("cases", JOB)


def test_r31_an_answer_of_a_queue_that_drips_in_is_given_up_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "LONGEST_S", 0.3)
    with hostile_site() as origin:
        client = boto3.client(
            "sqs",
            "us-west-2",
            aws_access_key_id="none",
            aws_secret_access_key="none",
            endpoint_url=f"{origin}/drip/head?",
        )
        began = monotonic()
        with pytest.raises(WorkerUnavailable):
            QueueDispatch({"inbound": URL}, client)("inbound", JOB)
        assert monotonic() - began < 3
