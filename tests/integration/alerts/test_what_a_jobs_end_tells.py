"""A job's end writes what has to be told: one open alert per clinic and kind, closed once."""

from collections.abc import Callable
from typing import Any, Final, Literal
from uuid import UUID, uuid4

import pytest

from idexx_sync.core.catalog import SyncName
from idexx_sync.core.errors import (
    CredentialsRejected,
    InternalError,
    PimsUnavailable,
    ShapeChanged,
    SyncError,
)
from idexx_sync.core.vocabulary import JobStatus, Manner, Trigger
from idexx_sync.database.connection import Conn, writing
from idexx_sync.jobs import store as job_store
from idexx_sync.jobs.model import new_order
from idexx_sync.jobs.store import Abandoned, Queued, Unfinished, nobody_came
from tests.kit.clinic import add_clinic
from tests.kit.database import query

REJECTED: Final = CredentialsRejected("Neo refused the password")
SHAPE: Final = ShapeChanged("an answer has no field that was read", code="no_data")
FRESH: Final = {"fresh": True}


@pytest.fixture
def clinic_id(conn: Conn) -> UUID:
    return add_clinic(conn)


def ends(
    conn: Conn,
    clinic_id: UUID,
    status: JobStatus,
    error: SyncError | None = None,
    *,
    sync: SyncName = "inbound",
    trigger: Trigger = "schedule",
    manner: Manner = "apply",
    fresh: bool = True,
) -> UUID:
    """A run of the clinic that begins and ends so; its job."""
    order = new_order(clinic_id, sync, trigger, manner=manner)
    lease = job_store.begin(conn, order, 45).lease
    assert lease is not None
    with writing(conn):
        job_store.end(conn, lease, status, result={"fresh": fresh}, error=error)
    return order.job_id


def standing(conn: Conn) -> list[tuple[Any, ...]]:
    return conn.execute(
        "SELECT kind, syncs, times FROM idexx_sync.alerts WHERE closed_at IS NULL ORDER BY kind"
    ).fetchall()


def closed(conn: Conn) -> list[tuple[Any, ...]]:
    return conn.execute(
        "SELECT kind, closed_because FROM idexx_sync.alerts WHERE closed_at IS NOT NULL "
        "ORDER BY closed_at, kind"
    ).fetchall()


def test_a_failure_opens_one_alert_that_names_its_job(conn: Conn, clinic_id: UUID) -> None:
    job_id = ends(conn, clinic_id, "failed", SHAPE)

    (alert,) = query(conn, "SELECT * FROM idexx_sync.alerts")
    assert (alert["clinic_id"], alert["kind"], alert["code"]) == (
        clinic_id,
        "shape_changed",
        "no_data",
    )
    assert (alert["who_acts"], alert["job_id"], alert["closed_at"]) == ("odis", job_id, None)


def test_the_same_again_opens_no_second_one(conn: Conn, clinic_id: UUID) -> None:
    ends(conn, clinic_id, "failed", SHAPE)
    ends(conn, clinic_id, "failed", SHAPE)
    last = ends(conn, clinic_id, "dead", SHAPE)

    assert standing(conn) == [("shape_changed", ["inbound"], 3)]
    assert query(conn, "SELECT job_id FROM idexx_sync.alerts") == [{"job_id": last}]


def test_a_success_closes_it_once(conn: Conn, clinic_id: UUID) -> None:
    ends(conn, clinic_id, "failed", SHAPE)
    ends(conn, clinic_id, "succeeded")
    ends(conn, clinic_id, "succeeded")

    assert standing(conn) == []
    assert closed(conn) == [("shape_changed", "succeeded")]


def test_what_comes_back_after_that_is_an_alert_of_its_own(conn: Conn, clinic_id: UUID) -> None:
    for _ in range(2):
        ends(conn, clinic_id, "failed", SHAPE)
        ends(conn, clinic_id, "succeeded")

    assert closed(conn) == [("shape_changed", "succeeded")] * 2


def test_one_syncs_success_closes_nothing_of_another_one(conn: Conn, clinic_id: UUID) -> None:
    ends(conn, clinic_id, "failed", SHAPE)
    ends(conn, clinic_id, "failed", SHAPE, sync="cases")

    ends(conn, clinic_id, "succeeded")
    assert standing(conn) == [("shape_changed", ["cases"], 2)]

    ends(conn, clinic_id, "succeeded", sync="cases")
    assert closed(conn) == [("shape_changed", "succeeded")]


