"""Alerts beside the ends of jobs: data grown old, causes gone, one for many clinics alike."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from psycopg.types.json import Jsonb

from idexx_sync.alerts import incident_store
from idexx_sync.alerts.alert_store import mute
from idexx_sync.alerts.incidents import tell_stale
from idexx_sync.core.errors import ShapeChanged
from idexx_sync.database.connection import Conn, writing
from idexx_sync.jobs import store as job_store
from idexx_sync.jobs.model import new_order
from tests.kit.business_time import set_business_time
from tests.kit.clinic import add_clinic
from tests.kit.database import update
from tests.kit.records import MORNING
from tests.kit.rows import add_alert, add_credentials, add_hold, add_job, before


@pytest.fixture(autouse=True)
def _now(conn: Conn) -> None:
    set_business_time(conn, MORNING)


def add_synced(conn: Conn) -> UUID:
    """A clinic for which nothing is missing."""
    clinic_id = add_clinic(conn)
    add_credentials(conn, clinic_id)
    return clinic_id


def opened(
    conn: Conn, clinic_id: UUID, kind: str = "shape_changed", code: str | None = None
) -> None:
    conn.execute(
        "INSERT INTO idexx_sync.alerts (clinic_id, kind, code, syncs, who_acts) "
        "VALUES (%s, %s, %s, '{inbound}', 'odis')",
        (clinic_id, kind, code),
    )


def ends_with(conn: Conn, clinic_id: UUID) -> None:
    """A run of the clinic ends with an answer of an unknown shape, as a worker writes it."""
    order = new_order(clinic_id, "inbound", "schedule")
    lease = job_store.begin(conn, order, 45).lease
    assert lease is not None
    with writing(conn):
        job_store.end(conn, lease, "failed", error=ShapeChanged("no events"))


def recovered(conn: Conn, clinic_id: UUID) -> None:
    conn.execute(
        "UPDATE idexx_sync.alerts SET closed_at = idexx_sync.clock(), closed_because = 'succeeded' "
        "WHERE clinic_id = %s AND closed_at IS NULL",
        (clinic_id,),
    )


def standing(conn: Conn, *, many: bool) -> list[tuple[Any, ...]]:
    return conn.execute(
        "SELECT kind, clinics, incident_id IS NOT NULL FROM idexx_sync.alerts "
        "WHERE closed_at IS NULL AND (clinic_id IS NULL) = %s ORDER BY kind",
        (many,),
    ).fetchall()


def stood_for(conn: Conn, clinic_id: UUID) -> UUID | None:
    """The alert that stands for the clinic's open one."""
    row = conn.execute(
        "SELECT incident_id FROM idexx_sync.alerts WHERE clinic_id = %s AND closed_at IS NULL",
        (clinic_id,),
    ).fetchone()
    assert row is not None
    found: UUID | None = row[0]
    return found


def stale_told(conn: Conn) -> list[tuple[Any, ...]]:
    return conn.execute(
        "SELECT kind, who_acts, code, closed_because FROM idexx_sync.alerts ORDER BY opened_at"
    ).fetchall()


def test_many_clinics_alike_are_one_incident_that_stands_for_them(conn: Conn) -> None:
    clinics = [add_clinic(conn) for _ in range(300)]
    for clinic_id in clinics:
        opened(conn, clinic_id)

    incident_store.stand_together(conn)
    assert standing(conn, many=True) == [("shape_changed", 300, False)]
    assert standing(conn, many=False) == [("shape_changed", None, True)] * 300
    assert incident_store.stand_together(conn) == 0  # the next minute tells nothing anew

    recovered(conn, clinics[0])
    incident_store.stand_together(conn)
    assert standing(conn, many=True) == [("shape_changed", 300, False)]
    assert standing(conn, many=False) == [("shape_changed", None, True)] * 299


def test_few_that_are_left_of_many_are_told_by_themselves_again(conn: Conn) -> None:
    clinics = [add_clinic(conn) for _ in range(20)]
    for clinic_id in clinics[:8]:
        opened(conn, clinic_id)
    incident_store.stand_together(conn)
    assert len(standing(conn, many=True)) == 1

    for clinic_id in clinics[:5]:  # three are left: more than half of five
        recovered(conn, clinic_id)
    incident_store.stand_together(conn)
    assert len(standing(conn, many=True)) == 1

    recovered(conn, clinics[5])
    incident_store.stand_together(conn)
    assert standing(conn, many=True) == []
    assert standing(conn, many=False) == [("shape_changed", None, False)] * 2


