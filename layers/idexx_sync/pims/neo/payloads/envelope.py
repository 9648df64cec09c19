"""What an answer of Neo says of itself beside what was asked for. Pure.

Which keys Neo uses for that is not known (Neo protocol, section on the schedule), so the usual
ones are understood.
"""

import re
from collections.abc import Mapping
from typing import Final

from idexx_sync.pims.neo.payloads.fields import texts_in

_SUCCESS: Final = frozenset({"success", "succeeded", "ok", "complete", "iscomplete", "completed"})
_TROUBLE: Final = frozenset(
    {"error", "errors", "failed", "partial", "ispartial", "truncated", "istruncated"}
    | {"incomplete", "hasmore", "more", "next", "nextpage", "nextcursor", "nextlink"}
)
_TOTAL: Final = frozenset({"total", "totalcount", "count", "recordcount"})
_STATUS: Final = frozenset({"status", "state", "result"})
_WORDS_OF_TROUBLE: Final = frozenset({"error", "failed", "failure", "partial", "incomplete"})
_NONE: Final = re.compile(r"unknown|not[ _-]?found|no such|(?:not|n't) exist", re.IGNORECASE)
_NO: Final = (False, None, 0, "", "0", "false", "no")


def says_it_is_whole(envelope: Mapping[str, object], shown: int) -> bool:
    """Whether the answer says neither that it failed nor that there is more than it shows.

    `shown` is the number of records that it shows.
    """
    return not any(_denies(_folded(name), value, shown) for name, value in envelope.items())


def says_there_is_none(envelope: Mapping[str, object]) -> bool:
    """Whether an answer without what was asked for by its id says that there is no such thing.

    Not where it says that it failed for another reason: such an answer is none.
    """
    said = list(texts_in(dict(envelope)))
    return says_it_is_whole(envelope, 0) or not said or any(map(_NONE.search, said))


def _denies(name: str, value: object, shown: int) -> bool:
    if name in _SUCCESS:
        return _is_no(value)
    if name in _TROUBLE:
        return not _is_no(value)
    if name in _TOTAL:
        return isinstance(value, int) and not isinstance(value, bool) and value > shown
    word = value.strip().casefold() if isinstance(value, str) else ""
    return name in _STATUS and word in _WORDS_OF_TROUBLE


def _is_no(value: object) -> bool:
    """Whether the value denies: no, nothing, or an empty list."""
    plain = value.strip().casefold() if isinstance(value, str) else value
    return plain in _NO or (isinstance(plain, (list, dict)) and not plain)


def _folded(name: str) -> str:
    return name.casefold().replace("_", "").replace("-", "")
