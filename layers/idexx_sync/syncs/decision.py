"""Why a plan treats a record as it does: rule, code and facts, as a value. Pure."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from idexx_sync.core.vocabulary import appointment_status

type Fact = str | int | bool | list[str] | None
"""What JSON can hold; times are text."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision of a plan about one record."""

    rule: str
    """`R18`."""
    code: str
    """One of the planning's own words."""
    facts: Mapping[str, Fact] = field(default_factory=dict)
    """Times, statuses, names of fields, ids; never a personal value."""

    def as_data(self) -> dict[str, Any]:
        """The decision as one JSON object."""
        return asdict(self)


class Decisions:
    """What was decided, by record; a planner without one notes nothing, at no cost."""

    def __init__(self) -> None:
        self._of: dict[str, list[Decision]] = {}

    def note(self, key: str, decision: Decision) -> None:
        """Keep the decision about the record, once."""
        if decision not in (noted := self._of.setdefault(key, [])):
            noted.append(decision)

    def of(self, key: str) -> list[Decision]:
        """All that was decided about the record, in the order of the planning."""
        return list(self._of.get(key, ()))

    @property
    def keys(self) -> list[str]:
        """Every record about which anything was decided, in the order of the planning."""
        return list(self._of)


def word_read(word: str | None) -> Decision:
    """What is made of the source's word for a status (rule R5)."""
    status = appointment_status(word)
    if status is not None:
        return Decision("R5", "word", {"word": word, "status": status})
    if word:
        return Decision("R5", "unknown_word", {"word": word[:40]})
    return Decision("R5", "no_word")
