"""Hints that fit the way that is used: over the API no command is named that needs the database.

Texts that are stored, as a job's error, and those of a clinic's needs name the command that goes
on. Whoever has only the API is told whom to ask instead. Pure.
"""

import re
from typing import Final

OVER_API: Final = (
    *("jobs", "holds", "clinics list", "clinics show", "clinics pause", "clinics resume"),
    *("pause", "resume", "status", "ticks", "whoami"),
    *("alerts", "dead-letters", "reconciliation show", "reconciliation trend"),
)
"""Commands that ask the API where its address is set; all others need the database."""
INSTEAD: Final = "ask whoever has access to the database"
_NEEDS_DATABASE: Final = re.compile(
    r"(?P<joint> and somebody has run: |(?<=\w) with:? |"
    r"(?:(?<![\w'] )|(?<=then )|(?<=or ))\b(?:first )?(?:run|with|See):? )?"
    rf"idexx-sync (?!(?:{'|'.join(OVER_API)})\b)[a-z][^;,()\"\n]*(?<! )"
)


def for_the_api(text: str) -> str:
    """The text with each command that needs the database replaced by whom to ask.

    What leads to the command goes with it, so that whole sentences are left: a command stands
    behind a colon or a semicolon, or behind words of `_NEEDS_DATABASE`.

    >>> for_the_api("credentials: none yet; idexx-sync credentials set --clinic 7")
    'credentials: none yet; ask whoever has access to the database'
    >>> for_the_api("Name those that count with: idexx-sync clinics add 7 --room ID")
    'Name those that count; ask whoever has access to the database'
    """
    return _NEEDS_DATABASE.sub(_instead, text)


def _instead(found: re.Match[str]) -> str:
    ends_a_clause = (found["joint"] or "").startswith(" ")
    return f"; {INSTEAD}" if ends_a_clause else INSTEAD
