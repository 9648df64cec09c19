"""Lambda: send to Axiom what functions have logged that must not open a socket for it themselves.

CloudWatch Logs invokes it with lines of the API's functions and of the authorizer. Its own log
group is subscribed by nobody, or it would feed itself.
"""

import json
import re
from datetime import UTC, datetime
from typing import Any, Final

from aws_lambda_powertools.utilities.data_classes import CloudWatchLogsEvent

from idexx_sync.core.errors import ConfigurationInvalid
from idexx_sync.core.in_time import in_time
from idexx_sync.core.logs import logger
from idexx_sync.core.shipping import process_axiom
from idexx_sync.core.words import own_errors_only

SHIPS_FOR_S: Final = 20.0
_PLATFORM: Final = re.compile(
    r"(?:START|END|REPORT|INIT_START|INIT_REPORT)[ \t][\x20-\x7e\t]{0,600}\s*"
)
"""What Lambda itself writes: only here the end of an invocation that was killed is seen."""


class NotShipped(Exception):
    """The lines did not arrive, as far as anybody knows; Lambda invokes once more."""


def handler(event: object, _context: Any) -> dict[str, int]:
    """How many lines were sent, and how many were of neither us nor Lambda, which are left out.

    Raises NotShipped, and ConfigurationInvalid for an event that is none of CloudWatch Logs.
    """
    return own_errors_only(lambda: _ship(_events(event)))


def _ship(events: list[tuple[int, str]]) -> dict[str, int]:
    lines = [line for at, message in events if (line := _line(at, message)) is not None]
    counts = {"shipped": len(lines), "left_out": len(events) - len(lines)}
    if lines:
        _send(lines)
    logger().info("log lines shipped", counts=counts)
    return counts


def _send(lines: list[str]) -> None:
    way = process_axiom()
    if way is None:
        return
    try:
        failed = in_time(SHIPS_FOR_S, lambda: way(lines))
    except Exception:  # noqa: BLE001 the library's errors may quote what was answered
        failed = len(lines)
    if failed:
        raise NotShipped(f"{failed} of {len(lines)}")


def _events(event: object) -> list[tuple[int, str]]:
    """Time in milliseconds and text of each line."""
    try:
        told = CloudWatchLogsEvent(event if isinstance(event, dict) else {}).parse_logs_data()
        is_data = told.message_type == "DATA_MESSAGE"
        found = [(one.timestamp, one.message) for one in told.log_events] if is_data else []
    except Exception:  # noqa: BLE001 base64, gzip, JSON, a key: whatever it is, it is no such event
        found = None
    if found is None:
        raise ConfigurationInvalid(
            "the event holds no lines of CloudWatch Logs; this function is for its subscriptions",
            code="event",
        )
    return found


def _line(at: int, message: str) -> str | None:
    """The line as it is sent; None: it is left out."""
    if _PLATFORM.fullmatch(message):
        moment = datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")
        return json.dumps({"timestamp": moment, "level": "INFO", "message": message.strip()})
    try:
        told = json.loads(message)
    except ValueError:
        return None
    is_ours = isinstance(told, dict) and "level" in told and "_aws" not in told
    return json.dumps(told) if is_ours else None
