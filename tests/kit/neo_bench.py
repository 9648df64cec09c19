"""One clinic on a simulated Neo: the inbound sync over real HTTP, its slots judged one by one.

Time stands, in the database and in Neo, until it is moved. What should be taken is worked out from
the simulator's own state.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, ClassVar, Literal
from zoneinfo import ZoneInfo

from idexx_sync.database.business_time import Clock
from idexx_sync.database.connection import Conn
from idexx_sync.jobs import wiring
from idexx_sync.jobs.contract import Sync
from idexx_sync.jobs.model import Job, new_order
from idexx_sync.jobs.params import WindowParams
from idexx_sync.jobs.runner import run_job
from idexx_sync.syncs import hold_store
from idexx_sync.syncs.inbound.sync import InboundSync
from neo_simulator.client import Simulator
from tests.kit.business_time import set_business_time
from tests.kit.clinic import add_clinic, set_credentials, set_session
from tests.kit.database import as_role, query, update
from tests.kit.neo import open_session
from tests.kit.plain_login import PlainLogin
from tests.kit.settings import make_settings

ZONE = ZoneInfo("America/Los_Angeles")
MONDAY, TUESDAY, WEDNESDAY = (date(2026, 5, day) for day in (4, 5, 6))
MORNING = datetime(2026, 5, 4, 7)  # noqa: DTZ001 a wall clock
OPENS, CLOSES, SLOT = time(9), time(17), timedelta(minutes=30)

Slots = set[str]
"""Starts of slots, `2026-05-04 09:00`."""


def between(start: str, end: str) -> Slots:
    """The slots of the three days that a span touches, as the clinic's hours make them."""
    begins, ends = datetime.fromisoformat(start), datetime.fromisoformat(end)
    found = set()
    for day in (MONDAY, TUESDAY, WEDNESDAY):
        slot = datetime.combine(day, OPENS)
        while slot < datetime.combine(day, CLOSES):
            if slot < ends and slot + SLOT > begins:
                found.add(f"{slot:%Y-%m-%d %H:%M}")
            slot += SLOT
    return found


def whole(day: date) -> Slots:
    return between(f"{day} 00:00:00", f"{day} 23:59:59")


ALL = whole(MONDAY) | whole(TUESDAY) | whole(WEDNESDAY)


