"""What approving a hold lets through: all of it, by record, and which version of it was seen
(rule R9). Pure."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Literal, Self

from idexx_sync.pims.protocol import Window

EffectAction = Literal["create", "update", "remove", "settle"]
ACTIONS: Final[Mapping[EffectAction, str]] = {
    "create": "created",
    "update": "changed",
    "remove": "removed",
    "settle": "in doubt settled",
}
"""Action -> the word under which a consequence counts it. To settle changes no row: what the record
may take, because it is in doubt, is taken no longer."""
VERSION_LENGTH: Final = 10


@dataclass(frozen=True, slots=True)
class Effect:
    """What would be done to one record. Never a personal value."""

    action: EffectAction
    before: str | None
    """The time that it takes, as text that begins with the day; None: none."""
    after: str | None
    """The same once it is let through."""
    slots: tuple[str, ...] = field(default=(), compare=False)
    """Slots of which it would take a place no longer, as day and time. They are of the grid, which
    changes by itself: two effects that differ in nothing else are the same."""
    frees: tuple[str, ...] = ()
    """What it takes beside that time, because it is in doubt, and would take no longer; each as
    text that begins with the day."""

    @classmethod
    def read(cls, document: Any) -> Self | None:
        """The effect of a stored document; None if it is none."""
        try:
            action, before, after = document["action"], document["from"], document["to"]
            frees = tuple(str(span) for span in document.get("frees", ()))
            slots = tuple(str(slot) for slot in document.get("slots", ()))
        except (AttributeError, LookupError, TypeError):
            return None
        return cls(action, before, after, slots, frees) if action in ACTIONS else None

    def as_stored(self) -> dict[str, Any]:
        said: dict[str, Any] = {"action": self.action, "from": self.before, "to": self.after}
        for name, listed in (("frees", self.frees), ("slots", self.slots)):
            if listed:
                said[name] = list(listed)
        return said

    @property
    def days(self) -> list[date]:
        """The days that it is about, as far as they can be read."""
        return _days_of((self.before, self.after, *self.frees))

    def lies_in(self, window: Window) -> bool:
        """Whether a read of the window could show it."""
        return any(day in window for day in _days_of((self.before, self.after)))

    @property
    def takes_or_frees(self) -> bool:
        """Whether more than details of a record would change."""
        return self.action != "update" or self.before != self.after or bool(self.frees)


def _days_of(places: Iterable[str | None]) -> list[date]:
    found = []
    for place in places:
        try:
            found.append(date.fromisoformat((place or "")[:10]))
        except (TypeError, ValueError):
            continue
    return found


type Effects = Mapping[str, Effect]
"""Record -> what would be done to it."""


def read_effects(document: Any) -> dict[str, Effect]:
    """The effects of a stored document; a part that is something else counts as none."""
    items = document.items() if isinstance(document, dict) else ()
    return {key: one for key, said in items if (one := Effect.read(said)) is not None}


def stored_effects(effects: Effects) -> dict[str, Any]:
    return {key: one.as_stored() for key, one in effects.items()}


@dataclass(frozen=True, slots=True)
class Consequence:
    """All that approving a hold lets through, counted."""

    effects: Effects

    @property
    def counts(self) -> dict[EffectAction, int]:
        found = Counter(one.action for one in self.effects.values())
        return {action: found[action] for action in ACTIONS}

    @property
    def slots_freed(self) -> int:
        return len({slot for one in self.effects.values() for slot in one.slots})

    @property
    def days(self) -> tuple[date, date] | None:
        """First and last day of what is let through; None where no day is known."""
        found = [day for one in self.effects.values() for day in one.days]
        return (min(found), max(found)) if found else None

    @property
    def sentence(self) -> str:
        """`390 created, 2 removed, 4 slots freed, 2026-05-04 to 2026-05-17`, for people."""
        parts = [f"{n} {ACTIONS[action]}" for action, n in self.counts.items() if n]
        if not parts:
            return "no row changes"
        if slots := self.slots_freed:
            parts.append(f"{slots} {'slot' if slots == 1 else 'slots'} freed")
        if self.days is not None:
            first, last = self.days
            parts.append(f"{first}" if first == last else f"{first} to {last}")
        return ", ".join(parts)


def version_of(cause: str, findings: Mapping[str, Mapping[str, Any]], effects: Effects) -> str:
    """A short name of what a hold says: another one wherever a record, what was found of it, or
    what approving would do to it differs."""
    told = {key: (one.action, one.before, one.after, *one.frees) for key, one in effects.items()}
    said = json.dumps([cause, findings, told], sort_keys=True, default=str)
    return hashlib.sha256(said.encode()).hexdigest()[:VERSION_LENGTH]


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a hold, and how it differs from the one before."""

    name: str
    records: int
    """How many it names."""
    appeared: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    altered: tuple[str, ...] = ()
    """Records of which something else was found, or to which something else would be done."""


type Said = tuple[Mapping[str, Mapping[str, Any]], Effects]
"""Findings and effects of a hold."""


def version_after(cause: str, before: Said, after: Said) -> Version:
    """The version that a hold has after a run."""
    old, new = _by_record(before), _by_record(after)
    return Version(
        version_of(cause, *after),
        len(new),
        tuple(sorted(new.keys() - old.keys())),
        tuple(sorted(old.keys() - new.keys())),
        tuple(sorted(key for key in old.keys() & new.keys() if old[key] != new[key])),
    )


def difference(versions: Iterable[Version]) -> tuple[list[str], list[str], list[str]]:
    """What appeared, went and was altered over all of these, which follow each other."""
    appeared: set[str] = set()
    gone: set[str] = set()
    altered: set[str] = set()
    for version in versions:
        for key in version.appeared:
            if key in gone:
                gone.discard(key)
                altered.add(key)
            else:
                appeared.add(key)
        for key in version.gone:
            altered.discard(key)
            if key in appeared:
                appeared.discard(key)
            else:
                gone.add(key)
        altered |= set(version.altered) - appeared
    return sorted(appeared), sorted(gone), sorted(altered)


def _by_record(said: Said) -> dict[str, tuple[Any, Any]]:
    findings, effects = said
    return {key: (findings.get(key), effects.get(key)) for key in {*findings, *effects}}
