"""What ODIS stores in `clinic_schedule_configs.sync_schedules`, in both of its forms. Pure.

An object says {sync: cron}; an array holds {"type", "cron", "enabled"}, several of one sync being
legal. What can't be read is told by name and hides nothing else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from idexx_sync.core.catalog import CATALOG, SyncName

TYPES: Final[dict[str, SyncName]] = {
    **{row.name: row.name for row in CATALOG.values()},
    **{word: row.name for row in CATALOG.values() for word in row.also_scheduled_as},
}
"""The word of an entry -> its sync."""


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

    @property
    def sync(self) -> SyncName:
        return TYPES[self.type]


@dataclass(frozen=True, slots=True)
class Entries:
    readable: tuple[Entry, ...] = ()
    """As they are stored, switched-off ones included."""
    problems: tuple[str, ...] = ()
    """What could not be read, by name."""


def read_entries(stored: Any) -> Entries:
    """The entries of the column's value; null and empty ones mean that nothing is scheduled."""
    if stored is None:
        return Entries()
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
    entries: list[Entry] = []
    problems: list[str] = []
    for name, stored in named:
        try:
            entries.append(_entry(name, stored))
        except _Unreadable as fault:
            problems.append(str(fault))
    return Entries(tuple(entries), tuple(problems))


class _Unreadable(ValueError):
    def __init__(self, name: str, expected: str, found: Any) -> None:
        super().__init__(f"{name}: {expected} is expected, found {_shown(found)}")


def _entry(name: str, stored: Any) -> Entry:
    if not isinstance(stored, Mapping):
        raise _Unreadable(name, "an object with type, cron and enabled", stored)
    type_, cron, enabled = stored.get("type"), stored.get("cron"), stored.get("enabled")
    if not isinstance(type_, str) or type_ not in TYPES:
        raise _Unreadable(f"{name}.type", f"one of {', '.join(TYPES)}", type_)
    if not isinstance(cron, str) or not cron.strip():
        raise _Unreadable(f"{name}.cron", "a cron expression", cron)
    if enabled is not None and not isinstance(enabled, bool):
        raise _Unreadable(f"{name}.enabled", "true or false", enabled)
    return Entry(name, type_, cron.strip(), enabled is not False)


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) and value.isidentifier() else repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
