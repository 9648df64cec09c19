"""What the database tells of one clinic."""

from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from psycopg.types.json import Jsonb
from pydantic import SecretStr

from idexx_sync.api.models import ClinicsQuery
from idexx_sync.clinics.overview import (
    ClinicOverview,
    Denied,
    Doubt,
    KeptOut,
    OpenHold,
    Told,
    clinic_overview,
)
from idexx_sync.clinics.pauses import Pause
from idexx_sync.clinics.state import ClinicState, OpenAlert, SyncHistory, states_of
from idexx_sync.clinics.status import read_clinic_status
from idexx_sync.core.errors import NotFound
from idexx_sync.core.faults import Unfit
from idexx_sync.core.vocabulary import UNFINISHED
from idexx_sync.database.connection import Conn, connect
from idexx_sync.metrics.exposition import exposition
from idexx_sync.operations.clinic_views import clinic_page
from idexx_sync.operations.pagination import parts_of
from idexx_sync.operations.wanted import WantedClinics
from idexx_sync.pims.breaker import Attempt
from tests.kit.business_time import set_business_time
from tests.kit.clinic import add_clinic, add_user
from tests.kit.database import insert, update
from tests.kit.records import MORNING
from tests.kit.rows import (
    DRY,
    REAL,
    add_alert,
    add_credentials,
    add_doubt,
    add_hold,
    add_job,
    add_login,
    before,
    pause,
)


def test_a_card_holds_all_that_is_known_of_the_clinic_and_nothing_of_another(conn: Conn) -> None:
    schedules = [{"type": "inbound", "cron": "0 7 * * *"}]
    user_id = add_user(conn)
    clinic_id = add_clinic(
        conn,
        room_ids=["3"],
        stage="canary",
        acting_user_id=user_id,
        live_from=MORNING.date(),
        sync_schedules=Jsonb(schedules),
    )
    other = add_clinic(conn)
    for one in (clinic_id, other):
        add_credentials(conn, one)
        add_credentials(conn, one, version=2)
        add_login(conn, one, before(days=2), "credentials_rejected", version=1)
        add_login(conn, one, before(days=1), "ok", version=2)
        add_login(conn, one, before(hours=2), None, version=2)
    add_login(conn, clinic_id, before(hours=1), "unavailable", version=2)
    add_login(conn, clinic_id, before(minutes=9), "account_locked", version=1)
    add_login(conn, other, before(minutes=9), "page_unknown", version=2)
    set_business_time(conn, MORNING)
    paused, of_all = pause(conn, clinic_id), pause(conn, None, "Neo is down")
    pause(conn, other)
    hold = add_hold(conn, clinic_id, "times_shifted")
    rejected = add_hold(conn, clinic_id, "empty_calendar", "rejected")
    revived = add_hold(conn, clinic_id, "revived", "rejected")
    add_job(conn, clinic_id, before(hours=3))
    add_job(conn, other, before(hours=1))
    add_hold(conn, other, "foreign_calendar")
    for key, code, hours in (("600102", "end_unreadable", 2), ("7", None, 9)):
        add_doubt(conn, clinic_id, key, code, before(hours=hours))
    add_doubt(conn, clinic_id, "600101", "end_unreadable", before(hours=1))
    add_doubt(conn, other, "600101", "end_unreadable", before(hours=8))

    many = add_alert(conn, None, "internal")
    muted = {"muted_until": MORNING + timedelta(hours=1), "acknowledged_by": "Kim"}
    alert = add_alert(conn, clinic_id, "internal", opened_at=MORNING, incident_id=many, **muted)
    over = add_alert(conn, clinic_id, "held", opened_at=before(hours=2), muted_until=MORNING)
    add_alert(conn, clinic_id, "stale", opened_at=before(hours=5), closed_at=before(hours=4))
    add_alert(conn, other, "internal", opened_at=MORNING)

    set_business_time(conn, MORNING)
    overview = clinic_overview(conn, clinic_id)

    assert overview.changed_at is not None
    assert replace(overview, changed_at=None) == ClinicOverview(
        id=clinic_id,
        read_at=MORNING,
        name=f"Clinic {clinic_id}",
        is_active=True,
        timezone="America/Los_Angeles",
        base_url="https://us.idexxneo.com",
        transport="http",
        room_ids=["3"],
        stage="canary",
        acting_user_id=user_id,
        live_from=MORNING.date(),
        stale_minutes=60,
        sync_schedules=schedules,
        credential_version=2,
        credentials_set_at=MORNING,
        changed_at=None,
        attempts=(Attempt(before(hours=1), "unavailable"), Attempt(before(hours=2), None)),
        histories=(
            SyncHistory(
                "inbound",
                before(hours=3),
                None,
                None,
                before(hours=3),
                read_on=before(hours=3, seconds=10),
            ),
        ),
        open_holds=(OpenHold(hold, "times_shifted", MORNING),),
        alerts=(
            OpenAlert(over, "held", before(hours=2)),
            OpenAlert(alert, "internal", MORNING, "Kim", MORNING + timedelta(hours=1), many),
        ),
        kept_out=(KeptOut(rejected, "empty_calendar", None, MORNING),),
        revived=(KeptOut(revived, "revived", None, MORNING),),
        horizon_days=14,
        doubts=(Doubt("end_unreadable", 2, before(hours=2), ("600101", "600102")),),
        identity=None,
        fault=None,
        pauses=(
            Pause(of_all, None, MORNING, "Kim", "Neo is down"),
            Pause(paused, clinic_id, MORNING, "Kim", "moving"),
        ),
    )


