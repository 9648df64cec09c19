"""Structured logs. They hold ids, words and counts: never a name, phone, note, cookie or key.

`log_fields` lets nothing else through.
"""

import logging
from functools import cache
from typing import Final, TextIO

from aws_lambda_powertools import Logger

from idexx_sync.core.log_fields import line

SERVICE: Final = "idexx-sync"
"""The name of our one logger."""


@cache
def logger() -> Logger:
    return Logger(service=SERVICE, json_serializer=line, use_rfc3339=True)


def log_to(stream: TextIO) -> None:
    """Write our log there instead of to standard output."""
    for handler in logger().handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(stream)


def quiet_drivers() -> None:
    """Keep psycopg from describing broken connections, host and user included, in the log."""
    logging.getLogger("psycopg").setLevel(logging.ERROR)
