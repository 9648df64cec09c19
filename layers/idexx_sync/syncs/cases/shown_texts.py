"""Which of the texts that may tell of a patient's death a case shows already (rule R19). Pure.

What a case shows of the source was screened by the write that brought it there.
"""

from collections.abc import Collection, Iterator
from typing import Any, Final

from idexx_sync.syncs.cases.html_text import text_of
from idexx_sync.syncs.cases.stored import StoredCase

_APPOINTMENT: Final = "metadata.pimsAppointment"
_CONSULTATION: Final = "metadata.pimsConsultation"
_OF_CALENDAR: Final = (
    *("type", "reason", "sourceStatus", "patient.name", "provider.name"),
    *("client.name", "client.phone", "client.email"),
)


def shows_calendar(case: StoredCase, texts: Collection[str]) -> bool:
    """Whether the case shows all of these texts of the calendar."""
    return set(texts) <= {
        text
        for name in _OF_CALENDAR
        if isinstance(text := case.value(f"{_APPOINTMENT}.{name}"), str)
    }


def shows_record(case: StoredCase, texts: Collection[str], doubtful: Collection[str]) -> bool:
    """Whether the case shows all of these texts of its record, doubtful ones as such."""
    told = {*_record(case), *_lines(case, "products")}
    return set(texts) <= told and set(doubtful) <= set(_lines(case, "declinedProducts"))


def _record(case: StoredCase) -> Iterator[str]:
    for name in ("reason", "notes", "dischargeSummary", "status"):
        if isinstance(text := case.value(f"{_CONSULTATION}.{name}"), str):
            yield text
    if isinstance(html := case.value(f"{_CONSULTATION}.notesHtml"), str):
        yield text_of(html)


def _lines(case: StoredCase, name: str) -> Iterator[str]:
    lines: Any = case.value(f"{_CONSULTATION}.{name}")
    for line in lines if isinstance(lines, list) else ():
        if isinstance(line, dict):
            yield from (t for t in (line.get("name"), line.get("label")) if isinstance(t, str))