def test_a_clinic_that_is_only_in_odis_has_a_card_too(conn: Conn) -> None:
    clinic_id = add_clinic(conn)
    conn.execute("DELETE FROM idexx_sync.clinic_settings")
    conn.execute("DELETE FROM clinic_schedule_configs")

    overview = clinic_overview(conn, clinic_id)

    assert (overview.base_url, overview.stage, overview.stale_minutes, overview.sync_schedules) == (
        None,
    ) * 4
    assert (overview.attempts, overview.histories, overview.open_holds) == ((), (), ())
    assert overview.fault is not None
    assert overview.fault.code == "clinic_settings"


def test_an_unknown_clinic_has_no_overview(conn: Conn) -> None:
    add_clinic(conn)

    with pytest.raises(NotFound, match="there is no clinic"):
        clinic_overview(conn, uuid4())


HISTORIES: list[tuple[list[dict[str, Any]], Any, str | None]] = [
    ([{"ended": before(hours=1)}, {"ended": before(hours=2)}], before(hours=1), None),
    # A run in shadow shows that the way is free; it brings no row up to date.
    (
        [
            {"ended": before(hours=1), "result": DRY, "manner": "observe"},
            {"ended": before(hours=2)},
        ],
        before(hours=2),
        None,
    ),
    (
        [
            {"ended": before(hours=1), "result": None, "manner": "preview"},
            {"ended": before(hours=3), "status": "failed", "error_kind": "pims_slow"},
        ],
        None,
        "pims_slow",
    ),
    # Only what a run says of itself counts: other days, an incomplete read, nothing said at all.
    (
        [
            {"ended": before(hours=1), "result": {**REAL, "fresh": False}},
            {"ended": before(hours=2), "result": {"summary": "as before", "fresh": "yes"}},
            {"ended": before(hours=3), "result": {"summary": "as before"}},
            {"ended": before(hours=4)},
        ],
        before(hours=4),
        None,
    ),
    ([{"ended": before(hours=1), "result": None}], None, None),
    ([{"ended": before(hours=1), "status": "held"}], None, None),
    (
        [
            {"ended": before(hours=1), "status": "failed", "error_kind": "internal"},
            {"ended": before(hours=2), "status": "succeeded_with_warnings"},
        ],
        before(hours=2),
        "internal",
    ),
    # A failure stands until something comes to an end: skipped and running jobs tell nothing.
    (
        [
            {"status": "running", "queued_at": before(minutes=1)},
            {"ended": before(hours=1), "status": "skipped_overlap"},
            {"ended": before(hours=2), "status": "failed", "error_kind": "shape_changed"},
        ],
        None,
        "shape_changed",
    ),
    # One that waits for its retry is the newest, whenever it was ordered.
    (
        [
            {"ended": before(hours=1)},
            {"status": "queued", "queued_at": before(hours=2), "error_kind": "pims_slow"},
        ],
        before(hours=1),
        "pims_slow",
    ),
]

FAILED = {"status": "failed", "error_kind": "configuration_invalid"}
OF_NOBODYS_CONCERN: dict[str, dict[str, Any]] = {
    "a preview by hand": {**FAILED, "trigger": "cli", "manner": "preview"},
    "a run by hand": {**FAILED, "trigger": "cli"},
    "a retry by hand": {**FAILED, "trigger": "retry"},
    "an approval by hand": {**FAILED, "trigger": "approval"},
    "a run by hand that was killed": {"status": "running", "trigger": "cli"},
    "a preview over the API": {
        **FAILED,
        "trigger": "api",
        "manner": "preview",
        "dispatched_at": before(hours=1),
    },
    "a preview that waits for its retry": {
        **FAILED,
        "status": "queued",
        "trigger": "api",
        "manner": "preview",
    },
}
"""Jobs of which the clinic's state must not know, whatever became of them."""


