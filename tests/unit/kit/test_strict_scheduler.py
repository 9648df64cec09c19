"""The strict scheduler of the tests refuses what AWS refuses."""

from copy import deepcopy
from typing import Any
from uuid import UUID

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError

from tests.kit.scheduler_rules import is_expression
from tests.kit.strict_scheduler import Killed, StrictScheduler

GOOD: dict[str, Any] = {
    "Name": f"{UUID(int=1)}-inbound-0-0",
    "GroupName": "clinics",
    "ScheduleExpression": "cron(0 2 ? * MON-FRI *)",
    "ScheduleExpressionTimezone": "America/Denver",
    "FlexibleTimeWindow": {"Mode": "OFF"},
    "State": "ENABLED",
    "ActionAfterCompletion": "NONE",
    "Target": {
        "Arn": "arn:aws:sqs:us-west-2:123456789012:ticks",
        "RoleArn": "arn:aws:iam::123456789012:role/schedules",
        "Input": "{}",
        "RetryPolicy": {"MaximumEventAgeInSeconds": 300, "MaximumRetryAttempts": 5},
        "DeadLetterConfig": {"Arn": "arn:aws:sqs:us-west-2:123456789012:dead-letters"},
    },
}


def without(*path: str) -> dict[str, Any]:
    asked = deepcopy(GOOD)
    inner = asked
    for name in path[:-1]:
        inner = inner[name]
    del inner[path[-1]]
    return asked


def code_of(asked: dict[str, Any], operation: str = "create_schedule") -> str:
    with pytest.raises(ClientError) as caught:
        getattr(StrictScheduler(), operation)(**asked)
    return str(caught.value.response["Error"]["Code"])


@pytest.mark.parametrize("operation", ["create_schedule", "update_schedule"])
@pytest.mark.parametrize(
    "asked",
    [
        {**GOOD, "Name": "x" * 65},
        {**GOOD, "Name": "a b"},
        {**GOOD, "ScheduleExpression": "cron(0 2 * * 1-5 *)"},
        {**GOOD, "ScheduleExpression": "0 2 * * *"},
        {**GOOD, "ScheduleExpressionTimezone": "Mars/Base"},
        {**GOOD, "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5}},
        {**GOOD, "State": "PAUSED"},
        {**GOOD, "Target": {**GOOD["Target"], "Arn": "arn:aws:lambda:us-west-2:1:function:x"}},
        {**GOOD, "Target": {**GOOD["Target"], "RoleArn": "somebody"}},
        without("GroupName"),
        without("ScheduleExpressionTimezone"),
        without("State"),
        without("ActionAfterCompletion"),
        without("Target", "RetryPolicy"),
        without("Target", "RetryPolicy", "MaximumRetryAttempts"),
        without("Target", "DeadLetterConfig"),
        without("Target", "Input"),
    ],
)
def test_what_aws_refuses_or_would_fill_in_is_refused(
    asked: dict[str, Any], operation: str
) -> None:
    assert code_of(asked, operation) == "ValidationException"


@pytest.mark.parametrize("asked", [without("FlexibleTimeWindow"), {**GOOD, "Colour": "red"}])
def test_what_boto3_does_not_send_is_a_defect_of_the_caller(asked: dict[str, Any]) -> None:
    with pytest.raises(AssertionError, match="boto3 refuses"):
        StrictScheduler().create_schedule(**asked)


def test_what_is_there_or_not_is_told() -> None:
    client = StrictScheduler()
    client.create_schedule(**GOOD)
    with pytest.raises(ClientError, match="ConflictException"):
        client.create_schedule(**GOOD)
    client.delete_schedule(GroupName="clinics", Name=GOOD["Name"])

    assert code_of(GOOD, "update_schedule") == "ResourceNotFoundException"
    assert code_of({**GOOD, "GroupName": "others"}) == "ResourceNotFoundException"
    gone = {"GroupName": "clinics", "Name": GOOD["Name"]}
    assert code_of(gone, "delete_schedule") == "ResourceNotFoundException"
    assert code_of({"GroupName": "others"}, "list_schedules") == "ResourceNotFoundException"


def test_an_update_replaces_everything() -> None:
    client = StrictScheduler()
    client.create_schedule(**{**GOOD, "Description": "once"})
    client.update_schedule(**GOOD)

    assert client.schedules() == {GOOD["Name"]: GOOD}


def test_a_list_has_a_hundred_without_their_expressions() -> None:
    client = StrictScheduler()
    for number in range(101):
        client.create_schedule(**{**GOOD, "Name": f"n-{number:03}"})

    first = client.list_schedules(GroupName="clinics", MaxResults=100)
    second = client.list_schedules(GroupName="clinics", NextToken=first["NextToken"])

    assert [len(page["Schedules"]) for page in (first, second)] == [100, 1]
    assert "NextToken" not in second
    assert "LastModificationDate" in first["Schedules"][0]
    assert "ScheduleExpression" not in first["Schedules"][0]
    named = client.list_schedules(GroupName="clinics", NamePrefix="n-09")
    assert len(named["Schedules"]) == 10


def test_a_call_fails_by_its_number_before_or_after_it_was_done() -> None:
    client = StrictScheduler(
        faults={1: "silent", 2: "done and silent", 4: "killed", 5: "done and killed"}
    )
    asked = [{**GOOD, "Name": f"n-{number}"} for number in range(1, 6)]

    for number, kind in enumerate(
        (ConnectTimeoutError, ReadTimeoutError, None, Killed, Killed), start=1
    ):
        if kind is None:
            client.create_schedule(**asked[number - 1])
            continue
        with pytest.raises(kind):
            client.create_schedule(**asked[number - 1])

    assert list(client.schedules()) == ["n-2", "n-3", "n-5"]
    assert client.counts == {"CreateSchedule": 5}


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("cron(0 2 * * ? *)", True),
        ("cron(0/15 * * * ? *)", True),
        ("cron(0,30 2-4 1,15 JAN,MAR ? 2026-2030)", True),
        ("cron(0 2 L * ? *)", True),
        ("cron(0 2 15W * ? *)", True),
        ("cron(0 2 ? * 6#3 *)", True),
        ("cron(0 2 ? * FRIL *)", True),
        ("cron(0 2 ? * SUN,SAT *)", True),
        ("cron(0 2 * * * *)", False),
        ("cron(0 2 ? * ? *)", False),
        ("cron(0 2 * * ?)", False),
        ("cron(0  2 * * ? *)", False),
        ("cron(60 2 * * ? *)", False),
        ("cron(0 24 * * ? *)", False),
        ("cron(0 2 0 * ? *)", False),
        ("cron(0 2 ? * 0 *)", False),
        ("cron(0 2 ? * 8 *)", False),
        ("cron(0 2 ? * MON/2 *)", False),
        ("cron(0 4-2 * * ? *)", False),
        ("cron(H 2 * * ? *)", False),
        ("cron(0 2 * FOO ? *)", False),
        ("cron(0/0 2 * * ? *)", False),
        ("rate(5 minutes)", False),
        ("at(2026-05-04T02:00:00)", False),
    ],
)
def test_its_dialect_is_awss(text: str, fits: bool) -> None:
    assert is_expression(text) is fits
