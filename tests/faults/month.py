"""A simulated month of all syncs: every tick of the clinic's schedules, staff and people at work.

Nothing fails here. There is one time, moved from tick to tick: that of the database, from which all
runs learn it, and that of Neo. At each day's end the rows are equal to Neo and the clinic's status
is fresh; after each night's reconciliation those of the days before are too. At the end no row says
anything of another time.
"""

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

from psycopg.types.json import Jsonb

from idexx_sync.clinics.status import read_clinic_status
from idexx_sync.core.catalog import SyncName
from idexx_sync.core.clinic_time import to_wall
from idexx_sync.jobs.model import tick_order
from idexx_sync.schedules.entries import read_entries
from idexx_sync.schedules.next_run import Timetable, timetable
from tests.faults.clinic import PARAMS, ZONE, FaultClinic
from tests.faults.converge import Watch
from tests.faults.operations import MENU, Chooser, Operation
from tests.faults.results import Outcome, Violation
from tests.faults.rig import Rig
from tests.faults.scenario import Scenario
from tests.faults.world import World
from tests.kit.stamps import stamps_outside

SYNCS: tuple[SyncName, ...] = ("inbound", "cases", "reconciliation")
SCHEDULES = [
    {"type": "inbound", "cron": "*/15 6-21 * * *", "enabled": True},
    {"type": "inbound", "cron": "0 0-5,22,23 * * *", "enabled": True},
    {"type": "cases", "cron": "5 * * * *", "enabled": True},
    {"type": "reconciliation", "cron": "30 1 * * *", "enabled": True},
]
"""In the clinic's zone: 2,160, 720 and 30 runs in 30 days."""
START = datetime(2026, 3, 2)  # noqa: DTZ001 a wall clock; a Monday, clocks change on Sunday
OPENS, CLOSES = 7, 18
"""Hours between which staff work in Neo."""
A_TICK = 1.0
"""How many operations staff carry out before each tick, about."""
BOOKED_BEFORE = 15
LOOKED_AT = 5
"""Every fifth run before which something has happened is looked at closely."""
REMEMBERED = 60
"""Visits that staff still have to do with."""
LATE_EDITS_ON = 5
"""Weekday, 0 is Monday, on which staff also do what is read again only a day later."""
LOGS_IN_ON = 0
"""Weekday on whose morning Neo has forgotten all sessions."""
AT_ONCE = frozenset(
    {
        *("book", "move", "resize", "cancel", "uncancel", "delete", "undelete", "no_show"),
        *("undo_no_show", "confirm", "confirm_arrival", "see", "check_out", "edit_reason"),
        *("change_type", "change_provider", "change_phone", "rename_patient", "change_owner"),
        *("agent_books", "edit_by_hand", "review", "delete_case"),
    }
)
A_DAY_LATER = frozenset(
    {"replace_consultation", "edit_notes", "add_line", "delete_consultation", "merge_patients"}
)
"""A record that is final is read again once a day (rule R17)."""


def scenarios(*, full: bool) -> Iterator[Scenario]:
    days = 30 if full else 1
    yield Scenario("Simulated month", live_through, {"days": days, "seed": 1}, 8.0 * days)


def live_through(rig: Rig, outcome: Outcome, *, days: int, seed: int) -> None:
    """So many days from midnight on, tick by tick."""
    rig.conn.execute("DELETE FROM idexx_sync.places")  # of scenarios that lived at another time
    clinic = FaultClinic(rig, start=START, syncs=SYNCS, sync_schedules=Jsonb(SCHEDULES))
    life = Life(clinic, outcome, random.Random(seed))
    began = clinic.now
    try:
        for _ in range(BOOKED_BEFORE):
            life.book()
        for number in range(days):
            life.live_through(START.date() + timedelta(days=number))
            if outcome.violations:
                return
        found = stamps_outside(clinic.conn, clinic.clinic_id, began, clinic.now)
        life.watch.add([Violation("one time", text) for text in found])
    finally:
        outcome.notes["not possible"] += life.world.refused
        life.world.close()
        clinic.close()