@pytest.mark.parametrize("job", OF_NOBODYS_CONCERN.values(), ids=OF_NOBODYS_CONCERN)
@pytest.mark.parametrize("sync", ["inbound", "cases"])
def test_r13_a_preview_or_a_failure_by_hand_changes_no_state(
    conn: Conn, job: dict[str, Any], sync: str
) -> None:
    clinic_id = add_clinic(conn)
    add_job(conn, clinic_id, before(hours=3), trigger="cli")
    set_business_time(conn, MORNING)
    known = read_clinic_status(conn, clinic_id)
    numbers = exposition(conn, clinic_id)

    ended = None if job["status"] in UNFINISHED else before(hours=1)
    add_job(conn, clinic_id, ended, **{"sync": sync, "queued_at": before(hours=1), **job})

    assert read_clinic_status(conn, clinic_id) == known
    assert exposition(conn, clinic_id) == numbers


@pytest.mark.parametrize("trigger", ["retry", "approval", "api", "cli"])
def test_r13_what_the_service_ran_and_failed_changes_it(conn: Conn, trigger: str) -> None:
    clinic_id = add_clinic(conn)
    set_business_time(conn, MORNING)

    more: dict[str, Any] = {"trigger": trigger, "dispatched_at": before(hours=1)}
    add_job(conn, clinic_id, before(hours=1), "failed", error_kind="shape_changed", **more)

    inbound = read_clinic_status(conn, clinic_id).syncs[0]
    assert inbound.freshness == "action_required"


@pytest.mark.parametrize(("jobs", "success", "error_kind"), HISTORIES)
def test_the_history_is_the_last_success_and_the_newest_outcome(
    conn: Conn, jobs: list[dict[str, Any]], success: Any, error_kind: str | None
) -> None:
    clinic_id = add_clinic(conn)
    for job in jobs:
        add_job(conn, clinic_id, **job)
    add_job(
        conn, clinic_id, before(minutes=5), "failed", sync="cases", error_kind="implausible_data"
    )

    histories = clinic_overview(conn, clinic_id).histories

    assert [(one.sync, one.last_success_at, one.error_kind) for one in histories] == [
        ("inbound", success, error_kind),
        ("cases", None, "implausible_data"),
    ]


LOST = {**REAL, "fresh": False, "days_lost": ["2026-03-01", "2026-03-04"]}
GIVEN = {**REAL, "warnings": {"patients_changed": 2}}


def test_what_jobs_told_is_told_until_it_is_taken_care_of(conn: Conn) -> None:
    clinic_id, other = add_clinic(conn), add_clinic(conn)
    set_business_time(conn, MORNING)
    lost = add_job(conn, clinic_id, before(days=3), sync="cases", result=LOST)
    given = add_job(conn, clinic_id, before(days=2), sync="cases", result=GIVEN)
    add_job(conn, clinic_id, before(days=8), sync="cases", result=GIVEN)
    add_job(conn, other, before(days=3), sync="cases", result=LOST)

    found = clinic_overview(conn, clinic_id).told

    assert [one for one in found if one.days_lost or one.patients_changed] == [
        Told(given, "cases", before(days=2), None, 2),
        Told(lost, "cases", before(days=3), (date(2026, 3, 1), date(2026, 3, 4)), 0),
    ]
    for window, is_read in ((["2026-03-02", "2026-03-04"], False), (LOST["days_lost"], True)):
        read = {**REAL, "fresh": False, "unfresh": "other_days", "window": window}
        add_job(conn, clinic_id, before(days=1), sync="cases", result=read)
        found = clinic_overview(conn, clinic_id).told
        assert (not any(one.days_lost for one in found)) is is_read


@pytest.mark.parametrize("odd", [7, "x", [], ["2026-03-01"], ["a", "b"], {"a": 1}])
def test_r26_what_no_job_tells_hides_no_clinic(conn: Conn, odd: Any) -> None:
    clinic_id = add_clinic(conn)
    set_business_time(conn, MORNING)
    result = {**REAL, "days_lost": odd, "warnings": {"patients_changed": odd}}
    add_job(conn, clinic_id, before(days=1), sync="cases", result=result)

    (told,) = clinic_overview(conn, clinic_id).told

    assert told.days_lost is None
    assert told.patients_changed == (7 if odd == 7 else 0)


