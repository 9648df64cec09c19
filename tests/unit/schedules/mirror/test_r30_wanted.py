"""Which schedules EventBridge Scheduler should have, by what the clinics' rows say."""

import json
from typing import Any
from uuid import UUID

import pytest

from idexx_sync.core.faults import Unfit
from idexx_sync.schedules.entries import MOST_ENTRIES
from idexx_sync.schedules.mirror.names import LONGEST_NAME, ScheduleName
from idexx_sync.schedules.mirror.wanted import Finding, wanted_of
from idexx_sync.schedules.spread import Place
from tests.kit.mirror import TARGETS, row
from tests.kit.scheduler_rules import judge

CLINIC = UUID(int=1)


def requests(*rows: Any) -> dict[str, dict[str, Any]]:
    found = wanted_of(rows, TARGETS).schedules
    return {name.removeprefix(f"{CLINIC}-"): dict(one.request) for name, one in found.items()}


def states(*rows: Any) -> dict[str, str]:
    return {name: request["State"] for name, request in requests(*rows).items()}


def test_r30_each_entry_is_a_schedule_in_its_clinics_zone_that_puts_a_tick_on_its_queue() -> None:
    (request,) = requests(row(schedules={"cases": "30 2 * * 1-5"})).values()

    assert request == {
        "Name": f"{CLINIC}-cases-0-0",
        "GroupName": "clinics",
        "ScheduleExpression": "cron(30 2 ? * MON,TUE,WED,THU,FRI *)",
        "ScheduleExpressionTimezone": "America/Los_Angeles",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "State": "ENABLED",
        "ActionAfterCompletion": "NONE",
        "Target": {
            "Arn": TARGETS.queues["cases"],
            "RoleArn": TARGETS.role,
            "Input": request["Target"]["Input"],
            "RetryPolicy": {"MaximumEventAgeInSeconds": 300, "MaximumRetryAttempts": 5},
            "DeadLetterConfig": {"Arn": TARGETS.dead_letters},
        },
    }
    assert json.loads(request["Target"]["Input"]) == {
        "v": 1,
        "clinic_id": str(CLINIC),
        "sync": "cases",
        "trigger": "schedule",
        "scheduled_time": "<aws.scheduler.scheduled-time>",
    }


@pytest.mark.parametrize(
    ("schedules", "found"),
    [
        ({"inbound": "*/15 * * * *"}, {"inbound-0-0": "UTC"}),
        ({"inbound": "0 7 1 * 3"}, {"inbound-0-0": "America/Los_Angeles", "inbound-0-1": None}),
        ([{"type": "enrich", "cron": "0 3 * * *"}], {"cases-0-0": "America/Los_Angeles"}),
        (
            [
                {"type": "inbound", "cron": "0 7 * * *", "enabled": False},
                {"type": "cases", "cron": "0 3 * * *"},
                {"type": "inbound", "cron": "0 9 * * *"},
            ],
            {"inbound-0-0": None, "cases-0-0": None, "inbound-1-0": None},
        ),
        (None, {}),
        ({}, {}),
        ([], {}),
        ({"inbound": None, "cases": ""}, {}),
    ],
)
def test_r30_names_say_clinic_sync_entry_and_expression(
    schedules: Any, found: dict[str, str | None]
) -> None:
    told = requests(row(schedules=schedules) if schedules is not None else _null())

    assert told.keys() == found.keys()
    for name, zone in found.items():
        assert zone in (None, told[name]["ScheduleExpressionTimezone"])


def _null() -> Any:
    return row(has_settings=True, sync_schedules=None)


def test_r30_what_is_switched_off_paused_or_inactive_is_there_and_disabled() -> None:
    entries = [
        {"type": "inbound", "cron": "0 7 * * *", "enabled": False},
        {"type": "cases", "cron": "0 3 * * *", "enabled": True},
    ]

    assert states(row(schedules=entries)) == {"inbound-0-0": "DISABLED", "cases-0-0": "ENABLED"}
    assert set(states(row(schedules=entries, runs=False)).values()) == {"DISABLED"}


def test_r30_a_clinic_that_was_never_set_up_has_no_schedule_and_is_no_fault() -> None:
    wanted = wanted_of([row(is_set_up=False, timezone="Mars/Base", has_settings=False)], TARGETS)

    assert (dict(wanted.schedules), wanted.findings, wanted.kept) == ({}, (), frozenset())


