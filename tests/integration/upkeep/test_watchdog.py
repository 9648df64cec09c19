"""The watchdog: one pass over what nobody else looks after."""

import math
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from idexx_sync.core.catalog import CATALOG
from idexx_sync.core.errors import DatabaseUnavailable
from idexx_sync.database.connection import Conn
from idexx_sync.jobs import store as job_store
from idexx_sync.jobs.coming_store import ABOUT_TO_BEGIN
from idexx_sync.jobs.model import tick_order
from idexx_sync.upkeep.abandoned import CATCH_UP_FOR, MOST_JOBS, UNTOLD_FOR
from idexx_sync.upkeep.watchdog import RESERVE_S, Pass, watch
from tests.kit.business_time import set_business_time
from tests.kit.clinic import add_clinic
from tests.kit.database import as_role, query
from tests.kit.letters import DUE
from tests.kit.rows import add_job, add_login

DELIVERED_FOR = CATALOG["inbound"].begins_within


def forever() -> float:
    return math.inf


def jobs(conn: Conn) -> list[dict[str, Any]]:
    return query(conn, "SELECT * FROM idexx_sync.jobs ORDER BY queued_at, id")


def leases(conn: Conn) -> list[tuple[int, bool]]:
    """Fence, and whether it looks taken."""
    found = query(
        conn,
        "SELECT fence, expires_at > to_timestamp(0) AS taken FROM idexx_sync.leases ORDER BY fence",
    )
    return [(one["fence"], one["taken"]) for one in found]


def lease(conn: Conn, clinic_id: UUID, job_id: UUID, lives_s: float) -> None:
    conn.execute(
        "INSERT INTO idexx_sync.leases VALUES (%s, %s, 'inbound', 7, gen_random_uuid(), "
        "clock_timestamp() + make_interval(secs => %s))",
        (clinic_id, job_id, lives_s),
    )


def tick(conn: Conn, clinic_id: UUID, **columns: Any) -> UUID:
    values = {"queued_at": DUE, "scheduled_time": DUE, **columns}
    return add_job(conn, clinic_id, None, **values)


