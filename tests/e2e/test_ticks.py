"""Ticks wait in the template's queues, and its mappings hand them to the workers."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg import Connection

from local_stack.stack import LocalStack
from local_stack.stack_clinics import LocalClinic
from tests.e2e.conftest import MISBEHAVING, WORKER
from tests.e2e.queues import Queue, wait_until
from tests.kit.clinic import add_clinic
from tests.kit.database import query, update

Conn = Connection[tuple[Any, ...]]
FIRES_WITHIN_S = 75
"""A schedule of each minute."""


@pytest.fixture
def ticks(stack: LocalStack) -> Queue:
    return Queue(stack, stack.deployed.outputs["InboundTickQueueUrl"])


def tick(clinic: UUID, due: datetime) -> str:
    """What a schedule puts into the queue."""
    event = {"v": 1, "clinic_id": str(clinic), "sync": "inbound", "trigger": "schedule"}
    return json.dumps({**event, "scheduled_time": f"{due:%Y-%m-%dT%H:%M:%SZ}"})


def jobs_of(conn: Conn, clinic: UUID) -> list[dict[str, Any]]:
    return query(
        conn,
        "SELECT id, status, attempt, trigger, scheduled_time, error_kind FROM idexx_sync.jobs "
        "WHERE clinic_id = %s AND trigger = 'schedule' ORDER BY scheduled_time",
        (clinic,),
    )


def test_a_schedule_in_the_clinics_zone_becomes_a_run_by_way_of_the_queue(
    stack: LocalStack, conn: Conn, ticks: Queue, clinic: LocalClinic
) -> None:
    """The target's input is what the mirror sends; the simulation puts the time in."""
    scheduler, name = stack.aws.client("scheduler"), str(uuid4())
    event = json.loads(tick(clinic.id, datetime.now(UTC)))
    event["scheduled_time"] = "<aws.scheduler.scheduled-time>"
    began = datetime.now(UTC)
    scheduler.create_schedule(
        Name=name,
        ScheduleExpression="cron(* * * * ? *)",
        ScheduleExpressionTimezone="Asia/Kolkata",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": ticks.arn, "RoleArn": "arn:aws:iam::000000000000:role/starter",
                "Input": json.dumps(event)},
    )  # fmt: skip
    try:
        wait_until(lambda: bool(jobs_of(conn, clinic.id)), FIRES_WITHIN_S)
    finally:
        scheduler.delete_schedule(Name=name)
    wait_until(lambda: ticks.number() == 0)

    job = jobs_of(conn, clinic.id)[0]
    assert (job["status"], job["attempt"]) == ("succeeded", 1)
    assert (job["scheduled_time"].second, job["scheduled_time"].microsecond) == (0, 0)
    assert timedelta() < job["scheduled_time"] - began < timedelta(seconds=61)


@pytest.mark.parametrize("trouble", ["raise", "be killed"])
def test_a_tick_whose_runs_end_badly_is_one_dead_job_that_is_told_once(
    stack: LocalStack, conn: Conn, ticks: Queue, replaced: Callable[..., None], trouble: str
) -> None:
    replaced(WORKER, f"{MISBEHAVING}inbound")
    letters = Queue(stack, stack.deployed.outputs["DeadLetterQueueUrl"])
    clinic = add_clinic(conn)
    update(conn, "public.clinics", {"name": trouble}, id=clinic)
    due = datetime.now(UTC).replace(second=0, microsecond=0)
    with ticks.comes_back_after(8):  # of a run that was killed; longer than the lease
        ticks.send(tick(clinic, due))
        wait_until(lambda: bool(jobs_of(conn, clinic)))
        conn.execute(  # on AWS the third delivery of a killed run comes an hour after the first
            "UPDATE idexx_sync.jobs SET queued_at = queued_at - interval '1 hour' "
            "WHERE clinic_id = %s",
            (clinic,),
        )
        wait_until(lambda: [job["status"] for job in jobs_of(conn, clinic)] == ["dead"], 90)
        wait_until(lambda: ticks.number() == letters.number() == 0)

    (job,) = jobs_of(conn, clinic)
    assert job["error_kind"] == "internal"
    assert 1 < job["attempt"] <= 3  # a slow start of a process may take one delivery
    alerts = query(
        conn, "SELECT job_id, times FROM idexx_sync.alerts WHERE clinic_id = %s", (clinic,)
    )
    assert alerts == [{"job_id": job["id"], "times": 1}]
    taken = query(
        conn, "SELECT shape, outcome FROM idexx_sync.dead_letters WHERE job_id = %s", (job["id"],)
    )
    assert [one["shape"] for one in taken] == ["event"]

    update(conn, "public.clinics", {"name": f"no longer in a queue: {trouble}"}, id=clinic)
    ticks.send(tick(clinic, due))
    wait_until(lambda: ticks.number() == 0)
    assert jobs_of(conn, clinic) == [job], "a redrive starts no second run"


def test_an_hour_late_tick_is_skipped_and_what_nobody_can_read_is_parked(
    conn: Conn, stack: LocalStack, ticks: Queue, replaced: Callable[..., None]
) -> None:
    replaced(WORKER, f"{MISBEHAVING}inbound")
    letters = Queue(stack, stack.deployed.outputs["DeadLetterQueueUrl"])
    clinic, began = add_clinic(conn), datetime.now(UTC)
    due = began.replace(second=0, microsecond=0) - timedelta(hours=1)
    for body in (tick(clinic, due), tick(clinic, due), "no JSON"):
        ticks.send(body)
    wait_until(lambda: ticks.number() == letters.number() == 0)

    assert [job["status"] for job in jobs_of(conn, clinic)] == ["skipped_stale"]
    wait_until(
        lambda: (
            query(
                conn,
                "SELECT reason, status FROM idexx_sync.dead_letters WHERE received_at >= %s",
                (began,),
            )
            == [{"reason": "not_json", "status": "parked"}]
        )
    )


def test_no_more_ticks_are_run_at_once_than_the_mapping_says(
    ticks: Queue, replaced: Callable[..., None], tmp_path: Path
) -> None:
    """The stage of this machine reserves nothing, and lets a queue begin two."""
    replaced(WORKER)
    log = tmp_path / "log"
    for number in range(6):
        ticks.send(json.dumps({"do": "take turns", "path": str(log), "number": number}))
    wait_until(lambda: log.exists() and len(log.read_text().splitlines()) == 12)
    wait_until(lambda: ticks.number() == 0)

    at_once, most = 0, 0
    for line in log.read_text().splitlines():
        at_once += 1 if line.startswith("begin") else -1
        most = max(most, at_once)
    assert most == 2


def test_an_answer_that_names_another_message_counts_as_if_nothing_was_done(
    conn: Conn, ticks: Queue, replaced: Callable[..., None]
) -> None:
    """As on AWS: its queue gives the message up."""
    replaced(WORKER, f"{MISBEHAVING}naming_another")
    began = datetime.now(UTC)
    with ticks.comes_back_after(1):
        ticks.send(json.dumps({"v": 1}))
        wait_until(lambda: ticks.number() == 0)
    wait_until(
        lambda: (
            query(
                conn, "SELECT reason FROM idexx_sync.dead_letters WHERE received_at >= %s", (began,)
            )
            == [{"reason": "event_unreadable"}]
        )
    )
