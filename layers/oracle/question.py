"""What the oracle of appointments and slots is asked."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

Row = dict[str, Any]
"""Column or fact -> value."""


@dataclass(frozen=True)
class Question:
    """The clinic, days and rooms whose rows the oracle judges."""

    clinic_id: UUID
    first_day: date
    last_day: date
    rooms: Collection[str] | None = None
    """The calendar columns that count; None: all."""
    unreadable: Collection[str] = ()
    """Keys whose entries Neo showed in a broken state: they occupy one slot, no more is known."""

    def covers(self, day: date) -> bool:
        return self.first_day <= day <= self.last_day

    def allows(self, room: str | None) -> bool:
        return self.rooms is None or room is None or room in self.rooms
