"""The messages of a queue of ticks, as its mapping hands them to a worker; when one comes back."""

import json
import re
from dataclasses import dataclass
from typing import Any, Final, Protocol

from idexx_sync.core.aws import bounded_client, refusal_word
from idexx_sync.core.in_time import in_time
from idexx_sync.core.logs import logger

MOST_RECEIVES: Final = 3
"""So often a message is delivered before its queue gives it up: as often as a job is begun."""
BACK_AFTER_S: Final = (60, 120)
"""When a message comes back whose first or second delivery failed, as Lambda repeats an event."""
TIMEOUT_S: Final = 2
LONGEST_S: Final = 4
"""For all of a call, whatever arrives: a run's reserve leaves so much once its end is written."""
_DIGITS: Final = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message of a queue, at one of its deliveries."""

    message_id: str
    receipt_handle: str
    queue_arn: str
    body: str
    number: int
    """Which delivery of the message it is, from 1."""

    @property
    def is_last(self) -> bool:
        """Whether the queue gives the message up if it is not done now."""
        return self.number >= MOST_RECEIVES

    @property
    def back_after_s(self) -> int:
        """Where it goes after its last delivery it goes at once."""
        return 0 if self.is_last else BACK_AFTER_S[self.number - 1]

    def event(self) -> object:
        """What the body says; None for what is no JSON, which no worker takes for an event."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):  # ValueError: of an endless integer too
            return None


class BringBack(Protocol):
    """Has a message that was not done come back after its `back_after_s`; raises nothing."""

    def __call__(self, delivery: Delivery) -> None: ...


def deliveries(event: object) -> list[Delivery] | None:
    """The messages of a mapping's event; None for an event that comes from no queue."""
    records = event.get("Records") if isinstance(event, dict) else None
    if not isinstance(records, list) or not records:
        return None
    found = [one for one in map(_delivery, records) if one is not None]
    return found if len(found) == len(records) else None


def _delivery(record: object) -> Delivery | None:
    match record:
        case {
            "eventSource": "aws:sqs",
            "eventSourceARN": str(queue_arn),
            "messageId": str(message_id),
            "receiptHandle": str(receipt_handle),
            "body": str(body),
            **more,
        }:
            number = _number(more.get("attributes"))
            return Delivery(message_id, receipt_handle, queue_arn, body, number)
    return None


def _number(attributes: object) -> int:
    """Which delivery it is; the first one where that can't be read, so that it comes again."""
    match attributes:
        case {"ApproximateReceiveCount": str(told)} if _DIGITS.fullmatch(told):
            return max(1, int(told))
    return 1


class SqsVisibility:
    """Changes for how long a message is hidden; without that it is for the queue's own time."""

    def __init__(self, client: Any = None) -> None:
        self._client = client

    def __call__(self, delivery: Delivery) -> None:
        """A call that fails is logged, and the message comes back all the same, later."""
        try:
            in_time(LONGEST_S, lambda: self._change(delivery))
        except Exception as error:  # noqa: BLE001 the failure is to be reported whatever this does
            logger().error(
                "message not brought back",
                message_id=delivery.message_id,
                error=refusal_word(error),
            )

    def _change(self, delivery: Delivery) -> None:
        self._client = client = self._client or bounded_client(
            "sqs", connect_s=TIMEOUT_S, read_s=TIMEOUT_S, tries=1
        )
        region, account, name = delivery.queue_arn.split(":")[3:6]
        client.change_message_visibility(
            QueueUrl=f"https://sqs.{region}.amazonaws.com/{account}/{name}",
            ReceiptHandle=delivery.receipt_handle,
            VisibilityTimeout=delivery.back_after_s,
        )
