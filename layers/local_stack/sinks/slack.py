"""Slack as far as the service uses it: takes messages, shows them again, and is as strict.

Facts of Slack's documentation: a message has at most 50 blocks, a section 3,000 characters, a
channel is named by its id to be read, and the same message sent twice is there twice.
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

TOKEN: Final = "xoxb-local"  # noqa: S105 of the sink on this machine
CHANNELS: Final[Mapping[str, str]] = {"C0CLINICS": "clinic-care", "C0ENGINEERS": "engineering"}
"""Id of a channel -> its name."""
MOST_BLOCKS: Final = 50
LONGEST_TEXT: Final = 3000
_ENTITIES: Final = ("amp;", "lt;", "gt;")


@dataclass(frozen=True, slots=True)
class Posted:
    """A message that was taken."""

    channel: str
    ts: str
    thread: str | None
    text: str
    blocks: list[dict[str, Any]]
    metadata: dict[str, Any]
    at: float
    """By the machine's monotonic clock."""

    @property
    def shown(self) -> str:
        """All text of its blocks."""
        return "\n".join(_texts(self.blocks))


@dataclass
class SlackSink:
    """The channels of one workspace."""

    token: str = TOKEN
    scopes: set[str] = field(default_factory=lambda: {"chat:write", "channels:history"})
    channels: dict[str, str] = field(default_factory=lambda: dict(CHANNELS))
    posted: list[Posted] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _last_ts: float = 0.0

    def call(self, method: str, token: str | None, given: Mapping[str, Any]) -> dict[str, Any]:
        """The answer of a method of the Web API."""
        with self._turn:
            self.calls.append(method)
            if token != self.token:
                return _no("invalid_auth" if token else "not_authed")
            match method:
                case "chat.postMessage":
                    return self._post(given)
                case "conversations.history" | "conversations.replies":
                    return self._history(method, given)
            return _no("unknown_method")

    def of_alert(self, alert_id: object) -> list[Posted]:
        """The messages that name the alert, and what follows them in their threads."""
        short = str(alert_id)[:8]
        heads = {one.ts for one in self.posted if one.thread is None and short in one.shown}
        return [one for one in self.posted if one.ts in heads or one.thread in heads]

    def _post(self, given: Mapping[str, Any]) -> dict[str, Any]:
        if "chat:write" not in self.scopes:
            return _no("missing_scope")
        channel, thread = given.get("channel"), given.get("thread_ts")
        if not isinstance(channel, str) or channel not in self.channels:
            return _no("channel_not_found")
        if thread is not None and not any(one.ts == thread for one in self.posted):
            return _no("thread_not_found")
        blocks, text = given.get("blocks"), given.get("text")
        if not isinstance(blocks, list) or not 1 <= len(blocks) <= MOST_BLOCKS:
            return _no("invalid_blocks")
        if not all(_is_valid(block) for block in blocks):
            return _no("invalid_blocks")
        if not isinstance(text, str) or not text or not is_escaped(text):
            return _no("no_text")
        self._last_ts = max(time.time(), self._last_ts + 0.000001)
        one = Posted(
            channel=channel,
            ts=f"{self._last_ts:.6f}",
            thread=thread,
            text=text,
            blocks=blocks,
            metadata=given.get("metadata") or {},
            at=time.monotonic(),
        )
        self.posted.append(one)
        return {"ok": True, "channel": channel, "ts": one.ts, "message": {"text": text}}

    def _history(self, method: str, given: Mapping[str, Any]) -> dict[str, Any]:
        if "channels:history" not in self.scopes:
            return _no("missing_scope")
        channel, thread = given.get("channel"), given.get("ts")
        if channel not in self.channels:
            return _no("channel_not_found")
        replies = method == "conversations.replies"
        oldest, limit = float(given.get("oldest") or 0), int(given.get("limit") or 100)
        latest, begin = float(given.get("latest") or "inf"), int(given.get("cursor") or 0)
        found = [
            one
            for one in reversed(self.posted)
            if one.channel == channel
            and oldest <= float(one.ts) <= latest
            and (thread in (one.thread, one.ts) if replies else one.thread is None)
        ]
        with_metadata = str(given.get("include_all_metadata")).lower() in ("1", "true")
        return {
            "ok": True,
            "has_more": len(found) > begin + limit,
            "response_metadata": {
                "next_cursor": str(begin + limit) if len(found) > begin + limit else ""
            },
            "messages": [
                {"type": "message", "ts": one.ts, "text": one.text}
                | ({"metadata": one.metadata} if with_metadata else {})
                for one in found[begin : begin + limit]
            ],
        }


def is_escaped(text: str) -> bool:
    """Whether Slack would show it as it is, and call nobody."""
    after = (part[:4] for part in text.split("&")[1:])
    return "<" not in text and ">" not in text and all(one.startswith(_ENTITIES) for one in after)


def _is_valid(block: Any) -> bool:
    texts = list(_texts([block]))
    kinds = ("section", "context", "header", "divider")
    return (
        isinstance(block, dict)
        and block.get("type") in kinds
        and bool(texts)
        and all(text and len(text) <= LONGEST_TEXT and is_escaped(text) for text in texts)
    )


def _texts(blocks: list[dict[str, Any]]) -> list[str]:
    found: list[str] = []
    for block in blocks:
        parts = [block.get("text"), *(block.get("elements") or ()), *(block.get("fields") or ())]
        found += [str(part.get("text")) for part in parts if isinstance(part, dict)]
    return found


def _no(word: str) -> dict[str, Any]:
    return {"ok": False, "error": word}
