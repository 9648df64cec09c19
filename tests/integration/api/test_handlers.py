"""The functions themselves, as Lambda loads them: settings from the environment, boto3 to AWS."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from functions.case_sync.handler import api as case_sync
from functions.inbound_sync.handler import api as inbound_sync
from functions.reconciliation.handler import api as reconciliation
from functions.status.handler import api as status
from idexx_sync.api.handler import process_dependencies
from tests.kit.api import Api
from tests.kit.database import as_role, query
from tests.kit.gateway import Gateway

WORKERS = {
    "inbound": "an-inbound-worker",
    "cases": "a-case-worker",
    "reconciliation": "a-comparing-worker",
}


@pytest.fixture
def environment(api: Api, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "none")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "none")
    monkeypatch.setenv("DATABASE_URL", as_role(api.bench.url, "api"))
    monkeypatch.setenv("IDEXX_SYNC_WORKER_FUNCTIONS", json.dumps(WORKERS))
    process_dependencies.forget()
    yield monkeypatch
    process_dependencies.forget()


@pytest.fixture
def deployed(api: Api, environment: pytest.MonkeyPatch) -> Gateway:
    functions: Any = {
        "inbound_sync": inbound_sync,
        "case_sync": case_sync,
        "reconciliation": reconciliation,
        "status": status,
    }
    key = api.key(None)
    return Gateway(functions, api.gateway.authorizer, api.now, key)


@pytest.mark.parametrize("sync", WORKERS)
def test_an_order_goes_all_the_way_to_the_worker_invocation(
    api: Api, deployed: Gateway, sync: str
) -> None:
    """Moto accepts whatever is invoked; what is sent, and refusals, are the dispatch's tests."""
    with mock_aws(config={"lambda": {"use_docker": False}}):
        answer = deployed.post(f"/api/sync/{sync}", {"clinic_id": str(api.bench.clinic_id)})

    assert answer.status == 202
    (job,) = query(api.bench.conn, "SELECT * FROM idexx_sync.jobs")
    assert (str(job["id"]), job["sync"]) == (answer.json["id"], sync)
    assert job["dispatched_at"] is not None


def test_every_function_answers(api: Api, deployed: Gateway) -> None:
    assert deployed.get("/api/sync/jobs").status == 200
    answers = [deployed.post(f"/api/sync/{sync}", {}) for sync in WORKERS]
    assert [answer.faults for answer in answers] == [["/clinic_id"]] * len(WORKERS)


def test_a_missing_setting_is_named_in_the_log_and_not_in_the_answer(
    api: Api,
    deployed: Gateway,
    environment: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    environment.delenv("IDEXX_SYNC_WORKER_FUNCTIONS")

    answer = deployed.get("/api/sync/jobs")

    assert (answer.status, answer.code) == (500, "internal")
    assert "IDEXX_SYNC_WORKER_FUNCTIONS" not in answer.text
    told = [str(getattr(record, "error_message", "")) for record in caplog.records]
    assert any("IDEXX_SYNC_WORKER_FUNCTIONS" in words for words in told)
