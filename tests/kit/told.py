"""What people are told, as text: in Slack, and on the command line."""

from collections.abc import Iterable, Mapping
from io import StringIO
from typing import Final

from rich.console import Console

from idexx_sync.alerts.slack.post import Post
from idexx_sync.cli.tables import Shown
from idexx_sync.core.errors import WhoActs

ACTS: Final[Mapping[WhoActs, str]] = {
    "clinic": "the clinic has to act",
    "odis": "ODIS has to act",
    "nobody": "nobody has to act",
}
"""Who must act -> the same in Slack."""


def in_slack(post: Post) -> str:
    texts = []
    for block in post.blocks:
        parts = [block.get("text"), *block.get("elements", [])]
        texts += [part["text"] for part in parts if part]
    return "\n".join(texts)


def on_the_command_line(parts: Iterable[Shown]) -> str:
    console = Console(width=400, record=True, file=StringIO())
    for part in parts:
        console.print(part)
    return console.export_text()
