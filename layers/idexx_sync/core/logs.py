"""Structured logs. They hold ids, words and counts: never a name, phone, note, cookie or key."""

import logging
from functools import cache

from aws_lambda_powertools import Logger


@cache
def logger() -> Logger:
    return Logger(service="idexx-sync")


def quiet_drivers() -> None:
    """Keep psycopg from describing broken connections, host and user included, in the log."""
    logging.getLogger("psycopg").setLevel(logging.ERROR)
