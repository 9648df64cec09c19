"""The grid of bookable slots that a clinic's hours give (rule R11). Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from idexx_sync.clinics.hours import Hours, hours_by_weekday, weekday_number
from idexx_sync.clinics.store import BlockedPeriod, Clinic
from idexx_sync.core.clinic_time import LAST_SECOND, to_instant, to_wall
from idexx_sync.core.faults import Fault, or_else, unreadable

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
    """Of the day's whole time, where a time of it cannot be read."""
    faults: tuple[Fault, ...] = ()
    """Columns that cannot be read."""

    @classmethod
    def read(cls, id_: UUID, columns: Mapping[str, Any]) -> Self:
        """The slot of the stored columns `day`, `start`, `end` and `capacity`."""
        names = {"start": "start_time", "end": "end_time"}
        faults = unreadable("schedule_slots", id_, {names.get(n, n): v for n, v in columns.items()})
        slot = Slot(
            day=columns["day"],
            start=or_else(columns["start"], time.min),
            end=or_else(columns["end"], LAST_SECOND),
            capacity=columns["capacity"],
        )
        return cls(id_, slot, tuple(faults))

    @property
    def has_start(self) -> bool:
        return all(fault.column != "start_time" for fault in self.faults)


@dataclass(slots=True)
class SlotPlan:
    """What makes the stored slots equal to the grid."""

    create: list[Slot] = field(default_factory=list)
    update: list[Slot] = field(default_factory=list)
    off_grid: list[UUID] = field(default_factory=list)
    """Future slots that the grid no longer has."""

    def without_new_time(self) -> "SlotPlan":
        """What is left where nothing may be offered that was not offered before."""
        return SlotPlan(off_grid=self.off_grid)

    @property
    def changes_anything(self) -> bool:
        return bool(self.create or self.update or self.off_grid)


def slot_grid(clinic: Clinic, zone: ZoneInfo, days: Iterable[date]) -> list[Slot]:
    """Every slot of the days: none on closed days, over lunch, in blocked periods, or at local
    times that a DST change skips. Raises ConfigurationInvalid for unreadable hours."""
    by_weekday = hours_by_weekday(clinic)
    grid: list[Slot] = []
    for day in days:
        hours = by_weekday.get(weekday_number(day))
        if hours is not None:
            grid += _day_grid(clinic, zone, day, hours)
    return grid


def plan_slots(grid: Sequence[Slot], stored: Sequence[StoredSlot], local_now: datetime) -> SlotPlan:
    """Compare the grid with what is stored; slots that have begun are left as they are.

    A slot of the grid that has begun is only created where no stored one covers its time: after
    a change of hours two grids must not lie over each other.
    """
    by_key: Mapping[SlotKey, StoredSlot] = {i.slot.key: i for i in stored if i.has_start}
    wanted = {slot.key: slot for slot in grid}
    plan = SlotPlan()
    for key, slot in wanted.items():
        if key not in by_key:
            covered = any(_overlap(slot, item.slot) for item in stored)
            if _lies_ahead(slot, local_now) or not covered:
                plan.create.append(slot)
        elif _differs(by_key[key], slot) and _lies_ahead(slot, local_now):
            plan.update.append(slot)
    plan.off_grid = [
        item.id
        for item in stored
        if _lies_ahead(item.slot, local_now) and not (item.has_start and item.slot.key in wanted)
    ]
    return plan


def _day_grid(clinic: Clinic, zone: ZoneInfo, day: date, hours: Hours) -> list[Slot]:
    length = timedelta(minutes=clinic.schedule.slot_minutes)
    closed = [hours.lunch] if hours.lunch else []
    closed += [
        (period.start_time, period.end_time)
        for period in clinic.blocked_periods
        if _applies(period, day)
    ]
    slots = []
    clock_changes = _offset(day, hours.opens, zone) != _offset(day, hours.closes, zone)
    start, closes = datetime.combine(day, hours.opens), datetime.combine(day, hours.closes)
    while start + length <= closes:
        end = start + length
        exists = not clock_changes or to_wall(to_instant(start, zone), zone) == start
        if exists and not any(
            start.time() < until and since < end.time() for since, until in closed
        ):
            slots.append(Slot(day, start.time(), end.time(), clinic.schedule.capacity))
        start = end
    return slots


def _offset(day: date, moment: time, zone: ZoneInfo) -> timedelta | None:
    return datetime.combine(day, moment, zone).utcoffset()


def _applies(period: BlockedPeriod, day: date) -> bool:
    return weekday_number(day) in period.days_of_week


def _differs(stored: StoredSlot, slot: Slot) -> bool:
    return stored.slot != slot or bool(stored.faults)


def _overlap(one: Slot, other: Slot) -> bool:
    return one.day == other.day and one.start < other.end and other.start < one.end


def _lies_ahead(slot: Slot, local_now: datetime) -> bool:
    return datetime.combine(slot.day, slot.start) > local_now
