"""The watchdog, started by the stack's own schedule: nothing invokes it here."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from psycopg import Connection
from psycopg.types.json import Jsonb

from local_stack.stack import LocalStack
from local_stack.stack_clinics import LocalClinic
from tests.e2e.conftest import ABANDONED
from tests.e2e.orders import job_at_end, with_key
from tests.e2e.queues import wait_until
from tests.kit.database import query, update
from tests.kit.rows import add_job

TOLD_WITHIN_S = 150
TICKS_WITHIN_S = 75
"""A minute after the start at the latest, and as often as schedules are looked at."""
YEARLY = {"inbound": "0 0 1 1 *"}
RUNS_WITHIN_S = 30
PASSES_WITHIN_S = 50


def test_what_a_job_ends_with_is_in_slack_within_150_seconds(
    stack: LocalStack,
    conn: Connection[tuple[Any, ...]],
    http: httpx.Client,
    record_property: Callable[[str, object], None],
) -> None:
    """Comes first: it waits for a pass, which does what the next test looks for as well."""
    clinic, settings = stack.clinics.members[1], "idexx_sync.clinic_settings"
    (was,) = query(conn, f"SELECT base_url FROM {settings} WHERE clinic_id = %s", (clinic.id,))
    update(conn, settings, {"base_url": "https://elsewhere.test"}, clinic_id=clinic.id)
    try:
        order = http.post("/api/sync/inbound", json={}, headers=with_key(clinic.key))
        job = job_at_end(http, clinic.key, order.json())
        ended = time.monotonic()
    finally:
        update(conn, settings, was, clinic_id=clinic.id)
    (alert,) = query(conn, "SELECT id FROM idexx_sync.alerts WHERE job_id = %s", (job["id"],))

    wait_until(lambda: bool(stack.sinks.slack.of_alert(alert["id"])), TOLD_WITHIN_S)

    (message,) = stack.sinks.slack.of_alert(alert["id"])
    assert message.channel == "C0ENGINEERS"
    assert clinic.name in message.shown
    assert f"`idexx-sync jobs show {job['id']}`" in message.shown
    lines = [one for one in stack.sinks.axiom.events if one.get("job_id") == job["id"]]
    assert [line["message"] for line in lines] == ["run begun", "run ended"]
    assert lines[-1]["error_kind"] == "configuration_invalid"
    asked = order.headers["X-Request-Id"]
    assert {line["request_id"] for line in lines} == {asked}
    shown = http.get(f"/api/alerts/{alert['id']}", headers=with_key(clinic.key)).json()
    assert shown["request_id"] == job["request_id"] == asked
    record_property("figure", f"a job's end to its message in Slack: {message.at - ended:.0f} s")


def test_every_minute_it_ends_what_nobody_is_going_to_run(
    stack: LocalStack, conn: Connection[tuple[Any, ...]]
) -> None:
    log = stack.aws.logs / "idexx-sync-local-watchdog.log"

    def job() -> dict[str, Any]:
        (found,) = query(
            conn, "SELECT status, clinic_id FROM idexx_sync.jobs WHERE id = %s", (ABANDONED,)
        )
        return found

    give_up = time.monotonic() + TICKS_WITHIN_S
    while job()["status"] == "running":
        assert time.monotonic() < give_up, log.read_text() if log.exists() else "never started"
        time.sleep(0.5)

    assert job()["status"] == "dead"
    alerts = query(
        conn, "SELECT kind, closed_at FROM idexx_sync.alerts WHERE job_id = %s", (ABANDONED,)
    )
    assert alerts == [{"kind": "internal", "closed_at": None}]
    (lease,) = query(
        conn,
        "SELECT expires_at = to_timestamp(0) AS is_free FROM idexx_sync.leases "
        "WHERE clinic_id = %s",
        (job()["clinic_id"],),
    )
    assert lease["is_free"]
    wait_until(lambda: '"complete":true' in log.read_text(), PASSES_WITHIN_S)


def test_r31_a_tick_that_did_not_run_is_made_up_by_way_of_its_queue(
    stack: LocalStack, conn: Connection[tuple[Any, ...]], clinic: LocalClinic
) -> None:
    """The next tick is far away, so that nothing else does its work."""
    schedules, of_clinic = "public.clinic_schedule_configs", {"clinic_id": clinic.id}
    update(conn, schedules, {"sync_schedules": Jsonb(YEARLY)}, **of_clinic)
    now = datetime.now(UTC)
    due = now - timedelta(seconds=10)
    tick = add_job(conn, clinic.id, now, "skipped_overlap", started_at=None, scheduled_time=due)

    def catch_ups() -> list[dict[str, Any]]:
        return query(
            conn,
            "SELECT id, status, manner FROM idexx_sync.jobs WHERE catch_up_of = %s "
            "AND status NOT IN ('queued', 'running')",
            (tick,),
        )

    try:
        wait_until(lambda: bool(catch_ups()), TICKS_WITHIN_S + RUNS_WITHIN_S)
    finally:
        update(conn, schedules, {"sync_schedules": None}, **of_clinic)

    (catch_up,) = catch_ups()
    assert (catch_up["status"], catch_up["manner"]) == ("succeeded", "apply")
    (made_up,) = query(conn, "SELECT made_up_by FROM idexx_sync.jobs WHERE id = %s", (tick,))
    assert made_up["made_up_by"] == catch_up["id"]