class NeoBench:
    """A clinic of three days with sixteen slots each, its Neo, and runs on demand."""

    limits: ClassVar[Mapping[str, Any]] = {}
    """Settings of the service that its runs go by."""
    variant: ClassVar[int | None] = None
    """Of what its company calls rooms, types and providers; None: by names of its own."""

    def __init__(
        self, conn: Conn, url: str, simulator: Simulator, *, capacity: int = 1, **schedule: Any
    ) -> None:
        self.conn = conn
        self.neo = simulator.create_company(
            zone=ZONE.key, now=MORNING, generate=False, variant=self.variant
        )
        self.neo.set_knob("session_idle_minutes", None)
        self.neo.set_knob("session_absolute_minutes", None)
        self.now = MORNING.replace(tzinfo=ZONE).astimezone(UTC)
        set_business_time(conn, self.now)
        hours = {"open_time": OPENS, "close_time": CLOSES, "days_of_week": list(range(7))}
        self.clinic_id = add_clinic(
            conn,
            zone=ZONE.key,
            base_url=self.neo.base_url,
            **{**hours, "default_capacity": capacity, "sync_horizon_days": 3, **schedule},
        )
        set_credentials(conn, self.clinic_id, self.neo)
        set_session(conn, self.clinic_id, open_session(self.neo, self.now), self.now)
        settings = make_settings(
            as_role(url, "worker"),
            neo_hosts=(self.neo.base_url,),
            neo_requests_per_second=100_000,
            **self.limits,
        )
        self._dependencies = replace(
            wiring.make_dependencies(settings, retried=False, login=PlainLogin(self.neo.base_url)),
            clock_from=_standing,
            sleep=lambda _seconds: None,
        )

    def close(self) -> None:
        self._dependencies.database.close()
        self.neo.remove()

    # -- time and runs -----------------------------------------------------------------------

    def later(self, minutes: float = 15) -> None:
        self.now += timedelta(minutes=minutes)
        set_business_time(self.conn, self.now)
        self.neo.advance(minutes)

    def run(self, sync: Sync | None = None, days: WindowParams | None = None) -> Job:
        """One run over the clinic's horizon, if no days are named."""
        sync = sync or InboundSync()
        order = new_order(self.clinic_id, sync.name, "schedule", days)
        return run_job(order, sync, self._dependencies)

    def synced(self) -> None:
        """A first run, which read everything; then a while passes."""
        assert self.run().status in ("succeeded", "succeeded_with_warnings")
        assert self.marks() == 1
        self.later()

    def decide(self, verdict: Literal["approved", "rejected"]) -> None:
        """Whatever waits for a person."""
        for row in self.holds():
            hold = hold_store.hold_by_id(self.conn, row["id"])
            assert hold is not None
            hold_store.decide(self.conn, hold, verdict, "a tester")

    def configure(self, **columns: Any) -> None:
        update(self.conn, "public.clinic_schedule_configs", columns, clinic_id=self.clinic_id)

    # -- what should be taken ----------------------------------------------------------------

    def times(self, *record_ids: str) -> Slots:
        """Where the records are by Neo's own state."""
        return {slot for one in record_ids for span in self._spans(one) for slot in between(*span)}

    def rest_of_day(self, record_id: str) -> Slots:
        """From where the record starts to the end of that day."""
        ((start, _),) = self._spans(record_id)
        return between(start, f"{start[:10]} 23:59:59")

    def day_of(self, record_id: str) -> Slots:
        ((start, _),) = self._spans(record_id)
        return whole(date.fromisoformat(start[:10]))

    def _spans(self, record_id: str) -> list[tuple[str, str]]:
        state = self.neo.state()
        for visit in state["visits"]:
            if visit["id"] == record_id:
                return [(visit["start"], visit["end"])]
        (block,) = [one for one in state["blocks"] if one["id"] == record_id]
        return [(one["start"], _until(one)) for one in block["occurrences"]]

    # -- what there is -----------------------------------------------------------------------

    def left(self) -> dict[str, int]:
        """Slot -> places that are left of it."""
        found = query(
            self.conn,
            "SELECT date, start_time, capacity - booked_count AS left FROM public.schedule_slots "
            "WHERE clinic_id = %s",
            (self.clinic_id,),
        )
        return {f"{slot['date']} {slot['start_time']:%H:%M}": slot["left"] for slot in found}

    def offered(self) -> Slots:
        return {slot for slot, left in self.left().items() if left > 0}

    def rows(self) -> dict[str, Mapping[str, Any]]:
        """Live appointments by their key."""
        found = query(
            self.conn,
            "SELECT * FROM public.schedule_appointments WHERE clinic_id = %s "
            "AND deleted_at IS NULL",
            (self.clinic_id,),
        )
        return {row["neo_appointment_id"]: row for row in found}

    def starts(self) -> dict[str, str]:
        """Live appointments: key -> stored start."""
        return {key: f"{row['date']} {row['start_time']:%H:%M}" for key, row in self.rows().items()}

    def strikes(self) -> int:
        return int(
            query(
                self.conn,
                "SELECT coalesce(sum(strikes), 0) AS n FROM idexx_sync.records "
                "WHERE clinic_id = %s",
                (self.clinic_id,),
            )[0]["n"]
        )

    def marks(self) -> int:
        """How many runs have told readers that the calendar is fresh."""
        return int(
            query(
                self.conn,
                "SELECT count(*) AS n FROM public.schedule_syncs WHERE clinic_id = %s "
                "AND status = 'completed'",
                (self.clinic_id,),
            )[0]["n"]
        )

    def holds(self) -> list[dict[str, Any]]:
        return query(
            self.conn,
            "SELECT * FROM idexx_sync.holds WHERE clinic_id = %s AND status = 'open'",
            (self.clinic_id,),
        )

    def causes(self) -> list[str]:
        return sorted(hold["cause"] for hold in self.holds())


def union(*sets: Iterable[str]) -> Slots:
    return set().union(*sets)


def _until(occurrence: Mapping[str, str]) -> str:
    """A block from midnight to midnight is the whole day."""
    if occurrence["start"] != occurrence["end"]:
        return occurrence["end"]
    return f"{occurrence['start'][:10]} 23:59:59"


def _standing(moment: datetime) -> Clock:
    return lambda: moment
