"""Characters that no eye sees. Pure."""

from typing import Final

INVISIBLE: Final = "\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
"""Soft hyphen, zero-width and bidirectional characters, byte order mark: for a character class."""
REFUSED: Final = "\x00\ud800-\udfff"
"""What Postgres or JSON refuse: NUL characters and half surrogate pairs."""
