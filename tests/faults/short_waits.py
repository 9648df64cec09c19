"""Waits that a run makes in vain are short here; their length is tested elsewhere."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from idexx_sync.database import connection
from idexx_sync.pims.neo.http import client

PAUSE_S = 0.005
"""Between two tries of a request."""
LONGEST_WAIT_S = 0.8
"""For an answer of a database that gives none; longer than the waits that end by themselves."""
CONNECT_TIMEOUT_S = 2
"""The least that the driver knows."""
LOCK_TIMEOUT = "250ms"
IDLE_TIMEOUT = "2s"
"""After which Postgres ends the transaction of somebody who no longer moves."""
TRANSACTION_TIMEOUT = "5s"
"""Of the database, as a deployment has it on its role: it ends what no Sync has reached yet."""
PATIENCE = "10s"
"""How long the observer waits for a lock that a run holds."""


@contextmanager
def short_waits() -> Iterator[None]:
    """For the time of the block, in this process."""
    with (
        _quiet(logging.getLogger("psycopg")),  # it tells of each broken connection
        mock.patch.object(client, "_FIRST_PAUSE_S", PAUSE_S),
        mock.patch.object(connection, "LOCK_TIMEOUT", LOCK_TIMEOUT),
        mock.patch.object(connection, "IDLE_TIMEOUT", IDLE_TIMEOUT),
        mock.patch.object(connection, "CONNECT_TIMEOUT_S", CONNECT_TIMEOUT_S),
    ):
        yield


@contextmanager
def _quiet(logger: logging.Logger) -> Iterator[None]:
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)
