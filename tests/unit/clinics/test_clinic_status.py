"""How a clinic stands, from its overview alone."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from idexx_sync.clinics.needs import Need, breaker, is_switched_on
from idexx_sync.clinics.overview import ClinicOverview, Denied, Doubt, KeptOut, OpenHold, Told
from idexx_sync.clinics.pauses import Pause
from idexx_sync.clinics.state import OpenAlert, SyncHistory
from idexx_sync.clinics.status import ClinicStatus, SyncStatus, clinic_status
from idexx_sync.core.catalog import SyncName
from idexx_sync.core.errors import ConfigurationInvalid, SyncError, who_acts
from idexx_sync.pims.breaker import Attempt
from idexx_sync.pims.identity import Identity
from idexx_sync.pims.identity_store import Refused

NOW = datetime(2026, 5, 4, 19, 0, tzinfo=UTC)
"""Monday noon in Los Angeles."""
CLINIC = UUID("3f2b8c1e-5a77-4d0e-9c52-0d8f6a1b2c3d")
HOLD = UUID("7c9e6679-7425-40de-944b-e07fc1f90ae7")
EVERY_15_MINUTES = {"inbound": "*/15 * * * *"}


def ago(**length: float) -> datetime:
    return NOW - timedelta(**length)


def history(
    success: datetime | None = None, error_kind: str | None = None, sync: SyncName = "inbound"
) -> SyncHistory:
    ended = ago(hours=1) if error_kind else success
    return SyncHistory(sync, success, error_kind, "it was so" if error_kind else None, ended)


def overview(*histories: SyncHistory, **fields: Any) -> ClinicOverview:
    """A live clinic that nothing is needed for, without schedules if nothing else is said."""
    healthy = ClinicOverview(
        id=CLINIC,
        read_at=NOW,
        name="Clinic",
        is_active=True,
        timezone="America/Los_Angeles",
        base_url="https://us.idexxneo.com",
        transport="http",
        room_ids=None,
        stage="live",
        acting_user_id=UUID("b3a4c5d6-1111-4222-8333-944445555666"),
        live_from=date(2026, 1, 1),
        stale_minutes=60,
        sync_schedules=None,
        credential_version=1,
        credentials_set_at=ago(days=30),
        changed_at=ago(days=30),
        attempts=(Attempt(ago(days=1), "ok"),),
        histories=histories,
        open_holds=(),
        doubts=(),
        identity=None,
        fault=None,
    )
    return replace(healthy, **fields)


def inbound(of: ClinicOverview) -> SyncStatus:
    found = clinic_status(of, NOW).syncs[0]
    assert found.sync == "inbound"
    return found


def test_a_healthy_clinic_stands_like_this() -> None:
    schedules = {"inbound": "*/15 * * * *", "cases": "0 0-23/2 * * *"}

    assert clinic_status(overview(history(ago(minutes=14)), sync_schedules=schedules), NOW) == (
        ClinicStatus(
            clinic_id=CLINIC,
            name="Clinic",
            timezone="America/Los_Angeles",
            is_active=True,
            stage="live",
            pauses=(),
            syncs=(
                SyncStatus("inbound", "on_time", ago(minutes=14), NOW + timedelta(minutes=15)),
                SyncStatus("cases", "new", None, NOW + timedelta(hours=2)),
            ),
            open_holds=0,
            kept_out=0,
            needs=(),
        )
    )


NIGHTLY = {"inbound": "0 2 * * *"}
ON_WORKDAYS = [
    {"type": "inbound", "cron": "0 7 * * MON-FRI"},
    {"type": "inbound", "cron": "0 19 * * MON-FRI"},
]
AGES: list[tuple[Any, float, str]] = [
    # A scheduled time counts as missed after 15 minutes, when no run may begin for it any more.
    (EVERY_15_MINUTES, 15, "on_time"),
    (EVERY_15_MINUTES, 15.1, "late"),
    (EVERY_15_MINUTES, 30, "late"),
    (EVERY_15_MINUTES, 30.1, "stale"),
    # Due at 10:50, 11:00, 11:50 and 12:00; the last two may still begin.
    ({"inbound": "0,50 * * * *"}, 60, "on_time"),
    ({"inbound": "0,50 * * * *"}, 70, "late"),
    ({"inbound": "0,50 * * * *"}, 71, "stale"),
    (NIGHTLY, 10 * 60, "on_time"),
    (NIGHTLY, 10 * 60 + 1, "late"),
    (NIGHTLY, 34 * 60, "late"),
    (NIGHTLY, 34 * 60 + 1, "stale"),
    (ON_WORKDAYS, 5 * 60, "on_time"),  # this morning's
    (ON_WORKDAYS, (2 * 24 + 17) * 60, "late"),  # Friday evening's
    (ON_WORKDAYS, (2 * 24 + 17) * 60 + 1, "stale"),
    # Without a schedule the clinic's threshold decides.
    (None, 60, "on_time"),
    (None, 60.1, "stale"),
    ({"inbound": "61 * * * *"}, 61, "stale"),
    ({"inbound": "H * * * *"}, 61, "late"),
    ([{"type": "inbound", "cron": "*/15 * * * *", "enabled": False}], 59, "on_time"),
    ({"cases": "*/15 * * * *"}, 59, "on_time"),
]


@pytest.mark.parametrize(("schedules", "minutes", "freshness"), AGES)
def test_freshness_is_the_distance_to_scheduled_times(
    schedules: Any, minutes: float, freshness: str
) -> None:
    found = inbound(overview(history(ago(minutes=minutes)), sync_schedules=schedules))

    assert found.freshness == freshness


def test_a_nights_run_is_not_missed_while_it_may_still_begin() -> None:
    last_night = history(NOW - timedelta(hours=34) + timedelta(minutes=3))
    clinic = overview(last_night, sync_schedules=NIGHTLY)
    two_o_clock = NOW - timedelta(hours=10)

    assert (
        clinic_status(clinic, two_o_clock + timedelta(minutes=14)).syncs[0].freshness == "on_time"
    )
    assert clinic_status(clinic, two_o_clock + timedelta(minutes=15)).syncs[0].freshness == "late"


@pytest.mark.parametrize("schedules", [None, EVERY_15_MINUTES])
def test_before_the_first_success_a_sync_is_new(schedules: Any) -> None:
    assert inbound(overview(sync_schedules=schedules)).freshness == "new"
    assert (
        inbound(overview(history(None, "pims_slow"), sync_schedules=schedules)).freshness == "new"
    )


def test_what_somebody_must_do_comes_before_age() -> None:
    fresh = ago(minutes=1)
    fault = ConfigurationInvalid("opening_hours: unreadable", code="opening_hours")
    for broken in (
        overview(history(fresh), fault=fault),
        overview(history(fresh), is_active=False),
        overview(history(fresh), stage="off"),
        overview(history(fresh), credential_version=None, attempts=()),
        overview(history(fresh), attempts=(Attempt(ago(days=1), "account_locked"),)),
        overview(history(fresh, "implausible_data")),
    ):
        assert inbound(broken).freshness == "action_required"
    login_unknown = (Attempt(ago(minutes=1), None),)
    for waiting in (
        overview(history(fresh, "pims_unavailable")),
        overview(history(fresh), attempts=login_unknown),  # blocks, and passes by itself
    ):
        assert inbound(waiting).freshness == "on_time"


OWN = Pause(UUID(int=1), CLINIC, datetime(2026, 5, 4, 14, tzinfo=UTC), "Kim", "moving")
OF_ALL = replace(OWN, clinic_id=None, reason="Neo is down")
SINCE = "since 2026-05-04 07:00 PDT by Kim"
OWN_SAID = f"paused {SINCE}: moving; once it may go on: idexx-sync clinics resume {CLINIC}"
OF_ALL_SAID = (
    f"paused with all clinics {SINCE}: Neo is down; once it may go on: idexx-sync resume --all"
)
PAUSED = [
    ((OWN,), "moving", [Need("odis", OWN_SAID, since=OWN.paused_at)]),
    ((OF_ALL,), "Neo is down", [Need("odis", OF_ALL_SAID, since=OWN.paused_at, decided=True)]),
    (
        (OF_ALL, OWN),
        "Neo is down; moving",
        [
            Need("odis", OF_ALL_SAID, since=OWN.paused_at, decided=True),
            Need("odis", OWN_SAID, since=OWN.paused_at),
        ],
    ),
]


@pytest.mark.parametrize(("pauses", "reason", "needs"), PAUSED)
def test_paused_comes_before_everything_else(
    pauses: tuple[Pause, ...], reason: str, needs: list[Need]
) -> None:
    clinic = overview(history(ago(days=9)), credential_version=None, attempts=(), pauses=pauses)

    found = clinic_status(clinic, NOW)

    assert [sync.freshness for sync in found.syncs] == ["paused"]
    assert (found.pauses, found.paused_reason) == (pauses, reason)
    assert list(found.needs[: len(needs)]) == needs


def test_a_clinics_own_pause_needs_somebody_and_that_of_all_is_told_once_for_all() -> None:
    assert clinic_status(overview(history(ago(hours=1)), pauses=(OWN,)), NOW).needs_somebody
    assert not clinic_status(overview(history(ago(hours=1)), pauses=(OF_ALL,)), NOW).needs_somebody


def test_a_case_run_that_a_pause_stopped_asks_nothing_of_anybody() -> None:
    stopped = history(ago(minutes=20), sync="cases")._replace(unfresh="stopped_by_pause")
    clinic = overview(history(ago(minutes=1)), stopped)

    (need,) = clinic_status(clinic, NOW).needs
    assert (need.who, need.what, need.blocks) == (
        "nobody",
        "last cases run: a pause stopped it; the next one takes what is left",
        False,
    )
    old = stopped._replace(last_success_at=ago(days=9))
    schedules = {**EVERY_15_MINUTES, "cases": "0 * * * *"}
    grown = clinic_status(replace(clinic, histories=(old,), sync_schedules=schedules), NOW)
    assert {one.who for one in grown.needs} == {"nobody"}
    for pause in (OWN, OF_ALL):
        paused = clinic_status(replace(clinic, pauses=(pause,)), NOW)
        assert [one.since for one in paused.needs] == [pause.paused_at], "told alone"


def test_the_failure_of_one_sync_says_nothing_of_another() -> None:
    failed, fine = "implausible_data", ago(minutes=1)
    clinic = overview(
        history(fine), history(None, failed, "cases"), history(fine, None, "reconciliation")
    )

    assert [(sync.sync, sync.freshness) for sync in clinic_status(clinic, NOW).syncs] == [
        ("inbound", "on_time"),
        ("cases", "action_required"),
        ("reconciliation", "on_time"),
    ]


LISTED: list[tuple[Any, list[SyncHistory], list[str]]] = [
    (None, [], ["inbound"]),
    ({"cases": "0 * * * *"}, [], ["inbound", "cases"]),
    ([{"type": "enrich", "cron": "0 * * * *"}], [], ["inbound", "cases"]),
    ([{"type": "cases", "cron": "0 * * * *", "enabled": False}], [], ["inbound"]),
    (None, [history(sync="reconciliation")], ["inbound", "reconciliation"]),
    ({"cases": "not a cron"}, [], ["inbound", "cases"]),
    ({"reconciliation": "0 3 * * *"}, [], ["inbound", "reconciliation"]),
    ({"another": "0 3 * * *"}, [], ["inbound"]),
]


@pytest.mark.parametrize(("schedules", "histories", "listed"), LISTED)
def test_only_syncs_that_exist_are_listed_and_inbound_always(
    schedules: Any, histories: list[SyncHistory], listed: list[str]
) -> None:
    found = clinic_status(overview(*histories, sync_schedules=schedules), NOW)

    assert [sync.sync for sync in found.syncs] == listed


def test_the_age_of_a_sync_that_nothing_schedules_is_nobodys_trouble() -> None:
    fresh, once = history(ago(minutes=1)), history(ago(days=9), sync="cases")
    clinic = overview(
        fresh,
        once._replace(unfresh="other_days"),
        history(sync="reconciliation"),
        sync_schedules=EVERY_15_MINUTES,
    )

    status = clinic_status(clinic, NOW)

    assert [(sync.sync, sync.is_expected) for sync in status.syncs] == [
        ("inbound", True),
        ("cases", False),
        ("reconciliation", False),
    ]
    assert (status.needs_somebody, status.needs) == (False, ())
    assert [sync.next_run_at for sync in status.syncs[1:]] == [None, None]
    scheduled = replace(clinic, sync_schedules={**EVERY_15_MINUTES, "cases": "0 * * * *"})
    assert clinic_status(scheduled, NOW).needs_somebody


NEVER_NEXT: list[dict[str, Any]] = [
    {"is_active": False},
    {"stage": "off"},
    {"stage": None},
    {"pauses": (OWN,)},
    {"pauses": (OF_ALL,)},
    {"fault": ConfigurationInvalid("clinics.timezone: unknown", code="timezone")},
]


@pytest.mark.parametrize("fields", NEVER_NEXT)
def test_nothing_is_due_where_schedules_start_nothing(fields: dict[str, Any]) -> None:
    assert inbound(overview(sync_schedules=EVERY_15_MINUTES)).next_run_at is not None
    assert inbound(overview(sync_schedules=EVERY_15_MINUTES, **fields)).next_run_at is None


def test_r29_a_cron_with_h_is_due_at_a_time_of_the_clinics_own() -> None:
    crons = {"inbound": "H/15 * * * *", "cases": "H H(4-5) * * *"}
    one = clinic_status(overview(sync_schedules=crons), NOW)
    other = clinic_status(overview(sync_schedules=crons, id=UUID(int=3)), NOW)

    due = [sync.next_run_at for status in (one, other) for sync in status.syncs]
    assert len(set(due)) == 4
    assert not [need for need in one.needs if "sync_schedules" in need.what]
    soon, tonight = due[0], due[1]
    assert soon is not None
    assert NOW < soon <= NOW + timedelta(minutes=15)
    assert tonight is not None
    assert tonight.astimezone(ZoneInfo("America/Los_Angeles")).hour in (4, 5)


def test_a_shadow_clinics_runs_are_due_too() -> None:
    shadow = overview(stage="shadow", sync_schedules=EVERY_15_MINUTES)

    assert inbound(shadow).next_run_at == NOW + timedelta(minutes=15)
    assert is_switched_on(shadow)


def test_all_that_is_needed_is_told_what_blocks_first() -> None:
    clinic = overview(
        history(ago(minutes=1), "pims_slow"),
        history(None, "shape_changed", "cases"),
        timezone=None,
        stage="off",
        credential_version=None,
        attempts=(),
        sync_schedules={"inbound": "61 * * * *", "slots": "0 * * * *"},
        open_holds=(OpenHold(HOLD, "times_shifted", ago(days=2)),),
    )

    assert clinic_status(clinic, NOW).needs == (
        Need("odis", f"credentials: none yet; idexx-sync credentials set --clinic {CLINIC}"),
        Need("odis", f"stage: switched off; idexx-sync clinics add {CLINIC} --stage shadow"),
        Need("odis", "last cases job failed, shape changed: it was so"),
        Need("odis", "clinics.timezone: not set; Los Angeles is assumed", blocks=False),
        Need(
            "odis",
            "clinic_schedule_configs.sync_schedules.slots.type: "
            "one of inbound, cases, reconciliation, enrich is expected, found slots",
            blocks=False,
        ),
        Need(
            "odis",
            "clinic_schedule_configs.sync_schedules.inbound: "
            "'61 * * * *' can't be read as a unix cron: minute '61': 0 to 59 is expected",
            blocks=False,
        ),
        Need(
            "nobody",
            "last inbound job failed, pims slow: it was so",
            blocks=False,
            since=ago(minutes=1),
        ),
        Need(
            "odis",
            "nearly all visits moved by the same amount of time: decide, "
            f"idexx-sync holds show {HOLD}",
            blocks=False,
            since=ago(days=2),
        ),
    )
    assert clinic_status(clinic, NOW).open_holds == 1


def test_what_a_person_keeps_out_stays_visible_with_who_when_and_what_next() -> None:
    """Ten to midnight at the clinic is another day in UTC."""
    at = datetime(2026, 5, 4, 6, 50, tzinfo=UTC)
    clinic = overview(
        history(ago(minutes=1)), kept_out=(KeptOut(HOLD, "times_shifted", "Kim", at),)
    )

    status = clinic_status(clinic, NOW)

    what = "nearly all visits moved by the same amount of time: kept out by Kim on 2026-05-03; "
    what += "if that is no longer right, "
    what += f"idexx-sync holds reopen {HOLD}"
    assert status.needs == (Need("odis", what, blocks=False, since=at, decided=True),)
    assert (status.kept_out, status.open_holds) == (1, 0)


def test_what_a_person_revived_is_not_told_as_rejected() -> None:
    at = datetime(2026, 5, 4, 6, 50, tzinfo=UTC)
    clinic = overview(history(ago(minutes=1)), revived=(KeptOut(HOLD, "revived", "Kim", at),))

    status = clinic_status(clinic, NOW)

    what = "revived by Kim on 2026-05-03: it stays until Neo shows it again, and nothing is to do; "
    what += f"idexx-sync holds show {HOLD}"
    assert status.needs == (Need("odis", what, blocks=False, since=at, decided=True),)
    assert (status.kept_out, status.needs_somebody) == (0, False)


def test_a_run_that_read_nothing_at_all_is_told() -> None:
    clinic = overview(history(ago(minutes=1))._replace(read_nothing=True))

    (need,) = clinic_status(clinic, NOW).needs

    assert need.what.startswith("last inbound run: the calendar showed nothing on any of its days")
    assert (need.who, need.since) == ("odis", ago(minutes=1))


@pytest.mark.parametrize(("horizon", "freshness"), [(14, "on_time"), (15, "late")])
def test_a_success_that_did_not_reach_the_horizon_of_now_is_none(
    horizon: int, freshness: str
) -> None:
    success = history(ago(minutes=1))._replace(read_on=ago(minutes=2), read_until=date(2026, 5, 17))
    clinic = overview(success, horizon_days=horizon)

    assert inbound(clinic).freshness == freshness
    told = [need.what for need in clinic_status(clinic, NOW).needs]
    assert told == (
        []
        if freshness == "on_time"
        else [
            "last inbound success: it read to 2026-05-17, and by the clinic's horizon it has to "
            "read to 2026-05-18; the next run does"
        ]
    )


def test_cases_that_wait_days_that_are_lost_and_visits_given_away_are_needs() -> None:
    job = UUID("9c2e6f0a-1b7d-4a55-8f11-2f6f0c1f7a10")
    lost = Told(job, "cases", ago(days=2), (date(2026, 3, 1), date(2026, 3, 4)), 0)
    given = Told(job, "cases", ago(days=1), None, 2)
    older = Told(HOLD, "cases", ago(days=3), None, 1)
    clinic = overview(
        history(ago(minutes=1)),
        partly=Denied(1, ago(days=4), ("600101",)),
        told=(given, lost, older),
    )

    waits, days, changed = clinic_status(clinic, NOW).needs

    assert (waits.who, waits.since) == ("odis", ago(days=4))
    assert "600101" in waits.what
    assert f"idexx-sync explain appointment 600101 --clinic {CLINIC}" in waits.what
    command = f"idexx-sync sync cases --from 2026-03-01 --to 2026-03-04 --clinic {CLINIC}"
    assert (days.since, days.what.endswith(command)) == (ago(days=2), True)
    assert changed.what.startswith("3 given to another patient in Neo")
    assert (changed.since, changed.what.endswith(f"jobs show {job}")) == (ago(days=3), True)


@pytest.mark.parametrize(
    ("stage", "needed"),
    [("live", True), ("canary", True), ("shadow", False), ("off", False), (None, False)],
)
def test_a_clinic_whose_cases_are_written_needs_somebody_they_belong_to(
    stage: Any, needed: bool
) -> None:
    fresh = history(ago(minutes=1))

    status = clinic_status(overview(fresh, stage=stage, acting_user_id=None), NOW)

    told = [need for need in status.needs if need.what.startswith("acting user: not set")]
    assert [(need.who, need.blocks) for need in told] == ([("odis", False)] if needed else [])
    for need in told:
        assert f"idexx-sync clinics add {CLINIC} --acting-user USER_ID" in need.what
    assert not needed or status.syncs[0].freshness == "on_time"


def test_an_open_breaker_is_told_once_beside_other_failures() -> None:
    refused = (Attempt(ago(days=1), "credentials_rejected"),)
    clinic = overview(
        history(None, "credentials_rejected"),
        history(None, "implausible_data", "cases"),
        attempts=refused,
    )

    needs = clinic_status(clinic, NOW).needs

    assert [(need.who, need.what.partition(":")[0]) for need in needs] == [
        ("clinic", "credentials rejected"),
        ("odis", "last cases job failed, implausible data"),
    ]


def test_the_breaker_judges_the_logins_with_the_newest_credentials() -> None:
    unknown = (Attempt(ago(minutes=1), None),)

    assert breaker(overview(), NOW) is None
    assert breaker(overview(attempts=()), NOW) is None
    refusal = breaker(overview(attempts=unknown), NOW)
    assert isinstance(refusal, SyncError)
    assert refusal.kind == "throttled"


def test_who_acts_is_known_of_every_kind_and_odis_for_others() -> None:
    assert who_acts("account_locked") == "clinic"
    assert who_acts("shape_changed") == "odis"
    assert who_acts("lease_lost") == "nobody"
    assert who_acts("a word of tomorrow") == "odis"


@pytest.mark.parametrize(
    ("kind", "changed", "needed"),
    [
        ("credentials_rejected", ago(minutes=59), False),
        ("credentials_rejected", ago(minutes=61), True),
        ("configuration_invalid", ago(minutes=59), False),
        ("shape_changed", ago(minutes=59), True),
    ],
)
def test_a_failure_that_somebody_has_acted_on_is_no_longer_needed(
    kind: str, changed: datetime, needed: bool
) -> None:
    told = clinic_status(overview(history(None, kind), changed_at=changed), NOW)

    assert any(kind.replace("_", " ") in need.what for need in told.needs) is needed


def test_what_is_in_doubt_is_named_with_its_age_and_blocks_nothing() -> None:
    doubts = (
        Doubt("end_unreadable", 2, ago(hours=3), ("600101", "600102")),
        Doubt("unreadable_record", 1, ago(hours=2), ("? x",)),
        Doubt("never_shown", 1, ago(hours=1), ("600103",)),
    )

    status = clinic_status(overview(history(ago(minutes=1)), doubts=doubts), NOW)

    assert [(need.who, need.blocks, need.since) for need in status.needs] == [
        ("odis", False, ago(hours=hours)) for hours in (3, 2, 1)
    ]
    first, second, third = (need.what for need in status.needs)
    assert first.startswith("2 in the calendar not to be read (end unreadable)")
    assert "600101, 600102; all that may take is occupied until it is put right" in first
    assert "idexx-sync explain appointment 600101 --clinic " in first
    assert second.startswith("1 in the calendar without an id, a day or a kind that can be read;")
    assert "explain" not in second
    assert third.startswith("1 in the calendar found by id and not shown by the calendar: 600103;")
    assert status.syncs[0].freshness == "on_time"


def test_records_that_give_nothing_are_named_with_their_age_and_block_nothing() -> None:
    unread = (
        Doubt("read_failed", 1, ago(hours=3), ("600101",)),
        Doubt("wrong_patient", 4, ago(hours=2), ("600102", "600103", "600104")),
    )

    status = clinic_status(overview(history(ago(minutes=1)), unread=unread), NOW)

    assert [(need.who, need.blocks, need.since) for need in status.needs] == [
        ("odis", False, ago(hours=hours)) for hours in (3, 2)
    ]
    first, second = (need.what for need in status.needs)
    assert first.startswith("1 visit's clinical record could not be read: 600101; ")
    assert "idexx-sync explain appointment 600101 --clinic " in first
    assert second.startswith("4 visits' clinical record belongs to another patient than the ")
    assert status.syncs[0].freshness == "on_time"


REFUSED = Refused(ago(hours=5), ago(hours=1), "it is another branch", True, Identity())


def test_r08_a_login_that_led_elsewhere_is_told_once_with_since_when() -> None:
    failed = history(ago(days=1), "implausible_data")._replace(error_message="other_company: it is")
    status = clinic_status(overview(failed, refused=REFUSED), NOW)

    (need,) = status.needs
    assert (need.who, need.blocks) == ("odis", True)
    assert need.what.startswith("other_company: ")
    assert "another branch" in need.what
    assert f"idexx-sync clinics identity {CLINIC} --accept" in need.what
    assert need.since == ago(hours=5)
    assert status.syncs[0].freshness == "action_required"


@pytest.mark.parametrize(("changed", "needed"), [(ago(hours=2), True), (ago(minutes=1), False)])
def test_r08_what_was_accepted_since_is_needed_no_more(changed: datetime, needed: bool) -> None:
    failed = history(ago(days=1), "implausible_data")._replace(error_message="other_company: it is")
    needs = clinic_status(overview(failed, changed_at=changed), NOW).needs
    assert bool(needs) is needed


def test_a_need_names_the_alert_that_is_about_it() -> None:
    alerts = [
        OpenAlert(UUID(int=n), kind, ago(hours=n))
        for n, kind in enumerate(("stale", "held", "shape_changed", "credentials_rejected"), 1)
    ]
    hold = OpenHold(HOLD, "times_shifted", ago(hours=2))
    of = overview(
        history(ago(hours=9), "shape_changed"),
        history(ago(hours=9), "pims_slow", "cases"),
        alerts=tuple(alerts),
        open_holds=(hold,),
        attempts=(Attempt(ago(hours=1), "credentials_rejected"),),
        acting_user_id=None,
    )

    status = clinic_status(of, NOW)

    assert status.alerts == tuple(alerts)
    named = {need.what.partition(":")[0]: need.alert_id for need in status.needs}
    assert named == {
        "credentials rejected": UUID(int=4),
        "last inbound job failed, shape changed": UUID(int=3),
        "last cases job failed, pims slow": None,
        "acting user": None,
        "nearly all visits moved by the same amount of time": UUID(int=2),
    }
