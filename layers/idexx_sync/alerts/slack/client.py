"""Slack's Web API, as far as it is used here. The library is loaded at the first call.

Slack takes each message that it is sent, also the same one twice, and a connection may break when
it has taken one. So a call ends in one of four ways, by what the caller does next.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Any, Final, Protocol
from urllib.request import install_opener
from uuid import UUID

from pydantic import SecretStr

from idexx_sync.alerts.slack.calls import Call, opener
from idexx_sync.alerts.slack.post import Post
from idexx_sync.core.in_time import in_time

WAIT_S: Final = 5
"""For one answer, as often as something arrives."""
LONGEST_S: Final = 10.0
"""For sending a message, or looking for one, whatever arrives."""
USUAL_RATE_WAIT_S: Final = 30.0
"""Where Slack says that it is too much, and not for how long."""
LONGEST_RATE_WAIT_S: Final = 3600.0
"""Whatever Slack says."""
LOOKED_BACK: Final = 200
"""Messages of a channel or thread that Slack shows at once."""
MOST_PAGES: Final = 5
"""Of so many messages, among which one is looked for."""
TOO_MUCH_TO_SEE: Final = "too_much_to_see"
"""In place of a word of Slack's: there were more."""
EVENT_TYPE: Final = "idexx_sync_message"
"""Of the metadata by which a message is found again."""
CLOCKS_DIFFER_S: Final = 120.0
"""By how much Slack's clock may lie before or behind ours where a message is looked for."""
CHANNEL_IS_GONE: Final = frozenset({"channel_not_found", "is_archived", "not_in_channel"})
THREAD_IS_GONE: Final = frozenset({"thread_not_found", "cannot_reply_to_message"})
_PASSES: Final = frozenset(
    {"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"}
)
_WORD: Final = re.compile(r"[a-z][a-z0-9_]{0,79}")


class NotSent(Exception):
    """The message is not known to be in Slack."""


class SlackRefused(NotSent):
    """Slack says why it has not taken it; `word` is its own."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


class TooMany(NotSent):
    """Slack has not taken it and takes nothing more before so many seconds have passed."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"{seconds:.0f} s")
        self.seconds = seconds


class NobodyKnows(NotSent):
    """It may be there, and is to be looked for before it is sent again."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message is in Slack."""

    channel: str
    ts: str


class Channels(Protocol):
    """Where messages go. Each call raises NotSent, in one of its kinds."""

    def send(self, message_id: UUID, channel: str, thread: str | None, post: Post) -> Place: ...

    def find(
        self, message_id: UUID, channel: str, thread: str | None, left_at: float
    ) -> Place | None:
        """The message, if it is there; it left us at that moment of Unix time."""
        ...


