"""Messages of a queue of ticks, as its mapping hands them to a worker."""

import json
from dataclasses import dataclass, field
from typing import Any

from idexx_sync.jobs.deliveries import Delivery
from tests.kit.upkeep import letter


def delivered(*bodies: Any, number: int = 1) -> dict[str, Any]:
    """The event of these messages, `message-0` and on, at their so many-th delivery."""
    records = []
    for place, body in enumerate(bodies):
        text = body if isinstance(body, str) else json.dumps(body)
        record = letter(place, text)
        attributes = {**record["attributes"], "ApproximateReceiveCount": str(number)}
        records.append({**record, "attributes": attributes})
    return {"Records": records}


def not_done(*places: int) -> dict[str, Any]:
    """The answer that names these messages."""
    return {"batchItemFailures": [{"itemIdentifier": f"message-{place}"} for place in places]}


DONE = not_done()


@dataclass
class BroughtBack:
    """Notes when messages are to come back."""

    after_s: list[int] = field(default_factory=list)

    def __call__(self, delivery: Delivery) -> None:
        self.after_s.append(delivery.back_after_s)
