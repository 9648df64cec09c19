"""The places in which a record's notes may stand (Neo protocol, section on consultations). Pure."""

import re
from collections.abc import Mapping
from typing import Final

from idexx_sync.pims.neo.payloads.fields import says_something, texts_in
from idexx_sync.pims.neo.payloads.parts import Parts

_PLACE: Final = "consultationNotes"
_NAMED_SO: Final = re.compile("note", re.IGNORECASE)
_MARKUP: Final = re.compile(r"<[a-z/!]", re.IGNORECASE)
_FEW_WORDS: Final = 3
"""Names and times have no more; what has is written for people to read."""
_BETWEEN: Final = "\n<hr>\n"
"""Between the notes of two places."""


def read_notes(page: Mapping[str, object], shown: Mapping[str, object], parts: Parts) -> str | None:
    """The notes of both places, HTML: none is lost where they differ.

    `shown` is the answer's `consultation`.
    """
    first = parts.html("notes", _in_place(page, parts))
    second = parts.html("notes", shown.get("notes"))
    if first is None or second is None or second in first:
        return first or second
    return second if first in second else f"{_as_html(first)}{_BETWEEN}{_as_html(second)}"


def has_place(
    page: Mapping[str, object], shown: Mapping[str, object], beside: Mapping[str, object]
) -> bool:
    """Whether the answer says what the notes are, be it that there are none.

    The second place is usually there and empty, so it says nothing where the first is missing and
    something else holds what may be notes; `beside` are the answer's keys that nobody knows.
    """
    if _PLACE in page:
        held = page[_PLACE]
        if not isinstance(held, dict) or "notes" in held:
            return True
        beside = {**beside, **held}
    if "notes" not in shown:
        return False
    return says_something(shown["notes"]) or not _may_be_notes(beside)


def _in_place(page: Mapping[str, object], parts: Parts) -> object:
    held = page.get(_PLACE)
    if isinstance(held, dict):
        return held.get("notes")
    if held is not None and says_something(held):
        parts.odd("notes", held, hides=True)
    return None


def _may_be_notes(beside: Mapping[str, object]) -> bool:
    return any(
        _NAMED_SO.search(name) or any(map(_is_prose, texts_in(value)))
        for name, value in beside.items()
    )


def _is_prose(text: str) -> bool:
    return len(text.split(None, _FEW_WORDS)) > _FEW_WORDS or _MARKUP.search(text) is not None


def _as_html(text: str) -> str:
    """A text without mark-up keeps its lines beside one that has some."""
    return text if _MARKUP.search(text) else text.replace("\n", "<br>")
