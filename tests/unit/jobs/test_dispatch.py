"""Invoking workers: botocore's own stubber judges what is sent and what comes back."""

import json
from collections.abc import Iterator
from time import monotonic
from uuid import UUID

import boto3
import pytest
from botocore.stub import Stubber

from idexx_sync.core import invoking
from idexx_sync.core.invoking import LambdaFunctions
from idexx_sync.jobs.dispatch import LambdaDispatch
from idexx_sync.jobs.submission import WorkerUnavailable
from tests.kit.hostile_http import hostile_site

JOB = UUID("3f2b8c1e-5a77-4d0e-9c52-0d8f6a1b2c3d")
SENT = {
    "FunctionName": "inbound-worker",
    "InvocationType": "Event",
    "Payload": json.dumps({"v": 1, "job_id": str(JOB)}).encode(),
}


@pytest.fixture
def stubbed() -> Iterator[tuple[LambdaDispatch, Stubber]]:
    client = boto3.client(
        "lambda", "us-east-1", aws_access_key_id="none", aws_secret_access_key="none"
    )
    with Stubber(client) as stubber:
        yield LambdaDispatch({"inbound": "inbound-worker"}, LambdaFunctions(client)), stubber
        stubber.assert_no_pending_responses()


def test_the_worker_is_invoked_asynchronously(stubbed: tuple[LambdaDispatch, Stubber]) -> None:
    dispatch, stubber = stubbed
    stubber.add_response("invoke", {"StatusCode": 202}, SENT)

    dispatch("inbound", JOB)


@pytest.mark.parametrize("code", ["TooManyRequestsException", "ResourceNotFoundException"])
def test_a_refusal_is_worker_unavailable(
    stubbed: tuple[LambdaDispatch, Stubber], code: str, caplog: pytest.LogCaptureFixture
) -> None:
    dispatch, stubber = stubbed
    stubber.add_client_error("invoke", code, "a long story", expected_params=SENT)

    with pytest.raises(WorkerUnavailable):
        dispatch("inbound", JOB)

    assert [vars(record)["error"] for record in caplog.records] == [code]


def test_another_status_is_worker_unavailable(stubbed: tuple[LambdaDispatch, Stubber]) -> None:
    dispatch, stubber = stubbed
    stubber.add_response("invoke", {"StatusCode": 200}, SENT)

    with pytest.raises(WorkerUnavailable):
        dispatch("inbound", JOB)


def test_a_sync_without_a_worker_is_worker_unavailable() -> None:
    with pytest.raises(WorkerUnavailable, match="IDEXX_SYNC_WORKER_FUNCTIONS"):
        LambdaDispatch({})("cases", JOB)


def test_r27_an_answer_of_aws_that_drips_in_is_given_up_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """botocore bounds each single wait, and there is one after each byte."""
    monkeypatch.setattr(invoking, "LONGEST_S", 0.3)
    with hostile_site() as origin:
        client = boto3.client(
            "lambda",
            "us-east-1",
            aws_access_key_id="none",
            aws_secret_access_key="none",
            endpoint_url=f"{origin}/drip/head?",
        )
        began = monotonic()
        with pytest.raises(WorkerUnavailable):
            LambdaDispatch({"inbound": "inbound-worker"}, LambdaFunctions(client))("inbound", JOB)
        assert monotonic() - began < 3
