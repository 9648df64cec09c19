"""What Neo's words for types and species mean in ODIS (ODIS schema, status and type maps). Pure."""

import re
from typing import Final

from idexx_sync.core.vocabulary import AppointmentStatus

CASE_STATUS: Final[dict[AppointmentStatus, str]] = {
    "scheduled": "draft",
    "in_progress": "ongoing",
    "finalized": "completed",
    "cancelled": "reviewed",
    "no_show": "reviewed",
}
OPEN_STATUSES: Final = frozenset({None, "draft", "ongoing"})
"""Never a person's doing (rule R15)."""
GUARD_WORDS: Final[dict[str | None, str]] = {"cancelled": "cancelled", "no_show": "no-show"}
"""Spellings that ODIS's guards compare with (rule R20)."""

_TYPES: Final = (
    (r"euthan|\bqol\b", "checkup", "euthanasia"),
    (r"emergenc|\burgent|\btrauma\b", "emergency", "emergency"),
    (r"dental|\bcohat\b|extraction", "surgery", "dental"),
    (r"surger|surgical|spay|neuter|castrat|\bmass removal\b", "surgery", "surgery"),
    (r"follow[\s_-]*up|re-?check|suture removal|\bprogress exam", "follow_up", "follow_up"),
    (r"vaccin|booster", "checkup", "vaccination"),
    (r"diagnos|radiograph|x-?ray|ultrasound|\blab\b|blood", "checkup", "diagnostic"),
    (r"consult", "checkup", "consultation"),
    (r"exam", "checkup", "exam"),
    (r"check[\s_-]*up|wellness|well[\s_-]*visit|annual", "checkup", "checkup"),
)
"""Pattern of a type's name -> case type, and the finer word of the entities; the first fits."""
_KINDS: Final = tuple((re.compile(p, re.IGNORECASE), case, entity) for p, case, entity in _TYPES)
_SPECIES: Final = (
    (re.compile(r"\bdog|canine|puppy", re.IGNORECASE), "dog"),
    (re.compile(r"\bcat\b|\bcats\b|feline|kitten", re.IGNORECASE), "cat"),
    (re.compile(r"\bbird|avian|parrot", re.IGNORECASE), "bird"),
    (re.compile(r"rabbit|bunny|lagomorph", re.IGNORECASE), "rabbit"),
)


def case_type(name: str | None) -> str:
    """The `"CaseType"` of an appointment type's name; `checkup` where it tells nothing."""
    return _kind(name)[0]


def entity_case_type(name: str | None) -> str:
    """The finer word that the entities have for the type; `unknown` without a name."""
    return _kind(name)[1] if name else "unknown"


def _kind(name: str | None) -> tuple[str, str]:
    for pattern, case, entity in _KINDS:
        if name and pattern.search(name):
            return case, entity
    return "checkup", "other"


def species(word: str | None) -> str:
    """`dog`, `cat`, `bird`, `rabbit`, `other`; `unknown` for no word.

    >>> species("Canine"), species("Hamster"), species(None)
    ('dog', 'other', 'unknown')
    """
    if not word:
        return "unknown"
    return next((known for pattern, known in _SPECIES if pattern.search(word)), "other")
