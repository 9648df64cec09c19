"""Requests with a real key, through gateway, authorizer, function, queue and worker."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
from psycopg import Connection
from pydantic import SecretStr

from idexx_sync.keys.format import read_peppers
from idexx_sync.keys.store import create_key, revoke_key
from local_stack.home import Home
from local_stack.stack import LocalStack
from local_stack.stack_clinics import DAYS, WEST, LocalClinic, today_at
from oracle.appointments import appointment_differences
from oracle.question import Question
from tests.e2e.orders import job_at_end, wait_until_running, with_key

CACHED_S = 2


def test_a_clinic_key_starts_a_sync_with_a_real_login_and_the_rows_are_as_neo_says(
    http: httpx.Client, clinic: LocalClinic, conn: Connection[tuple[Any, ...]]
) -> None:
    logins = len(clinic.neo.logins())

    accepted = http.post("/api/sync/inbound", json={}, headers=with_key(clinic.key))

    assert accepted.status_code == 202
    job = job_at_end(http, clinic.key, accepted.json())
    assert (job["status"], job["error"]) == ("succeeded", None)
    assert len(clinic.neo.logins()) == logins + 1
    today = today_at(WEST.zone)
    last_day = today.fromordinal(today.toordinal() + DAYS - 1)
    question = Question(clinic.id, today, last_day, None)
    assert list(appointment_differences(conn, question, clinic.neo.state())) == []
    found = conn.execute(
        "SELECT count(*) FROM schedule_appointments WHERE clinic_id = %s", (clinic.id,)
    ).fetchone()
    assert found == (job["counts"]["created"],)
    assert job["counts"]["created"] > 100


def test_the_location_of_a_job_leads_to_it(http: httpx.Client, stack: LocalStack) -> None:
    clinic = stack.clinics.members[1]

    accepted = http.post("/api/sync/inbound", json={}, headers=with_key(clinic.key))

    where = httpx.URL(stack.aws.url).join(accepted.headers["Location"])
    assert http.get(where, headers=with_key(clinic.key)).json()["id"] == accepted.json()["id"]
    assert job_at_end(http, clinic.key, accepted.json())["status"].startswith("succeeded")


def test_nobody_but_its_functions_speaks_to_the_simulated_aws(
    http: httpx.Client, stack: LocalStack
) -> None:
    invoke = f"/2015-03-31/functions/{stack.deployed.outputs['MigrateFunction']}/invocations"
    secret = {"X-Amz-Target": "secretsmanager.GetSecretValue"}
    signed = "AWS4-HMAC-SHA256 Credential={}/20260101/us-east-1/lambda/aws4_request, Signature=0"
    wrong, right = (signed.format(key) for key in ("test", stack.aws.secret))
    preflight = {"Access-Control-Request-Method": "POST", "Origin": "https://evil.example"}

    for method, path, headers in (
        ("POST", invoke, {"Content-Type": "text/plain"}),
        ("POST", invoke, {"Authorization": wrong}),
        ("POST", invoke, {"Authorization": right, "Origin": "https://evil.example"}),
        ("POST", invoke, {"Authorization": right, "Host": "evil.example"}),
        ("POST", "/", secret),
        ("POST", f"{httpx.URL(stack.api_url).path}ready", secret),
        ("OPTIONS", invoke, preflight),
        ("POST", "/_ministack/reset", {}),
    ):
        answer = http.request(method, f"{stack.aws.url}{path}", content="{}", headers=headers)
        assert (answer.status_code, answer.text) == (403, "not for you"), path
    for headers in ({"Origin": "https://evil.example"}, {"Host": "evil.example"}):
        assert http.get("/ready", headers=headers).status_code == 403
    own = f"http://{httpx.URL(stack.aws.url).netloc.decode()}"
    assert http.get("/ready", headers={"Origin": own}).status_code == 200


def test_a_worker_killed_in_the_middle_is_run_again_and_ends_the_job(
    http: httpx.Client, stack: LocalStack, kill_worker: Callable[[], None]
) -> None:
    clinic = stack.clinics.members[1]
    first = http.post("/api/sync/inbound", json={}, headers=with_key(clinic.key)).json()
    # Logged in, that is: a login that is cut off may be repeated only after a quarter of an hour.
    assert job_at_end(http, clinic.key, first)["status"].startswith("succeeded")
    clinic.neo.set_knob("delay_ms", 3000)
    try:
        job = http.post(
            "/api/sync/inbound", json={"dry_run": True}, headers=with_key(clinic.key)
        ).json()
        wait_until_running(http, clinic.key, job)
        kill_worker()
    finally:
        clinic.neo.reset_knobs()

    job = job_at_end(http, clinic.key, job)

    assert (job["status"], job["attempt"]) == ("succeeded", 2)


def test_a_revoked_key_stops_working_within_the_cache_time(
    http: httpx.Client, conn: Connection[tuple[Any, ...]], place: Home
) -> None:
    peppers = read_peppers(SecretStr(place.kept()["pepper"]))
    now = datetime.now(UTC)
    made = create_key(
        conn, peppers, clinic_id=None, scopes=["jobs:read"], name="short", stage="local", now=now
    )
    headers = with_key(made.text.get_secret_value())
    assert http.get("/api/sync/jobs", headers=headers).status_code == 200

    revoke_key(conn, made.key.id, now)

    revoked = time.monotonic()
    while (answer := http.get("/api/sync/jobs", headers=headers)).status_code == 200:
        assert time.monotonic() - revoked < CACHED_S + 1
        time.sleep(0.05)
    assert answer.status_code == 401


def test_an_unknown_key_and_none_get_the_same_problem(http: httpx.Client) -> None:
    unknown = http.get("/api/sync/jobs", headers=with_key("idx_test_unknown"))
    none = http.get("/api/sync/jobs")

    assert unknown.status_code == none.status_code == 401
    assert unknown.json()["code"] == none.json()["code"] == "unauthorized"
    assert unknown.json().keys() == none.json().keys()


def test_an_authorizer_that_fails_is_503_and_tells_nothing(
    http: httpx.Client, replaced: Callable[..., None]
) -> None:
    replaced("idexx-sync-local-authorizer")

    answer = http.get("/api/sync/jobs", headers=with_key("idx_test_never_seen_before"))

    assert answer.status_code == 503
    assert answer.json()["code"] == "authorizer_unavailable"


def test_a_function_that_fails_behind_the_gateway_tells_nothing(
    http: httpx.Client, clinic: LocalClinic, replaced: Callable[..., None]
) -> None:
    replaced("idexx-sync-local-case-sync-api")

    answer = http.post("/api/sync/cases", json={}, headers=with_key(clinic.key))

    assert answer.status_code == 503
    assert answer.json()["code"] == "unavailable"
    assert answer.headers["Retry-After"]
    assert "as told" not in answer.text
