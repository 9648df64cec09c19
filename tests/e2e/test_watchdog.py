"""The watchdog, started by the stack's own schedule: nothing invokes it here."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb

from local_stack.stack import LocalStack
from local_stack.stack_clinics import LocalClinic
from tests.e2e.conftest import ABANDONED
from tests.e2e.queues import wait_until
from tests.kit.database import query, update
from tests.kit.rows import add_job

TICKS_WITHIN_S = 75
"""A minute after the start at the latest, and as often as schedules are looked at."""
YEARLY = {"inbound": "0 0 1 1 *"}
RUNS_WITHIN_S = 30


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
    assert '"complete":true' in log.read_text()


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