class SlackChannels:
    """Slack itself; `url` is that of its Web API."""

    def __init__(self, token: SecretStr, url: str) -> None:
        self._token = token
        self._url = url
        self._made: Any = None

    def send(self, message_id: UUID, channel: str, thread: str | None, post: Post) -> Place:
        answer = self._asked(
            lambda web: web.chat_postMessage(
                channel=channel,
                thread_ts=thread,
                text=post.text,
                blocks=list(post.blocks),
                metadata={
                    "event_type": EVENT_TYPE,
                    "event_payload": {"message_id": str(message_id)},
                },
                unfurl_links=False,
                unfurl_media=False,
            )
        )
        channel_id, ts = answer.get("channel"), answer.get("ts")
        if not isinstance(channel_id, str) or not isinstance(ts, str):
            raise NobodyKnows
        return Place(channel_id, ts)

    def find(
        self, message_id: UUID, channel: str, thread: str | None, left_at: float
    ) -> Place | None:
        wanted: dict[str, Any] = {
            "channel": channel,
            "oldest": f"{left_at - CLOCKS_DIFFER_S:.6f}",
            "latest": f"{left_at + LONGEST_S + CLOCKS_DIFFER_S:.6f}",
            "limit": LOOKED_BACK,
            "include_all_metadata": True,
        }
        for page in self._pages(thread, wanted):
            for one in page:
                if _message_id(one) == str(message_id) and isinstance(one.get("ts"), str):
                    return Place(channel, one["ts"])
        return None

    def _pages(self, thread: str | None, wanted: dict[str, Any]) -> Iterator[list[Any]]:
        """Messages of a channel or thread. Raises NotSent where they are not all of them."""
        until = monotonic() + LONGEST_S
        for _ in range(MOST_PAGES):
            answer = self._asked(partial(_page, thread, wanted), until - monotonic())
            found, more = answer.get("messages"), answer.get("response_metadata")
            if not isinstance(found, list):
                raise NobodyKnows
            yield found
            if not answer.get("has_more"):
                return
            cursor = more.get("next_cursor") if isinstance(more, dict) else None
            if not isinstance(cursor, str) or not cursor:
                break
            wanted = {**wanted, "cursor": cursor}
        raise SlackRefused(TOO_MUCH_TO_SEE)

    def _asked(self, ask: Callable[[Any], Any], seconds: float | None = None) -> dict[str, Any]:
        """What Slack answers. Raises NotSent; outside the handlers, because the library's errors
        hold what was sent."""
        web = self._web()
        from slack_sdk.errors import SlackApiError

        failure: NotSent
        call = Call()
        try:
            data = in_time(
                LONGEST_S if seconds is None else seconds, lambda: call.made(lambda: ask(web))
            ).data
        except SlackApiError as error:
            failure = _failure(error.response)
        except Exception:  # noqa: BLE001 whatever a socket raises, nobody knows
            failure = NobodyKnows()
        else:
            if isinstance(data, dict):
                return data
            failure = NobodyKnows()
        finally:
            call.give_up()
        raise failure

    def _web(self) -> Any:
        if self._made is None:
            from slack_sdk import WebClient

            # The library asks by Python's own opener, which would take the token elsewhere.
            install_opener(opener())
            self._made = WebClient(
                token=self._token.get_secret_value(),
                base_url=self._url,
                timeout=WAIT_S,
                retry_handlers=[],  # a call that is repeated unseen is a message that comes twice
            )
        return self._made


def _page(thread: str | None, wanted: dict[str, Any], web: Any) -> Any:
    if thread is None:
        return web.conversations_history(**wanted)
    return web.conversations_replies(ts=thread, **wanted)


def _failure(response: Any) -> NotSent:
    status = getattr(response, "status_code", None)
    if status == 429:
        return TooMany(_seconds(getattr(response, "headers", None)))
    data = getattr(response, "data", None)
    word = data.get("error") if isinstance(data, dict) else None
    if not isinstance(word, str) or _WORD.fullmatch(word) is None or word in _PASSES:
        return NobodyKnows()  # the library words what is no answer of Slack's by itself
    if not isinstance(status, int) or status >= 300:
        return NobodyKnows()
    return TooMany(USUAL_RATE_WAIT_S) if word == "ratelimited" else SlackRefused(word)


def _seconds(headers: Any) -> float:
    """Of `Retry-After`; whatever it says, it is some time and no more than an hour."""
    told = next(
        (value for key, value in dict(headers or {}).items() if key.lower() == "retry-after"), ""
    )
    told = told[0] if isinstance(told, list) and told else told
    digits = str(told).strip()
    if not digits.isdecimal():
        return USUAL_RATE_WAIT_S
    seconds = float(digits)  # of thousands of digits as well, which no int is made of
    return min(max(seconds, 1.0), LONGEST_RATE_WAIT_S)


def _message_id(message: Any) -> str | None:
    metadata = message.get("metadata") if isinstance(message, dict) else None
    payload = metadata.get("event_payload") if isinstance(metadata, dict) else None
    found = payload.get("message_id") if isinstance(payload, dict) else None
    return found if isinstance(found, str) else None
