"""The ticker of the simulated AWS: each schedule's own time, once, in its own zone."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local_stack.ticking import Ticker, input_at, is_cron

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def schedule(expression: str = "cron(0/15 * * * ? *)", **more: Any) -> dict[str, Any]:
    return {
        "Name": "one",
        "Arn": "arn:aws:scheduler:us-east-1:000000000000:schedule/group/one",
        "State": "ENABLED",
        "ScheduleExpression": expression,
        "ScheduleExpressionTimezone": "America/Los_Angeles",
        **more,
    }


def looks(ticker: Ticker, one: dict[str, Any], *seconds: float) -> list[list[datetime]]:
    return [ticker.due("one", one, NOON + timedelta(seconds=after)) for after in seconds]


def test_each_time_fires_once_and_none_from_before_the_schedule_was_there() -> None:
    quarter = NOON + timedelta(minutes=15)

    assert looks(Ticker(), schedule(), 1, 899, 900, 901, 2701) == [
        [],
        [],
        [quarter],
        [],
        [NOON + timedelta(minutes=30), NOON + timedelta(minutes=45)],
    ]


@pytest.mark.parametrize(
    ("zone", "hour"), [("America/Los_Angeles", 5), ("Asia/Kolkata", 17), ("UTC", 12), (None, 12)]
)
def test_a_schedule_is_read_in_its_own_zone(zone: str | None, hour: int) -> None:
    minute = 30 if zone == "Asia/Kolkata" else 0
    one = schedule(f"cron({minute} {hour} * * ? *)", ScheduleExpressionTimezone=zone)

    assert looks(Ticker(), one, -1, 0) == [[], [NOON]]


def test_what_is_switched_off_or_changed_fires_from_then_on() -> None:
    ticker = Ticker()
    looks(ticker, schedule(), 0)

    assert looks(ticker, schedule(State="DISABLED"), 901) == [[]]
    assert looks(ticker, schedule(), 1801) == [[]]
    assert looks(ticker, schedule("cron(0/20 * * * ? *)"), 2401) == [[]]
    assert looks(ticker, schedule("cron(0/20 * * * ? *)"), 3600) == [[NOON + timedelta(hours=1)]]
    ticker.keep(set())
    assert looks(ticker, schedule("cron(0/20 * * * ? *)"), 7200) == [[]]


@pytest.mark.parametrize(
    "changed",
    [
        {"ScheduleExpression": "cron(0 12 * * * *)"},
        {"ScheduleExpression": "cron(never)"},
        {"ScheduleExpressionTimezone": "Mars/Olympus"},
    ],
)
def test_what_aws_would_refuse_never_fires(changed: dict[str, Any]) -> None:
    assert looks(Ticker(), schedule(**changed), -1, 0, 86_400) == [[], [], []]


def test_a_rate_and_a_single_time_are_left_to_the_simulation() -> None:
    assert is_cron(schedule())
    assert not is_cron(schedule("rate(1 minute)"))
    assert not is_cron(schedule("at(2026-05-04T12:00:00)"))
    assert not is_cron({})


def test_the_words_of_the_scheduler_are_replaced_in_the_input() -> None:
    told = {
        "v": 1,
        "scheduled_time": "<aws.scheduler.scheduled-time>",
        "of": "<aws.scheduler.schedule-arn> <aws.scheduler.execution-id>"
        " <aws.scheduler.attempt-number>",
    }
    one = schedule(Target={"Input": json.dumps(told)})

    assert json.loads(input_at(one, NOON, "an-id")) == {
        "v": 1,
        "scheduled_time": "2026-05-04T12:00:00Z",
        "of": f"{one['Arn']} an-id 1",
    }
    assert input_at({}, NOON, "an-id") == "{}"
