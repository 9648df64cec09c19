"""What fails ends once, is told once and can be run again: by the template's own retries, queues,
schedule and functions."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest
from psycopg import Connection
from psycopg.types.json import Jsonb

from local_stack.stack import LocalStack
from local_stack.stack_clinics import LocalClinic
from tests.e2e.conftest import CASE_WORKER, DEAD_LETTERS, MISBEHAVING, WORKER
from tests.e2e.queues import Queue, wait_until
from tests.kit.clinic import add_clinic, add_user
from tests.kit.database import query, update
from tests.kit.foreign_words import CANARY, names_her
from tests.kit.processes import running_with

Conn = Connection[tuple[Any, ...]]
TRIES = 3
"""The first and the template's two retries."""
TROUBLES = {
    "raise": "InternalError",
    "time out": "Sandbox.Timedout",
    "be killed": "Runtime.ExitError",
    "eat memory": "Runtime.OutOfMemory",
}
"""What happens in the midst of a run -> what the runtime says of it."""
UNREADABLE = {"v": 3}
"""An event of a release to come."""
COPIES = 2
"""So often a dead letter comes once more."""


@pytest.fixture
def troubled(conn: Conn) -> dict[str, UUID]:
    """Trouble -> a clinic whose runs have it."""
    clinics = {trouble: add_clinic(conn, acting_user_id=add_user(conn)) for trouble in TROUBLES}
    for trouble, clinic in clinics.items():
        update(conn, "public.clinics", {"name": trouble}, id=clinic)
    return clinics


@pytest.fixture
def queue(stack: LocalStack) -> Queue:
    return Queue(stack, stack.deployed.outputs["DeadLetterQueueUrl"])


def invoke_later(stack: LocalStack, event: dict[str, Any]) -> None:
    functions = stack.aws.client("lambda")
    answer = functions.invoke(
        FunctionName=WORKER, InvocationType="Event", Payload=json.dumps(event).encode()
    )
    assert answer["StatusCode"] == 202


def tick(stack: LocalStack, event: dict[str, Any]) -> None:
    """Have a schedule start the worker once, as soon as schedules are looked at."""
    function = stack.aws.client("lambda").get_function_configuration(FunctionName=WORKER)
    stack.aws.client("scheduler").create_schedule(
        Name=str(uuid4()),
        ScheduleExpression=f"at({datetime.now(UTC):%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": function["FunctionArn"],
            "RoleArn": function["Role"],
            "Input": json.dumps(event),
        },
        ActionAfterCompletion="DELETE",
    )


def delivered(stack: LocalStack, event: dict[str, Any], times: int = 1) -> list[dict[str, Any]]:
    """The worker's answers to one event that comes so often, all at once."""

    def invoke(_number: int) -> dict[str, Any]:
        functions = stack.aws.client("lambda")
        answer = functions.invoke(FunctionName=WORKER, Payload=json.dumps(event).encode())
        assert "FunctionError" not in answer
        return json.load(answer["Payload"])  # type: ignore[no-any-return]

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(invoke, range(times)))


def ordered(http: httpx.Client, stack: LocalStack, path: str, **body: Any) -> UUID:
    """The id of the job that the operator's request has made."""
    key = {"X-API-Key": stack.clinics.operator_key}
    answer = http.post(path, json=body, headers=key)
    assert answer.status_code == 202, answer.text
    return UUID(answer.json()["id"])


def jobs_of(conn: Conn, clinics: list[UUID]) -> dict[UUID, dict[str, Any]]:
    rows = query(
        conn,
        "SELECT id, status, attempt, error_kind FROM idexx_sync.jobs WHERE clinic_id = ANY(%s)",
        (clinics,),
    )
    return {row.pop("id"): row for row in rows}


def alerts_of(conn: Conn, clinics: list[UUID]) -> list[dict[str, Any]]:
    return query(
        conn,
        """
        SELECT clinic_id, job_id, kind, times, closed_because FROM idexx_sync.alerts
         WHERE clinic_id = ANY(%s) ORDER BY clinic_id
        """,
        (clinics,),
    )


