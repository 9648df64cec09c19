"""Simulated weeks of clinics whose crons drive everything, over changes of the clocks.

Rows, mirror, scheduler, queues, workers, dead letters and watchdog are the product's own or as
strict as AWS; only what a run does is left out, and time is moved. Meanwhile the scheduler is
throttled or silent, its ticks come late, twice or never, workers are killed, crons are broken and
mended, clinics paused, and the watchdog stays away. Which ticks were due is worked out here by
another library, from what each clinic's rows have said.
"""

import json
import os
import random
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from cronsim import CronSim
from psycopg.types.json import Jsonb
from pydantic import SecretStr

from idexx_sync.clinics import pause_store
from idexx_sync.core.catalog import SYNCS, SyncName
from idexx_sync.core.errors import DeadlineExceeded
from idexx_sync.core.fingerprints import read_fingerprint_keys
from idexx_sync.core.logs import log_to
from idexx_sync.database.connection import Database, connect
from idexx_sync.jobs.contract import Report, Run
from idexx_sync.jobs.deliveries import Delivery
from idexx_sync.jobs.event import WorkerEvent
from idexx_sync.jobs.runner import Dependencies
from idexx_sync.jobs.store import begin
from idexx_sync.jobs.submission import WorkerUnavailable
from idexx_sync.jobs.worker import sync_worker
from idexx_sync.pims.protocol import Pims
from idexx_sync.schedules.eventbridge import Expression
from idexx_sync.schedules.mirror import mirror_store
from idexx_sync.schedules.mirror.one_pass import Order
from idexx_sync.schedules.mirror.wanted import wanted_of
from idexx_sync.schedules.spread import Place, spread
from idexx_sync.syncs.commit import Commits
from idexx_sync.upkeep.abandoned import end_abandoned, end_late_ticks
from idexx_sync.upkeep.catch_ups import making_up
from idexx_sync.upkeep.dead_letters import take_in
from idexx_sync.upkeep.letters import Message
from idexx_sync.upkeep.ticks import watch_ticks
from idexx_sync.upkeep.watchdog import release_leases, watch
from tests.faults import checks
from tests.faults.clinic import WATCHES_S
from tests.faults.results import Outcome, Violation
from tests.faults.rig import Rig
from tests.faults.scenario import Scenario
from tests.kit.business_time import set_business_time
from tests.kit.clinic import add_clinic, add_user
from tests.kit.database import as_role, query
from tests.kit.mirror import GROUP, TARGETS, mirror_over
from tests.kit.rows import add_credentials
from tests.kit.settings import FINGERPRINT_KEY, make_settings
from tests.kit.strict_scheduler import Fault, StrictScheduler

STEP: Final = timedelta(minutes=5)
SETTLES: Final = timedelta(minutes=30)
"""So long after a change the ticks of the new schedule are nobody's matter (R31)."""
CALM: Final = timedelta(hours=6)
"""At the end nothing fails any more."""
HIDDEN: Final = timedelta(minutes=30)
"""The queue's own time, for which the message of a killed worker is hidden."""
RECEIVES: Final = 3
ZONES: Final = (
    *("America/St_Johns", "America/New_York", "America/Chicago", "America/Denver"),
    *("America/Phoenix", "America/Los_Angeles", "Europe/Berlin", "Australia/Lord_Howe"),
)
CRONS: Final[Mapping[SyncName, tuple[str, ...]]] = {
    "inbound": ("17 * * * *", "H H/3 * * *", "30 0-3,12 * * *", "H(0-29)/15 1-2,9 * * *"),
    "cases": ("0 2 * * *", "H H(1-4) * * *", "30 2 * * 1-5", "15 1,13 1,15 * MON", "0 */6 * * *"),
    "reconciliation": ("0 2 * * *", "30 1 * * *", "45 2 * * SUN,TUE"),
}
WEEKS: Final = (
    (datetime(2026, 10, 24, tzinfo=UTC), 10),
    (datetime(2027, 3, 13, tzinfo=UTC), 4),
    (datetime(2027, 3, 27, tzinfo=UTC), 9),
)
"""First day, and how many. Clocks go back in Europe on the first day and in America a week later;
forward in America; in Europe, and back by half an hour on Lord Howe."""
BROKEN: Final = "at noon"
HALF_HOURS: Final = "Australia/Lord_Howe"
"""Clocks change by half an hour there."""
FOREIGN: Final = "made-by-somebody"
"""A schedule that is none of ours, in our group and in another one."""
LEASE_S: Final = 120
RAN: Final = ("succeeded", "succeeded_with_warnings", "held")
UNSETTLED: Final = timedelta(hours=1)
"""What was due so short a time ago may still be under way."""


