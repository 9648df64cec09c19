"""A message as Slack shows it: Block Kit, and a text for where no blocks are shown. Pure.

All text of others is escaped, so that a clinic named `<!channel>` calls nobody (Slack, formatting
text); characters that nobody sees are left out, and Slack is to look for no links in it. Its own
limits are kept, because it refuses a message that is over one.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from idexx_sync.core.bounds import shortened
from idexx_sync.core.invisible import tidied

LONGEST_SECTION: Final = 3000
"""Characters of one block's text (Slack, section block)."""
MOST_BLOCKS: Final = 50
"""Of one message (Slack, Block Kit)."""
LONGEST_NAME: Final = 150

_FORMATS: Final = re.compile(r"[*~`]|(?<!\w)_|_(?!\w)")
"""What makes text bold, struck out, code or slanted; `_` within a word does not."""
_TORN: Final = re.compile(r"&[a-z]{0,3}…$")

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
    return Post(_fitting(text), tuple(listed))


def escaped(text: str) -> str:
    """Text of somebody else within a message: one line, without what nobody sees, and with nothing
    that Slack takes for formatting."""
    return _entities(_FORMATS.sub("", tidied(text)))


def name(text: str) -> str:
    """A name within a message: all signs that Slack may take for formatting are left out."""
    plain = "".join(letter for letter in tidied(text) if letter not in "*_~`")
    return _entities(shortened(plain.strip(), LONGEST_NAME)) or "(no name)"


def code(command: str) -> str:
    """A command to copy."""
    return f"`{_entities(tidied(command)).replace('`', '')}`"


def _entities(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def section(text: str) -> Block:
    return {"type": "section", "text": _mrkdwn(text)}


def context(text: str) -> Block:
    """Smaller, for what is looked up and not read."""
    return {"type": "context", "elements": [_mrkdwn(text)]}


def sections(lines: Sequence[str]) -> list[Block]:
    """The lines in as few sections as hold them; none is torn apart."""
    found: list[Block] = []
    text = ""
    for line in map(_fitting, lines):
        if text and len(text) + 1 + len(line) > LONGEST_SECTION:
            found.append(section(text))
            text = ""
        text = f"{text}\n{line}" if text else line
    return [*found, section(text)] if text else found


def joined(names: Sequence[str], most: int, longest: int) -> tuple[str, int]:
    """The first names as a list of no more characters than that, and how many are left out."""
    text = ""
    for number, one in enumerate(names[:most]):
        longer = f"{text}, {one}" if text else one
        if len(longer) > longest:
            return text, len(names) - number
        text = longer
    return text, max(0, len(names) - most)


def _mrkdwn(text: str) -> dict[str, Any]:
    """Slack looks in it for no links, channels or people that nobody has marked as such."""
    return {"type": "mrkdwn", "text": _fitting(text), "verbatim": True}


def _fitting(text: str) -> str:
    """As much as Slack takes; none of its entities is torn apart."""
    return _TORN.sub("…", shortened(text, LONGEST_SECTION))
