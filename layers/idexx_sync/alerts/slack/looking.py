"""Looks for a message wherever it may have arrived: each time that it left us has a place and a
moment of its own, whatever channel is set by now."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from idexx_sync.alerts.slack import message_store
from idexx_sync.alerts.slack.client import Channels, Place, SlackRefused
from idexx_sync.alerts.slack.message_store import Doubt, Message
from idexx_sync.core.vocabulary import Reader
from idexx_sync.database.connection import Conn

PATIENCE_S: Final = 6 * 3600.0
"""For which a place is asked in vain; then what went there counts as not arrived."""


class NoTime(Exception):
    """Not all places were asked; the next pass goes on."""


@dataclass(frozen=True, slots=True)
class Unseen:
    """One time that a message left us for a place at which Slack lets nobody look."""

    channel: str
    refusal: SlackRefused


def look_for(
    conn: Conn,
    channels: Channels,
    named: Mapping[Reader, str],
    message: Message,
    has_time: Callable[[], bool],
) -> Place | list[Unseen]:
    """Where the message is; or else the times of which nobody knows still. What is known not to
    have arrived is kept as soon as it is. Raises NoTime, TooMany and NobodyKnows."""
    if message.doubts:
        message_store.is_looked_for(conn, message.id)
    unseen: list[Unseen] = []
    for number, doubt in enumerate(message.doubts):
        if number and not has_time():
            raise NoTime
        channel = doubt.channel or named[message.reader]
        try:
            found = channels.find(message.id, channel, doubt.thread, doubt.left_at)
        except SlackRefused as refusal:
            if _is_recent(message, doubt):
                unseen.append(Unseen(channel, refusal))
                continue
            found = None
        if found is not None:
            return found
        message_store.is_not_there(conn, message.id, doubt)
    return unseen


def _is_recent(message: Message, doubt: Doubt) -> bool:
    return message.read_at - doubt.left_at <= PATIENCE_S
