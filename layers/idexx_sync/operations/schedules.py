"""A clinic's schedules for a person: shown with what they come to, set, switched and removed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from idexx_sync.clinics.needs import is_switched_on
from idexx_sync.clinics.overview import ClinicOverview, clinic_overview
from idexx_sync.clinics.store import clinic_names
from idexx_sync.core.catalog import SyncName
from idexx_sync.core.clinic_time import local_day, named_zone, zone_of
from idexx_sync.core.errors import InvalidInput
from idexx_sync.database.business_time import business_time
from idexx_sync.database.connection import Conn, bound_waits
from idexx_sync.jobs.duration_store import mean_durations
from idexx_sync.schedules import edits
from idexx_sync.schedules.clock_effects import clock_effects
from idexx_sync.schedules.entries import Entry, read_entries
from idexx_sync.schedules.entry_store import lock_schedules, store_schedules
from idexx_sync.schedules.eventbridge import Expression
from idexx_sync.schedules.fields import BadCron
from idexx_sync.schedules.forecast import ASSUMED, FleetForecast, Work, forecast
from idexx_sync.schedules.load import load_of
from idexx_sync.schedules.mirror.mirror_store import clinic_rows
from idexx_sync.schedules.mirror.wanted import ClinicRow
from idexx_sync.schedules.next_run import next_run, placed, plain_cron, runs_after, timetable
from idexx_sync.schedules.spread import Place
from idexx_sync.schedules.translation import expressions

NEXT_RUNS: Final = 10


@dataclass(frozen=True, slots=True)
class Due:
    """What a readable cron comes to."""

    cron: str
    """With numbers in place of H, and of a default that is spread."""
    expressions: tuple[Expression, ...]
    """What goes out for it to EventBridge Scheduler."""
    runs: tuple[datetime, ...]
    """The next ones, in UTC."""
    effects: tuple[str, ...]
    """What changes of the clocks do to it within a year, one sentence each."""


@dataclass(frozen=True, slots=True)
class ScheduleOfSync:
    """One of a clinic's schedules."""

    sync: SyncName
    number: int
    """Which one it is of the sync's, counted from 1."""
    entry: Entry
    due: Due | None
    """None: its cron can't be read."""
    problem: str | None = None
    """Why it can't."""


@dataclass(frozen=True, slots=True)
class ListedSchedule:
    """One line of the list of all clinics' schedules."""

    clinic_id: UUID
    clinic_name: str
    zone: ZoneInfo
    runs: bool
    """Whether the clinic is on board and nothing keeps it paused."""
    entry: Entry
    cron: str | None
    """With numbers in place of H; None: it can't be carried out."""
    next_run: datetime | None
    """None: never, because of the entry itself or of the clinic."""
    problem: str | None


@dataclass(frozen=True, slots=True)
class SchedulesOfFleet:
    """All schedules of the clinics that are set up for this service, by clinic."""

    schedules: tuple[ListedSchedule, ...]
    problems: tuple[tuple[UUID, str], ...]
    """What is stored and is no schedule, by clinic."""


@dataclass(frozen=True, slots=True)
class SchedulesOfClinic:
    """A clinic's schedules as they are stored."""

    clinic: ClinicOverview
    zone: ZoneInfo
    schedules: tuple[ScheduleOfSync, ...]
    problems: tuple[str, ...]
    """What is stored and is no schedule, by name."""

    @property
    def is_switched_on(self) -> bool:
        """Whether this service is to sync the clinic at all."""
        return is_switched_on(self.clinic)


def schedules_of_clinic(conn: Conn, clinic_id: UUID) -> SchedulesOfClinic:
    """All of the clinic's schedules in their order. NotFound if ODIS has no such clinic."""
    clinic = clinic_overview(conn, clinic_id)
    stored = read_entries(clinic.sync_schedules)
    found = (_schedule(entry, place, clinic) for entry, place in placed(stored.readable, clinic_id))
    return SchedulesOfClinic(clinic, zone_of(clinic.timezone), tuple(found), stored.problems)


def schedules_of_fleet(conn: Conn) -> SchedulesOfFleet:
    """What all clinics have, a second for ten thousand of them."""
    now, names = business_time(conn), clinic_names(conn)
    listed: list[ListedSchedule] = []
    problems: list[tuple[UUID, str]] = []
    for row in clinic_rows(conn, None):
        if not row.is_set_up:
            continue
        stored = read_entries(row.sync_schedules)
        problems += [(row.clinic_id, problem) for problem in stored.problems]
        for entry, place in placed(stored.readable, row.clinic_id):
            listed.append(_listed(row, names.get(row.clinic_id, ""), entry, place, now))
    return SchedulesOfFleet(tuple(listed), tuple(problems))


def forecast_of_fleet(conn: Conn) -> tuple[FleetForecast, int]:
    """What the next 24 hours are to bring, and at how many clinics anything is scheduled."""
    start = business_time(conn).replace(second=0, microsecond=0)
    tables = [
        timetable(read_entries(row.sync_schedules).readable, zone, row.clinic_id)
        for row in clinic_rows(conn, None)
        if row.runs and (zone := named_zone(row.timezone)) is not None
    ]
    scheduled = [table for table in tables if table.crons]
    measured = {
        sync: Work(seconds, ASSUMED[sync].requests, runs)
        for sync, (seconds, runs) in mean_durations(conn).items()
    }
    return forecast(load_of(scheduled, start), measured), len(scheduled)


