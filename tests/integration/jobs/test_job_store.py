"""What may end a job, and how far its run has come."""

from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection

from idexx_sync.core.errors import PimsUnavailable
from idexx_sync.database.connection import writing
from idexx_sync.jobs import leases
from idexx_sync.jobs import store as job_store
from idexx_sync.jobs.leases import Lease
from idexx_sync.jobs.model import Job, RunOrder, new_order
from idexx_sync.jobs.store import Queued, Unfinished
from tests.kit.clinic import add_clinic
from tests.kit.database import query

Conn = Connection[tuple[Any, ...]]


@pytest.fixture
def order(conn: Conn) -> RunOrder:
    return new_order(add_clinic(conn), "cases", "api")


def begun(conn: Conn, order: RunOrder) -> Lease:
    lease = job_store.begin(conn, order, 45).lease
    assert lease is not None
    return lease


def stored(conn: Conn, job_id: UUID) -> Job:
    job = job_store.job_by_id(conn, job_id)
    assert job is not None
    return job


def is_free(conn: Conn) -> bool:
    """Whether the next run gets the clinic."""
    (lease,) = query(conn, "SELECT expires_at <= clock_timestamp() AS free FROM idexx_sync.leases")
    return bool(lease["free"])


def test_a_run_ends_its_job_and_lets_its_lease_go(conn: Conn, order: RunOrder) -> None:
    lease = begun(conn, order)

    with writing(conn):
        job_store.end(conn, lease, "succeeded", result={"summary": "nothing changed"})

    job = stored(conn, order.job_id)
    assert (job.status, job.result) == ("succeeded", {"summary": "nothing changed"})
    assert job.finished_at is not None
    assert is_free(conn)


def test_a_job_that_goes_back_to_the_queue_is_not_finished(conn: Conn, order: RunOrder) -> None:
    lease = begun(conn, order)

    with writing(conn):
        job_store.end(conn, lease, "queued", error=PimsUnavailable("Neo did not answer"))

    job = stored(conn, order.job_id)
    assert (job.status, job.error_kind, job.finished_at) == ("queued", "pims_unavailable", None)
    assert is_free(conn)


def test_a_run_that_was_taken_over_ends_nothing_and_keeps_nobody_out(
    conn: Conn, order: RunOrder
) -> None:
    old = begun(conn, order)
    conn.execute("UPDATE idexx_sync.leases SET expires_at = clock_timestamp()")
    begun(conn, order)

    with writing(conn):
        ended = job_store.end(conn, old, "failed")

    assert ended.rowcount == 0
    assert stored(conn, order.job_id).status == "running"
    assert not is_free(conn)


def test_a_running_job_is_not_ended_as_one_that_waits(conn: Conn, order: RunOrder) -> None:
    begun(conn, order)

    job_store.end(conn, Queued(order.job_id), "skipped_overlap")

    assert stored(conn, order.job_id).status == "running"


@pytest.mark.parametrize(("never_begun", "status"), [(True, "queued"), (False, "failed")])
def test_a_job_that_waits_for_its_retry_has_been_begun(
    conn: Conn, order: RunOrder, never_begun: bool, status: str
) -> None:
    lease = begun(conn, order)
    with writing(conn):
        job_store.end(conn, lease, "queued", error=PimsUnavailable("Neo did not answer"))

    job_store.end(conn, Queued(order.job_id, never_begun=never_begun), "failed")

    assert stored(conn, order.job_id).status == status


def test_a_person_ends_a_running_job_and_its_run_can_write_no_more(
    conn: Conn, order: RunOrder
) -> None:
    lease = begun(conn, order)

    with writing(conn):
        ended = job_store.end(conn, Unfinished(lease.clinic_id, lease.job_id), "cancelled")

    assert ended.rowcount == 1
    assert stored(conn, order.job_id).status == "cancelled"
    assert is_free(conn)
    assert query(conn, "SELECT fence FROM idexx_sync.leases") == [{"fence": lease.fence + 1}]


def test_a_job_that_has_ended_is_not_ended_again(conn: Conn, order: RunOrder) -> None:
    lease = begun(conn, order)
    with writing(conn):
        job_store.end(conn, lease, "succeeded")

    for what in (lease, Queued(order.job_id), Unfinished(lease.clinic_id, lease.job_id)):
        with writing(conn):
            assert job_store.end(conn, what, "failed") is not None

    assert stored(conn, order.job_id).status == "succeeded"


def test_the_next_attempt_finds_how_far_the_last_one_came(conn: Conn, order: RunOrder) -> None:
    first = begun(conn, order)
    with writing(conn):
        job_store.store_progress(conn, first, {"calendar": True, "records": 50}, 45)
    with writing(conn):
        job_store.end(conn, first, "queued", error=PimsUnavailable("Neo did not answer"))

    again = job_store.begin(conn, order, 45)

    assert again.job is not None
    assert (again.job.attempt, again.job.progress) == (2, {"calendar": True, "records": 50})


def test_what_a_write_takes_is_not_taken_from_the_lease(conn: Conn, order: RunOrder) -> None:
    lease = begun(conn, order)
    conn.execute("UPDATE idexx_sync.leases SET expires_at = clock_timestamp() + '0.3 s'")

    with writing(conn) as settle:
        left_s = leases.require(conn, lease, settle)
        conn.execute("SELECT pg_sleep(0.4)")
        job_store.store_progress(conn, lease, {"calendar": True}, left_s)

    with writing(conn) as settle:
        assert 0 < leases.require(conn, lease, settle) <= 0.3


def test_a_run_that_was_taken_over_records_no_progress(conn: Conn, order: RunOrder) -> None:
    old = begun(conn, order)
    conn.execute("UPDATE idexx_sync.leases SET expires_at = clock_timestamp()")
    begun(conn, order)

    job_store.store_progress(conn, old, {"calendar": True}, 45)

    assert stored(conn, order.job_id).progress is None
