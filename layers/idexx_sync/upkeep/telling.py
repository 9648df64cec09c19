"""The watchdog's step that tells in Slack what waits to be told."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from idexx_sync.alerts.slack import message_store
from idexx_sync.alerts.slack.client import Channels
from idexx_sync.alerts.slack.sending import NEEDS_S as ONE_NEEDS_S
from idexx_sync.alerts.slack.sending import Sending
from idexx_sync.core.measures import OLDEST_UNSENT, measure
from idexx_sync.core.vocabulary import Reader
from idexx_sync.database.connection import Conn
from idexx_sync.upkeep import telling_store

NEEDS_S: Final = ONE_NEEDS_S + 4.0
"""Of each pass: for a few messages, however long all else takes."""


@dataclass(frozen=True, slots=True)
class Telling:
    """Where messages go: to Slack, each kind of reader's into a channel of its own."""

    channels: Channels
    named: Mapping[Reader, str]
    pause: Callable[[float], None] = time.sleep

    def tell(self, conn: Conn, time_left: Callable[[], float]) -> tuple[Mapping[str, int], bool]:
        """Send what waits, unless Slack has said that it takes nothing yet; CloudWatch is told how
        long the oldest has waited, for who reads Slack can't be told of it there."""
        counts, is_whole = self._send(conn, time_left)
        number, oldest_s = message_store.waiting(conn)
        measure({OLDEST_UNSENT: oldest_s, "UnsentMessages": number})
        return counts, is_whole

    def _send(self, conn: Conn, time_left: Callable[[], float]) -> tuple[Mapping[str, int], bool]:
        """Only one pass at a time: what another one has just sent may not be there yet, however
        soon it is looked for."""
        turn = telling_store.take_turn(conn)
        if turn is None:
            return {}, False
        try:
            if telling_store.is_held_back(conn):
                message_store.make_due(conn)
                return {}, False
            sending = Sending(conn, self.channels, self.named, self.pause)
            is_whole = sending(time_left)
            if sending.wait_s is not None:
                telling_store.hold_back(conn, sending.wait_s)
            return sending.counts, is_whole
        finally:
            telling_store.end_turn(conn, turn)