def scenarios(*, full: bool) -> Iterator[Scenario]:
    for start, whole in WEEKS if full else WEEKS[:1]:
        clinics, days = (50, float(whole)) if full else (5, 1.25)
        arguments = {"start": start.isoformat(), "clinics": clinics, "days": days, "seed": 3}
        yield Scenario("Weeks on schedule", live_through, arguments, clinics * days)


def live_through(
    rig: Rig, outcome: Outcome, *, start: str, clinics: int, days: float, seed: int
) -> None:
    """So many days of so many clinics, in steps of five minutes."""
    with Path(os.devnull).open("w") as nowhere:
        log_to(nowhere)  # a worker says a line of each run
        try:
            _lived_through(
                Weeks(rig, outcome, datetime.fromisoformat(start), clinics, random.Random(seed)),
                days,
            )
        finally:
            log_to(sys.stdout)


def _lived_through(weeks: "Weeks", days: float) -> None:
    try:
        ends = weeks.now + timedelta(days=days)
        while weeks.now < ends:
            weeks.step(calm=weeks.now >= ends - CALM)
        weeks.check()
    finally:
        weeks.close()


@dataclass
class Stretch:
    """A time for which a clinic's rows have said the same of one sync."""

    crons: tuple[str, ...]
    """Without H; none: nothing is due."""
    since: datetime
    until: datetime | None = None


@dataclass
class OnSchedule:
    """One clinic, and what its rows have said so far."""

    clinic_id: UUID
    zone: ZoneInfo
    crons: dict[SyncName, str]
    broken: SyncName | None = None
    paused: bool = False
    stretches: dict[SyncName, list[Stretch]] = field(default_factory=dict)

    def stored(self) -> list[dict[str, Any]]:
        return [
            {"type": sync, "cron": BROKEN if sync == self.broken else cron, "enabled": True}
            for sync, cron in self.crons.items()
        ]

    def note(self, now: datetime) -> None:
        """Write down what the rows say from now on."""
        for sync, cron in self.crons.items():
            said = () if self.paused or sync == self.broken else (cron,)
            plain = tuple(spread(one, Place(self.clinic_id, sync)) for one in said)
            stretches = self.stretches.setdefault(sync, [])
            if stretches and stretches[-1].crons == plain:
                continue
            if stretches:
                stretches[-1].until = now
            stretches.append(Stretch(plain, now))


@dataclass
class Waiting:
    """A message of a queue."""

    body: dict[str, Any]
    visible_at: datetime
    received: int = 0
    id: str = field(default_factory=lambda: str(uuid4()))


class Bare:
    """A sync that reads and writes nothing, and ends its job."""

    def __init__(self, name: SyncName, ran: Counter[UUID]) -> None:
        self._name: SyncName = name
        self._ran = ran

    @property
    def name(self) -> SyncName:
        return self._name

    def __call__(self, run: Run, pims: Pims) -> Report:  # noqa: ARG002 a Sync's own names
        self._ran[run.job.id] += 1
        counts = dict.fromkeys(("read", "created", "updated", "removed"), 0)
        return Commits(run).end(lambda _tally: Report(counts, unfresh=None))


