"""Alerts that would mislead: told twice, not at all, closed too early, or swallowed by others."""

import math
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import pytest

from idexx_sync.alerts.incident_store import Grown, stand_together, tell_grown
from idexx_sync.alerts.incidents import tell_stale
from idexx_sync.core.catalog import SyncName
from idexx_sync.core.errors import (
    ConfigurationInvalid,
    InternalError,
    PimsUnavailable,
    ShapeChanged,
    SyncError,
)
from idexx_sync.core.vocabulary import JobStatus
from idexx_sync.database.connection import Conn, writing
from idexx_sync.jobs import store as job_store
from idexx_sync.jobs.model import RunOrder, new_order
from idexx_sync.jobs.params import WindowParams
from idexx_sync.jobs.submission import RunRequest, submit
from idexx_sync.upkeep.watchdog import watch
from tests.kit.business_time import set_business_time
from tests.kit.clinic import add_clinic
from tests.kit.database import insert, query
from tests.kit.records import MORNING
from tests.kit.rows import REAL, add_alert, add_credentials, add_job, pause

DOWN: Final = PimsUnavailable("no answer")


@pytest.fixture
def clinic_id(conn: Conn) -> UUID:
    set_business_time(conn, MORNING)
    made = add_clinic(conn)
    conn.execute(
        "UPDATE public.clinic_schedule_configs SET sync_schedules = "
        '\'{"inbound": "0-59/15 * * * *"}\' WHERE clinic_id = %s',
        (made,),
    )
    add_credentials(conn, made)
    return made


def ends(
    conn: Conn, clinic_id: UUID, status: JobStatus, error: SyncError | None = None, **of: Any
) -> UUID:
    order = new_order(clinic_id, of.get("sync", "inbound"), of.get("trigger", "schedule"))
    lease = job_store.begin(conn, order, 45).lease
    assert lease is not None
    with writing(conn):
        unfresh = of.get("unfresh")
        result = {"fresh": unfresh is None, "unfresh": unfresh}
        job_store.end(conn, lease, status, result=result, error=error)
    return order.job_id


def standing(conn: Conn) -> list[str]:
    found = query(conn, "SELECT kind FROM idexx_sync.alerts WHERE closed_at IS NULL ORDER BY kind")
    return [one["kind"] for one in found]


def test_a_muted_kind_stays_muted_when_data_grow_old_again(conn: Conn, clinic_id: UUID) -> None:
    tell_grown(conn, [Grown(clinic_id, "inbound", is_stale=True)])
    conn.execute(
        "UPDATE idexx_sync.alerts SET muted_until = idexx_sync.clock() + interval '7 days', "
        "muted_by = 'Kim'"
    )
    tell_grown(conn, [Grown(clinic_id, "inbound", is_stale=False)])
    tell_grown(conn, [Grown(clinic_id, "inbound", is_stale=True)])

    (alert,) = query(conn, "SELECT muted_by FROM idexx_sync.alerts WHERE closed_at IS NULL")
    assert alert["muted_by"] == "Kim"


def test_data_that_grow_old_are_told_although_the_last_success_read_too_short(
    conn: Conn, clinic_id: UUID
) -> None:
    """ODIS has raised the clinic's horizon since; then Neo is down for three days."""
    window = [f"{MORNING:%Y-%m-%d}"] * 2
    add_job(conn, clinic_id, MORNING, result={**REAL, "window": window})
    set_business_time(conn, MORNING + timedelta(days=3))
    ends(conn, clinic_id, "dead", DOWN)

    tell_stale(conn, None, 100)

    assert standing(conn) == ["stale"]


@pytest.mark.parametrize("unfresh", ["read_incomplete", None])
def test_a_clinic_that_was_never_fresh_is_told(
    conn: Conn, clinic_id: UUID, unfresh: str | None
) -> None:
    """Every read of it is incomplete, or no run of it ever begins: nothing else opens an alert."""
    set_business_time(conn, MORNING + timedelta(days=3))
    if unfresh is not None:
        result = {**REAL, "fresh": False, "unfresh": unfresh}
        add_job(conn, clinic_id, MORNING + timedelta(days=3), result=result)

    tell_stale(conn, None, 100)

    assert standing(conn) == ["stale"]


def test_data_that_stay_old_are_not_told_to_be_new_because_a_run_fails_otherwise(
    conn: Conn, clinic_id: UUID
) -> None:
    add_job(conn, clinic_id, MORNING)
    set_business_time(conn, MORNING + timedelta(days=1))
    ends(conn, clinic_id, "dead", DOWN)
    tell_stale(conn, None, 100)
    assert standing(conn) == ["stale"]

    set_business_time(conn, MORNING + timedelta(days=1, minutes=15))
    ends(conn, clinic_id, "dead", InternalError("broken", code="abandoned"))
    tell_stale(conn, None, 100)

    assert standing(conn) == ["internal", "stale"]


