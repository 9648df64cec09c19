"""A clinic's schedules, brought into force by the template's own function."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError
from psycopg import Connection
from psycopg.types.json import Jsonb

from idexx_sync.upkeep.mirroring import MirrorAnswer
from local_stack.deploy import invoke
from local_stack.stack import LocalStack
from local_stack.stack_clinics import LocalClinic
from tests.e2e.queues import wait_until

GROUP = "idexx-sync-local-clinics"


def names(stack: LocalStack) -> set[str]:
    found = stack.aws.client("scheduler").list_schedules(GroupName=GROUP)
    return {one["Name"] for one in found["Schedules"]}


@pytest.fixture
def wanted(conn: Connection[tuple[Any, ...]], clinic: LocalClinic) -> Iterator[str]:
    """The name of the one schedule that somebody has set for the clinic: on the 31st of January,
    so that nothing runs meanwhile."""
    statement = "UPDATE public.clinic_schedule_configs SET sync_schedules = %s WHERE clinic_id = %s"
    entry = {"type": "cases", "cron": "30 2 31 1 *", "enabled": True}
    conn.execute(statement, (Jsonb([entry]), clinic.id))
    yield f"{clinic.id}-cases-0-0"
    conn.execute(statement, (None, clinic.id))


def test_a_refresh_over_the_api_brings_a_clinics_schedules_into_force(
    stack: LocalStack, http: httpx.Client, clinic: LocalClinic, wanted: str
) -> None:
    """Through gateway, API, function and simulated AWS, each with the template's own settings."""

    answer = http.post("/api/schedules/refresh", headers={"X-API-Key": clinic.key})
    assert answer.status_code == 202, answer.text
    wait_until(lambda: wanted in names(stack))

    told = stack.aws.client("scheduler").get_schedule(GroupName=GROUP, Name=wanted)
    assert told["ScheduleExpression"] == "cron(30 2 31 1 ? *)"
    assert told["ScheduleExpressionTimezone"] not in ("", "UTC")
    assert told["State"] == "ENABLED"
    queue = stack.deployed.outputs["CasesTickQueueUrl"].rpartition("/")[2]
    assert told["Target"]["Arn"].endswith(f":{queue}")


def a_pass(stack: LocalStack) -> MirrorAnswer:
    """What a pass answers; one that is under way is waited for, because two never are at once."""
    answers: list[object] = []

    def is_begun() -> bool:
        try:
            answers.append(
                invoke(stack.aws, stack.deployed.outputs["ConfigSyncFunction"], {"v": 1})
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "TooManyRequestsException":
                raise
        return bool(answers)

    wait_until(is_begun)
    return MirrorAnswer.model_validate(answers[0])


@pytest.mark.usefixtures("wanted")
def test_a_pass_over_all_clinics_makes_the_simulated_aws_equal_and_then_nothing(
    stack: LocalStack,
) -> None:
    first, second = a_pass(stack), a_pass(stack)

    assert first.complete, first
    assert (second.complete, second.calls) == (True, []), second
    assert second.counts["unchanged"] == len(names(stack))