def test_a_case_waits_while_words_of_its_visit_could_not_be_read(conn: Conn) -> None:
    clinic_id = add_clinic(conn)
    set_business_time(conn, MORNING)
    for visit, status in (("600101", "ongoing"), ("600102", "completed"), ("600103", "ongoing")):
        case = uuid4()
        insert(conn, "public.cases", {"id": case, "clinic_id": clinic_id, "status": status})
        key = f"pims-appt-idexx-neo-{visit}"
        names = {"clinic_id": clinic_id, "external_id": key, "case_id": case}
        insert(conn, "idexx_sync.case_keys", names)
        record = {
            "clinic_id": clinic_id,
            "kind": "consultation",
            "external_id": visit,
            "source": Jsonb({"partly": visit != "600103"}),
            "read_at": before(hours=2),
        }
        insert(conn, "idexx_sync.records", record)

    assert clinic_overview(conn, clinic_id).partly == Denied(1, before(hours=2), ("600101",))


def test_a_folder_of_zones_is_no_zone(conn: Conn) -> None:
    clinic_id = add_clinic(conn, zone="America")

    set_business_time(conn, MORNING)
    status = read_clinic_status(conn, clinic_id)

    assert [need.what.partition(":")[0] for need in status.needs if need.blocks] == [
        "clinics.timezone",
        "credentials",
    ]


def test_long_names_lead_to_the_next_page_too(conn: Conn) -> None:
    ids = [add_clinic(conn) for _ in range(3)]
    for number, id_ in enumerate(ids):
        name = f"{'動物病院' * 200} {number}"
        conn.execute("UPDATE public.clinics SET name = %s WHERE id = %s", (name, id_))
    found, after = [], None
    for _ in ids:
        page = clinic_page(conn, WantedClinics(ids=frozenset(ids)), after=after, limit=1)
        found += [clinic.clinic_id for clinic in page.clinics]
        if page.next_cursor is not None:
            ClinicsQuery(cursor=page.next_cursor)
        after = parts_of(page.next_cursor, 2)

    assert sorted(found) == sorted(ids)
    assert after is None


def test_logins_before_one_that_got_in_refuse_nothing_and_are_not_read(conn: Conn) -> None:
    clinic_id = add_clinic(conn)
    add_credentials(conn, clinic_id)
    add_login(conn, clinic_id, before(hours=2), "page_unknown")
    assert len(clinic_overview(conn, clinic_id).attempts) == 1

    add_login(conn, clinic_id, before(hours=1), "ok")

    assert clinic_overview(conn, clinic_id).attempts == ()


def test_of_clinics_with_the_same_trouble_each_is_told_of_itself(conn: Conn) -> None:
    clinics = [add_clinic(conn) for _ in range(3)]
    conn.execute("DELETE FROM clinic_schedule_configs")

    for state in states_of(conn, clinics):
        assert state.fault is not None
        assert str(state.id) in state.fault.message


def test_a_setting_that_is_put_right_or_broken_counts_at_once(conn: Conn) -> None:
    clinic_id = add_clinic(conn)
    for zone, is_fit in (("America/Denver", True), ("Mars/Base", False), ("America/Denver", True)):
        update(conn, "public.clinics", {"timezone": zone}, id=clinic_id)
        (state,) = states_of(conn, [clinic_id])
        assert (state.fault is None) is is_fit


def test_schedules_that_are_changed_count_at_once_and_for_no_other_clinic(conn: Conn) -> None:
    clinics = [add_clinic(conn, sync_schedules={"inbound": "0 7 * * *"}) for _ in range(2)]
    for cron in ("0 8 * * *", "0 7 * * *"):
        changed = {"sync_schedules": {"inbound": cron}}
        update(conn, "public.clinic_schedule_configs", changed, clinic_id=clinics[0])
        found = {state.id: state.sync_schedules for state in states_of(conn, clinics)}
        assert found == {clinics[0]: {"inbound": cron}, clinics[1]: {"inbound": "0 7 * * *"}}


LONG = "repeat('9', 5000)::jsonb"


@pytest.fixture
def reading(database: str) -> Iterator[Conn]:
    """A connection as each of ours is made."""
    with connect(SecretStr(database)) as conn:
        yield conn


