"""A job's end writes what has to be told: one open alert per clinic and kind, closed once."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final, Literal
from uuid import UUID, uuid4

import pytest

from idexx_sync.alerts import incident_store
from idexx_sync.alerts.kinds import CLOSED_CASE_HAS_CALL, DISCREPANCY_STAYS, Opening
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
STAYS: Final = Opening(DISCREPANCY_STAYS, "odis", "moved", ("d-1", "d-2"))
HAS_CALL: Final = Opening(CLOSED_CASE_HAS_CALL, "odis", None, ("c-1",))


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
    unfresh: str | None = None,
    also_tells: Sequence[Opening] = (),
) -> UUID:
    """A run of the clinic that begins and ends so; its job."""
    order = new_order(clinic_id, sync, trigger, manner=manner)
    lease = job_store.begin(conn, order, 45).lease
    assert lease is not None
    with writing(conn):
        result = {"fresh": fresh, "unfresh": unfresh}
        job_store.end(conn, lease, status, result=result, error=error, also_tells=also_tells)
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


def reconciled(
    conn: Conn,
    clinic_id: UUID,
    *also_tells: Opening,
    status: JobStatus = "succeeded",
    manner: Manner = "apply",
    error: SyncError | None = None,
) -> UUID:
    """A reconciliation that ends so and tells those besides; its job."""
    return ends(
        conn,
        clinic_id,
        status,
        error,
        sync="reconciliation",
        manner=manner,
        fresh=False,
        unfresh="other_days",
        also_tells=also_tells,
    )


def told_records(conn: Conn) -> list[tuple[Any, ...]]:
    return conn.execute(
        "SELECT kind, code, records, times FROM idexx_sync.alerts WHERE closed_at IS NULL "
        "ORDER BY kind"
    ).fetchall()


@pytest.mark.parametrize("status", ["succeeded", "succeeded_with_warnings", "held"])
def test_what_a_run_tells_besides_is_an_alert_of_each_kind_that_names_its_records(
    conn: Conn, clinic_id: UUID, status: JobStatus
) -> None:
    job_id = reconciled(conn, clinic_id, STAYS, HAS_CALL, status=status)

    of_its_end: list[tuple[Any, ...]] = [("held", None, [], 1)] if status == "held" else []
    assert told_records(conn) == [
        ("closed_case_has_call", None, ["c-1"], 1),
        ("discrepancy_stays", "moved", ["d-1", "d-2"], 1),
        *of_its_end,
    ]
    jobs = query(conn, "SELECT DISTINCT job_id, who_acts FROM idexx_sync.alerts")
    assert jobs == [{"job_id": job_id, "who_acts": "odis"}]


def test_what_is_told_again_goes_on_with_the_newest_records(conn: Conn, clinic_id: UUID) -> None:
    reconciled(conn, clinic_id, STAYS)
    reconciled(conn, clinic_id, replace(STAYS, records=("d-2",)), status="held")

    assert told_records(conn) == [
        ("discrepancy_stays", "moved", ["d-2"], 2),
        ("held", None, [], 1),
    ]


def test_a_run_that_ends_well_and_tells_it_no_more_closes_it_whatever_its_days(
    conn: Conn, clinic_id: UUID
) -> None:
    ends(conn, clinic_id, "failed", SHAPE, sync="reconciliation")
    reconciled(conn, clinic_id, STAYS, HAS_CALL)
    reconciled(conn, clinic_id, HAS_CALL)
    assert standing(conn) == [
        ("closed_case_has_call", ["reconciliation"], 2),
        ("shape_changed", ["reconciliation"], 1),
    ]

    reconciled(conn, clinic_id, status="held")
    assert closed(conn) == [
        ("discrepancy_stays", "succeeded"),
        ("closed_case_has_call", "succeeded"),
    ]
    assert [kind for kind, *_ in standing(conn)] == ["held", "shape_changed"]


@pytest.mark.parametrize("way", ["another sync", "a failure", "a preview", "a cancelled one"])
def test_no_other_end_says_that_it_is_no_longer_so(conn: Conn, clinic_id: UUID, way: str) -> None:
    reconciled(conn, clinic_id, STAYS)
    match way:
        case "another sync":
            ends(conn, clinic_id, "succeeded")
        case "a failure":
            reconciled(conn, clinic_id, status="failed", error=PimsUnavailable("Neo answered 502"))
        case "a preview":
            reconciled(conn, clinic_id, manner="preview")
        case _:
            reconciled(conn, clinic_id, status="cancelled")

    assert standing(conn) == [("discrepancy_stays", ["reconciliation"], 1)]


def test_a_preview_tells_nothing_besides_either(conn: Conn, clinic_id: UUID) -> None:
    reconciled(conn, clinic_id, STAYS, manner="preview")

    assert standing(conn) == []


def test_a_failure_is_told_beside_what_its_run_tells(conn: Conn, clinic_id: UUID) -> None:
    reconciled(conn, clinic_id, STAYS, status="failed", error=SHAPE)

    assert [kind for kind, *_ in standing(conn)] == ["discrepancy_stays", "shape_changed"]


def test_a_kind_told_twice_is_one_alert_that_names_20_records_once(
    conn: Conn, clinic_id: UUID
) -> None:
    first, more = (tuple(f"d-{n}" for n in numbers) for numbers in (range(15), range(10, 30)))
    reconciled(
        conn, clinic_id, replace(STAYS, records=first), replace(STAYS, code=None, records=more)
    )

    names = [f"d-{n}" for n in range(20)]
    assert told_records(conn) == [("discrepancy_stays", "moved", names, 1)]


def test_what_is_told_besides_is_muted_by_its_own_kind(conn: Conn, clinic_id: UUID) -> None:
    reconciled(conn, clinic_id, STAYS, HAS_CALL)
    conn.execute(
        "UPDATE idexx_sync.alerts SET muted_by = 'kim', "
        "muted_until = idexx_sync.clock() + interval '1 hour' WHERE kind = 'discrepancy_stays'"
    )
    reconciled(conn, clinic_id)
    reconciled(conn, clinic_id, STAYS, HAS_CALL)

    rows = query(conn, "SELECT kind, muted_by FROM idexx_sync.alerts WHERE closed_at IS NULL")
    assert {row["kind"]: row["muted_by"] for row in rows} == {
        "discrepancy_stays": "kim",
        "closed_case_has_call": None,
    }


def test_what_is_told_besides_joins_the_alert_that_stands_for_many(
    conn: Conn, clinic_id: UUID
) -> None:
    for other in [clinic_id, *(add_clinic(conn) for _ in range(6))]:
        reconciled(conn, other, STAYS)
    incident_store.stand_together(conn)
    late = add_clinic(conn)
    reconciled(conn, late, STAYS, HAS_CALL)

    rows = query(
        conn,
        "SELECT kind, incident_id IS NOT NULL AS of_many FROM idexx_sync.alerts "
        "WHERE clinic_id = %s ORDER BY kind",
        (late,),
    )
    assert [tuple(row.values()) for row in rows] == [
        ("closed_case_has_call", False),
        ("discrepancy_stays", True),
    ]


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
