"""A simulated month of many clinics whose runs fail in every way, and the upkeep beside them.

Each clinic has a scripted PIMS: what is looked at is not what runs read but what becomes of them.
Events are delivered as Lambda does it; now and then one is lost, a worker is killed, Neo is down
for hours, an answer has another shape, the calendar comes back empty. Every hour the watchdog makes
its pass, and what a queue of dead letters holds is taken in. At the end nothing is left open whose
cause is gone, alerts are one per incident, and no table holds more than retention lets it.
"""

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb
from pydantic import SecretStr

from idexx_sync.core.catalog import SyncName
from idexx_sync.core.errors import PimsUnavailable, ShapeChanged
from idexx_sync.database.connection import Conn, Database, connect
from idexx_sync.jobs import store as job_store
from idexx_sync.jobs.model import Job, RunOrder, tick_order
from idexx_sync.jobs.runner import run_job
from idexx_sync.pims.protocol import SourceRecord
from idexx_sync.syncs import hold_store
from idexx_sync.upkeep.dead_letters import take_in
from idexx_sync.upkeep.letters import Message
from idexx_sync.upkeep.watchdog import watch
from tests.faults import checks
from tests.faults.alert_checks import Incidents
from tests.faults.clinic import TRIES, WATCHES_S, sync_of
from tests.faults.results import Outcome, Violation
from tests.faults.rig import Rig
from tests.faults.scenario import Scenario
from tests.kit.bench import Bench
from tests.kit.business_time import set_business_time
from tests.kit.clinic import add_clinic, add_user
from tests.kit.database import as_role, query
from tests.kit.records import MORNING, visits
from tests.kit.rows import add_credentials

EVERY: Final[dict[SyncName, int]] = {"inbound": 3, "cases": 12}
"""Hours between two ticks."""
SCHEDULES: Final = [
    {"type": sync, "cron": f"0 */{hours} * * *", "enabled": True} for sync, hours in EVERY.items()
]
LEASE_S = 45
CALM_HOURS = 26
"""At the end, in which nothing fails any more."""
PASSES = 3
"""Of the watchdog at the end: one may stop before it is through."""
SLACK = timedelta(days=1)
"""Beyond its age something may still be there: it is deleted in turns."""

Trouble = Callable[["Fleet", Bench, RunOrder], None]


def scenarios(*, full: bool) -> Iterator[Scenario]:
    clinics, days = (20, 30) if full else (4, 2)
    arguments = {"clinics": clinics, "days": days, "seed": 1}
    yield Scenario("Month of a fleet", live_through, arguments, clinics * days * 0.5)


def live_through(rig: Rig, outcome: Outcome, *, clinics: int, days: int, seed: int) -> None:
    """So many days of so many clinics, hour by hour."""
    fleet = Fleet(rig, outcome, clinics, random.Random(seed))
    try:
        for hour in range(days * 24):
            fleet.hour(hour, calm=hour >= days * 24 - CALM_HOURS)
        fleet.check()
    finally:
        fleet.close()


