"""What ODIS stores in `clinic_schedule_configs.sync_schedules`, in both of its forms. Pure.

An object says {sync: cron}; an array holds {"type", "cron", "enabled"}, several of one sync being
legal. What can't be read is told by name and hides nothing else.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from idexx_sync.core.catalog import CATALOG, SyncName

TYPES: Final[dict[str, SyncName]] = {
    **{row.name: row.name for row in CATALOG.values()},
    **{word: row.name for row in CATALOG.values() for word in row.also_scheduled_as},
}
"""The word of an entry -> its sync."""
MOST_ENTRIES: Final = 100
"""Of one clinic; nobody means more, and each costs whoever asks when a clinic's syncs are due."""
_LONGEST_KEPT: Final = 1000
"""Characters of a value that is read once for all clinics that have it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One schedule of a clinic's sync; its cron is text that nobody has judged yet."""

    name: str
    """Where it stands: `sync_schedules.inbound`, or `sync_schedules[1]` counted from 0."""
    type: str
    """As ODIS stores it; one of TYPES."""
    cron: str
    """To be read in the clinic's time zone."""
    enabled: bool = True
    number: int = 0
    """Which one it is of the sync's, counted from 0 with those that are switched off or can't be
    read, so that no other entry takes its place."""

    @property
    def sync(self) -> SyncName:
        return TYPES[self.type]


@dataclass(frozen=True, slots=True)
class Entries:
    readable: tuple[Entry, ...] = ()
    """As they are stored, switched-off ones included."""
    problems: tuple[str, ...] = ()
    """What could not be read, by name."""

    def of(self, sync: SyncName) -> list[Entry]:
        """The sync's in their order."""
        return [entry for entry in self.readable if entry.sync == sync]


def read_entries(stored: Any) -> Entries:
    """The entries of the column's value; null and empty ones mean that nothing is scheduled."""
    if stored is None:
        return Entries()
    text = repr(stored)
    return _kept(_Stored(text, stored)) if len(text) <= _LONGEST_KEPT else _read(stored)


@dataclass(frozen=True, slots=True)
class _Stored:
    """A value of the column, equal to all that are written like it: 1 is not true here."""

    text: str
    value: Any = field(compare=False)


@lru_cache(maxsize=1024)  # many clinics write the same
def _kept(stored: _Stored) -> Entries:
    return _read(stored.value)


def _read(stored: Any) -> Entries:
    if isinstance(stored, Mapping):
        named = [
            (f"sync_schedules.{_shown(type_)}", {"type": type_, "cron": cron})
            for type_, cron in stored.items()
            if cron not in (None, "")
        ]
        return _collected(named)
    if isinstance(stored, list):
        return _collected([(f"sync_schedules[{n}]", entry) for n, entry in enumerate(stored)])
    return Entries(problems=("sync_schedules: an object or an array is expected",))


def _collected(named: Sequence[tuple[str, Any]]) -> Entries:
    if len(named) > MOST_ENTRIES:
        told = f"at most {MOST_ENTRIES} entries are expected, found {len(named)}"
        return Entries(problems=(f"sync_schedules: {told}",))
    entries: list[Entry] = []
    problems: list[str] = []
    numbers: Counter[SyncName | None] = Counter()
    for name, stored in named:
        sync = sync_of(stored)
        try:
            entries.append(_entry(name, stored, numbers[sync]))
        except _Unreadable as fault:
            problems.append(str(fault))
        numbers[sync] += 1
    return Entries(tuple(entries), tuple(problems))


def sync_of(stored: Any) -> SyncName | None:
    """The sync of an entry of the array form, whatever else of it can be read; None: of none."""
    type_ = stored.get("type") if isinstance(stored, Mapping) else None
    return TYPES.get(type_) if isinstance(type_, str) else None


class _Unreadable(ValueError):
    def __init__(self, name: str, expected: str, found: Any) -> None:
        super().__init__(f"{name}: {expected} is expected, found {_shown(found)}")


def _entry(name: str, stored: Any, number: int) -> Entry:
    if not isinstance(stored, Mapping):
        raise _Unreadable(name, "an object with type, cron and enabled", stored)
    type_, cron, enabled = stored.get("type"), stored.get("cron"), stored.get("enabled")
    if not isinstance(type_, str) or type_ not in TYPES:
        raise _Unreadable(f"{name}.type", f"one of {', '.join(TYPES)}", type_)
    if not isinstance(cron, str) or not cron.strip():
        raise _Unreadable(f"{name}.cron", "a cron expression", cron)
    if enabled is not None and not isinstance(enabled, bool):
        raise _Unreadable(f"{name}.enabled", "true or false", enabled)
    return Entry(name, type_, cron.strip(), enabled is not False, number)


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) and value.isidentifier() else repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
