"""The deployed template of a stage whose logins have a function of their own."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import psycopg
import pytest

from local_stack.home import throw_away_home
from local_stack.stack import LocalStack, running_stack
from local_stack.synthesis import StageSettings
from tests.e2e.conftest import QUICK, unschedule
from tests.e2e.orders import job_at_end, with_key
from tests.kit.plain_http import NO_TLS

LOGIN = "idexx-sync-local-login"


@pytest.fixture
def apart() -> Iterator[LocalStack]:
    manner = replace(QUICK, stage=StageSettings(logs_in_apart=True), lease_s=45, heartbeat_s=10)
    with throw_away_home() as place, running_stack(place, manner) as running:
        with psycopg.connect(running.database_url, autocommit=True) as conn:
            unschedule(conn)
        yield running


def browsers_of(stack: LocalStack) -> set[str]:
    """Functions whose logs tell of a login."""
    logs = Path(stack.aws.logs).glob("idexx-sync-local-*.log")
    return {path.stem for path in logs if "login on order" in path.read_text(errors="replace")}


def test_runs_log_in_by_the_function_and_the_next_ones_need_no_login(apart: LocalStack) -> None:
    clinic = apart.clinics.members[0]
    clinic.neo.expire_sessions()
    before = len(clinic.neo.logins())
    key = with_key(apart.clinics.operator_key)
    with httpx.Client(verify=NO_TLS, base_url=apart.api_url, timeout=60, trust_env=False) as http:
        for sync in ("inbound", "cases"):
            order = {"clinic_id": str(clinic.id)}
            ordered = http.post(f"/api/sync/{sync}", json=order, headers=key)
            assert ordered.status_code == 202, ordered.text
            job = job_at_end(http, clinic.key, ordered.json())
            assert job["status"] in ("succeeded", "succeeded_with_warnings"), job

    assert len(clinic.neo.logins()) == before + 1
    assert browsers_of(apart) == {LOGIN}
    assert LOGIN in apart.aws.slots()
