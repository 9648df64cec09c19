"""Rule R27: an order joins a job only if somebody is still going to run it."""

from datetime import timedelta
from typing import Any, Final

import pytest

from idexx_sync.core.catalog import CATALOG
from idexx_sync.core.errors import PimsUnavailable
from idexx_sync.core.vocabulary import Trigger
from idexx_sync.jobs import store as job_store
from idexx_sync.jobs.model import new_order, tick_order
from idexx_sync.jobs.params import WindowParams
from idexx_sync.jobs.runner import run_job
from idexx_sync.syncs.inbound.sync import InboundSync
from tests.kit.api import Api
from tests.kit.database import query

INBOUND: Final = "/api/sync/inbound"
WEEK: Final = {"from": "2026-05-04", "to": "2026-05-10"}
DELIVERED_FOR: Final = CATALOG["inbound"].begins_within
JUST_NOW: Final = timedelta(minutes=2)
LONG_AGO: Final = timedelta(days=3)


def jobs(api: Api) -> list[dict[str, Any]]:
    return query(api.bench.conn, "SELECT * FROM idexx_sync.jobs ORDER BY queued_at, id")


def ago(api: Api, passed: timedelta, **columns: Any) -> None:
    """The job was made and dispatched so long ago, and has come so far since."""
    api.bench.conn.execute(
        "UPDATE idexx_sync.jobs SET queued_at = queued_at - %(passed)s, "
        "dispatched_at = dispatched_at - %(passed)s, status = %(status)s, attempt = %(attempt)s",
        {"passed": passed, "status": "queued", "attempt": 0, **columns},
    )


def lease(api: Api, lives_s: float) -> None:
    api.bench.conn.execute(
        "INSERT INTO idexx_sync.leases SELECT clinic_id, id, sync, 1, gen_random_uuid(), "
        "clock_timestamp() + make_interval(secs => %s) FROM idexx_sync.jobs",
        (lives_s,),
    )


@pytest.mark.parametrize(
    ("passed", "columns", "lives_s", "comes"),
    [
        (JUST_NOW, {}, None, True),
        (JUST_NOW, {"attempt": 2}, None, True),
        (JUST_NOW, {"status": "running", "attempt": 1}, None, True),
        (LONG_AGO, {"status": "running", "attempt": 1}, 40, True),
        (LONG_AGO, {"status": "running", "attempt": 3}, 40, True),
        (DELIVERED_FOR + JUST_NOW, {}, None, False),
        (LONG_AGO, {"attempt": 2}, None, False),
        (JUST_NOW, {"attempt": 3}, None, False),
        (JUST_NOW, {"status": "running", "attempt": 3}, -1, False),
        (LONG_AGO, {"status": "running", "attempt": 1}, -1, False),
    ],
)
def test_r27_a_job_is_joined_as_it_is_only_if_its_run_comes(
    api: Api, passed: timedelta, columns: dict[str, Any], lives_s: float | None, comes: bool
) -> None:
    caller = api.as_clinic()
    first = caller.post(INBOUND, WEEK).json
    ago(api, passed, **columns)
    if lives_s is not None:
        lease(api, lives_s)

    again = caller.post(INBOUND, WEEK)

    assert (again.status, again.json["id"]) == (202, first["id"])
    assert len(api.invocations.made) == (1 if comes else 2)


@pytest.mark.parametrize("attempt", [0, 3])
def test_r27_a_job_that_nobody_runs_any_more_is_in_nobodys_way(api: Api, attempt: int) -> None:
    caller = api.as_clinic()
    first = caller.post(INBOUND, WEEK).json
    ago(api, LONG_AGO, status="running" if attempt else "queued", attempt=attempt)
    if attempt:
        lease(api, -1)

    answer = caller.post(INBOUND, {**WEEK, "to": "2026-05-09"})

    assert answer.status == 202
    assert answer.json["id"] != first["id"]
    assert [job["status"] for job in jobs(api)] == ["dead", "queued"]
    assert jobs(api)[0]["finished_at"] is not None
    api.work()
    assert jobs(api)[1]["status"] == "succeeded"


