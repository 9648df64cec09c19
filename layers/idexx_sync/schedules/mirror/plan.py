"""What has to be done so that EventBridge Scheduler has what is wanted, and nothing else. Pure."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from idexx_sync.schedules.mirror.names import ScheduleName
from idexx_sync.schedules.mirror.wanted import Schedule, Wanted

FEW: Final = 2
MOST_DELETED: Final = 5
"""One in so many schedules goes in one pass, unless somebody says that more may."""
BEFORE_ANSWER: Final = timedelta(seconds=20)
"""A call that has changed a schedule began no longer before its answer."""
AFTER_ANSWER: Final = timedelta(seconds=2)
"""The answer's moment is told in whole seconds."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A schedule that is there."""

    name: str
    modified_at: datetime
    """AWS's LastModificationDate, in UTC."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What we know of a schedule since we have written it."""

    digest: str
    """Of what it was told."""
    written_at: datetime | None
    """When AWS answered, by its own clock; None: it did not say."""
    modified_at: datetime | None
    """LastModificationDate as it was listed afterwards; None: it was not listed yet."""

    def wrote(self, listed: Listed) -> bool:
        """Whether nobody has written the schedule since we have."""
        if self.modified_at is not None:
            return self.modified_at == listed.modified_at
        if self.written_at is None:
            return True
        first, last = self.written_at - BEFORE_ANSWER, self.written_at + AFTER_ANSWER
        return first <= listed.modified_at <= last


@dataclass(frozen=True, slots=True)
class Plan:
    """What one pass has to do; each name stands in one of them at most."""

    updates: tuple[Schedule, ...] = ()
    creates: tuple[Schedule, ...] = ()
    deletes: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()
    """What would be deleted, and is not: it is more than one pass may."""
    learned: tuple[Listed, ...] = ()
    """What was listed for the first time since we have written it."""
    forgotten: tuple[str, ...] = ()
    """Remembered ones that are neither there nor wanted."""
    unchanged: int = 0
    kept: int = 0
    """Schedules that stay as they are, because what they are of can't be read."""
    foreign: tuple[str, ...] = ()
    """Names in our group that we would not give; they are left alone."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """All clinics, whichever a pass is about."""

    clinics: int
    """So many are set up."""
    schedules: int
    """So many are remembered."""

    def lets_go(self, number: int, there: int) -> bool:
        """Whether a pass may delete so many, of those that it found there, without being forced."""
        return number <= max(FEW, max(there, self.schedules) // MOST_DELETED)


def plan(
    wanted: Wanted,
    listed: Iterable[Listed],
    remembered: Mapping[str, Remembered],
    fleet: Fleet,
    *,
    force: bool = False,
) -> Plan:
    """Compares what is wanted with what is there.

    A fifth of all schedules may go in one pass, two at least, or with `force` any number; none
    where not one clinic could be read.
    """
    there = {one.name: one for one in listed}
    named = {name: found for name in there if (found := ScheduleName.read(name)) is not None}
    known = [name for name in named if name in wanted.schedules]
    same = [name for name in known if _is_same(wanted, there[name], remembered.get(name))]
    unwanted = [name for name in named if name not in wanted.schedules]
    gone = [name for name in unwanted if not wanted.keeps(named[name])]
    may_go = fleet.clinics > 0 and (force or fleet.lets_go(len(gone), len(named)))
    return Plan(
        updates=_those(wanted, set(known) - set(same)),
        creates=_those(wanted, wanted.schedules.keys() - there.keys()),
        deletes=tuple(gone) if may_go else (),
        withheld=() if may_go else tuple(gone),
        learned=tuple(there[name] for name in same if remembered[name].modified_at is None),
        forgotten=tuple(remembered.keys() - there.keys() - wanted.schedules.keys()),
        unchanged=len(same),
        kept=len(unwanted) - len(gone),
        foreign=tuple(sorted(there.keys() - named.keys())),
    )


def _is_same(wanted: Wanted, listed: Listed, memory: Remembered | None) -> bool:
    return (
        memory is not None
        and memory.digest == wanted.schedules[listed.name].digest
        and memory.wrote(listed)
    )


def _those(wanted: Wanted, names: AbstractSet[str]) -> tuple[Schedule, ...]:
    """In the order of the clinics' rows."""
    return tuple(one for name, one in wanted.schedules.items() if name in names)