class Fleet:
    """Many clinics, the workers that run for them, and who looks after what they leave."""

    def __init__(self, rig: Rig, outcome: Outcome, clinics: int, dice: random.Random) -> None:
        self.conn = rig.conn
        self.outcome = outcome
        self.dice = dice
        self.now = MORNING.replace(minute=0)
        self.letters: list[Message] = []
        set_business_time(rig.conn, self.now)
        self._database = Database(SecretStr(as_role(rig.url, "worker")))
        self._upkeep = connect(SecretStr(as_role(rig.url, "upkeep")))
        self._down_until: dict[UUID, tuple[datetime, str]] = {}
        self.benches = [self._bench(rig) for _ in range(clinics)]
        self._incidents = [Incidents(rig.conn, bench.clinic_id) for bench in self.benches]

    def _bench(self, rig: Rig) -> Bench:
        clinic_id = add_clinic(
            rig.conn, acting_user_id=add_user(rig.conn), sync_schedules=Jsonb(SCHEDULES)
        )
        add_credentials(rig.conn, clinic_id)
        bench = Bench(rig.conn, rig.url, clinic_id, retried=True, lent=self._database)
        bench.pims.records = self._booked()
        return bench

    # -- time ---------------------------------------------------------------------------------

    def hour(self, number: int, *, calm: bool) -> None:
        """The ticks of one hour, and what is done beside them."""
        self._move(timedelta(hours=1))
        for bench in self.benches:
            for sync, hours in EVERY.items():
                if number % hours == 0:
                    self._tick(bench, sync, calm=calm)
            self._decide(bench, calm=calm)
        self._look_after()

    def _move(self, step: timedelta) -> None:
        """Time passes for all, and leases run out."""
        self.now += step
        for bench in self.benches:
            bench.now = self.now
        self.conn.execute(
            "UPDATE idexx_sync.leases SET expires_at = expires_at - %s "
            "WHERE expires_at > to_timestamp(0)",
            (step,),
        )

    def _look_after(self) -> None:
        """One pass of the watchdog, and the dead letters, each delivered once or twice."""
        for incidents in self._incidents:
            incidents.learn()  # before jobs are deleted that have grown old
        self.outcome.notes.update(Counter(watch(self._upkeep, lambda: WATCHES_S).counts))
        for message in self.letters:
            for _ in range(self.dice.choice((1, 2))):
                take_in(self._upkeep, message)
        self.letters.clear()

    # -- runs ---------------------------------------------------------------------------------

    def _tick(self, bench: Bench, sync: SyncName, *, calm: bool) -> None:
        order = tick_order(bench.clinic_id, sync, "schedule", self.now)
        self.outcome.notes["ticks"] += 1
        self._disturb(bench, calm=calm)
        trouble = None if calm or self.dice.random() > 0.1 else self.dice.choice(TROUBLES)
        if trouble is None:
            self.deliver(bench, order)
        else:
            self.outcome.notes[trouble.__name__.strip("_").replace("_", " ")] += 1
            trouble(self, bench, order)

    def _disturb(self, bench: Bench, *, calm: bool) -> None:
        """Neo is down, or answers in another shape, or empty, for some hours."""
        until, _ = self._down_until.get(bench.clinic_id, (self.now, ""))
        if until <= self.now or calm:
            bench.pims.error, bench.pims.records = None, self._booked()
            if not calm and self.dice.random() < 0.02:
                word = self.dice.choice(sorted(STATES))
                hours = timedelta(hours=self.dice.choice((3, 9, 30)))
                self._down_until[bench.clinic_id] = (self.now + hours, word)
                STATES[word](bench)
                self.outcome.notes[f"Neo {word}"] += 1

    def _booked(self) -> list[SourceRecord]:
        """Visits of the days around this one, with ids of their own."""
        today = (self.now - timedelta(hours=12)).date()
        days = [today + timedelta(days=away) for away in range(-9, 8)]
        return [one for day in days for one in visits(1, day.toordinal() * 10, day)]

    def invoke(self, bench: Bench, order: RunOrder) -> Job | None:
        """One invocation; None: something left it."""
        try:
            again = replace(order, invocation=uuid4())
            return run_job(again, sync_of(order), bench.dependencies())
        except Exception:  # noqa: BLE001 Lambda sees it and tries again
            return None

    def deliver(self, bench: Bench, order: RunOrder, tries: int = TRIES) -> None:
        """The event as Lambda handles it: what is given up goes to the dead letters."""
        for _ in range(tries):
            job = self.invoke(bench, order)
            if job is not None and job.status != "queued":
                return
        self.give_up(order)

    def kill(self, order: RunOrder) -> None:
        """A worker begins the order's run and is not seen again; its lease runs out."""
        with self._database_of_its_own() as conn:
            job_store.begin(conn, replace(order, invocation=uuid4()), LEASE_S)
        self.conn.execute(
            "UPDATE idexx_sync.leases SET expires_at = clock_timestamp() WHERE job_id = %s",
            (order.job_id,),
        )

    def _database_of_its_own(self) -> Conn:
        return connect(SecretStr(self.benches[0].workers_url))

    def give_up(self, order: RunOrder) -> None:
        """What Lambda sends once it has tried as often as it does."""
        assert order.scheduled_time is not None
        event = {
            "v": 1,
            "clinic_id": str(order.clinic_id),
            "sync": order.sync,
            "trigger": "schedule",
            "scheduled_time": order.scheduled_time.isoformat(),
        }
        context = {"condition": "RetriesExhausted", "approximateInvokeCount": TRIES}
        body = {"version": "1.0", "requestContext": context, "requestPayload": event}
        self.letters.append(Message(str(uuid4()), json.dumps(body), {}))

    def _decide(self, bench: Bench, *, calm: bool) -> None:
        """A person lets through what has waited."""
        for row in bench.holds():
            if row["status"] == "open" and (calm or self.dice.random() < 0.3):
                hold = hold_store.hold_by_id(self.conn, row["id"])
                assert hold is not None
                hold_store.decide(self.conn, hold, "approved", "somebody")
                self.outcome.notes["holds approved"] += 1

    # -- what must hold at the end ------------------------------------------------------------

    def check(self) -> None:
        for _ in range(PASSES):
            self._look_after()
        ids = [bench.clinic_id for bench in self.benches]
        for clinic_id, incidents in zip(ids, self._incidents, strict=True):
            self._add(checks.stuck_jobs(self.conn, clinic_id))
            incidents.learn()
            self._add(incidents.check())
        self._nothing("an alert is open", "alerts", "closed_at IS NULL", ids)
        self._nothing("a lease is live", "leases", "expires_at > to_timestamp(0)", ids)
        for table, kept, what in KEPT:
            condition = f"{what} < idexx_sync.clock() - interval '{(kept + SLACK).days} days'"
            self._nothing(f"older than {kept.days} days", table, condition, ids)

    def _nothing(self, text: str, table: str, condition: str, ids: list[UUID]) -> None:
        rows = query(
            self.conn,
            f"SELECT count(*) AS number FROM idexx_sync.{table} "
            f"WHERE clinic_id = ANY(%s) AND {condition}",
            (ids,),
        )
        if number := rows[0]["number"]:
            self._add([Violation("R25", f"{table}: {text} ({number})")])

    def _add(self, violations: list[Violation]) -> None:
        self.outcome.violations += violations

    def close(self) -> None:
        """They are synced no longer: the next scenario's watchdog has nothing to do with them."""
        self.conn.execute(
            "UPDATE public.clinics SET is_active = false WHERE id = ANY(%s)",
            ([bench.clinic_id for bench in self.benches],),
        )
        self._database.close()
        self._upkeep.close()