class Life:
    """One clinic's days."""

    def __init__(self, clinic: FaultClinic, outcome: Outcome, dice: random.Random) -> None:
        self.clinic = clinic
        self.watch = Watch(clinic, outcome)
        self.world = World(clinic)
        self._notes = outcome.notes
        self._dice = dice
        self._chooser = Chooser(dice)
        self._timetable = _timetable(clinic.clinic_id)
        self._busy = 0

    def book(self) -> None:
        """A visit, some time within the clinic's horizon."""
        self.world.carry_out(next((name, make(self._chooser)) for _, name, make in MENU))

    def live_through(self, day: date) -> None:
        """All ticks until midnight, and what must be true then."""
        if day.weekday() == LOGS_IN_ON:
            self.clinic.neo.expire_sessions()
        while not self.watch.outcome.violations:
            at, sync = min(self._due(one) for one in SYNCS)
            if to_wall(at, ZoneInfo(ZONE)).date() != day:
                break
            self._wait_until(at)
            self._run(at, sync, busy=self._work())
        self.check(cases=day.weekday() != LATE_EDITS_ON)
        self.world.visits = self.world.visits[-REMEMBERED:]
        self.clinic.forget_requests()

    def _due(self, sync: SyncName) -> tuple[datetime, SyncName]:
        due = self._timetable.next_run(sync, self.clinic.now)
        assert due is not None
        return due, sync

    def _wait_until(self, at: datetime) -> None:
        self.clinic.later((at - self.clinic.now) / timedelta(minutes=1))

    def _work(self) -> bool:
        """What happens in the clinic and in ODIS before a tick; whether anything does."""
        wall, done = self._wall(), False
        while OPENS <= wall.hour < CLOSES and self._dice.random() < A_TICK / (1 + A_TICK):
            self.world.carry_out(self._operation(wall))
            self._notes["operations"] += 1
            done = True
        return done

    def _operation(self, wall: datetime) -> Operation:
        names = AT_ONCE | (A_DAY_LATER if wall.weekday() == LATE_EDITS_ON else frozenset())
        menu = [one for one in MENU if one[1] in names]
        weights = [weight for weight, _, _ in menu]
        _, name, make = self._dice.choices(menu, weights)[0]
        return name, make(self._chooser)

    def _run(self, at: datetime, sync: SyncName, *, busy: bool) -> None:
        """The tick's event; now and then, where something has happened, it is looked at closely."""
        order = tick_order(self.clinic.clinic_id, sync, "schedule", at, PARAMS.get(sync))
        deliver = partial(self.clinic.deliver, order)
        self._busy += busy
        closely = busy and self._busy % LOOKED_AT == 0
        look = self.watch.incident if closely else self.watch.run
        done = look(deliver, lambda: [order.job_id])
        self._notes[f"{sync} runs"] += 1
        if not done[-1].succeeded:
            text = f"the {sync} run of {self._wall()} ended as {done[-1].word}"
            self.watch.add([Violation("converges", text)])
        held = self.clinic.approve_open_holds()
        self._notes["holds approved"] += held
        if sync == "reconciliation":
            if held:  # approving orders a run, and the next one of its own comes a day later
                self.watch.one(sync=sync)
            late_edits = to_wall(at, ZoneInfo(ZONE)).weekday() == (LATE_EDITS_ON + 1) % 7
            self.watch.check_past(cases=not late_edits)

    def check(self, *, cases: bool) -> None:
        """What must be true at a day's end."""
        self._notes["days"] += 1
        self.watch.check_calendar()
        if cases:
            self.watch.check_cases()
        self.watch.check()
        status = read_clinic_status(self.clinic.conn, self.clinic.clinic_id)
        late = [f"{one.sync} is {one.freshness}" for one in status.syncs]
        self.watch.add([Violation("one time", text) for text in late if "on_time" not in text])

    def _wall(self) -> datetime:
        return to_wall(self.clinic.now, ZoneInfo(ZONE))


def _timetable(clinic_id: UUID) -> Timetable:
    entries = read_entries(SCHEDULES)
    assert not entries.problems
    return timetable(entries.readable, ZoneInfo(ZONE), clinic_id)
