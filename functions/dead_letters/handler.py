"""Lambda: take in the messages of the dead-letter queue, each by itself."""

from collections import Counter
from typing import Any

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from idexx_sync.core.errors import ConfigurationInvalid
from idexx_sync.core.logs import logger
from idexx_sync.core.shipping import shipped
from idexx_sync.core.words import own_errors_only
from idexx_sync.upkeep.dead_letters import Message, take_in
from idexx_sync.upkeep.wiring import process_database, time_left


@shipped
def handler(event: object, context: Any) -> dict[str, Any]:
    """Names the messages that are not taken in, `batchItemFailures`: these come back.

    A message is named unless its commit is known to have happened. Raises ConfigurationInvalid
    for an event that is no batch of a queue, and whatever keeps the settings from being read.
    """
    return own_errors_only(lambda: _take_in_all(_records(event), context))


def _take_in_all(records: list[dict[str, Any]], context: Any) -> dict[str, Any]:
    database = process_database()
    taken: Counter[str] = Counter()

    def take(record: SQSRecord) -> None:
        """Powertools keeps and tells what is raised here, so it is an error of ours already."""
        message = _message(record.raw_event)
        taken[own_errors_only(lambda: take_in(database.answering(), message)).outcome] += 1

    processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
    with database.patience.until(time_left(context)):
        answer = process_partial_response({"Records": records}, take, processor)
    failed = len(answer["batchItemFailures"])
    logger().info("dead letters taken in", counts=dict(sorted(taken.items())), failed=failed)
    return {"batchItemFailures": answer["batchItemFailures"]}


def _records(event: object) -> list[dict[str, Any]]:
    records = event.get("Records") if isinstance(event, dict) else None
    if not isinstance(records, list) or not records or not all(map(_is_a_message, records)):
        raise ConfigurationInvalid(
            "the event is no batch of an SQS queue; this function is for its event source mapping",
            code="event",
        )
    return records


def _is_a_message(record: object) -> bool:
    return isinstance(record, dict) and all(
        isinstance(record.get(name), str) for name in ("messageId", "body")
    )


def _message(record: dict[str, Any]) -> Message:
    """The message with those of its attributes that are texts."""
    attributes = record.get("messageAttributes")
    told = attributes if isinstance(attributes, dict) else {}
    texts = {
        name: value["stringValue"]
        for name, value in told.items()
        if isinstance(value, dict) and isinstance(value.get("stringValue"), str)
    }
    return Message(record["messageId"], record["body"], texts)
