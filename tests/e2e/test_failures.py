"""A worker that fails ends in the dead-letter queue, by the template's own retries."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

from local_stack.stack import LocalStack
from tests.e2e.conftest import WORKER
from tests.kit.processes import running_with

TRIES = 3
"""The first and the template's two retries."""
ERRORS = {
    "raise": "RuntimeError",
    "time out": "Sandbox.Timedout",
    "be killed": "Runtime.ExitError",
    "eat memory": "Runtime.OutOfMemory",
}


def invoke_later(stack: LocalStack, event: dict[str, Any]) -> None:
    functions = stack.aws.client("lambda")
    answer = functions.invoke(
        FunctionName=WORKER, InvocationType="Event", Payload=json.dumps(event).encode()
    )
    assert answer["StatusCode"] == 202


def dead_letters(stack: LocalStack, wanted: int) -> list[dict[str, Any]]:
    queue, queues = stack.deployed.outputs["DeadLetterQueueUrl"], stack.aws.client("sqs")
    letters: list[dict[str, Any]] = []
    give_up = time.monotonic() + 90
    while len(letters) < wanted and time.monotonic() < give_up:
        answer = queues.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        for message in answer.get("Messages", ()):
            letters.append(json.loads(message["Body"]))
            queues.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        time.sleep(0.1)
    return letters


def test_whatever_kills_a_worker_ends_in_the_dead_letter_queue_after_two_retries(
    stack: LocalStack, replaced: Callable[..., None]
) -> None:
    replaced(WORKER, Timeout=2, MemorySize=256)

    mark = str(uuid4())

    for todo in ERRORS:
        invoke_later(stack, {"do": todo, "mark": mark})

    letters = dead_letters(stack, len(ERRORS))
    found = {one["requestPayload"]["do"]: one["responsePayload"]["errorType"] for one in letters}
    assert found == ERRORS
    for letter in letters:
        context = letter["requestContext"]
        assert context["condition"] == "RetriesExhausted"
        assert context["approximateInvokeCount"] == TRIES
        assert WORKER in context["functionArn"]
    assert running_with(mark) == []


def test_events_beyond_the_concurrency_wait_their_turn(
    stack: LocalStack, replaced: Callable[..., None], tmp_path: Path
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
    assert dead_letters_now(stack) == 0


def dead_letters_now(stack: LocalStack) -> int:
    queues = stack.aws.client("sqs")
    attributes = queues.get_queue_attributes(
        QueueUrl=stack.deployed.outputs["DeadLetterQueueUrl"],
        AttributeNames=["ApproximateNumberOfMessages"],
    )
    return int(attributes["Attributes"]["ApproximateNumberOfMessages"])
