"""Messages of the dead-letter queue, as each kind of sender makes them."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from idexx_sync.upkeep.letters import Message

DUE = datetime(2026, 5, 4, 14, 0, tzinfo=UTC)
"""When the schedule of these messages was due."""
ERROR = {
    "errorMessage": "job 3f2b8c1e-5a77-4d0e-9c52-0d8f6a1b2c3d will be retried: pims_unavailable",
    "errorType": "WillBeRetried",
    "stackTrace": [],
}


def tick_event(clinic_id: UUID, sync: str = "inbound", **more: Any) -> dict[str, Any]:
    """What a schedule invokes a worker with."""
    return {
        "v": 1,
        "clinic_id": str(clinic_id),
        "sync": sync,
        "trigger": "schedule",
        "scheduled_time": DUE.isoformat(),
        **more,
    }


def record(payload: Any, condition: str = "RetriesExhausted", **more: Any) -> dict[str, Any]:
    """What Lambda's on-failure destination sends about an event."""
    return {
        "version": "1.0",
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "requestContext": {
            "requestId": str(uuid4()),
            "functionArn": "arn:aws:lambda:us-west-2:123456789012:function:worker:$LATEST",
            "condition": condition,
            "approximateInvokeCount": 3,
        },
        "requestPayload": payload,
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST"},
        **more,
    }


def message(body: Any, **attributes: str) -> Message:
    """With an id of its own; a body that is no text is sent as JSON."""
    text = body if isinstance(body, str) else json.dumps(body)
    return Message(str(uuid4()), text, attributes)


def of_schedule(body: Any, **attributes: str) -> Message:
    """What EventBridge Scheduler sends when it could not hand our event over."""
    told = {
        "ERROR_CODE": "AWS.Scheduler.InternalServerError",
        "ERROR_MESSAGE": "Lambda.TooManyRequestsException: Rate exceeded",
        "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
        "SCHEDULE_ARN": "arn:aws:scheduler:us-west-2:123456789012:schedule/idexx-sync/one",
        "SCHEDULED_TIME": "2026-05-04T14:00:00Z",
    }
    return message(body, **{**told, **attributes})