def _listed(row: ClinicRow, name: str, entry: Entry, place: Place, now: datetime) -> ListedSchedule:
    zone = zone_of(row.timezone)
    cron, problem, due = None, None, None
    try:
        cron = plain_cron(entry.cron, _require_zone(row.timezone), place)
    except BadCron as fault:
        problem = str(fault)
    else:
        due = next_run(cron, zone, now) if entry.enabled and row.runs else None
    return ListedSchedule(row.clinic_id, name, zone, row.runs, entry, cron, due, problem)


def set_cron(
    conn: Conn, clinic_id: UUID, sync: SyncName, cron: str, number: int | None, *, more: bool
) -> SchedulesOfClinic:
    """Let this be the cron of the sync's schedule with that number, or of one more.

    InvalidInput for a cron that can't be carried out, and for a number that the sync has not;
    NotFound if ODIS has no such clinic. What is stored then is the array form.
    """
    if more and number is not None:
        raise InvalidInput("entry", "one more has no number yet: leave it out")
    text = " ".join(cron.split())

    def change(stored: Any, zone: ZoneInfo) -> list[Any]:
        _require_possible(text, zone, Place(clinic_id, sync))
        if more:
            return edits.added(stored, sync, text)
        changed = edits.with_cron(stored, sync, text, number)
        _require_readable(changed, sync, number)
        return changed

    return _edited(conn, clinic_id, change)


def switch(
    conn: Conn, clinic_id: UUID, sync: SyncName, number: int | None, *, on: bool
) -> SchedulesOfClinic:
    """Switch the sync's schedule with that number on or off, or all of the sync's.

    InvalidInput where there is none, or one that is switched on can't be carried out; NotFound if
    ODIS has no such clinic.
    """

    def change(stored: Any, zone: ZoneInfo) -> list[Any]:
        changed = edits.switched(stored, sync, number, on=on)
        for entry in _require_readable(changed, sync, number) if on else []:
            _require_to_switch_on(entry, entry.number + 1, zone, Place(clinic_id, sync))
        return changed

    return _edited(conn, clinic_id, change)


def remove(conn: Conn, clinic_id: UUID, sync: SyncName, number: int | None) -> SchedulesOfClinic:
    """Remove the sync's schedule with that number, or the only one.

    InvalidInput where there is none, or there are several and none is named; NotFound if ODIS has
    no such clinic.
    """
    return _edited(conn, clinic_id, lambda stored, _zone: edits.without(stored, sync, number))


def _edited(
    conn: Conn, clinic_id: UUID, change: Callable[[Any, ZoneInfo], list[Any]]
) -> SchedulesOfClinic:
    """Write the change of what is stored, which others can't change meanwhile."""
    clinic = clinic_overview(conn, clinic_id)
    with conn.transaction():
        bound_waits(conn)
        found = lock_schedules(conn, clinic_id)
        if found is None:
            raise InvalidInput(
                "clinic",
                "ODIS has no schedule settings of this clinic (clinic_schedule_configs), where "
                "its crons would be; they are made in ODIS",
            )
        store_schedules(conn, clinic_id, change(found[0], zone_of(clinic.timezone)))
    return schedules_of_clinic(conn, clinic_id)


def _require_readable(stored: list[Any], sync: SyncName, number: int | None) -> list[Entry]:
    """The chosen entries; InvalidInput where one can't be read, and so would never be due."""
    entries, problems = edits.chosen(stored, sync, number)
    if problems:
        raise InvalidInput(
            "entry", f"{problems[0]}; schedules set puts a cron right, pause and resume the rest"
        )
    return entries


def _require_possible(cron: str, zone: ZoneInfo, place: Place) -> None:
    try:
        plain_cron(cron, zone, place)
    except BadCron as fault:
        raise InvalidInput("cron", str(fault)) from None


def _require_to_switch_on(entry: Entry, number: int, zone: ZoneInfo, place: Place) -> None:
    try:
        plain_cron(entry.cron, zone, place)
    except BadCron as fault:
        raise InvalidInput(
            "entry", f"{entry.sync} {number} can't be switched on: {fault}; give it another cron"
        ) from None


def _require_zone(name: str | None) -> ZoneInfo:
    """The clinic's zone; raises BadCron for a name that no zone has, by which nothing is due."""
    zone = named_zone(name)
    if zone is None:
        raise BadCron(
            f"the clinic's time zone in ODIS, clinics.timezone {name!r}, is none: set one such as "
            "America/Los_Angeles"
        )
    return zone


def _schedule(entry: Entry, place: Place, clinic: ClinicOverview) -> ScheduleOfSync:
    number, now = place.number + 1, clinic.read_at
    try:
        zone = _require_zone(clinic.timezone)
        cron = plain_cron(entry.cron, zone, place)
    except BadCron as fault:
        return ScheduleOfSync(entry.sync, number, entry, None, str(fault))
    effects = clock_effects(cron, zone, local_day(now, zone))
    due = Due(
        cron,
        expressions(cron, zone),
        tuple(islice(runs_after(cron, zone, now), NEXT_RUNS)),
        tuple(effect.in_words() for effect in effects),
    )
    return ScheduleOfSync(entry.sync, number, entry, due)