UNCHANGED: Final = """status = 'succeeded' AND params = '{}' AND retry_of IS NULL
    AND NOT EXISTS (SELECT FROM idexx_sync.changes c WHERE c.job_id = jobs.id)
    AND EXISTS (SELECT FROM idexx_sync.jobs n WHERE n.clinic_id = jobs.clinic_id
                 AND n.sync = jobs.sync AND n.status = 'succeeded'
                 AND n.finished_at > jobs.finished_at)"""
"""A job that wrote nothing, and is not the newest success, which a status tells of."""
KEPT: Final = (
    ("jobs", timedelta(days=14), f"CASE WHEN {UNCHANGED} THEN finished_at END"),
    ("jobs", timedelta(days=90), "finished_at"),
    ("logins", timedelta(days=90), "attempted_at"),
    ("changes", timedelta(days=180), "at"),
)
"""Table, how long its rows are kept, and from when that counts (rule R25)."""


def _down(bench: Bench) -> None:
    bench.pims.error = PimsUnavailable("Neo answered 502", code="status_502")


def _other_shape(bench: Bench) -> None:
    bench.pims.error = ShapeChanged("an answer has no field that was read", code="no_data")


def _defect(bench: Bench) -> None:
    bench.pims.error = ZeroDivisionError()


def _empty(bench: Bench) -> None:
    bench.pims.records = []


STATES: Final[dict[str, Callable[[Bench], None]]] = {
    "is down": _down,
    "answers in another shape": _other_shape,
    "meets a defect of ours": _defect,
    "shows nothing": _empty,
}


def _lost(fleet: Fleet, _bench: Bench, order: RunOrder) -> None:
    """The event made its job, and no delivery of it ever came."""
    with fleet.conn.transaction():
        job_store.insert(fleet.conn, order)


def _killed_for_good(fleet: Fleet, _bench: Bench, order: RunOrder) -> None:
    for _ in range(TRIES):
        fleet.kill(order)
    fleet.give_up(order)


def _killed_for_good_unheard(fleet: Fleet, _bench: Bench, order: RunOrder) -> None:
    """No dead letter comes of it either."""
    for _ in range(TRIES):
        fleet.kill(order)


def _killed_once(fleet: Fleet, bench: Bench, order: RunOrder) -> None:
    fleet.kill(order)
    fleet.deliver(bench, order, TRIES - 1)


def _killed_and_forgotten(fleet: Fleet, _bench: Bench, order: RunOrder) -> None:
    """Attempts are left, and none comes."""
    fleet.kill(order)


def _delivered_again_and_again(fleet: Fleet, bench: Bench, order: RunOrder) -> None:
    for _ in range(5):
        fleet.deliver(bench, order)


TROUBLES: Final[tuple[Any, ...]] = (
    _lost,
    _killed_for_good,
    _killed_for_good_unheard,
    _killed_once,
    _killed_and_forgotten,
    _delivered_again_and_again,
)
