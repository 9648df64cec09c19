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
    r"(?:(?:first )?(?:run|with|See|one with):? )?"
    rf"idexx-sync (?!(?:{'|'.join(OVER_API)})\b)[a-z][^;,()\"\n]*(?<! )"
)


def for_the_api(text: str) -> str:
    """The text with each command that needs the database replaced by whom to ask.

    >>> for_the_api("credentials: none yet; idexx-sync credentials set --clinic 7")
    'credentials: none yet; ask whoever has access to the database'
    """
    return _NEEDS_DATABASE.sub(INSTEAD, text)