class Weeks:
    """Clinics, their schedules, and all that stands between a cron and its run."""

    def __init__(
        self, rig: Rig, outcome: Outcome, start: datetime, clinics: int, dice: random.Random
    ) -> None:
        self.conn, self.outcome, self.dice = rig.conn, outcome, dice
        self.now = start
        self.ran: Counter[UUID] = Counter()
        """Job -> how often a run of it went to its end."""
        self.queues: dict[SyncName, list[Waiting]] = {sync: [] for sync in SYNCS}
        self.began = start
        self.watched: list[datetime] = []
        """When the watchdog has made a pass."""
        self._silent_until = self._away_until = start
        self._elapsed = 0.0
        set_business_time(rig.conn, start)
        self._database = Database(SecretStr(as_role(rig.url, "worker")))
        self._upkeep = connect(SecretStr(as_role(rig.url, "upkeep")))
        self._scheduler = StrictScheduler(
            groups=(GROUP, "others"), now=lambda: self.now, lag=timedelta(seconds=30)
        )
        for group in self._scheduler.groups:
            self._scheduler.write_by_hand(FOREIGN, group, State="DISABLED")
        self._mirror = mirror_over(self._scheduler, self, per_second=1000)  # type: ignore[arg-type]
        self._dependencies = self._made(rig)
        self._workers = {
            sync: sync_worker(Bare(sync, self.ran), lambda: self._dependencies, self._bring_back)
            for sync in SYNCS
        }
        self.clinics = [self._clinic(rig, n) for n in range(clinics)]

    def _made(self, rig: Rig) -> Dependencies:
        def open_pims(*_arguments: Any, **_named: Any) -> AbstractContextManager[Any]:
            return nullcontext()

        return Dependencies(
            settings=make_settings(as_role(rig.url, "worker")),
            fingerprint_keys=read_fingerprint_keys(FINGERPRINT_KEY),
            database=self._database,
            open_pims=open_pims,
            clock_from=lambda _moment: lambda: self.now,
            sleep=lambda _seconds: None,
            retried=True,
        )

    def _clinic(self, rig: Rig, number: int) -> OnSchedule:
        zone = ZONES[number % len(ZONES)]
        crons = {sync: self.dice.choice(CRONS[sync]) for sync in SYNCS}
        clinic_id = UUID(int=self.dice.getrandbits(128), version=4)
        made = OnSchedule(clinic_id, ZoneInfo(zone), crons)
        add_clinic(
            rig.conn,
            clinic_id=made.clinic_id,
            zone=zone,
            acting_user_id=add_user(rig.conn),
            sync_schedules=Jsonb(made.stored()),
        )
        add_credentials(rig.conn, made.clinic_id)
        made.note(self.now)
        return made

    # -- the time of the mirror's calls -------------------------------------------------------

    def elapsed(self) -> float:
        return self._elapsed

    def sleep(self, seconds: float) -> None:
        self._elapsed += seconds

    # -- five minutes -------------------------------------------------------------------------

    def step(self, *, calm: bool) -> None:
        before, self.now = self.now, self.now + STEP
        set_business_time(self.conn, self.now)
        self.conn.execute(
            "UPDATE idexx_sync.leases SET expires_at = expires_at - %s "
            "WHERE expires_at > to_timestamp(0)",
            (STEP,),
        )
        self._tick(before, calm=calm)
        if not calm:
            self._trouble()
            self._edit()
        else:
            self._mend()
        self._reflect(calm=calm)
        for sync in SYNCS:
            self._work(sync, calm=calm)
        if calm or self.now >= self._away_until:
            self._watch(calm=calm)

    def _tick(self, before: datetime, *, calm: bool) -> None:
        """What the scheduler sends by the schedules as they stand."""
        silent = self.now < self._silent_until
        for schedule in self._scheduler.schedules().values():
            if schedule["State"] != "ENABLED":
                continue
            zone = ZoneInfo(schedule["ScheduleExpressionTimezone"])
            runs = Expression(schedule["ScheduleExpression"], zone).runs_after(before)
            for due in takewhile(lambda due: due <= self.now, runs):
                self.outcome.notes["ticks"] += 1
                if silent or (not calm and self.dice.random() < 0.02):
                    self.outcome.notes.update({"ticks lost": 1, "struck": 1})
                    continue
                self._send(schedule, due, calm=calm)

    def _send(self, schedule: dict[str, Any], due: datetime, *, calm: bool) -> None:
        event = json.loads(schedule["Target"]["Input"])
        seconds = self.dice.randrange(60)
        event["scheduled_time"] = due.replace(second=seconds).isoformat().replace("+00:00", "Z")
        sync: SyncName = event["sync"]
        times = 2 if not calm and self.dice.random() < 0.05 else 1
        for _ in range(times):
            late = timedelta()
            if not calm and self.dice.random() < 0.05:
                late = timedelta(minutes=self.dice.choice((1, 5, 20, 40, 90, 300)))
                self.outcome.notes["ticks late"] += 1
            self.queues[sync].append(Waiting(event, self.now + late))

    def _trouble(self) -> None:
        if self.now >= self._silent_until and self.dice.random() < 0.002:
            self._silent_until = self.now + timedelta(hours=self.dice.choice((1, 3, 7)))
            self.outcome.notes["scheduler silent"] += 1
        if self.now >= self._away_until and self.dice.random() < 0.01:
            self._away_until = self.now + timedelta(minutes=self.dice.choice((10, 30, 70)))
            self.outcome.notes["watchdog late"] += 1

    def _edit(self) -> None:
        """Somebody changes a clinic's rows; half of them have them mirrored at once."""
        if self.dice.random() > 0.03:
            return
        clinic = self.dice.choice(self.clinics)
        self.dice.choice((self._new_cron, self._break, self._mend_one, self._pause))(clinic)
        if self.dice.random() < 0.5 and self.now >= self._silent_until:
            self._mirrored(clinic.clinic_id)

    def _new_cron(self, clinic: OnSchedule) -> None:
        sync = self.dice.choice(SYNCS)
        clinic.crons[sync] = self.dice.choice(CRONS[sync])
        self._store(clinic, "cron changed")

    def _break(self, clinic: OnSchedule) -> None:
        clinic.broken = self.dice.choice(SYNCS)
        self._store(clinic, "cron broken")

    def _mend_one(self, clinic: OnSchedule) -> None:
        if clinic.broken is not None:
            clinic.broken = None
            self._store(clinic, "cron mended")

    def _pause(self, clinic: OnSchedule) -> None:
        clinic.paused = not clinic.paused
        if clinic.paused:
            pause_store.start(self.conn, clinic.clinic_id, "somebody", "made up")
        else:
            pause_store.end(self.conn, clinic.clinic_id, "somebody", None)
        clinic.note(self.now)
        self.outcome.notes["paused" if clinic.paused else "resumed"] += 1

    def _mend(self) -> None:
        """What was broken or stopped is put right, once."""
        for clinic in self.clinics:
            self._mend_one(clinic)
            if clinic.paused:
                self._pause(clinic)

    def _store(self, clinic: OnSchedule, what: str) -> None:
        self.conn.execute(
            "UPDATE public.clinic_schedule_configs SET sync_schedules = %s WHERE clinic_id = %s",
            (Jsonb(clinic.stored()), clinic.clinic_id),
        )
        clinic.note(self.now)
        self.outcome.notes[what] += 1

    def _reflect(self, *, calm: bool) -> None:
        """The pass of every five minutes, some of whose calls fail."""
        if not calm and self.now < self._silent_until:
            return
        self._scheduler.faults = {}
        if not calm and self.dice.random() < 0.2:
            first = len(self._scheduler.calls) + 1
            words: tuple[Fault, ...] = ("throttled", "broken", "silent", "done and silent")
            self._scheduler.faults = {
                first + self.dice.randrange(12): self.dice.choice(words) for _ in range(3)
            }
            self.outcome.notes["calls failed"] += 3
        self._mirrored(None)

    def _mirrored(self, clinic_id: UUID | None) -> None:
        try:
            self._mirror(self._upkeep, Order(clinic_id), lambda: 200.0)
        except DeadlineExceeded:  # the list failed three times: the next pass does it all
            self.outcome.notes["passes that failed"] += 1

    # -- workers ------------------------------------------------------------------------------

    def _work(self, sync: SyncName, *, calm: bool) -> None:
        """All messages that can be received now, in any order."""
        ready = [one for one in self.queues[sync] if one.visible_at <= self.now]
        self.dice.shuffle(ready)
        for message in ready:
            if message.received >= RECEIVES:
                self._give_up(sync, message)
                continue
            message.received += 1
            if not calm and self.dice.random() < 0.02:
                self._kill(sync, message)
            elif self._receive(sync, message):
                self.queues[sync].remove(message)

    def _receive(self, sync: SyncName, message: Waiting) -> bool:
        """Whether the message is done with."""
        record = {
            "messageId": message.id,
            "receiptHandle": message.id,
            "body": json.dumps(message.body),
            "attributes": {"ApproximateReceiveCount": str(message.received)},
            "eventSource": "aws:sqs",
            "eventSourceARN": f"arn:aws:sqs:us-west-2:123456789012:ticks-{sync}",
        }
        answer = self._workers[sync]({"Records": [record]}, None)
        return not answer["batchItemFailures"]

    def _bring_back(self, delivery: Delivery) -> None:
        (message,) = (
            one
            for messages in self.queues.values()
            for one in messages
            if one.id == delivery.message_id
        )
        message.visible_at = self.now + timedelta(seconds=delivery.back_after_s)
        self.outcome.notes["messages brought back"] += 1

    def _kill(self, sync: SyncName, message: Waiting) -> None:
        """A worker begins the run and is not seen again; its lease runs out with time."""
        order = WorkerEvent.model_validate(message.body).order(sync)
        begin(self._database.connection(), replace(order, invocation=uuid4()), LEASE_S)
        message.visible_at = self.now + HIDDEN
        self.outcome.notes["workers killed"] += 1

    def _give_up(self, sync: SyncName, message: Waiting) -> None:
        self.queues[sync].remove(message)
        self.outcome.notes["messages given up"] += 1
        take_in(self._upkeep, Message(message.id, json.dumps(message.body), {}))

    # -- upkeep -------------------------------------------------------------------------------

    def _watch(self, *, calm: bool) -> None:
        def dispatch(sync: SyncName, job_id: UUID) -> None:
            if not calm and self.dice.random() < 0.1:
                raise WorkerUnavailable("the queue does not answer")
            self.queues[sync].append(Waiting({"v": 1, "job_id": str(job_id)}, self.now))

        self.watched.append(self.now)
        if not self.now.minute:
            self.outcome.notes.update(watch(self._upkeep, lambda: WATCHES_S, dispatch).counts)
            return
        # Of the other steps, which take most of a pass's time, none is about ticks.
        for step in (
            end_abandoned,
            end_late_ticks,
            release_leases,
            watch_ticks,
            making_up(dispatch),
        ):
            self.outcome.notes.update(step(self._upkeep, lambda: WATCHES_S)[0])

    # -- what must hold at the end ------------------------------------------------------------

    def check(self) -> None:
        """Every tick that was due has run once or is made up once, and nothing else has run."""
        for clinic in self.clinics:
            self._add(checks.stuck_jobs(self.conn, clinic.clinic_id))
            for sync in SYNCS:
                self._check_sync(clinic, sync)
        twice = [str(job_id) for job_id, times in self.ran.items() if times > 1]
        self._add([Violation("R31", f"job {job_id} ran more than once") for job_id in twice])
        rows = mirror_store.clinic_rows(self.conn, None)
        wanted = {
            name: dict(one.request) for name, one in wanted_of(rows, TARGETS).schedules.items()
        }
        there = self._scheduler.schedules()
        if there != {**wanted, FOREIGN: there.get(FOREIGN)}:
            self._add([Violation("R30", "the scheduler has not what the rows say")])
        if list(self._scheduler.schedules("others")) != [FOREIGN]:
            self._add([Violation("R30", "a schedule of another group was touched")])

    def _check_sync(self, clinic: OnSchedule, sync: SyncName) -> None:
        jobs = query(
            self.conn,
            "SELECT id, trigger, scheduled_time, status, started_at, made_up_by, catch_up_of "
            "FROM idexx_sync.jobs WHERE clinic_id = %s AND sync = %s",
            (clinic.clinic_id, sync),
        )
        ticks = {job["scheduled_time"]: job for job in jobs if job["trigger"] == "schedule"}
        began = [job["started_at"] for job in jobs if job["status"] in RAN and job["started_at"]]
        for due in self._due(clinic, sync):
            self.outcome.notes["ticks judged"] += 1
            job = ticks.get(due)
            if job is None:
                self._wrong(clinic, sync, due, "has no job")
            elif job["status"] not in RAN and not any(one >= due for one in began):
                self._wrong(clinic, sync, due, f"is {job['status']} and nothing made it up")
        named = [job["catch_up_of"] for job in jobs if job["trigger"] == "catch_up"]
        if len(set(named)) != len(named):
            self._add([Violation("R31", f"{clinic.clinic_id} {sync}: a tick was made up twice")])
        ever = {cron for stretch in clinic.stretches[sync] for cron in stretch.crons}
        said = {due for cron in ever for due in due_times(cron, clinic.zone, self.began, self.now)}
        for due, job in ticks.items():
            if due not in said:
                self._wrong(clinic, sync, due, f"was never due and is {job['status']}")

    def _due(self, clinic: OnSchedule, sync: SyncName) -> Iterator[datetime]:
        """The ticks that the watchdog must have judged: those of what it has seen stand."""
        for stretch in clinic.stretches[sync]:
            seen = next((one for one in self.watched if one >= stretch.since), None)
            if seen is None:
                continue
            last = self.now - UNSETTLED
            if stretch.until is not None:
                ended = stretch.until
                last = max((one for one in self.watched if one < ended), default=seen)
            for cron in stretch.crons:
                yield from due_times(cron, clinic.zone, seen + SETTLES, last)

    def _wrong(self, clinic: OnSchedule, sync: SyncName, due: datetime, text: str) -> None:
        said = f"{clinic.clinic_id} ({clinic.zone.key}) {sync}: the tick of {due:%F %R} {text}"
        self._add([Violation("R31", said)])

    def _add(self, violations: list[Violation]) -> None:
        self.outcome.violations += violations

    def close(self) -> None:
        self._database.close()
        self._upkeep.close()


def due_times(cron: str, zone: ZoneInfo, after: datetime, until: datetime) -> Iterator[datetime]:
    """When a cron is due after a moment and up to another, in UTC (R29), by another library.

    A local time that is skipped is left out. One that comes twice counts once, the first time, but
    for a cron of minutes only, which goes by UTC where clocks change by whole hours.
    """
    first = after.astimezone(zone).replace(tzinfo=None) - timedelta(hours=2)
    last = until.astimezone(zone).replace(tzinfo=None) + timedelta(hours=2)
    both = cron.split()[1:] == ["*"] * 4 and zone.key != HALF_HOURS
    for wall in takewhile(lambda wall: wall <= last, CronSim(cron, first)):
        for fold in (0, 1) if both else (0,):
            instant = wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)
            exists = instant.astimezone(zone).replace(tzinfo=None) == wall
            is_new = not fold or instant != wall.replace(tzinfo=zone).astimezone(UTC)
            if exists and is_new and after < instant <= until:
                yield instant
