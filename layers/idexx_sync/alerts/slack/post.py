"""A message as Slack shows it: Block Kit, and a text for where no blocks are shown. Pure.

All text of others is escaped, so that a clinic named `<!channel>` calls nobody (Slack, formatting
text); and Slack's own limits are kept, because it refuses a message that is over one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from idexx_sync.core.bounds import shortened

LONGEST_SECTION: Final = 3000
"""Characters of one block's text (Slack, section block)."""
MOST_BLOCKS: Final = 50
"""Of one message (Slack, Block Kit)."""
LONGEST_NAME: Final = 150

Block = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Post:
    """What is sent to a channel."""

    text: str
    """What notifications show."""
    blocks: tuple[Block, ...]


def post(text: str, blocks: Iterable[Block]) -> Post:
    """The message, with no more blocks than Slack takes; the last one then says so."""
    listed = list(blocks)
    if len(listed) > MOST_BLOCKS:
        left = len(listed) - MOST_BLOCKS + 1
        listed = [*listed[: MOST_BLOCKS - 1], context(f"and {left} more")]
    return Post(shortened(text, LONGEST_SECTION), tuple(listed))


def escaped(text: str) -> str:
    """Text of somebody else within a message; one line, and none of Slack's control characters."""
    line = " ".join(text.split())
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def name(text: str) -> str:
    """A name within a message: what Slack takes for formatting is left out."""
    plain = "".join(letter for letter in text if letter not in "*_~`")
    return escaped(shortened(plain, LONGEST_NAME)) or "(no name)"


def code(command: str) -> str:
    """A command to copy."""
    return f"`{escaped(command).replace('`', '')}`"


def section(text: str) -> Block:
    return {"type": "section", "text": _mrkdwn(text)}


def context(text: str) -> Block:
    """Smaller, for what is looked up and not read."""
    return {"type": "context", "elements": [_mrkdwn(text)]}


def sections(lines: Sequence[str]) -> list[Block]:
    """The lines in as few sections as hold them; none is torn apart."""
    found: list[Block] = []
    text = ""
    for line in (shortened(one, LONGEST_SECTION) for one in lines):
        if text and len(text) + 1 + len(line) > LONGEST_SECTION:
            found.append(section(text))
            text = ""
        text = f"{text}\n{line}" if text else line
    return [*found, section(text)] if text else found


def _mrkdwn(text: str) -> dict[str, str]:
    return {"type": "mrkdwn", "text": shortened(text, LONGEST_SECTION)}
