"""The watchdog, started by the stack's own schedule: nothing invokes it here."""

import time
from typing import Any

from psycopg import Connection

from local_stack.stack import LocalStack
from tests.e2e.conftest import ABANDONED
from tests.kit.database import query

TICKS_WITHIN_S = 75
"""A minute after the start at the latest, and as often as schedules are looked at."""


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