def test_a_run_that_ends_badly_is_one_dead_job_with_one_alert_and_a_retry_makes_it_good(
    stack: LocalStack,
    http: httpx.Client,
    conn: Conn,
    queue: Queue,
    troubled: dict[str, UUID],
    replaced: Callable[..., None],
) -> None:
    replaced(WORKER, f"{MISBEHAVING}inbound", MemorySize=400)
    replaced(CASE_WORKER, f"{MISBEHAVING}cases", Timeout=6)
    clinics, syncs = list(troubled.values()), dict.fromkeys(TROUBLES, "inbound")
    syncs["time out"] = "cases"  # whose worker has less time
    with queue.at_rest():
        jobs = {
            trouble: ordered(http, stack, f"/api/sync/{syncs[trouble]}", clinic_id=str(clinic))
            for trouble, clinic in troubled.items()
        }
        tick(stack, UNREADABLE)
        wait_until(lambda: queue.number() == len(TROUBLES) + 1, within_s=90)
        letters = [one["Body"] for one in queue.look()]
        for body in letters * COPIES:
            queue.send(body)
    wait_until(lambda: queue.number() == 0)

    told = {}
    for letter in map(json.loads, letters):
        context = letter["requestContext"]
        assert context["condition"] == "RetriesExhausted"
        assert context["approximateInvokeCount"] == TRIES
        assert context["functionArn"].endswith("-worker:$LATEST")
        named = letter["requestPayload"].get("job_id", "the tick's")
        told[named] = letter["responsePayload"]["errorType"]
    assert told.pop("the tick's") == "EventUnreadable"
    assert told == {str(jobs[trouble]): error for trouble, error in TROUBLES.items()}
    assert running_with(str(troubled["time out"])) == []
    found = jobs_of(conn, clinics)
    attempts = {job: row.pop("attempt") for job, row in found.items()}
    assert {(row["status"], row["error_kind"]) for row in found.values()} == {("dead", "internal")}
    assert found.keys() == set(jobs.values())
    assert attempts.pop(jobs["time out"]) <= TRIES  # its time may be over before it has begun
    assert set(attempts.values()) == {TRIES}
    assert alerts_of(conn, clinics) == [
        {"clinic_id": clinic, "job_id": jobs[trouble], "kind": "internal", "times": 1,
         "closed_because": None}
        for clinic, trouble in sorted((clinic, trouble) for trouble, clinic in troubled.items())
    ]  # fmt: skip
    letters_of = {
        job: query(
            conn, "SELECT id, outcome FROM idexx_sync.dead_letters WHERE job_id = %s", (job,)
        )
        for job in jobs.values()
    }
    ended = {
        job: [row["id"] for row in rows if row["outcome"] == "ended"]
        for job, rows in letters_of.items()
    }
    assert {len(rows) for rows in letters_of.values()} == {1 + COPIES}
    assert ended.pop(jobs["raise"]) == []  # its last attempt has ended it
    assert [len(ids) for ids in ended.values()] == [1, 1, 1]
    assert not names_her(letters, everything_told(stack, conn))

    for trouble, clinic in troubled.items():
        update(conn, "public.clinics", {"name": f"no longer: {trouble}"}, id=clinic)
    paths = [f"/api/dead-letters/{letter}/retry" for (letter,) in ended.values()]
    paths.append(f"/api/sync/jobs/{jobs['raise']}/retry")
    again = [ordered(http, stack, path) for path in paths]

    wait_until(lambda: all(jobs_of(conn, clinics)[job]["status"] == "succeeded" for job in again))
    assert {row["closed_because"] for row in alerts_of(conn, clinics)} == {"succeeded"}
    assert len(alerts_of(conn, clinics)) == len(TROUBLES)


def everything_told(stack: LocalStack, conn: Conn) -> str:
    """All logs, and all rows that tell of failures."""
    logs = [path.read_text(errors="replace") for path in stack.aws.logs.iterdir()]
    tables = ("jobs", "alerts", "dead_letters")
    rows = [str(query(conn, f"SELECT * FROM idexx_sync.{table}")) for table in tables]
    return "\n".join([*logs, *rows])


