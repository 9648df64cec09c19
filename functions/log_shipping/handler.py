"""Lambda: send to Axiom what functions have logged that must not open a socket for it themselves.

CloudWatch Logs invokes it with lines of the API's functions and of the authorizer, and with what
Lambda says of background functions that it ended. Its own log group is subscribed by nobody, or it
would feed itself.
"""

import json
from datetime import UTC, datetime
from typing import Any, Final

from aws_lambda_powertools.utilities.data_classes import CloudWatchLogsEvent

from idexx_sync.core import log_fields
from idexx_sync.core.axiom import process_axiom
from idexx_sync.core.errors import ConfigurationInvalid
from idexx_sync.core.logs import logger
from idexx_sync.core.measures import measure
from idexx_sync.core.platform_lines import fields_of
from idexx_sync.core.shipments import Outcome, Shipments
from idexx_sync.core.shipping import tell_loss
from idexx_sync.core.words import own_errors_only

SHIPS_FOR_S: Final = 20.0
_send = Shipments(process_axiom, SHIPS_FOR_S)


class NotShipped(Exception):
    """The lines did not arrive and may do so later; Lambda invokes once more."""


def handler(event: object, _context: Any) -> dict[str, int]:
    """How many lines were sent, how many were not, and how many are of neither us nor Lambda.

    Raises NotShipped, and ConfigurationInvalid for an event that is none of CloudWatch Logs.
    """
    return own_errors_only(lambda: _ship(*_events(event)))


def _ship(log_group: str, events: list[tuple[int, str]]) -> dict[str, int]:
    written = [(at, message) for at, message in events if not _is_measure(message)]
    lines = [line for at, message in written if (line := _line(log_group, at, message)) is not None]
    left_out = len(written) - len(lines)
    outcome = _send(lines) if lines else Outcome()
    if outcome.may_pass:
        logger().warning(
            "log lines to be sent again",
            count=outcome.lost,
            reason=outcome.reason,
            error_message=outcome.message,
        )
        raise NotShipped(outcome.reason)
    if outcome.lost:
        tell_loss(outcome)
    if left_out:
        measure({"LinesLeftOut": left_out})
    counts = {
        "shipped": outcome.sent,
        "not_shipped": len(lines) - outcome.sent,
        "left_out": left_out,
    }
    logger().info("log lines shipped", counts=counts)
    return counts


def _events(event: object) -> tuple[str, list[tuple[int, str]]]:
    """Whose lines they are; time in milliseconds and text of each."""
    try:
        told = CloudWatchLogsEvent(event if isinstance(event, dict) else {}).parse_logs_data()
        is_data = told.message_type == "DATA_MESSAGE"
        lines = [(one.timestamp, one.message) for one in told.log_events] if is_data else []
        found = told.log_group, lines
    except Exception:  # noqa: BLE001 base64, gzip, JSON, a key: whatever it is, it is no such event
        found = None
    if found is None:
        raise ConfigurationInvalid(
            "the event holds no lines of CloudWatch Logs; this function is for its subscriptions",
            code="event",
        )
    return found


def _is_measure(message: str) -> bool:
    """CloudWatch's own, which has it from the line already."""
    return message.startswith('{"_aws":')


def _line(log_group: str, at: int, message: str) -> str | None:
    """The line as it is sent; None: it is left out."""
    if (fields := fields_of(message)) is not None:
        moment = datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")
        whose = log_group.rpartition("/")[2]
        return log_fields.line({"timestamp": moment, **fields, "log_group": whose})
    try:
        told = json.loads(message, parse_constant=_no_json)
    except (ValueError, RecursionError):
        return None
    is_ours = isinstance(told, dict) and "level" in told and "_aws" not in told
    return log_fields.line(told) if is_ours else None


def _no_json(name: str) -> None:
    raise ValueError(name)
