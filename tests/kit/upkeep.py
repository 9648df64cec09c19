"""The functions of the upkeep as AWS calls them: batches of a queue, and their environment."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from idexx_sync.schedules.mirror import aws
from idexx_sync.upkeep.wiring import process_database, process_mirror, process_queues
from tests.kit.mirror import GROUP, TARGETS

QUEUES = {"inbound": "https://sqs.us-west-2.amazonaws.com/123456789012/inbound-ticks"}
MIRROR = {
    "IDEXX_SYNC_SCHEDULE_GROUP": GROUP,
    "IDEXX_SYNC_SCHEDULE_ROLE_ARN": TARGETS.role,
    "IDEXX_SYNC_SCHEDULE_DEAD_LETTERS_ARN": TARGETS.dead_letters,
    "IDEXX_SYNC_TICK_QUEUE_ARNS": json.dumps(dict(TARGETS.queues)),
}
"""The environment of who mirrors schedules, beside the database."""
QUEUE_ARN = "arn:aws:sqs:us-west-2:123456789012:dead-letters"


def letters(*bodies: str, **attributes: str) -> dict[str, Any]:
    """The event of a queue's mapping, `message-0` and on; each message has these attributes."""
    return {"Records": [letter(number, body, **attributes) for number, body in enumerate(bodies)]}


def letter(number: int, body: str, **attributes: str) -> dict[str, Any]:
    """One record of it, with all that AWS puts there."""
    return {
        "messageId": f"message-{number}",
        "receiptHandle": f"handle-{number}",
        "body": body,
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": "1777989600000",
            "SenderId": "123456789012",
            "ApproximateFirstReceiveTimestamp": "1777989600001",
        },
        "messageAttributes": {
            name: {
                "stringValue": value,
                "stringListValues": [],
                "binaryListValues": [],
                "dataType": "String",
            }
            for name, value in attributes.items()
        },
        "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
        "eventSource": "aws:sqs",
        "eventSourceARN": QUEUE_ARN,
        "awsRegion": "us-west-2",
    }


@contextmanager
def upkeep_process(monkeypatch: pytest.MonkeyPatch, database: str) -> Iterator[None]:
    """Their environment, with that address of the database, and what they keep made anew."""
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.setenv("IDEXX_SYNC_TICK_QUEUES", json.dumps(QUEUES))
    _forget()
    try:
        yield
    finally:
        _forget()


def _forget() -> None:
    process_database.forget()
    process_queues.cache_clear()


@contextmanager
def mirror_process(monkeypatch: pytest.MonkeyPatch, database: str, client: Any) -> Iterator[None]:
    """The same of who mirrors schedules, with this client of EventBridge Scheduler."""
    for name, value in MIRROR.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(aws, "bounded_client", lambda *_, **__: client)
    process_mirror.forget()
    try:
        with upkeep_process(monkeypatch, database):
            yield
    finally:
        process_mirror.forget()