def test_a_login_is_the_clinics_and_any_sync_makes_it_good(conn: Conn, clinic_id: UUID) -> None:
    ends(conn, clinic_id, "failed", REJECTED, sync="cases")
    ends(conn, clinic_id, "failed", SHAPE, sync="cases")
    ends(conn, clinic_id, "succeeded", sync="inbound")

    assert closed(conn) == [("credentials_rejected", "succeeded")]
    assert standing(conn) == [("shape_changed", ["cases"], 1)]


def test_two_kinds_are_two_alerts_and_a_neighbour_has_its_own(conn: Conn, clinic_id: UUID) -> None:
    neighbour = add_clinic(conn)
    ends(conn, clinic_id, "failed", SHAPE)
    ends(conn, clinic_id, "failed", REJECTED)
    ends(conn, neighbour, "failed", SHAPE)

    ends(conn, clinic_id, "succeeded")

    assert query(conn, "SELECT clinic_id FROM idexx_sync.alerts WHERE closed_at IS NULL") == [
        {"clinic_id": neighbour}
    ]
    assert len(closed(conn)) == 2


@pytest.mark.parametrize("status", ["failed", "dead"])
def test_nobody_is_told_what_passes_by_itself(
    conn: Conn, clinic_id: UUID, status: JobStatus
) -> None:
    ends(conn, clinic_id, status, PimsUnavailable("Neo answered 502"))

    assert standing(conn) == []


@pytest.mark.parametrize("manner", ["preview"])
def test_a_preview_tells_and_closes_nothing(conn: Conn, clinic_id: UUID, manner: Manner) -> None:
    ends(conn, clinic_id, "failed", SHAPE)
    ends(conn, clinic_id, "failed", REJECTED, manner=manner)
    ends(conn, clinic_id, "succeeded", manner=manner)

    assert standing(conn) == [("shape_changed", ["inbound"], 1)]


@pytest.mark.parametrize("trigger", ["cli", "retry", "approval"])
def test_a_failure_on_somebodys_own_machine_tells_nothing_and_a_success_does(
    conn: Conn, clinic_id: UUID, trigger: Trigger
) -> None:
    ends(conn, clinic_id, "failed", SHAPE, trigger=trigger)
    assert standing(conn) == []

    ends(conn, clinic_id, "failed", SHAPE)
    ends(conn, clinic_id, "succeeded", trigger=trigger)
    assert standing(conn) == []


def test_a_run_that_is_held_tells_it_and_makes_failures_good(conn: Conn, clinic_id: UUID) -> None:
    ends(conn, clinic_id, "failed", SHAPE)
    ends(conn, clinic_id, "held")
    ends(conn, clinic_id, "held")
    assert standing(conn) == [("held", ["inbound"], 2)]

    ends(conn, clinic_id, "succeeded_with_warnings")
    assert closed(conn) == [("shape_changed", "succeeded"), ("held", "succeeded")]


def test_only_a_fresh_run_says_that_data_are_no_longer_old(conn: Conn, clinic_id: UUID) -> None:
    conn.execute(
        "INSERT INTO idexx_sync.alerts (clinic_id, kind, syncs, who_acts) "
        "VALUES (%s, 'stale', '{inbound}', 'odis')",
        (clinic_id,),
    )
    ends(conn, clinic_id, "held", fresh=False)
    ends(conn, clinic_id, "succeeded_with_warnings", fresh=False)
    assert [kind for kind, *_ in standing(conn)] == ["stale"]

    ends(conn, clinic_id, "succeeded")
    assert standing(conn) == []


@pytest.mark.parametrize(
    "status", ["queued", "cancelled", "skipped_overlap", "skipped_stale", "skipped_paused"]
)
def test_what_says_nothing_of_the_clinic_opens_and_closes_nothing(
    conn: Conn, clinic_id: UUID, status: JobStatus
) -> None:
    ends(conn, clinic_id, "failed", SHAPE)
    ends(conn, clinic_id, status, InternalError("an unexpected error"))

    assert standing(conn) == [("shape_changed", ["inbound"], 1)]


def test_an_alert_that_is_muted_stays_so_when_it_comes_back(conn: Conn, clinic_id: UUID) -> None:
    ends(conn, clinic_id, "failed", SHAPE)
    conn.execute(
        "UPDATE idexx_sync.alerts SET muted_by = 'kim', "
        "muted_until = idexx_sync.clock() + interval '1 hour'"
    )
    ends(conn, clinic_id, "succeeded")
    ends(conn, clinic_id, "failed", SHAPE)
    ends(conn, clinic_id, "failed", REJECTED)

    rows = query(conn, "SELECT kind, muted_by FROM idexx_sync.alerts WHERE closed_at IS NULL")
    assert {row["kind"]: row["muted_by"] for row in rows} == {
        "shape_changed": "kim",
        "credentials_rejected": None,
    }


