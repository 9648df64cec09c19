"""Characters of a text that nobody sees, as members of a pattern's set."""

import re
from typing import Final

INVISIBLE: Final = (
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Control characters, soft hyphen, zero-width, bidirectional and filling characters, byte order
mark: they may stand inside of a word."""
REFUSED: Final = "\x00\ud800-\udfff"
"""What Postgres and UTF-8 do not store: NUL and half surrogate pairs."""
HARD_BLANKS: Final = "\x1c-\x1f\xa0\u1680\u2000-\u200a\u202f\u205f\u3000"
"""What looks like a blank and is none."""
_ACTS: Final = re.compile(f"[{INVISIBLE}]")


def escaped(text: str) -> str:
    """The text on one line, as somebody else's screen may show it.

    What is no printable character or stands in INVISIBLE, line ends and tabs among them, is
    written as in Python's source: `\\x1b`, `\\n`, `\\u202e`.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        one if one.isprintable() and not _ACTS.match(one) else _written(one) for one in text
    )


def tidied(text: str) -> str:
    """What somebody typed as one line: without what nobody sees, and with single blanks."""
    seen = (
        one if one.isspace() or (one.isprintable() and not _ACTS.match(one)) else "" for one in text
    )
    return " ".join("".join(seen).split())


def _written(character: str) -> str:
    return character.encode("unicode_escape").decode()