@pytest.mark.parametrize(
    ("synced", "alike", "together"), [(9, 5, 0), (9, 6, 1), (80, 8, 0), (80, 9, 1)]
)
def test_how_many_have_to_be_alike(conn: Conn, synced: int, alike: int, together: int) -> None:
    clinics = [add_clinic(conn) for _ in range(synced)]
    add_clinic(conn, stage="off")
    add_clinic(conn, is_active=False)
    for clinic_id in clinics[:alike]:
        opened(conn, clinic_id)
    for clinic_id in clinics[alike:][:4]:
        opened(conn, clinic_id, "held")

    incident_store.stand_together(conn)

    assert len(standing(conn, many=True)) == together


@pytest.mark.parametrize("told_by", ["whoever watches", "a job's end"])
def test_what_one_clinic_begins_to_have_weeks_later_is_told_by_itself(
    conn: Conn, told_by: str
) -> None:
    """An alert for many stands for weeks, while half of its clinics keep what they have."""
    for _ in range(8):
        opened(conn, add_clinic(conn))
    incident_store.stand_together(conn)
    set_business_time(conn, MORNING + timedelta(days=20))
    lonely = add_clinic(conn)

    if told_by == "a job's end":
        ends_with(conn, lonely)
    else:
        opened(conn, lonely)
        incident_store.stand_together(conn)

    assert standing(conn, many=True) == [("shape_changed", 8, False)]
    assert stood_for(conn, lonely) is None


@pytest.mark.parametrize("told_by", ["whoever watches", "a job's end"])
def test_who_follows_the_newest_one_within_hours_belongs_to_it(conn: Conn, told_by: str) -> None:
    for _ in range(8):
        opened(conn, add_clinic(conn))
    incident_store.stand_together(conn)

    for hours in (5, 10, 15):  # each within six hours of the one before
        set_business_time(conn, MORNING + timedelta(hours=hours))
        follows = add_clinic(conn)
        if told_by == "a job's end":
            ends_with(conn, follows)
            assert stood_for(conn, follows) is not None
        else:
            opened(conn, follows)
        incident_store.stand_together(conn)
        assert stood_for(conn, follows) is not None

    assert standing(conn, many=True) == [("shape_changed", 11, False)]


def test_as_many_that_begin_weeks_later_join_the_one_that_stands_and_say_so(conn: Conn) -> None:
    for _ in range(8):
        opened(conn, add_clinic(conn))
    incident_store.stand_together(conn)
    set_business_time(conn, MORNING + timedelta(days=20))
    later = [add_clinic(conn) for _ in range(6)]
    for clinic_id in later:
        opened(conn, clinic_id)

    incident_store.stand_together(conn)
    assert incident_store.stand_together(conn) == 0

    assert standing(conn, many=True) == [("shape_changed", 14, False)]
    assert None not in [stood_for(conn, clinic_id) for clinic_id in later]
    assert conn.execute(
        "SELECT times FROM idexx_sync.alerts WHERE clinic_id IS NULL"
    ).fetchall() == [(2,)]


def test_a_kind_that_comes_back_for_many_is_another_incident(conn: Conn) -> None:
    clinics = [add_clinic(conn) for _ in range(6)]
    for _ in range(2):
        for clinic_id in clinics:
            opened(conn, clinic_id)
        incident_store.stand_together(conn)
        conn.execute(
            "UPDATE idexx_sync.alerts SET muted_by = 'kim', muted_until = %s "
            "WHERE clinic_id IS NULL AND muted_by IS NULL AND NOT EXISTS "
            "(SELECT FROM idexx_sync.alerts WHERE muted_by IS NOT NULL)",
            (MORNING + timedelta(days=1),),
        )
        for clinic_id in clinics:
            recovered(conn, clinic_id)
        incident_store.stand_together(conn)

    rows = conn.execute(
        "SELECT closed_because, muted_by FROM idexx_sync.alerts WHERE clinic_id IS NULL"
    ).fetchall()
    assert rows == [("no_longer_so", "kim"), ("no_longer_so", "kim")]  # muted is what is alike


@pytest.mark.parametrize("is_open", [True, False])
def test_what_many_have_alike_is_muted_and_nothing_else_of_its_kind(
    conn: Conn, is_open: bool
) -> None:
    ended: dict[str, Any] = {} if is_open else {"closed_at": MORNING}
    muted = add_alert(conn, None, code="no_data", **ended)
    other = add_alert(conn, None, code="no_events")
    mute(conn, muted, MORNING + timedelta(days=7), "Kim")
    for _ in range(6):
        opened(conn, add_clinic(conn), code="no_rooms")

    incident_store.stand_together(conn)

    rows = conn.execute(
        "SELECT code, muted_by FROM idexx_sync.alerts WHERE clinic_id IS NULL AND id <> %s",
        (other,),
    ).fetchall()
    assert set(rows) == {("no_data", "Kim"), ("no_rooms", None)}
    assert conn.execute(
        "SELECT muted_by FROM idexx_sync.alerts WHERE id = %s", (other,)
    ).fetchone() == (None,)