@pytest.mark.parametrize(
    ("columns", "where", "code"),
    [
        ({"timezone": "Mars/Base"}, "timezone", "zone_unknown"),
        ({"timezone": "America"}, "timezone", "zone_unknown"),
        ({"has_settings": False}, "sync_schedules", "no_settings"),
        ({"sync_schedules": Unfit("jsonb")}, "sync_schedules", "entries_unreadable"),
        ({"sync_schedules": "daily"}, "sync_schedules", "entries_unreadable"),
        ({"sync_schedules": [7]}, "sync_schedules", "entries_unreadable"),
        (
            {"sync_schedules": [{"type": "cases", "cron": "0 3 * * *"}] * (MOST_ENTRIES + 1)},
            "sync_schedules",
            "entries_unreadable",
        ),
    ],
)
def test_r30_a_clinic_that_can_not_be_read_is_reported_and_keeps_its_schedules(
    columns: dict[str, Any], where: str, code: Any
) -> None:
    wanted = wanted_of([row(**columns)], TARGETS)

    assert dict(wanted.schedules) == {}
    assert wanted.findings == (Finding(CLINIC, where, code),)
    assert wanted.keeps(ScheduleName(Place(CLINIC, "reconciliation", 3)))
    assert not wanted.keeps(ScheduleName(Place(UUID(int=2), "reconciliation", 3)))


def test_r30_an_entry_that_can_not_be_read_keeps_its_own_and_the_others_count() -> None:
    wanted = wanted_of([row(schedules={"inbound": "soon", "cases": "0 3 * * *"})], TARGETS)

    assert list(wanted.schedules) == [f"{CLINIC}-cases-0-0"]
    assert wanted.findings == (Finding(CLINIC, "sync_schedules.inbound", "cron_invalid"),)
    assert wanted.keeps(ScheduleName(Place(CLINIC, "inbound", 0), 1))
    assert not wanted.keeps(ScheduleName(Place(CLINIC, "inbound", 1)))


@pytest.mark.parametrize("unread", [{"cron": 7}, {"enabled": "yes"}, {"cron": None}])
def test_r30_no_other_entry_takes_the_place_of_one_that_can_not_be_read(
    unread: dict[str, Any],
) -> None:
    first = {"type": "cases", "cron": "0 3 * * *"}
    second = {"type": "enrich", "cron": "H H * * *"}
    before = requests(row(schedules=[first, second]))

    broken = wanted_of([row(schedules=[{**first, **unread}, second])], TARGETS)

    assert list(broken.schedules) == [f"{CLINIC}-cases-1-0"]
    assert broken.schedules[f"{CLINIC}-cases-1-0"].request == before["cases-1-0"]
    assert broken.keeps(ScheduleName(Place(CLINIC, "cases", 0)))


def test_r30_enrich_means_cases_and_is_reported() -> None:
    wanted = wanted_of([row(schedules=[{"type": "enrich", "cron": "0 3 * * *"}])], TARGETS)

    assert wanted.findings == (Finding(CLINIC, "sync_schedules[0]", "word_means_cases"),)
    assert wanted.kept == frozenset()


@pytest.mark.parametrize(
    "cron", ["*/15 * * * *", "H H(4-5) * * *", "0 7 1 * 3", "0 0 29 2 *", "5,17,59 * * * 0,7"]
)
@pytest.mark.parametrize("zone", [None, "Australia/Lord_Howe", "Asia/Kathmandu", "Etc/GMT+12"])
def test_r30_aws_takes_all_that_goes_out(cron: str, zone: str | None) -> None:
    for request in requests(row(schedules={"reconciliation": cron}, timezone=zone)).values():
        judge("CreateSchedule", request)
        judge("UpdateSchedule", request)


def test_r30_the_digest_is_of_all_that_aws_is_told() -> None:
    def digests(*rows: Any) -> list[str]:
        return [one.digest for one in wanted_of(rows, TARGETS).schedules.values()]

    usual = digests(row())

    assert digests(row()) == usual
    assert len(set(usual)) == 3
    for other in (row(timezone="America/Denver"), row(runs=False), row(2)):
        assert not set(digests(other)[1:]) & set(usual)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "watchdog",
        f"{CLINIC}",
        f"{CLINIC}-inbound",
        f"{CLINIC}-inbound-0",
        f"{CLINIC}-enrich-0-0",
        f"{CLINIC}-inbound-00-0",
        f"{CLINIC}-inbound-0-0-0",
        f"{CLINIC}-inbound-٠-0",
        f"{UUID(int=10)}-inbound-0-0".upper(),
        f"{UUID(int=10)}-inbound-0-0".replace("a-", "A-"),
    ],
)
def test_r30_other_names_are_not_ours(name: str) -> None:
    assert ScheduleName.read(name) is None


def test_r30_a_name_is_read_as_it_was_given_and_fits() -> None:
    name = ScheduleName(Place(UUID(int=2**128 - 1), "reconciliation", MOST_ENTRIES - 1), 1)

    assert ScheduleName.read(str(name)) == name
    assert len(str(name)) <= LONGEST_NAME
