"""The template's queues, as tests use them, and waiting for what comes of their messages."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from local_stack.stack import LocalStack


class Queue:
    """One of the template's queues."""

    def __init__(self, stack: LocalStack, url: str) -> None:
        self._stack = stack
        self.url = url
        self.client = stack.aws.client("sqs")

    @property
    def arn(self) -> str:
        found = self.client.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])
        return str(found["Attributes"]["QueueArn"])

    def number(self) -> int:
        """Of all its messages, those that are being taken in included."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.client.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)
        return sum(int(value) for value in found["Attributes"].values())

    def look(self) -> list[dict[str, Any]]:
        """Its messages, which stay."""
        answer = self.client.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=0,
            MessageSystemAttributeNames=["ApproximateReceiveCount"],
        )
        found: list[dict[str, Any]] = answer.get("Messages", [])
        return found

    def send(self, body: str, **attributes: str) -> None:
        told = {
            name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
        }
        self.client.send_message(QueueUrl=self.url, MessageBody=body, MessageAttributes=told)

    @contextmanager
    def at_rest(self) -> Iterator[None]:
        """Within the block nobody takes its messages."""
        functions = self._stack.aws.client("lambda")
        (mapping,) = functions.list_event_source_mappings(EventSourceArn=self.arn)[
            "EventSourceMappings"
        ]
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
        try:
            yield
        finally:
            functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)

    @contextmanager
    def comes_back_after(self, seconds: int) -> Iterator[None]:
        """Within the block what was not taken in is hidden for so long only."""

        def hide(value: str) -> None:
            self.client.set_queue_attributes(
                QueueUrl=self.url, Attributes={"VisibilityTimeout": value}
            )

        asked = ["VisibilityTimeout"]
        found = self.client.get_queue_attributes(QueueUrl=self.url, AttributeNames=asked)
        hide(str(seconds))
        try:
            yield
        finally:
            hide(found["Attributes"]["VisibilityTimeout"])


def wait_until(condition: Callable[[], bool], within_s: float = 60) -> None:
    give_up = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.1)
