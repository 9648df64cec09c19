"""Tells in Slack what waits to be told: each message once, in its order, and none is lost.

Slack takes the same message twice and does not say so. One that left us without an answer is
therefore looked for first, where it went each time, and sent again only if it is not there.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

from idexx_sync.alerts.alert_store import alert_by_id
from idexx_sync.alerts.kinds import HELD
from idexx_sync.alerts.slack import alert_posts, message_store
from idexx_sync.alerts.slack.client import (
    CHANNEL_IS_GONE,
    LONGEST_S,
    THREAD_IS_GONE,
    Channels,
    NobodyKnows,
    Place,
    SlackRefused,
    TooMany,
)
from idexx_sync.alerts.slack.digest_post import digest
from idexx_sync.alerts.slack.looking import NoTime, Unseen, look_for
from idexx_sync.alerts.slack.message_store import Message
from idexx_sync.alerts.slack.post import Post
from idexx_sync.core.logs import logger
from idexx_sync.core.vocabulary import Reader
from idexx_sync.database.connection import Conn

MOST_SENT: Final = 20
"""Of one pass: a channel takes about one message a second (Slack, rate limits)."""
APART_S: Final = 1.0
"""Between two messages."""
SENDS_FOR_S: Final = 25.0
"""For all of a pass, or a Slack that is slow to answer would leave the steps after it no time."""
MOST_UNSEEN: Final = 2
"""Of one message in one channel: as many copies may be where Slack lets nobody look."""
MOST_REFUSED: Final = 3
"""Of one pass: what is refused as often is refused for all of them."""
NEEDS_S: Final = 2 * LONGEST_S + APART_S
"""What looking for a message and sending it may take. Where its thread is gone it is sent twice, in
time that the pass keeps for its own end."""


class _AnothersPass(Exception):
    """Another pass sends the message."""


class Sending:
    """One pass over what waits."""

    def __init__(
        self,
        conn: Conn,
        channels: Channels,
        named: Mapping[Reader, str],
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """`named` says to which channel each kind of reader's messages go."""
        self._conn = conn
        self._channels = channels
        self._named = named
        self._pause = pause
        self.counts: Counter[str] = Counter()
        self.wait_s: float | None = None
        """For how long Slack takes nothing more; None: it has not said so."""
        self._has_time: Callable[[], bool] = lambda: True

    def __call__(self, time_left: Callable[[], float]) -> bool:
        """Make and send; whether nothing waits any more."""
        begun_with = time_left()
        self._has_time = lambda: time_left() >= NEEDS_S
        message_store.make_due(self._conn)
        waiting = message_store.unsent(self._conn, MOST_SENT + 1)
        for number, message in enumerate(waiting[:MOST_SENT]):
            left = time_left()
            if left < NEEDS_S or begun_with - left > SENDS_FOR_S:
                return False
            if number:
                self._pause(APART_S)
            if not self._told(message):
                return False
        return len(waiting) <= MOST_SENT and not self.counts["messages_refused"]

    def _told(self, message: Message) -> bool:
        """Whether to go on with the next message."""
        try:
            place = self._place_of(message)
        except SlackRefused as refusal:
            message_store.is_refused(self._conn, message.id, refusal.word)
            logger().error("slack refused", message_id=str(message.id), reason=refusal.word)
            self.counts["messages_refused"] += 1
            return self.counts["messages_refused"] < MOST_REFUSED
        except TooMany as limit:
            self.wait_s = limit.seconds
            self.counts["messages_held_back"] += 1
            return False
        except NobodyKnows:
            logger().warning("slack did not answer", message_id=str(message.id))
            self.counts["messages_unanswered"] += 1
            return False
        except NoTime:
            return False
        except _AnothersPass:
            return True
        if place is None:
            message_store.forget(self._conn, message.id)
        else:
            message_store.is_sent(self._conn, message.id, place)
            self.counts["messages_sent"] += 1
        return True

    def _place_of(self, message: Message) -> Place | None:
        """Where the message is by now; None: there is nothing to tell. Raises NotSent."""
        found = look_for(self._conn, self._channels, self._named, message, self._has_time)
        if isinstance(found, Place):
            return found
        made = _post_of(self._conn, message)
        if made is not None:
            return self._sent(message, made, found)
        if found:
            raise found[0].refusal  # it may be there, and then its end is to follow
        return None

    def _sent(self, message: Message, made: Post, unseen: list[Unseen]) -> Place:
        try:
            return self._left(message, made, unseen, self._channel(message), message.thread)
        except SlackRefused as refusal:
            instead = self._instead(message, refusal.word)
            if instead is None:
                raise
        return self._left(message, made, unseen, instead, None)

    def _left(
        self,
        message: Message,
        made: Post,
        unseen: list[Unseen],
        channel: str,
        thread: str | None,
    ) -> Place:
        """Where Slack lets nobody look for what went to the channel, it goes there once more and
        then waits for a person, or for `looking.PATIENCE_S`."""
        copies = [one for one in unseen if one.channel == channel]
        if len(copies) >= MOST_UNSEEN:
            raise copies[0].refusal
        doubt = message_store.leaves(self._conn, message.id, len(unseen), channel, thread)
        if doubt is None:
            raise _AnothersPass
        try:
            return self._channels.send(message.id, channel, thread, made)
        except (SlackRefused, TooMany):
            message_store.is_not_there(self._conn, message.id, doubt)
            raise

    def _channel(self, message: Message) -> str:
        return message.channel or self._named[message.reader]

    def _instead(self, message: Message, word: str) -> str | None:
        """The channel for a message whose thread, or whose thread's channel, is gone."""
        if message.thread is None:
            return None
        if word in THREAD_IS_GONE:
            return message.channel
        named = self._named[message.reader]
        return named if word in CHANNEL_IS_GONE and named != message.channel else None


def _post_of(conn: Conn, message: Message) -> Post | None:
    if message.alert_id is None:
        assert message.day is not None
        return digest(message.zone or "", message.day, message.told)
    alert = alert_by_id(conn, message.alert_id)
    if alert is None:
        return None
    if message.part == "closed":
        return alert_posts.closed(alert)
    if not message_store.is_due(conn, message):
        return None
    if message.part == "changed":
        return alert_posts.changed(alert, message.told_before or {}, message.told)
    is_held = alert.kind == HELD and alert.clinic_id is not None
    holds = message_store.open_holds(conn, alert.clinic_id) if is_held and alert.clinic_id else []
    return alert_posts.opened(alert, holds)