@pytest.mark.parametrize(
    ("table", "column", "value", "named"),
    [
        ("public.clinic_schedule_configs", "close_time", "'24:00'", "close_time"),
        ("public.clinic_schedule_configs", "days_of_week", "'{NULL}'", "days_of_week"),
        ("public.clinic_schedule_configs", "days_of_week", "'{{1,2},{3,4}}'", "days_of_week"),
        ("public.clinic_schedule_configs", "daily_hours", LONG, "daily_hours"),
        ("public.clinic_schedule_configs", "stale_threshold_minutes", "2147483647", "threshold"),
        ("public.clinics", "business_hours", LONG, "business_hours"),
        ("public.clinics", "business_hours", "'true'", "business_hours"),
        ("public.clinics", "business_hours", "'1'", "business_hours"),
        ("public.clinics", "timezone", "'Mars/Base'", "clinics.timezone"),
        ("idexx_sync.clinic_settings", "room_ids", "'{NULL,3}'", "room_ids"),
    ],
)
def test_r26_a_setting_that_cannot_be_read_is_named_for_its_clinic_alone(
    conn: Conn, reading: Conn, table: str, column: str, value: str, named: str
) -> None:
    odd, healthy = add_clinic(conn), add_clinic(conn)
    key = "id" if table == "public.clinics" else "clinic_id"
    conn.execute(f"UPDATE {table} SET {column} = {value} WHERE {key} = %s", (odd,))

    states = {state.id: state for state in states_of(reading, [odd, healthy])}

    assert states[healthy].fault is None
    fault = states[odd].fault
    assert fault is not None
    assert named in fault.message
    assert exposition(reading)


def test_r26_schedules_that_cannot_be_read_are_unfit_for_their_clinic_alone(
    conn: Conn, reading: Conn
) -> None:
    odd, healthy = add_clinic(conn), add_clinic(conn, sync_schedules=None)
    column = f"UPDATE clinic_schedule_configs SET sync_schedules = {LONG} WHERE clinic_id = %s"
    conn.execute(column, (odd,))

    found = {state.id: state.sync_schedules for state in states_of(reading, [odd, healthy])}

    assert found == {odd: Unfit("jsonb"), healthy: None}


@pytest.mark.parametrize("moment", ["infinity", "-infinity", "20224-03-04", "0044-03-15 BC"])
def test_r26_moments_that_python_cannot_hold_are_unknown_for_their_clinic_alone(
    conn: Conn, reading: Conn, moment: str
) -> None:
    """As they may stand in rows from before such moments were refused."""
    spoiled = (
        *(("credentials", "created_at"), ("clinic_settings", "updated_at")),
        ("clinic_settings", "identity_refused_at"),
    )
    odd, healthy = add_clinic(conn), add_clinic(conn)
    for clinic_id in (odd, healthy):
        add_credentials(conn, clinic_id)
        refused = {"seen": {"company": "x"}, "differs": "1 of 1 rooms", "by_login": True}
        since = {"identity_refused_since": MORNING, "identity_refused_at": MORNING}
        told = {"identity_refused": refused, **since, "updated_at": MORNING}
        update(conn, "idexx_sync.clinic_settings", told, clinic_id=clinic_id)
    for table, column in spoiled:
        name = f"idexx_sync.{table}"
        conn.execute(f"ALTER TABLE {name} DROP CONSTRAINT {table}_{column}_readable")
        update(conn, name, {column: moment}, clinic_id=odd)

    states = {state.id: state for state in states_of(reading, [odd, healthy])}

    assert (states[odd].changed_at, states[odd].refused) == (None, None)
    assert states[healthy].changed_at is not None
    assert states[healthy].refused is not None


def test_a_clinics_overview_begins_with_its_state(conn: Conn) -> None:
    set_business_time(conn, MORNING)
    set_up = add_clinic(
        conn, room_ids=["3"], sync_schedules=Jsonb([{"type": "cases", "cron": "?"}])
    )
    add_credentials(conn, set_up)
    add_job(conn, set_up, before(minutes=5))
    add_login(conn, set_up, before(minutes=6), "account_locked")
    add_alert(conn, set_up, "account_locked", who_acts="clinic")
    pause(conn, set_up)
    bare = add_clinic(conn, zone=None, sync_schedules=None)
    conn.execute("DELETE FROM idexx_sync.clinic_settings WHERE clinic_id = %s", (bare,))
    odd = add_clinic(conn, daily_hours={"1": 1}, business_hours={"monday": True})

    for state in states_of(conn, [set_up, bare, odd]):
        overview = clinic_overview(conn, state.id)
        for field in fields(ClinicState):
            told, whole = getattr(state, field.name), getattr(overview, field.name)
            assert str(told) == str(whole)
            assert field.name == "fault" or told == whole
