"""A Slack not to be relied on: it loses answers, refuses for a while, and forgets nothing."""

import json
import random
from collections import Counter
from typing import Final
from uuid import UUID

from idexx_sync.alerts.slack.client import NobodyKnows, Place, SlackRefused, TooMany
from idexx_sync.alerts.slack.post import Post
from idexx_sync.core.vocabulary import Reader
from idexx_sync.database.connection import Conn
from idexx_sync.upkeep.telling import Telling
from tests.faults.traces import Traces

NAMED: Final[dict[Reader, str]] = {"clinic_care": "C0CLINICS", "engineering": "C0ENGINEERS"}
WAIT_S: Final = 30.0
LEFT_S: Final = 60.0
"""What a pass may take, of a clock that stands."""
MOST_PASSES: Final = 60


class LossySlack:
    """Takes messages, and says so most of the time. It never refuses for good."""

    def __init__(self, traces: Traces) -> None:
        self.copies: Counter[UUID] = Counter()
        """Message -> how often it is there."""
        self.troubles: Counter[str] = Counter()
        self._traces = traces
        self._dice = random.Random(5)
        self._places: dict[UUID, Place] = {}

    def send(self, message_id: UUID, channel: str, thread: str | None, post: Post) -> Place:
        self._traces.look_at("a message", f"{post.text} {json.dumps(post.blocks)}")
        if thread is not None and thread not in {place.ts for place in self._places.values()}:
            raise SlackRefused("thread_not_found")
        fate = self._dice.random()
        if fate < 0.1:
            self.troubles["too many"] += 1
            raise TooMany(WAIT_S)
        if fate < 0.2:
            self.troubles["never arrived"] += 1
            raise NobodyKnows
        self.copies[message_id] += 1
        self._places.setdefault(message_id, Place(channel, f"{self.copies.total()}.{thread or 0}"))
        if fate < 0.35:
            self.troubles["answer lost"] += 1
            raise NobodyKnows
        return self._places[message_id]

    def find(
        self, message_id: UUID, channel: str, thread: str | None, left_at: float
    ) -> Place | None:
        del channel, thread, left_at
        if self._dice.random() < 0.1:
            self.troubles["no answer"] += 1
            raise NobodyKnows
        return self._places.get(message_id)

    def telling(self) -> Telling:
        """The watchdog's way to it."""
        return Telling(self, NAMED, pause=lambda _seconds: None)

    def tell_all(self, conn: Conn) -> bool:
        """As many passes as it takes; whether they were enough."""
        for _ in range(MOST_PASSES):
            # All that a pass would wait for is over: what Slack wants, and the turn of one that was
            # cut off.
            conn.execute("UPDATE idexx_sync.places SET place = NULL WHERE name LIKE 'slack%'")
            if self.telling().tell(conn, lambda: LEFT_S)[1]:
                return True
        return False