def test_data_that_stay_old_are_not_told_to_be_new_because_somebody_paused(
    conn: Conn, clinic_id: UUID
) -> None:
    add_job(conn, clinic_id, MORNING)
    set_business_time(conn, MORNING + timedelta(days=1))
    tell_stale(conn, None, 100)
    pause(conn, clinic_id)
    tell_stale(conn, None, 100)

    closed = query(conn, "SELECT closed_because FROM idexx_sync.alerts")
    assert [one["closed_because"] for one in closed] != ["no_longer_so"]


def test_a_run_of_a_short_window_makes_nothing_good_that_fails_in_each_scheduled_one(
    conn: Conn, clinic_id: UUID
) -> None:
    """Told as new each time: one alert per scheduled run, and one close per order."""
    shape = ShapeChanged("an answer has no field that was read", code="no_data")
    for _ in range(3):
        ends(conn, clinic_id, "failed", shape)
        ends(conn, clinic_id, "succeeded", trigger="api", unfresh="other_days")

    assert len(query(conn, "SELECT FROM idexx_sync.alerts")) == 1


def test_an_incident_does_not_swallow_what_each_clinic_has_by_itself(conn: Conn) -> None:
    """Seven clinics, one a day, wait for a decision: seven causes."""
    set_business_time(conn, MORNING)
    for days in range(7):
        add_alert(conn, add_clinic(conn), "held", opened_at=MORNING - timedelta(days=days))
    stand_together(conn)
    found = query(conn, "SELECT incident_id FROM idexx_sync.alerts WHERE clinic_id IS NOT NULL")
    assert [one["incident_id"] for one in found] == [None] * 7


def test_an_incident_does_not_stand_for_a_failure_of_another_code(conn: Conn) -> None:
    """Six clinics at Neo's new answer, and one whose own defect has the same kind only."""
    clinics = [add_clinic(conn) for _ in range(7)]
    for number, clinic in enumerate(clinics):
        code = "no_data" if number else "value_unreadable"
        insert(
            conn,
            "idexx_sync.alerts",
            {"clinic_id": clinic, "kind": "internal", "who_acts": "odis", "code": code},
        )
    stand_together(conn)
    (odd,) = query(
        conn,
        "SELECT incident_id FROM idexx_sync.alerts WHERE code = 'value_unreadable'"
        " AND clinic_id IS NOT NULL",
    )
    assert odd["incident_id"] is None


@pytest.mark.parametrize("trigger", ["api", "retry"])
def test_a_run_that_fails_before_its_dispatch_is_noted_is_told(
    conn: Conn, clinic_id: UUID, trigger: Any
) -> None:
    """The worker is warm, and the API's note of the dispatch comes after AWS's answer."""

    def dispatch(sync: SyncName, job_id: UUID) -> None:
        lease = job_store.begin(conn, RunOrder(job_id, None, "inbound", trigger), 45).lease
        assert lease is not None
        with writing(conn):
            job_store.end(conn, lease, "failed", error=ShapeChanged("odd", code="no_data"))

    submit(conn, dispatch, RunRequest(clinic_id, "inbound", trigger, WindowParams()))

    assert standing(conn) == ["shape_changed"]


def test_a_retry_whose_worker_never_came_is_told(conn: Conn, clinic_id: UUID) -> None:
    """Whoever ordered it was killed before the dispatch was noted."""

    def dispatch(sync: SyncName, job_id: UUID) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        submit(conn, dispatch, RunRequest(clinic_id, "inbound", "retry", WindowParams()))
    set_business_time(conn, MORNING + timedelta(hours=1))
    watch(conn, lambda: math.inf)

    assert [one["status"] for one in query(conn, "SELECT status FROM idexx_sync.jobs")] == ["dead"]
    assert standing(conn) == ["internal"]


def test_a_clinic_that_is_not_on_board_is_not_told_of_anew_at_each_tick(
    conn: Conn, clinic_id: UUID
) -> None:
    """ODIS has made it inactive and its schedule still fires: one open and one close each time."""
    conn.execute("UPDATE public.clinics SET is_active = false")
    inactive = ConfigurationInvalid("clinics.is_active: it is not synced", code="is_active")
    for quarter in range(3):
        set_business_time(conn, MORNING + timedelta(minutes=15 * quarter))
        ends(conn, clinic_id, "failed", inactive)
        watch(conn, lambda: math.inf)

    assert len(query(conn, "SELECT FROM idexx_sync.alerts")) <= 1


def test_an_incident_that_is_over_does_not_say_that_some_are_left(conn: Conn) -> None:
    for clinic in [add_clinic(conn) for _ in range(7)]:
        insert(
            conn,
            "idexx_sync.alerts",
            {"clinic_id": clinic, "kind": "internal", "who_acts": "odis", "syncs": ["inbound"]},
        )
    stand_together(conn)
    conn.execute(
        "UPDATE idexx_sync.alerts SET closed_at = now(), closed_because = 'succeeded' "
        "WHERE clinic_id IS NOT NULL"
    )
    stand_together(conn)

    (incident,) = query(conn, "SELECT closed_because FROM idexx_sync.alerts WHERE clinics = 7")
    assert incident["closed_because"] != "few_left"