def test_what_stands_of_a_clinic_that_is_synced_no_longer_is_closed(conn: Conn) -> None:
    off, inactive, live = (add_clinic(conn) for _ in range(3))
    for clinic_id in (off, inactive, live):
        opened(conn, clinic_id)
    update(conn, "idexx_sync.clinic_settings", {"stage": "off"}, clinic_id=off)
    update(conn, "public.clinics", {"is_active": False}, id=inactive)

    assert incident_store.close_causeless(conn) == 2
    rows = conn.execute(
        "SELECT clinic_id, closed_because FROM idexx_sync.alerts WHERE closed_at IS NOT NULL"
    ).fetchall()
    assert set(rows) == {(off, "not_watched"), (inactive, "not_watched")}


def test_a_hold_that_nobody_waits_for_is_told_no_longer(conn: Conn) -> None:
    decided, waiting = add_clinic(conn), add_clinic(conn)
    for clinic_id in (decided, waiting):
        opened(conn, clinic_id, "held")
    add_hold(conn, decided, "times_shifted", status="rejected")
    add_hold(conn, waiting, "times_shifted")

    assert incident_store.close_causeless(conn) == 1
    assert conn.execute(
        "SELECT clinic_id FROM idexx_sync.alerts WHERE closed_because = 'no_longer_so'"
    ).fetchall() == [(decided,)]


def test_data_that_grow_old_are_told_once_and_closed_when_they_are_not(conn: Conn) -> None:
    clinic_id = add_synced(conn)
    add_job(conn, clinic_id, before(hours=3))

    for _ in range(3):
        tell_stale(conn, None, 100)
    assert stale_told(conn) == [("stale", "odis", None, None)]

    add_job(conn, clinic_id, before(minutes=1))
    tell_stale(conn, None, 100)
    assert stale_told(conn) == [("stale", "odis", None, "no_longer_so")]


def test_what_nobody_has_to_act_on_is_told_once_it_has_made_data_old(conn: Conn) -> None:
    clinic_id = add_synced(conn)
    add_job(conn, clinic_id, before(minutes=30))
    add_job(conn, clinic_id, before(minutes=20), "dead", error_kind="pims_unavailable")
    tell_stale(conn, None, 100)
    assert stale_told(conn) == []

    set_business_time(conn, MORNING + timedelta(hours=1))
    tell_stale(conn, None, 100)
    assert stale_told(conn) == [("stale", "nobody", "pims_unavailable", None)]


def with_schedule(conn: Conn, clinic_id: UUID, cron: str) -> None:
    schedules = Jsonb({"inbound": cron})
    update(
        conn,
        "public.clinic_schedule_configs",
        {"sync_schedules": schedules},
        clinic_id=clinic_id,
    )


def test_data_that_never_came_are_old_too(conn: Conn) -> None:
    clinic_id = add_synced(conn)
    with_schedule(conn, clinic_id, "0 * * * *")
    set_business_time(conn, MORNING + timedelta(hours=3))
    add_job(conn, clinic_id, before(minutes=20), "dead", error_kind="pims_unavailable")

    tell_stale(conn, None, 100)

    assert stale_told(conn) == [("stale", "nobody", "pims_unavailable", None)]


@pytest.mark.parametrize("stage", ["live", "shadow"])
def test_data_that_could_not_come_yet_are_not_old(conn: Conn, stage: str) -> None:
    """The first run is due at night; in shadow no run ever says that rows are up to date."""
    clinic_id = add_synced(conn)
    with_schedule(conn, clinic_id, "0 2 * * *" if stage == "live" else "0 * * * *")
    update(conn, "idexx_sync.clinic_settings", {"stage": stage}, clinic_id=clinic_id)
    set_business_time(conn, MORNING + timedelta(hours=5))

    tell_stale(conn, None, 100)

    assert stale_told(conn) == []


@pytest.mark.parametrize("why", ["somebody must act", "switched off"])
def test_what_is_told_otherwise_is_not_told_as_old(conn: Conn, why: str) -> None:
    clinic_id = add_synced(conn)
    add_job(conn, clinic_id, before(hours=3))
    if why == "somebody must act":
        add_job(conn, clinic_id, before(minutes=5), "failed", error_kind="shape_changed")
    else:
        update(conn, "idexx_sync.clinic_settings", {"stage": "off"}, clinic_id=clinic_id)

    tell_stale(conn, None, 100)

    assert stale_told(conn) == []


def test_clinics_are_looked_at_in_turns(conn: Conn) -> None:
    for _ in range(5):
        add_job(conn, add_synced(conn), before(hours=3))

    places, told = [], 0
    after: UUID | None = None
    for _ in range(3):
        changed, after = tell_stale(conn, after, 2)
        told += changed
        places.append(after is None)

    assert (told, places) == (5, [False, False, True])