def test_garbage_is_parked_and_poison_is_set_aside_after_five_receives(
    stack: LocalStack, conn: Conn, queue: Queue, replaced: Callable[..., None]
) -> None:
    replaced(DEAD_LETTERS, f"{MISBEHAVING}dead_letters")
    name = stack.deployed.outputs["PoisonQueueArn"].rpartition(":")[2]
    poison = Queue(stack, queue.client.get_queue_url(QueueName=name)["QueueUrl"])
    unknown = {"v": 1, "clinic_id": str(uuid4()), "sync": "inbound",
               "scheduled_time": "<aws.scheduler.scheduled-time>"}  # fmt: skip
    began = datetime.now(UTC)
    with queue.comes_back_after(1):
        queue.send(f"poison for {CANARY}", poison="yes")
        queue.send(f"of {CANARY}")
        queue.send(json.dumps([CANARY]))
        queue.send(json.dumps({"v": 2, "owner": CANARY}))
        queue.send(
            json.dumps(unknown),
            ERROR_CODE="AWS.Scheduler.InternalServerError",
            SCHEDULED_TIME=began.isoformat(),
        )
        wait_until(lambda: queue.number() == 0)
        (set_aside,) = poison.look()
    poison.client.purge_queue(QueueUrl=poison.url)

    assert set_aside["Body"] == f"poison for {CANARY}"
    assert int(set_aside["Attributes"]["ApproximateReceiveCount"]) == 5 + 1, "and we have looked"
    found = query(
        conn,
        "SELECT shape, reason, condition, status FROM idexx_sync.dead_letters "
        "WHERE received_at >= %s",
        (began,),
    )
    assert {tuple(row.values()) for row in found} == {
        ("unreadable", "not_json", None, "parked"),
        ("unreadable", "no_object", None, "parked"),
        ("event", "unknown_version", None, "parked"),
        ("schedule", "unknown_clinic", "AWS.Scheduler.InternalServerError", "parked"),
    }
    assert not names_her(everything_told(stack, conn))


@contextmanager
def next_due(conn: Conn, clinic: LocalClinic, due: datetime) -> Iterator[None]:
    """For the time of the block the clinic's inbound sync is due once a day, at this minute."""
    local = due.astimezone(ZoneInfo(clinic.odis.zone))
    statement = "UPDATE public.clinic_schedule_configs SET sync_schedules = %s WHERE clinic_id = %s"
    conn.execute(statement, (Jsonb({"inbound": f"{local:%-M %-H} * * *"}), clinic.id))
    try:
        yield
    finally:
        conn.execute(statement, (None, clinic.id))


def test_an_event_that_comes_more_than_once_has_one_effect(stack: LocalStack, conn: Conn) -> None:
    clinic = stack.clinics.members[1].id
    due = datetime.now(UTC).replace(second=0, microsecond=0)
    event = {"v": 1, "clinic_id": str(clinic), "sync": "inbound", "scheduled_time": due.isoformat()}

    def effect() -> list[dict[str, Any]]:
        return query(
            conn,
            """
            SELECT j.*, (SELECT count(*) FROM idexx_sync.changes c WHERE c.job_id = j.id)
              FROM idexx_sync.jobs j WHERE clinic_id = %s AND trigger = 'schedule'
             ORDER BY scheduled_time
            """,
            (clinic,),
        )

    answers = delivered(stack, event, times=5)

    assert len({answer["job_id"] for answer in answers}) == 1
    (job,) = effect()
    assert job["status"].startswith("succeeded")
    assert job["attempt"] == 1
    answers = delivered(stack, event, times=2)
    assert [answer["status"] for answer in answers] == [job["status"]] * 2
    assert effect() == [job]
    conn.execute(
        """
        UPDATE idexx_sync.jobs
           SET queued_at = queued_at - interval '1 hour',
               started_at = started_at - interval '1 hour',
               finished_at = finished_at - interval '1 hour'
         WHERE id = %s
        """,
        (job["id"],),
    )
    an_hour_ago = effect()
    delivered(stack, event)
    assert effect() == an_hour_ago

    late = {**event, "scheduled_time": (due - timedelta(hours=1)).isoformat()}
    with next_due(conn, stack.clinics.members[1], due - timedelta(minutes=30)):
        first, *others = (answer for _ in range(3) for answer in delivered(stack, late))
    assert first["status"] == "skipped_stale"
    assert others == [first] * 2
    assert len(effect()) == 2


def test_events_beyond_the_concurrency_wait_their_turn(
    stack: LocalStack, queue: Queue, replaced: Callable[..., None], tmp_path: Path
) -> None:
    replaced(WORKER)
    functions = stack.aws.client("lambda")
    functions.put_function_concurrency(FunctionName=WORKER, ReservedConcurrentExecutions=1)
    log = tmp_path / "log"
    try:
        for number in range(3):
            invoke_later(stack, {"do": "take turns", "path": str(log), "number": number})
        give_up = time.monotonic() + 60
        while not log.exists() or len(log.read_text().splitlines()) < 6:
            assert time.monotonic() < give_up
            time.sleep(0.1)
    finally:
        functions.delete_function_concurrency(FunctionName=WORKER)

    lines = log.read_text().splitlines()
    for begin, end in zip(lines[::2], lines[1::2], strict=True):
        assert (begin.split()[0], end.split()[0]) == ("begin", "end")
        assert begin.split()[1] == end.split()[1]
    assert queue.number() == 0
