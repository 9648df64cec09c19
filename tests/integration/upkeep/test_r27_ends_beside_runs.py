"""Ending what nobody runs, beside runs that wait, begin or are ordered at that moment (R27)."""

import math
import threading
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from idexx_sync.core.catalog import SyncName
from idexx_sync.core.errors import DatabaseUnavailable
from idexx_sync.database.connection import Conn
from idexx_sync.jobs import store as job_store
from idexx_sync.jobs.model import RunOrder, new_order, tick_order
from idexx_sync.jobs.params import WindowParams
from idexx_sync.jobs.store import Abandoned, nobody_came
from idexx_sync.jobs.submission import RunRequest, submit
from idexx_sync.upkeep.watchdog import watch
from tests.kit.business_time import set_business_time
from tests.kit.clinic import add_clinic
from tests.kit.database import query
from tests.kit.letters import DUE
from tests.kit.rows import add_job


def forever() -> float:
    return math.inf


def held_by_another(conn: Conn, clinic_id: UUID) -> None:
    other = add_job(conn, clinic_id, None, "running", sync="cases", attempt=1, queued_at=DUE)
    conn.execute(
        "INSERT INTO idexx_sync.leases VALUES (%s, %s, 'cases', 7, gen_random_uuid(), "
        "clock_timestamp() + interval '1 hour')",
        (clinic_id, other),
    )


def status(conn: Conn, job_id: UUID) -> str:
    return str(
        query(conn, f"SELECT status FROM idexx_sync.jobs WHERE id = '{job_id}'")[0]["status"]
    )


@pytest.mark.parametrize("trigger", ["schedule", "cli"])
def test_r27_a_run_that_waits_for_another_one_of_its_clinic_is_not_ended(
    conn: Conn, upkeep: Conn, clinic_id: UUID, trigger: Any
) -> None:
    """A run waits for up to 60 s (OVERLAP_WAIT_S), and has no lease meanwhile."""
    held_by_another(conn, clinic_id)
    order = (
        tick_order(clinic_id, "inbound", "schedule", DUE)
        if trigger == "schedule"
        else new_order(clinic_id, "inbound", "cli")
    )
    job_store.begin(conn, order, 45)
    set_business_time(conn, DUE + timedelta(seconds=31))
    again = job_store.begin(conn, order, 45)  # its poll, each second
    assert again.job is not None
    assert not again.job.is_final

    watch(upkeep, forever)

    assert status(conn, order.job_id) == "queued"
    assert query(conn, "SELECT * FROM idexx_sync.alerts") == []


def test_r27_a_job_dispatched_anew_is_not_ended_while_its_run_waits_for_another(
    conn: Conn, upkeep: Conn, clinic_id: UUID
) -> None:
    held_by_another(conn, clinic_id)
    job_id = add_job(conn, clinic_id, None, "running", trigger="api", attempt=3, queued_at=DUE)
    conn.execute(
        "UPDATE idexx_sync.jobs SET dispatched_at = clock_timestamp() - interval '31 s' "
        "WHERE id = %s",
        (job_id,),
    )

    watch(upkeep, forever)

    assert status(conn, job_id) == "running"


def test_r27_the_watchdog_does_not_end_what_is_being_dispatched_anew(
    conn: Conn, upkeep: Conn, clinic_id: UUID
) -> None:
    """The order is answered with a job that is dead already, and no run comes of it."""
    add_job(
        conn,
        clinic_id,
        None,
        "running",
        trigger="api",
        attempt=3,
        queued_at=DUE - timedelta(days=1),
    )

    def dispatch(sync: SyncName, job_id: UUID) -> None:
        watch(upkeep, forever)  # its minute has come while AWS answers

    job = submit(conn, dispatch, RunRequest(clinic_id, "inbound", "api", WindowParams()))

    assert status(conn, job.id) != "dead"


def test_r26_a_row_that_somebody_has_locked_keeps_the_pass_from_nothing_else(
    conn: Conn, database: str, upkeep: Conn, clinic_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("idexx_sync.database.connection.LOCK_TIMEOUT", "200ms")
    other = add_clinic(conn)
    for of, older in ((clinic_id, 2), (other, 1)):
        job_id = add_job(
            conn, of, None, "running", attempt=3, queued_at=DUE - timedelta(days=older)
        )
        conn.execute(
            "INSERT INTO idexx_sync.leases VALUES (%s, %s, 'inbound', 7, gen_random_uuid(), "
            "to_timestamp(0))",
            (of, job_id),
        )
    with psycopg.connect(database) as locking:
        locking.execute(
            "SELECT FROM idexx_sync.leases WHERE clinic_id = %s FOR UPDATE", (clinic_id,)
        )
        with suppress(DatabaseUnavailable):
            watch(upkeep, forever)
    left = query(conn, "SELECT clinic_id FROM idexx_sync.jobs WHERE status = 'running'")
    assert [one["clinic_id"] for one in left] == [clinic_id]


def test_r27_a_run_that_comes_while_its_job_is_ended_leaves_the_clinic_free(
    conn: Conn, database: str, clinic_id: UUID
) -> None:
    """`begin` takes the lease by what the job was before it waited for the lease's row."""
    order = tick_order(clinic_id, "inbound", "schedule", DUE)
    add_job(conn, clinic_id, None, "running", id=order.job_id, attempt=3, queued_at=DUE)
    conn.execute(
        "INSERT INTO idexx_sync.leases VALUES (%s, %s, 'inbound', 7, gen_random_uuid(), "
        "to_timestamp(0))",
        (clinic_id, order.job_id),
    )
    named = RunOrder(order.job_id, None, "inbound", "api")  # as an event that names its job
    begun: list[Any] = []
    with (
        psycopg.connect(database, autocommit=True) as ending,
        psycopg.connect(database, autocommit=True) as beginning,
    ):
        thread = threading.Thread(
            target=lambda: begun.append(job_store.begin(beginning, named, 45))
        )
        with ending.transaction():
            job_store.end(
                ending, Abandoned(clinic_id, order.job_id), "dead", error=nobody_came(order.job_id)
            )
            thread.start()
            while not query(
                conn,
                "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
                "AND datname = current_database()",
            ):
                pass
        thread.join()
    assert begun[0].lease is None
    taken = query(conn, "SELECT FROM idexx_sync.leases WHERE expires_at > clock_timestamp()")
    assert taken == []