def test_r27_three_failed_tries_leave_nothing_to_be_joined(api: Api) -> None:
    """Three days later an equal order is a run of its own."""
    api.bench.retried = True
    caller = api.as_clinic()
    first = caller.post(INBOUND, WEEK).json
    api.bench.pims.error = PimsUnavailable("Neo answered 502", code="status_502")
    for _ in range(3):
        api.work()
    api.bench.pims.error = None
    api.bench.conn.execute(
        "UPDATE idexx_sync.jobs SET queued_at = queued_at - %s, dispatched_at = dispatched_at - %s",
        (LONG_AGO, LONG_AGO),
    )

    second = caller.post(INBOUND, WEEK).json
    api.work()

    assert second["id"] != first["id"]
    assert [job["status"] for job in jobs(api)] == ["dead", "succeeded"]


def test_r27_a_job_whose_run_was_dispatched_anew_ends(api: Api) -> None:
    caller = api.as_clinic()
    caller.post(INBOUND, WEEK)
    ago(api, LONG_AGO, status="running", attempt=3)
    lease(api, -1)

    caller.post(INBOUND, WEEK)
    api.work()

    (job,) = jobs(api)
    assert (job["status"], job["attempt"]) == ("succeeded", 4)


@pytest.mark.parametrize("trigger", ["cli", "retry", "approval"])
def test_r27_a_command_that_was_killed_leaves_nothing_to_be_joined_as_it_is(
    api: Api, trigger: Trigger
) -> None:
    """It ran its job itself: no event will bring another run."""
    order = new_order(api.bench.clinic_id, "inbound", trigger, WindowParams.model_validate(WEEK))
    job_store.begin(api.bench.conn, order, lease_seconds=-1)
    ago(api, JUST_NOW, status="running", attempt=1)

    answer = api.as_clinic().post(INBOUND, WEEK)

    assert (answer.status, answer.json["id"]) == (202, str(order.job_id))
    assert len(api.invocations.made) == 1
    api.work()
    assert jobs(api)[0]["status"] == "succeeded"


@pytest.mark.parametrize("lives_s", [-1, 40], ids=["waits in its queue", "is run"])
def test_r27_an_order_does_not_wait_for_a_tick_in_its_queue(api: Api, lives_s: float) -> None:
    """Its message may be hidden for half an hour: a worker is given the same job beside it."""
    bench = api.bench
    order = tick_order(bench.clinic_id, "inbound", "schedule", bench.now)
    job_store.begin(bench.conn, order, lease_seconds=lives_s)
    bench.conn.execute("UPDATE idexx_sync.jobs SET queued_at = queued_at - %s", (2 * JUST_NOW,))

    answer = api.as_clinic().post(INBOUND, {})

    assert (answer.status, answer.json["id"]) == (202, str(order.job_id))
    assert len(api.invocations.made) == (lives_s < 0)
    if lives_s < 0:
        api.work()
        assert [job["status"] for job in jobs(api)] == ["succeeded"]


def test_r27_a_tick_that_waits_in_its_queue_is_in_nobodys_way_and_runs_afterwards(api: Api) -> None:
    bench = api.bench
    order = tick_order(bench.clinic_id, "inbound", "schedule", bench.now)
    job_store.begin(bench.conn, order, lease_seconds=-1)
    bench.conn.execute(
        "UPDATE idexx_sync.jobs SET queued_at = queued_at - %s, status = 'queued'", (2 * JUST_NOW,)
    )

    answer = api.as_clinic().post(INBOUND, WEEK)
    api.work()

    assert answer.status == 202
    assert [job["status"] for job in jobs(api)] == ["queued", "succeeded"]
    assert run_job(order, InboundSync(), bench.dependencies()).status == "succeeded"