def test_a_transaction_that_breaks_tells_nothing(conn: Conn, clinic_id: UUID) -> None:
    order = new_order(clinic_id, "inbound", "schedule")
    lease = job_store.begin(conn, order, 45).lease
    assert lease is not None
    with pytest.raises(ZeroDivisionError), writing(conn):
        job_store.end(conn, lease, "failed", error=SHAPE)
        raise ZeroDivisionError

    assert standing(conn) == []


Way = Literal["never begun", "lease ran out", "let go"]


def left(conn: Conn, clinic_id: UUID, way: Way) -> UUID:
    """A job that nobody runs, in this way."""
    order = new_order(clinic_id, "inbound", "schedule")
    if way == "never begun":
        with conn.transaction():
            job_store.insert(conn, order)
        return order.job_id
    lease = job_store.begin(conn, order, 45).lease
    assert lease is not None
    ran_out = "clock_timestamp()" if way == "lease ran out" else "to_timestamp(0)"
    conn.execute(f"UPDATE idexx_sync.leases SET expires_at = {ran_out}")
    return order.job_id


@pytest.mark.parametrize("way", ["never begun", "lease ran out", "let go"])
def test_a_job_that_was_abandoned_ends_dead_with_one_alert(
    conn: Conn, clinic_id: UUID, way: Way
) -> None:
    job_id = left(conn, clinic_id, way)

    ended = []
    for _ in range(2):
        with writing(conn):
            cursor = job_store.end(
                conn, Abandoned(clinic_id, job_id), "dead", error=nobody_came(job_id)
            )
        ended.append(cursor.rowcount)

    assert ended == [1, 0]
    assert standing(conn) == [("internal", ["inbound"], 1)]
    assert job_store.begin(conn, new_order(clinic_id, "inbound", "api"), 45).lease is not None


def test_a_job_that_is_being_run_is_not_abandoned(conn: Conn, clinic_id: UUID) -> None:
    order = new_order(clinic_id, "inbound", "schedule")
    lease = job_store.begin(conn, order, 45).lease
    assert lease is not None

    with writing(conn):
        cursor = job_store.end(
            conn, Abandoned(clinic_id, order.job_id), "dead", error=nobody_came(order.job_id)
        )
    assert cursor.rowcount == 0

    with writing(conn):
        job_store.end(conn, lease, "succeeded", result=FRESH)
    assert standing(conn) == []


def test_a_run_that_wakes_up_after_its_job_was_ended_writes_nothing(
    conn: Conn, clinic_id: UUID
) -> None:
    order = new_order(clinic_id, "inbound", "schedule")
    lease = job_store.begin(conn, order, 45).lease
    assert lease is not None
    conn.execute("UPDATE idexx_sync.leases SET expires_at = clock_timestamp()")
    with writing(conn):
        job_store.end(
            conn, Abandoned(clinic_id, order.job_id), "dead", error=nobody_came(order.job_id)
        )

    with writing(conn):
        late = job_store.end(conn, lease, "succeeded", result=FRESH)

    assert late.rowcount == 0
    assert standing(conn) == [("internal", ["inbound"], 1)]


ENDS: Final[dict[str, Callable[[UUID, UUID], Queued | Unfinished]]] = {
    "waiting": lambda _clinic, job: Queued(job),
    "whatever it is doing": Unfinished,
}


@pytest.mark.parametrize("what", ENDS.values(), ids=ENDS)
def test_every_way_to_end_a_job_tells(
    conn: Conn, clinic_id: UUID, what: Callable[[UUID, UUID], Queued | Unfinished]
) -> None:
    order = new_order(clinic_id, "inbound", "schedule")
    with conn.transaction():
        job_store.insert(conn, order)

    with writing(conn):
        job_store.end(conn, what(clinic_id, order.job_id), "failed", error=SHAPE)

    assert standing(conn) == [("shape_changed", ["inbound"], 1)]


def test_a_job_that_is_not_there_tells_nothing(conn: Conn, clinic_id: UUID) -> None:
    with writing(conn):
        job_store.end(conn, Unfinished(clinic_id, uuid4()), "failed", error=SHAPE)

    assert standing(conn) == []
