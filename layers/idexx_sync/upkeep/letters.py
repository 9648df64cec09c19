"""What a message of the dead-letter queue is. Pure.

Three kinds of sender: Lambda's on-failure destination (a record with the event in it), EventBridge
Scheduler (our own event as the body, the facts in attributes), and a queue that gives up (the event
alone). Nothing of what they say goes on but ids, times and words of ours.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from datetime import datetime
from typing import Any, Final, Literal, NoReturn
from uuid import UUID

from pydantic import ValidationError

from idexx_sync.core.catalog import SYNCS
from idexx_sync.core.id_prefix import WHOLE_ID
from idexx_sync.jobs.event import WorkerEvent
from idexx_sync.jobs.model import RunOrder
from idexx_sync.upkeep.leaves import Kept

Shape = Literal["destination", "schedule", "event", "unreadable"]
Unread = Literal[
    "too_large",
    "not_json",
    "no_object",
    "payload_missing",
    "unknown_version",
    "unknown_sync",
    "event_unreadable",
    "params_unreadable",
    "unforeseen",
]
"""Why nothing can be done with a message as it is."""
MOST_BYTES: Final = 1024 * 1024
"""More than a queue takes as one message."""
OF_A_SCHEDULE: Final = ("ERROR_CODE", "SCHEDULE_ARN", "SCHEDULED_TIME", "EXHAUSTED_RETRY_CONDITION")
"""Message attributes that EventBridge Scheduler sets."""
_PLACEHOLDER: Final = "<aws.scheduler."
_CONDITION: Final = re.compile(
    r"RetriesExhausted|EventAgeExceeded|MaximumRetryAttempts|MaximumEventAgeInSeconds"
    r"|(?:AWS\.Scheduler\.)?(?:InternalServer|InvalidParameter|ServiceException|AccessDenied|Throttling"
    r"|ResourceNotFound|TooManyRequests|Unrecognized|TargetError)(?:Exception|Error|Failure)?"
)
_JOB: Final = re.compile(rf"\bjob ({WHOLE_ID})\b")
_PLAIN_ID: Final = re.compile(r"[A-Za-z0-9-]{1,100}")
_UUID: Final = re.compile(WHOLE_ID)


@dataclass(frozen=True, slots=True)
class Message:
    """One message of an SQS queue."""

    id: str
    body: str
    attributes: Mapping[str, str]
    """Its message attributes, as texts."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as far as it is understood."""

    message_id: str
    body_bytes: int
    body_sha256: str
    _: KW_ONLY
    shape: Shape = "unreadable"
    unread: Unread | None = None
    """None: its event is one that a worker of this release takes."""
    event: WorkerEvent | None = None
    order: RunOrder | None = None
    """What the event stands for; None where it names no sync, or only a job."""
    job_id: UUID | None = None
    """The job that it is about, as far as it says so."""
    condition: str | None = None
    """AWS's word for why it came here."""
    request_id: UUID | None = None
    """The invocation, as the worker's log calls it."""
    failed_at: datetime | None = None
    """When AWS gave its event up."""
    kept: dict[str, Any] | None = None
    """What of the event may be stored."""
    left_out: int = 0


def read(message: Message) -> Letter:
    """The message as a letter; whatever it holds, one comes of it."""
    blank = sealed(message)
    if blank["body_bytes"] > MOST_BYTES:
        return Letter(**blank, unread="too_large")
    try:
        found = json.loads(message.body, parse_constant=_refuse)
    except (ValueError, RecursionError):  # of an integer of more than 4,300 digits too
        return Letter(**blank, unread="not_json")
    if not isinstance(found, dict):
        return Letter(**blank, unread="no_object")
    if "requestContext" in found or "requestPayload" in found:
        return _of_destination(blank, found)
    if any(name in message.attributes for name in OF_A_SCHEDULE):
        return _of_schedule(blank, found, message.attributes)
    return _of_event(blank, found, shape="event")


def sealed(message: Message) -> dict[str, Any]:
    """By what the message is known, without anything that it says."""
    body = message.body.encode(errors="surrogatepass")
    plain = _PLAIN_ID.fullmatch(message.id) is not None
    hashed = hashlib.sha256(message.id.encode(errors="surrogatepass")).hexdigest()
    return {
        "message_id": message.id if plain else f"sha256-{hashed}",
        "body_bytes": len(body),
        "body_sha256": hashlib.sha256(body).hexdigest(),
    }


def _refuse(_name: str) -> NoReturn:
    raise ValueError("no number of JSON")


def _of_destination(blank: dict[str, Any], record: dict[str, Any]) -> Letter:
    context = _object(record.get("requestContext"))
    told: dict[str, Any] = {
        "shape": "destination",
        "condition": _condition(context.get("condition")),
        "request_id": _uuid(context.get("requestId")),
        "failed_at": _instant(record.get("timestamp")),
    }
    payload = record.get("requestPayload")
    if payload is None:
        job_id = _job_in(_object(record.get("responsePayload")).get("errorMessage"))
        return Letter(**blank, **told, unread="payload_missing", job_id=job_id)
    return _of_event(blank, payload, **told)


def _of_schedule(
    blank: dict[str, Any], event: dict[str, Any], attributes: Mapping[str, str]
) -> Letter:
    """The time that the schedule was due may stand in the attributes only."""
    time = event.get("scheduled_time")
    if time is None or (isinstance(time, str) and time.startswith(_PLACEHOLDER)):
        due = _instant(attributes.get("SCHEDULED_TIME"))
        event = {**event, "scheduled_time": None if due is None else due.isoformat()}
    condition = attributes.get("ERROR_CODE", attributes.get("EXHAUSTED_RETRY_CONDITION"))
    return _of_event(blank, event, shape="schedule", condition=_condition(condition))


def _of_event(blank: dict[str, Any], payload: Any, **told: Any) -> Letter:
    kept = Kept(payload)
    told |= {"kept": kept.event, "left_out": kept.left_out, "job_id": kept.id_of("job_id")}
    try:
        event = WorkerEvent.model_validate(payload)
    except (ValidationError, RecursionError):
        return Letter(**blank, **told, unread=_why_unread(payload))
    if event.job_id is not None or event.sync is None:
        return Letter(**blank, **told, event=event)
    try:
        order = event.order(event.sync)
    except (ValidationError, RecursionError):
        return Letter(**blank, **told, unread="params_unreadable")
    return Letter(**blank, **told, event=event, order=order)


def _why_unread(payload: Any) -> Unread:
    if not isinstance(payload, dict):
        return "event_unreadable"
    version, sync = payload.get("v"), payload.get("sync")
    if type(version) is int and version != 1:
        return "unknown_version"
    return "unknown_sync" if isinstance(sync, str) and sync not in SYNCS else "event_unreadable"


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _condition(value: Any) -> str | None:
    return value if isinstance(value, str) and _CONDITION.fullmatch(value) else None


def _uuid(value: Any) -> UUID | None:
    return UUID(value) if isinstance(value, str) and _UUID.fullmatch(value) else None


def _instant(value: Any) -> datetime | None:
    """The instant of an ISO text with a zone; None for anything else."""
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo is not None else None


def _job_in(words: Any) -> UUID | None:
    """The one job that an error of ours names (`core/words.py` lets no other words out)."""
    named = set(_JOB.findall(words)) if isinstance(words, str) else set()
    return UUID(named.pop()) if len(named) == 1 else None
