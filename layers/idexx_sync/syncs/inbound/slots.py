"""The grid of bookable slots that a clinic's hours give (rule R11). Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from idexx_sync.clinics.hours import TimeSpan, slots_by_weekday, weekday_number
from idexx_sync.clinics.store import Clinic
from idexx_sync.core.clinic_time import LAST_SECOND, is_skipped
from idexx_sync.core.faults import Fault, Unfit, or_else, unreadable
from idexx_sync.pims.protocol import Window

SlotKey = tuple[date, time]
"""Day and start, in clinic wall-clock time."""


@dataclass(frozen=True, slots=True)
class Slot:
    day: date
    start: time
    end: time
    capacity: int

    @property
    def key(self) -> SlotKey:
        return self.day, self.start


@dataclass(frozen=True, slots=True)
class StoredSlot:
    """A slot as `schedule_slots` has it."""

    id: UUID
    slot: Slot
    """Of the day's whole time, where a time of it can't be read; far ahead, where its day can't."""
    faults: tuple[Fault, ...] = ()
    """Columns that cannot be read."""

    @classmethod
    def read(cls, id_: UUID, columns: Mapping[str, Any]) -> Self:
        """The slot of the stored columns `day`, `start`, `end` and `capacity`."""
        if not any(isinstance(value, Unfit) for value in columns.values()):
            return cls(id_, Slot(**columns))
        names = {"day": "date", "start": "start_time", "end": "end_time"}
        faults = unreadable("schedule_slots", id_, {names.get(n, n): v for n, v in columns.items()})
        slot = Slot(
            day=or_else(columns["day"], date.max),
            start=or_else(columns["start"], time.min),
            end=or_else(columns["end"], LAST_SECOND),
            capacity=columns["capacity"],
        )
        return cls(id_, slot, tuple(faults))

    @property
    def has_start(self) -> bool:
        return all(fault.column not in ("date", "start_time") for fault in self.faults)

    @property
    def has_day(self) -> bool:
        return all(fault.column != "date" for fault in self.faults)


def times_of(slots: Iterable[StoredSlot]) -> dict[date, list[tuple[time, time]]]:
    """Day -> start and end of each slot."""
    found: dict[date, list[tuple[time, time]]] = {}
    for one in slots:
        found.setdefault(one.slot.day, []).append((one.slot.start, one.slot.end))
    return found


@dataclass(slots=True)
class SlotPlan:
    """What makes the stored slots equal to the grid."""

    create: list[Slot] = field(default_factory=list)
    update: list[Slot] = field(default_factory=list)
    lowered: list[Slot] = field(default_factory=list)
    """Those of them that only lose capacity."""
    off_grid: list[UUID] = field(default_factory=list)
    """Future slots that the grid no longer has."""
    off_grid_days: set[date] = field(default_factory=set)
    """The days of those."""
    elsewhere: list[UUID] = field(default_factory=list)
    """The same of days that the run has not read, and leaves as they are."""
    ids: Mapping[SlotKey, UUID] = field(default_factory=dict)
    """The stored slots."""
    grid_is_unknown: bool = False
    """The clinic's hours cannot be read: no slot is made, changed or deleted."""

    def without_new_time(self) -> "SlotPlan":
        """What is left where nothing may be offered that was not offered before."""
        return replace(self, create=[], update=self.lowered)

    @property
    def changes_anything(self) -> bool:
        return bool(self.create or self.update or self.off_grid)


def slot_grid(clinic: Clinic, zone: ZoneInfo, days: Iterable[date]) -> list[Slot]:
    """Every slot of the days: none on closed days, over lunch, in blocked periods, or at local
    times that a DST change skips. Raises ConfigurationInvalid for unreadable hours."""
    by_weekday = slots_by_weekday(clinic)
    grid: list[Slot] = []
    for day in days:
        spans = by_weekday.get(weekday_number(day))
        if spans:
            grid += _day_grid(day, spans, zone, clinic.schedule.capacity)
    return grid


def plan_slots(
    grid: Sequence[Slot],
    stored: Sequence[StoredSlot],
    local_now: datetime,
    window: Window,
    horizon: date,
) -> SlotPlan:
    """Compare the grid with what is stored; slots that have begun are left as they are.

    The clinic's `horizon` is the last day of its grid: what lies behind it is off the grid, unless
    the run has just read it. Before it only the days of the window are set right. A slot of the
    grid that has begun is only created where no stored one covers its time: after a change of
    hours two grids must not lie over each other.
    """
    by_key: Mapping[SlotKey, StoredSlot] = {i.slot.key: i for i in stored if i.has_start}
    wanted = {slot.key: slot for slot in grid}
    plan = SlotPlan(ids={key: item.id for key, item in by_key.items()})
    for key, slot in wanted.items():
        if slot.day not in window:
            continue
        if key not in by_key:
            covered = any(_overlap(slot, item.slot) for item in stored)
            if _lies_ahead(slot, local_now) or not covered:
                plan.create.append(slot)
        elif _differs(by_key[key], slot) and _lies_ahead(slot, local_now):
            plan.update.append(slot)
            if _only_loses(by_key[key], slot):
                plan.lowered.append(slot)
    for item in stored:
        day = item.slot.day
        if not _lies_ahead(item.slot, local_now) or (item.has_start and item.slot.key in wanted):
            continue
        if day in window or day > horizon:
            plan.off_grid.append(item.id)
            plan.off_grid_days |= {day} if item.has_day else set()
        else:
            plan.elsewhere.append(item.id)
    return plan


def _day_grid(
    day: date, spans: Sequence[TimeSpan], zone: ZoneInfo, capacity: int
) -> Iterable[Slot]:
    clock_changes = _offset(day, spans[0][0], zone) != _offset(day, spans[-1][1], zone)
    for start, end in spans:
        wall = datetime.combine(day, start)
        if not clock_changes or not is_skipped(wall, zone):
            yield Slot(day, start, end, capacity)


def _offset(day: date, moment: time, zone: ZoneInfo) -> timedelta | None:
    return datetime.combine(day, moment, zone).utcoffset()


def _differs(stored: StoredSlot, slot: Slot) -> bool:
    return stored.slot != slot or bool(stored.faults)


def _only_loses(stored: StoredSlot, slot: Slot) -> bool:
    if stored.faults:
        return False
    return stored.slot.end == slot.end and slot.capacity < stored.slot.capacity


def _overlap(one: Slot, other: Slot) -> bool:
    return one.day == other.day and one.start < other.end and other.start < one.end


def _lies_ahead(slot: Slot, local_now: datetime) -> bool:
    return datetime.combine(slot.day, slot.start) > local_now