@pytest.mark.parametrize(
    ("columns", "lives_s", "ends"),
    [
        ({"status": "queued"}, None, None),
        ({"status": "queued", "attempt": 1}, None, "skipped_stale"),
        ({"status": "running", "attempt": 1}, -1, "dead"),
        ({"status": "running", "attempt": 3}, -1, "dead"),
        ({"status": "running", "attempt": 1}, 40, None),
        ({"status": "running", "attempt": 3}, 40, None),
    ],
    ids=["waits", "given up", "killed", "killed thrice", "is run", "is run at last"],
)
def test_r27_a_job_is_ended_once_nobody_is_going_to_run_it(
    conn: Conn,
    upkeep: Conn,
    clinic_id: UUID,
    columns: dict[str, Any],
    lives_s: float | None,
    ends: str | None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    job_id = tick(conn, clinic_id, **columns)
    if lives_s is not None:
        lease(conn, clinic_id, job_id, lives_s)
    late = timedelta()
    if ends or columns["status"] == "running":
        late = DELIVERED_FOR + ABOUT_TO_BEGIN
    set_business_time(conn, DUE + late + timedelta(seconds=1))

    passed = watch(upkeep, forever)

    assert passed == Pass({"jobs_ended": 1} if ends else {}, True)
    (job,) = jobs(conn)
    assert job["status"] == (ends or columns["status"])
    alerts = query(conn, "SELECT job_id, times FROM idexx_sync.alerts")
    assert alerts == ([{"job_id": job_id, "times": 1}] if ends == "dead" else [])
    if lives_s is not None:
        assert leases(conn) == [(8, False) if ends else (7, True)]
    assert watch(upkeep, forever) == Pass({}, True)
    assert capsys.readouterr().out.count('"RunsFailed":[1.0]') == (ends == "dead")


def test_r27_a_retry_that_was_handed_over_at_the_last_moment_may_still_wait_for_its_clinic(
    conn: Conn, upkeep: Conn, clinic_id: UUID
) -> None:
    job_id = tick(conn, clinic_id, status="queued", attempt=1)
    conn.execute(
        "UPDATE idexx_sync.jobs SET dispatched_at = clock_timestamp() - %s WHERE id = %s",
        (DELIVERED_FOR + timedelta(seconds=61), job_id),
    )

    assert watch(upkeep, forever) == Pass({}, True)


@pytest.mark.parametrize("minutes", [3, 40, 23 * 60])
@pytest.mark.parametrize(
    ("columns", "lives_s"),
    [({"attempt": 0}, None), ({"attempt": 2}, None), ({"status": "running", "attempt": 2}, -1)],
    ids=["killed while it waited", "gave way or failed", "killed"],
)
def test_r27_a_tick_that_waits_in_its_queue_is_ended_only_once_its_next_time_has_come(
    conn: Conn,
    upkeep: Conn,
    clinic_id: UUID,
    columns: dict[str, Any],
    lives_s: float | None,
    minutes: int,
) -> None:
    """Its message is hidden for half an hour, and may wait longer behind others."""
    due = DUE - timedelta(hours=5)  # 02:00 in Los Angeles
    job_id = tick(
        conn,
        clinic_id,
        **{"status": "queued", "sync": "cases", **columns, "scheduled_time": due, "queued_at": due},
    )
    if lives_s is not None:
        lease(conn, clinic_id, job_id, lives_s)
    set_business_time(conn, due + timedelta(minutes=minutes))

    assert watch(upkeep, forever) == Pass({}, True)
    set_business_time(conn, due + timedelta(days=1))
    assert watch(upkeep, forever) == Pass({"jobs_ended": 1}, True)
    (job,) = jobs(conn)
    assert job["status"] == ("dead" if lives_s is not None else "skipped_stale")


@pytest.mark.parametrize(
    ("trigger", "waits"), [("schedule", UNTOLD_FOR), ("catch_up", CATCH_UP_FOR)]
)
def test_r27_what_nobody_can_call_stale_is_told_in_time(
    conn: Conn, upkeep: Conn, clinic_id: UUID, trigger: str, waits: timedelta
) -> None:
    conn.execute("UPDATE public.clinic_schedule_configs SET sync_schedules = '{}'")
    tick(conn, clinic_id, status="queued", trigger=trigger, attempt=1)
    set_business_time(conn, DUE + waits - timedelta(minutes=1))
    assert watch(upkeep, forever) == Pass({}, True)

    set_business_time(conn, DUE + waits + timedelta(minutes=1))

    assert watch(upkeep, forever) == Pass({"jobs_ended": 1}, True)
    assert [job["status"] for job in jobs(conn)] == ["dead"]
    assert len(query(conn, "SELECT FROM idexx_sync.alerts")) == 1


def test_r27_ticks_that_wait_rightly_keep_no_late_one_from_its_end(
    conn: Conn, upkeep: Conn, clinic_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("idexx_sync.upkeep.abandoned.MOST_JOBS", 2)
    for number in range(5):
        due = DUE - timedelta(hours=5) + timedelta(minutes=number)
        tick(
            conn,
            clinic_id,
            status="queued",
            attempt=1,
            sync="cases",
            scheduled_time=due,
        )
    late = tick(conn, clinic_id, status="queued", attempt=1)
    set_business_time(conn, DUE + timedelta(minutes=20))
    conn.execute("UPDATE idexx_sync.jobs SET queued_at = scheduled_time")

    assert watch(upkeep, forever) == Pass({"jobs_ended": 1}, True)
    ended = query(conn, "SELECT id FROM idexx_sync.jobs WHERE status = 'skipped_stale'")
    assert ended == [{"id": late}]


@pytest.mark.parametrize("status", ["succeeded", "failed", "dead", None])
def test_r27_an_expired_lease_of_a_job_that_has_ended_is_freed(
    conn: Conn, upkeep: Conn, clinic_id: UUID, status: str | None
) -> None:
    job_id = uuid4() if status is None else add_job(conn, clinic_id, DUE, status)
    lease(conn, clinic_id, job_id, -1)
    other = add_clinic(conn)
    lease(conn, other, add_job(conn, other, DUE), 40)

    assert watch(upkeep, forever).counts == {"leases_released": 1}
    assert leases(conn) == [(7, True), (8, False)]
    assert watch(upkeep, forever).counts == {}


def test_r27_a_run_that_wakes_up_after_it_was_ended_writes_nothing(
    conn: Conn, upkeep: Conn, clinic_id: UUID
) -> None:
    order = tick_order(clinic_id, "inbound", "schedule", DUE)
    begun = job_store.begin(conn, order, lease_seconds=-1)
    set_business_time(conn, DUE + 2 * DELIVERED_FOR)
    conn.execute("UPDATE idexx_sync.jobs SET queued_at = %s", (DUE,))
    assert begun.lease is not None

    watch(upkeep, forever)
    with conn.transaction():
        ended = job_store.end(conn, begun.lease, "succeeded")

    assert ended.rowcount == 0
    assert jobs(conn)[0]["status"] == "dead"


def abandoned_jobs(conn: Conn, number: int) -> None:
    for _ in range(2):
        add_clinic(conn)
    conn.execute(
        """
        INSERT INTO idexx_sync.jobs (id, clinic_id, sync, trigger, status, attempt, queued_at)
        SELECT gen_random_uuid(), c.id, 'inbound', 'schedule', 'queued', 1,
               %s - interval '1 day' - n * interval '1 s'
          FROM public.clinics c, generate_series(1, %s) n
         WHERE c.id = (SELECT min(id::text)::uuid FROM public.clinics)
        """,
        (DUE, number),
    )


def test_r27_a_pass_over_ten_thousand_jobs_is_bounded_and_the_next_one_goes_on(
    conn: Conn, upkeep: Conn, clinic_id: UUID
) -> None:
    abandoned_jobs(conn, 10_000)

    first, second = watch(upkeep, forever), watch(upkeep, forever)

    assert first == second == Pass({"jobs_ended": MOST_JOBS}, False)
    ended = query(conn, "SELECT queued_at FROM idexx_sync.jobs WHERE status = 'dead'")
    left = query(
        conn, "SELECT min(queued_at) AS oldest FROM idexx_sync.jobs WHERE status = 'queued'"
    )
    assert len(ended) == 2 * MOST_JOBS
    assert max(one["queued_at"] for one in ended) < left[0]["oldest"]
    (alert,) = query(conn, "SELECT times FROM idexx_sync.alerts")
    assert alert["times"] == 2 * MOST_JOBS


def test_a_pass_ends_with_its_time(conn: Conn, upkeep: Conn, clinic_id: UUID) -> None:
    """Each look at the clock costs a second: two jobs are ended, and nothing is done after them."""
    seconds = [RESERVE_S + 3]
    abandoned_jobs(conn, 20)
    add_login(conn, clinic_id, DUE - timedelta(days=100), "ok")

    def time_left() -> float:
        seconds[0] -= 1
        return seconds[0] + 1

    assert watch(upkeep, time_left) == Pass({"jobs_ended": 2}, False)
    assert watch(upkeep, lambda: RESERVE_S) == Pass({}, False)
    assert watch(upkeep, forever) == Pass({"jobs_ended": 18, "deleted_logins": 1}, True)


def test_r26_what_postgres_refuses_of_one_job_or_step_stops_no_other_one(
    conn: Conn, upkeep: Conn, clinic_id: UUID
) -> None:
    abandoned_jobs(conn, 3)
    odd = jobs(conn)[0]["id"]
    conn.execute(
        f"ALTER TABLE idexx_sync.jobs ADD CONSTRAINT odd CHECK (id <> '{odd}' OR status = 'queued')"
    )
    conn.execute("REVOKE UPDATE ON idexx_sync.leases FROM idexx_sync_api")
    conn.execute("REVOKE UPDATE (fence, expires_at) ON idexx_sync.leases FROM idexx_sync_api")
    add_login(conn, clinic_id, DUE - timedelta(days=100), "ok")

    passed = watch(upkeep, forever)

    assert not passed.complete
    assert passed.counts["deleted_logins"] == 1
    conn.execute("GRANT UPDATE (fence, expires_at) ON idexx_sync.leases TO idexx_sync_api")
    assert watch(upkeep, forever).counts == {"jobs_ended": 2, "refused": 1}
    assert [job["status"] for job in jobs(conn)] == ["queued", "dead", "dead"]


def test_a_database_that_is_gone_is_our_own_error(conn: Conn, database: str) -> None:
    with psycopg.connect(as_role(database, "upkeep"), autocommit=True) as own:
        conn.execute("SELECT pg_terminate_backend(%s)", (own.info.backend_pid,))
        with pytest.raises(DatabaseUnavailable) as raised:
            watch(own, forever)

    assert raised.value.__context__ is None
