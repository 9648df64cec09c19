"""R31: ticks that did not run are found, counted and made up, and no others."""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.types.json import Jsonb
from pydantic import SecretStr

from idexx_sync.alerts.slack.client import SlackChannels
from idexx_sync.core.catalog import SYNCS, SyncName
from idexx_sync.core.vocabulary import Reader
from idexx_sync.database.connection import Conn
from idexx_sync.jobs import store as job_store
from idexx_sync.jobs import tick_store
from idexx_sync.jobs.model import RunOrder, tick_order
from idexx_sync.jobs.store import nobody_came
from idexx_sync.jobs.submission import WorkerUnavailable
from idexx_sync.schedules.ticks import MISSED_AFTER, SETTLES
from idexx_sync.upkeep.catch_ups import MOST_SENT, make_up_missed, making_up
from idexx_sync.upkeep.telling import Telling
from idexx_sync.upkeep.ticks import keep_timetables, watch_ticks
from idexx_sync.upkeep.watchdog import watch
from local_stack.sinks.server import running_sinks
from local_stack.sinks.slack import TOKEN
from tests.kit.business_time import set_business_time
from tests.kit.clinic import add_clinic
from tests.kit.database import as_role, query, update
from tests.kit.letters import DUE
from tests.kit.races import at_once
from tests.kit.rows import REAL, add_alert, add_credentials, add_job, pause

MINUTE = timedelta(minutes=1)
ABOUT_TICKS = ("ticks_missed", "catch_ups_sent", "catch_ups_unsent", "refused")
QUARTERS = {"inbound": "0,15,30,45 * * * *"}
NIGHTLY = {"reconciliation": "30 2 * * *"}
TWO_THIRTY = datetime(2026, 5, 5, 9, 30, tzinfo=UTC)
"""The night's tick of NIGHTLY in Los Angeles."""


def forever() -> float:
    return math.inf


class Queues:
    """The syncs' queues: what was sent to them, and whether they answer."""

    def __init__(self) -> None:
        self.sent: list[tuple[SyncName, UUID]] = []
        self.away: frozenset[SyncName] = frozenset()
        self.before: Callable[[], None] = lambda: None
        """What happens before a message is taken."""
        self.then: Callable[[], None] = lambda: None
        """What happens once it was, before the sender knows."""

    def __call__(self, sync: SyncName, job_id: UUID) -> None:
        if sync in self.away:
            raise WorkerUnavailable("away")
        self.before()
        self.sent.append((sync, job_id))
        self.then()


@pytest.fixture
def queues() -> Queues:
    return Queues()


class World:
    """A database whose watchdog passes now and then."""

    def __init__(self, conn: Conn, upkeep: Conn, queues: Queues) -> None:
        self.conn = conn
        self.upkeep = upkeep
        self.queues = queues

    def clinic(self, schedules: Any = QUARTERS, **columns: Any) -> UUID:
        """One that is on board, can be logged in to, and has these schedules."""
        clinic_id = add_clinic(self.conn, **columns)
        add_credentials(self.conn, clinic_id)
        self.schedule(clinic_id, schedules)
        return clinic_id

    def schedule(self, clinic_id: UUID, schedules: Any) -> None:
        update(
            self.conn,
            "public.clinic_schedule_configs",
            {"sync_schedules": Jsonb(schedules)},
            clinic_id=clinic_id,
        )

    def passes(self, moment: datetime) -> dict[str, int]:
        """What the pass at that moment did about ticks."""
        set_business_time(self.conn, moment)
        counts = watch(self.upkeep, forever, self.queues).counts
        return {name: count for name, count in counts.items() if name in ABOUT_TICKS}

    def is_watched(self, since: datetime = DUE - SETTLES) -> None:
        """Ticks later than half an hour after this pass are looked at."""
        assert self.passes(since) == {}

    def ran(self, clinic_id: UUID, due: datetime, status: str = "succeeded", **more: Any) -> UUID:
        """The tick's job, which ended ten seconds after its time."""
        ended = due + timedelta(seconds=10)
        columns = {"scheduled_time": due, **more}
        return add_job(self.conn, clinic_id, ended, status, **columns)

    def work(self, status: str = "succeeded") -> None:
        """All that was sent is run, now."""
        self.conn.execute(
            """
            UPDATE idexx_sync.jobs
               SET status = %s, attempt = 1, started_at = idexx_sync.clock(),
                   finished_at = idexx_sync.clock(), result = '{"fresh": true}'
             WHERE status = 'queued' AND dispatched_at IS NOT NULL
            """,
            (status,),
        )

    def ticks(self, clinic_id: UUID) -> list[tuple[datetime, str, UUID | None]]:
        found = query(
            self.conn,
            "SELECT scheduled_time, status, made_up_by FROM idexx_sync.jobs "
            f"WHERE clinic_id = '{clinic_id}' AND trigger = 'schedule' ORDER BY scheduled_time",
        )
        return [(one["scheduled_time"], one["status"], one["made_up_by"]) for one in found]

    def missed(self, clinic_id: UUID) -> list[datetime]:
        return [due for due, status, _ in self.ticks(clinic_id) if status == "missed"]

    def catch_ups(self) -> list[dict[str, Any]]:
        return query(
            self.conn,
            "SELECT * FROM idexx_sync.jobs WHERE trigger = 'catch_up' ORDER BY queued_at, id",
        )


@pytest.fixture
def world(conn: Conn, upkeep: Conn, queues: Queues) -> World:
    return World(conn, upkeep, queues)


@pytest.fixture
def clinic(world: World) -> UUID:
    """One that syncs its calendar every quarter of an hour, and whose ticks are watched since
    before DUE."""
    set_business_time(world.conn, DUE - SETTLES - MINUTE)
    made = world.clinic()
    world.is_watched(DUE - SETTLES - MINUTE)
    return made


def test_r31_a_tick_that_never_arrived_is_missed_and_made_up_once(
    world: World, clinic: UUID
) -> None:
    assert world.passes(DUE + MISSED_AFTER - timedelta(seconds=1)) == {}

    assert world.passes(DUE + MISSED_AFTER) == {"ticks_missed": 1, "catch_ups_sent": 1}

    tick = tick_order(clinic, "inbound", "schedule", DUE)
    (catch_up,) = world.catch_ups()
    missed = job_store.job_by_id(world.conn, tick.job_id)
    assert missed is not None
    assert (missed.status, missed.scheduled_time) == ("missed", DUE)
    assert missed.made_up_by == catch_up["id"]
    assert (catch_up["status"], catch_up["catch_up_of"]) == ("queued", tick.job_id)
    assert (catch_up["params"], catch_up["manner"]) == ({}, "apply")
    assert catch_up["dispatched_at"] is not None
    assert world.queues.sent == [("inbound", catch_up["id"])]
    assert world.passes(DUE + MISSED_AFTER + MINUTE) == {}


def test_r31_a_late_delivery_finds_its_tick_ended_and_does_nothing(
    world: World, clinic: UUID
) -> None:
    world.passes(DUE + MISSED_AFTER)
    before = query(world.conn, "SELECT * FROM idexx_sync.jobs ORDER BY id")

    late = job_store.begin(world.conn, tick_order(clinic, "inbound", "schedule", DUE), 45)

    assert late.job is not None
    assert (late.job.status, late.lease) == ("missed", None)
    assert query(world.conn, "SELECT * FROM idexx_sync.jobs ORDER BY id") == before
    assert query(world.conn, "SELECT * FROM idexx_sync.leases") == []


def test_r31_a_tick_that_has_a_job_is_not_missed_whatever_became_of_it(
    world: World, clinic: UUID
) -> None:
    statuses = ["succeeded", "failed", "held", "cancelled", "skipped_paused", "queued"]
    for n, status in enumerate(statuses):
        world.ran(clinic, DUE + n * 15 * MINUTE, status)

    assert world.passes(DUE + 75 * MINUTE + MISSED_AFTER) == {}
    assert world.queues.sent == []


def test_r31_a_catch_up_runs_as_its_syncs_scheduled_run_would(world: World) -> None:
    set_business_time(world.conn, TWO_THIRTY - timedelta(hours=2))
    world.clinic(NIGHTLY)
    world.is_watched(TWO_THIRTY - timedelta(hours=1))

    world.passes(TWO_THIRTY + MISSED_AFTER)

    (catch_up,) = world.catch_ups()
    assert (catch_up["params"], catch_up["manner"]) == ({"mode": "fix"}, "apply")


def test_r31_what_can_not_be_sent_is_sent_by_the_next_pass_and_nothing_is_made_beside_it(
    world: World, clinic: UUID
) -> None:
    add_job(world.conn, world.clinic(), DUE, "skipped_overlap", scheduled_time=DUE)
    world.queues.away = frozenset(SYNCS)

    assert world.passes(DUE + MISSED_AFTER) == {"ticks_missed": 1, "catch_ups_unsent": 1}
    assert make_up_missed(world.upkeep, forever, world.queues) == ({"catch_ups_unsent": 1}, False)
    assert len(world.catch_ups()) == 1

    world.queues.away = frozenset()
    assert world.passes(DUE + MISSED_AFTER + MINUTE) == {"catch_ups_sent": 2}
    assert {job_id for _, job_id in world.queues.sent} == {one["id"] for one in world.catch_ups()}
    assert len(world.queues.sent) == 2


def test_r31_a_queue_that_does_not_answer_keeps_no_other_sync_waiting(world: World) -> None:
    world.queues.away = frozenset({"inbound"})
    for sync in ("inbound", "cases"):
        for _ in range(2):
            columns: dict[str, Any] = {"sync": sync}
            world.ran(world.clinic({sync: "0,15,30,45 * * * *"}), DUE, "skipped_overlap", **columns)
    set_business_time(world.conn, DUE + MINUTE)

    for _ in range(2):
        make_up_missed(world.upkeep, forever, world.queues)

    assert [sync for sync, _ in world.queues.sent] == ["cases", "cases"]
    made = [one["sync"] for one in world.catch_ups()]
    assert sorted(made) == ["cases", "cases", "inbound"], "of inbound only the one that waits"


def test_r31_a_pass_sends_for_a_while_only(world: World) -> None:
    left = iter(range(60, 0, -1))
    for _ in range(MOST_SENT):
        world.ran(world.clinic(), DUE, "skipped_overlap")
    set_business_time(world.conn, DUE + MINUTE)

    counts, is_whole = making_up(world.queues)(world.upkeep, lambda: float(next(left)))

    assert not is_whole
    assert 0 < counts["catch_ups_sent"] < MOST_SENT


def test_r31_a_slow_queue_leaves_each_pass_the_time_to_tell(world: World) -> None:
    for _ in range(60):
        world.ran(world.clinic(), DUE, "skipped_overlap")
    add_alert(world.conn, world.clinic(), "credentials_rejected", who_acts="clinic")
    set_business_time(world.conn, DUE + MINUTE)
    left = [45.0]

    def slow(sync: SyncName, job_id: UUID) -> None:
        left[0] -= 3

    with running_sinks() as sinks:
        channels = SlackChannels(SecretStr(TOKEN), sinks.slack_url)
        named: dict[Reader, str] = {"clinic_care": "C0CLINICS", "engineering": "C0ENGINEERS"}
        telling = Telling(channels, named, pause=lambda _: None)
        done = watch(world.upkeep, lambda: left[0], slow, telling)

        assert done.counts["catch_ups_sent"] < MOST_SENT
        assert len(sinks.slack.posted) == done.counts["messages_sent"] == 1


@pytest.mark.parametrize("was_sent", [True, False])
def test_r31_a_watchdog_that_is_killed_while_it_sends_loses_and_doubles_nothing(
    world: World, clinic: UUID, was_sent: bool
) -> None:
    class Killed(Exception):
        pass

    def kill() -> None:
        raise Killed

    setattr(world.queues, "then" if was_sent else "before", kill)
    with pytest.raises(Killed):
        world.passes(DUE + MISSED_AFTER)
    world.queues.before = world.queues.then = lambda: None

    assert world.passes(DUE + MISSED_AFTER + MINUTE) == {"catch_ups_sent": 1}
    assert world.passes(DUE + MISSED_AFTER + 2 * MINUTE) == {}

    (catch_up,) = world.catch_ups()
    assert set(world.queues.sent) == {("inbound", catch_up["id"])}
    assert len(world.queues.sent) == (2 if was_sent else 1)


def test_r31_a_watchdog_that_is_killed_between_its_steps_goes_on(
    world: World, clinic: UUID
) -> None:
    set_business_time(world.conn, DUE + MISSED_AFTER)
    watch_ticks(world.upkeep, forever)

    assert world.passes(DUE + MISSED_AFTER + MINUTE) == {"catch_ups_sent": 1}


def test_r31_while_the_scheduler_is_silent_catch_ups_keep_the_calendar_current(
    world: World, clinic: UUID
) -> None:
    moment = DUE
    while moment < DUE + timedelta(hours=3):
        world.passes(moment)
        world.work()
        moment += 2 * MINUTE

    found = world.ticks(clinic)
    assert [due for due, _, _ in found] == [DUE + n * 15 * MINUTE for n in range(12)]
    assert all(status == "missed" and made_up for _, status, made_up in found)
    assert len(world.catch_ups()) == len({made_up for _, _, made_up in found}) == 12


def test_r31_one_catch_up_makes_up_all_that_was_missed_since_the_last_run(
    world: World, clinic: UUID
) -> None:
    for n in (0, 2):
        world.ran(clinic, DUE + n * 15 * MINUTE)

    passed = world.passes(DUE + 70 * MINUTE)

    assert passed == {"ticks_missed": 3, "catch_ups_sent": 1}
    (catch_up,) = world.catch_ups()
    assert world.ticks(clinic) == [
        (DUE, "succeeded", None),
        (DUE + 15 * MINUTE, "missed", None),
        (DUE + 30 * MINUTE, "succeeded", None),
        (DUE + 45 * MINUTE, "missed", catch_up["id"]),
        (DUE + 60 * MINUTE, "missed", catch_up["id"]),
    ]


def test_r31_nothing_older_than_a_day_is_looked_for(world: World, clinic: UUID) -> None:
    world.passes(DUE + timedelta(days=3, minutes=7))
    world.passes(DUE + timedelta(days=3, minutes=7))

    assert min(world.missed(clinic)) > DUE + timedelta(days=2)
    assert len(world.missed(clinic)) == 96
    assert len(world.catch_ups()) == 1


@pytest.mark.parametrize(
    ("cron", "day", "missed"),
    [
        ("30 2 * * *", datetime(2026, 3, 8, tzinfo=UTC), []),
        ("30 1 * * *", datetime(2026, 11, 1, tzinfo=UTC), ["2026-11-01 05:30"]),
    ],
    ids=["left out", "comes twice"],
)
def test_r31_a_change_of_the_clocks_makes_no_tick_missed(
    world: World, cron: str, day: datetime, missed: list[str]
) -> None:
    set_business_time(world.conn, day - timedelta(hours=1))
    clinic_id = world.clinic({"cases": cron}, zone="America/New_York")
    world.is_watched(day)

    for hours in range(5, 14):
        world.passes(day + timedelta(hours=hours))

    assert [f"{due:%Y-%m-%d %H:%M}" for due in world.missed(clinic_id)] == missed


def test_r31_a_schedule_that_has_changed_counts_half_an_hour_later_and_the_old_one_until_then(
    world: World, clinic: UUID
) -> None:
    world.passes(DUE + 3 * MINUTE)
    world.schedule(clinic, {"inbound": "2,32 * * * *"})

    for minutes in (4, 9, 16, 21, 33, 41):
        world.passes(DUE + minutes * MINUTE)
    assert (world.missed(clinic), world.queues.sent) == ([DUE], [])

    world.passes(DUE + 62 * MINUTE + MISSED_AFTER)
    assert world.missed(clinic) == [DUE, DUE + 62 * MINUTE]
    assert len(world.queues.sent) == 1


def test_r31_a_schedule_that_changed_while_nobody_looked_ended_when_it_was_seen_last(
    world: World, clinic: UUID
) -> None:
    world.schedule(clinic, {"inbound": "0 7 * * *"})

    for hours in (1, 3, 5):
        assert world.passes(DUE + timedelta(hours=hours)) == {}


def test_r31_an_old_schedule_is_looked_at_up_to_its_end_however_late_that_is(
    world: World, clinic: UUID
) -> None:
    world.passes(DUE + 3 * MINUTE)
    world.schedule(clinic, {"inbound": "0 7 * * *"})
    world.passes(DUE + 4 * MINUTE)

    assert world.passes(DUE + 40 * MINUTE)["ticks_missed"] == 1
    assert world.missed(clinic) == [DUE]


def test_r31_where_another_sync_is_scheduled_otherwise_this_one_goes_on(
    world: World, clinic: UUID
) -> None:
    world.passes(DUE - MINUTE)
    world.schedule(clinic, {**QUARTERS, "cases": "0 7 * * *"})

    world.passes(DUE)

    assert world.passes(DUE + MISSED_AFTER) == {"ticks_missed": 1, "catch_ups_sent": 1}


@pytest.mark.parametrize(
    "schedules", [{}, None, "every day", {"inbound": "now and then"}, [{"cron": "* * * * *"}]]
)
def test_r31_what_can_not_be_read_is_due_at_no_time(
    world: World, clinic: UUID, schedules: Any
) -> None:
    world.passes(DUE - MINUTE)
    world.schedule(clinic, schedules)

    for hours in range(4):
        assert world.passes(DUE + timedelta(hours=hours)) == {}


def test_r31_another_zone_is_another_schedule(world: World) -> None:
    set_business_time(world.conn, TWO_THIRTY - timedelta(hours=6))
    clinic_id = world.clinic(NIGHTLY, zone="America/New_York")
    world.is_watched(TWO_THIRTY - timedelta(hours=5))
    update(world.conn, "public.clinics", {"timezone": "America/Los_Angeles"}, id=clinic_id)
    world.passes(TWO_THIRTY - timedelta(hours=4))

    world.passes(TWO_THIRTY - timedelta(hours=2))
    assert world.missed(clinic_id) == []

    world.passes(TWO_THIRTY + MISSED_AFTER)
    assert world.missed(clinic_id) == [TWO_THIRTY]


@pytest.mark.parametrize("of_all", [True, False])
def test_r31_a_pause_is_no_miss_and_is_not_made_up(
    world: World, clinic: UUID, of_all: bool
) -> None:
    set_business_time(world.conn, DUE + 10 * MINUTE)
    pause(world.conn, None if of_all else clinic)
    passed = world.passes(DUE + 11 * MINUTE)
    assert (passed["ticks_missed"], world.queues.sent) == (1, [])

    for minutes in range(20, 70, 10):
        world.passes(DUE + minutes * MINUTE)
    set_business_time(world.conn, DUE + 70 * MINUTE)
    world.conn.execute(
        "UPDATE idexx_sync.pauses SET resumed_at = idexx_sync.clock(), resumed_by = 'Kim'"
    )
    for minutes in range(70, 110, 10):
        world.passes(DUE + minutes * MINUTE)
    assert (world.missed(clinic), world.queues.sent) == ([DUE], [])

    assert world.passes(DUE + 112 * MINUTE) == {"ticks_missed": 1, "catch_ups_sent": 1}
    assert world.missed(clinic) == [DUE, DUE + 105 * MINUTE]


def test_r31_a_pause_that_nobody_saw_stand_is_no_miss_either(world: World, clinic: UUID) -> None:
    set_business_time(world.conn, DUE - MINUTE)
    pause(world.conn, clinic)
    set_business_time(world.conn, DUE + 61 * MINUTE)
    world.conn.execute(
        "UPDATE idexx_sync.pauses SET resumed_at = idexx_sync.clock(), resumed_by = 'Kim'"
    )

    assert world.passes(DUE + 67 * MINUTE) == {}


@pytest.mark.parametrize("leaves", ["inactive", "off"])
def test_r31_a_clinic_that_is_not_synced_misses_nothing_and_begins_anew(
    world: World, clinic: UUID, leaves: str
) -> None:
    def be(on: bool) -> None:
        if leaves == "inactive":
            update(world.conn, "public.clinics", {"is_active": on}, id=clinic)
        else:
            stage = {"stage": "live" if on else "off"}
            update(world.conn, "idexx_sync.clinic_settings", stage, clinic_id=clinic)

    world.passes(DUE - MINUTE)
    be(on=False)
    for minutes in (0, 20, 40, 60):
        assert world.passes(DUE + minutes * MINUTE) == {}
    be(on=True)
    for minutes in (61, 70, 90):
        assert world.passes(DUE + minutes * MINUTE) == {}

    assert world.passes(DUE + 111 * MINUTE)["ticks_missed"] == 1


def test_r31_a_first_deployment_finds_nothing_missed(world: World) -> None:
    set_business_time(world.conn, DUE)
    for _ in range(20):
        world.clinic({"inbound": "* * * * *", "cases": "*/2 * * * *", **NIGHTLY})

    for minutes in (0, 1, 10, 29, 35):
        assert world.passes(DUE + minutes * MINUTE) == {}
    kept = query(world.conn, "SELECT count(*) AS number FROM idexx_sync.timetables")
    assert kept == [{"number": 60}]


def test_r31_schedules_are_taken_in_in_parts(world: World) -> None:
    set_business_time(world.conn, DUE)
    for _ in range(5):
        world.clinic()

    assert [keep_timetables(world.upkeep, most=2) for _ in range(4)] == [False, False, True, True]
    kept = query(world.conn, "SELECT count(*) AS number FROM idexx_sync.timetables")
    assert kept == [{"number": 15}]


def test_r31_three_hundred_clinics_that_missed_a_night_are_made_up_in_turn(world: World) -> None:
    set_business_time(world.conn, TWO_THIRTY - timedelta(hours=2))
    for _ in range(300):
        world.clinic(NIGHTLY)
    keep_timetables(world.upkeep)
    set_business_time(world.conn, TWO_THIRTY + MISSED_AFTER)
    watch_ticks(world.upkeep, forever)

    sent = [make_up_missed(world.upkeep, forever, world.queues)[0] for _ in range(15)]

    assert sent == [{"catch_ups_sent": MOST_SENT}] * 15
    assert make_up_missed(world.upkeep, forever, world.queues) == ({}, True)
    assert len({job_id for _, job_id in world.queues.sent}) == 300


def test_r31_no_sync_keeps_the_others_waiting(world: World) -> None:
    set_business_time(world.conn, DUE)
    both = {"inbound": "0 3 * * *", **NIGHTLY}
    clinics = [world.clinic(both) for _ in range(30)]
    for clinic_id in clinics:
        for sync in both:
            add_job(
                world.conn,
                clinic_id,
                DUE,
                "skipped_overlap",
                sync=sync,
                scheduled_time=DUE - MINUTE,
            )

    make_up_missed(world.upkeep, forever, world.queues)

    assert (
        sorted(sync for sync, _ in world.queues.sent) == ["inbound"] * 10 + ["reconciliation"] * 10
    )


def test_r31_clinics_for_which_somebody_must_act_are_passed_by_and_come_again(
    world: World,
) -> None:
    set_business_time(world.conn, DUE)
    clinics = [world.clinic(NIGHTLY) for _ in range(60)]
    for clinic_id in clinics:
        columns: dict[str, Any] = {"sync": "reconciliation", "scheduled_time": DUE - MINUTE}
        add_job(world.conn, clinic_id, DUE, "skipped_overlap", **columns)
    newest = query(world.conn, "SELECT clinic_id FROM idexx_sync.jobs ORDER BY id DESC LIMIT 50")
    for one in newest:
        world.conn.execute(
            "DELETE FROM idexx_sync.credentials WHERE clinic_id = %s", (one["clinic_id"],)
        )

    assert make_up_missed(world.upkeep, forever, world.queues) == ({}, False)
    assert make_up_missed(world.upkeep, forever, world.queues) == ({"catch_ups_sent": 10}, True)
    add_credentials(world.conn, newest[0]["clinic_id"])
    assert make_up_missed(world.upkeep, forever, world.queues) == ({"catch_ups_sent": 1}, False)


@pytest.mark.parametrize("status", ["skipped_overlap", "skipped_stale"])
def test_r31_a_tick_that_was_skipped_is_made_up_as_soon_as_its_clinic_is_free(
    world: World, clinic: UUID, status: str
) -> None:
    tick = world.ran(clinic, DUE, status)
    other = add_job(world.conn, clinic, None, "running", sync="reconciliation", queued_at=DUE)
    world.conn.execute(
        "INSERT INTO idexx_sync.leases VALUES (%s, %s, 'reconciliation', 1, gen_random_uuid(), "
        "clock_timestamp() + interval '1 hour')",
        (clinic, other),
    )
    assert world.passes(DUE + MINUTE) == {}

    world.conn.execute("UPDATE idexx_sync.leases SET expires_at = to_timestamp(0)")
    update(world.conn, "idexx_sync.jobs", {"status": "succeeded"}, id=other)

    assert world.passes(DUE + 2 * MINUTE) == {"catch_ups_sent": 1}
    assert world.catch_ups()[0]["catch_up_of"] == tick


@pytest.mark.parametrize("status", ["dead", "failed"])
def test_r31_an_event_that_was_given_up_before_its_run_began_is_made_up(
    world: World, clinic: UUID, status: str
) -> None:
    why = nobody_came(clinic)
    told = {"error_kind": why.kind, "error_message": why.message}
    tick = world.ran(clinic, DUE, status, started_at=None, **told)

    assert world.passes(DUE + MINUTE) == {"catch_ups_sent": 1}
    assert world.catch_ups()[0]["catch_up_of"] == tick


@pytest.mark.parametrize(
    ("columns", "made_up"),
    [
        ({}, False),
        ({"status": "held", "result": None}, False),
        ({"status": "queued", "ended": None}, False),
        ({"status": "failed", "result": None}, True),
        ({"result": {**REAL, "fresh": False, "unfresh": "other_days"}}, True),
        ({"manner": "preview"}, True),
        ({"sync": "cases"}, True),
        ({"seconds": 600}, True),
    ],
    ids=[
        "it ran",
        "it held",
        "it waits",
        "it failed",
        "it read other days",
        "it was a preview",
        "it was another sync",
        "it began before",
    ],
)
def test_r31_a_run_that_has_done_the_work_since_or_will_is_enough(
    world: World, clinic: UUID, columns: dict[str, Any], made_up: bool
) -> None:
    world.ran(clinic, DUE, "skipped_overlap")
    values = {"status": "succeeded", "ended": DUE + 4 * MINUTE, "trigger": "api", **columns}
    ended = values.pop("ended")
    values |= {} if ended else {"queued_at": DUE + 4 * MINUTE}
    add_job(world.conn, clinic, ended, for_workers=True, **values)

    world.passes(DUE + 5 * MINUTE)

    assert bool(world.catch_ups()) is made_up


def test_r31_what_has_changed_since_a_tick_was_found_is_asked_once_more(
    world: World, clinic: UUID
) -> None:
    world.ran(clinic, DUE, "skipped_overlap")
    set_business_time(world.conn, DUE + MINUTE)
    (found,) = tick_store.to_make_up(world.upkeep, "inbound", None, 10)

    pause(world.conn, clinic)

    assert tick_store.to_make_up(world.upkeep, "inbound", None, 10) == []
    assert tick_store.insert_catch_up(world.upkeep, found) is None
    assert world.catch_ups() == []


def test_r31_only_the_newest_tick_of_a_sync_is_made_up(world: World, clinic: UUID) -> None:
    world.ran(clinic, DUE, "skipped_overlap")
    world.ran(clinic, DUE + 15 * MINUTE, "failed")
    world.schedule(clinic, {"inbound": "0 7 * * *"})

    assert world.passes(DUE + 20 * MINUTE) == {}


@pytest.mark.parametrize(("ahead", "stands_before"), [(MINUTE, True), (timedelta(days=365), False)])
def test_r31_a_tick_of_a_time_that_is_not_true_keeps_no_other_one_from_being_made_up(
    world: World, clinic: UUID, ahead: timedelta, stands_before: bool
) -> None:
    world.ran(clinic, DUE, "skipped_overlap")
    add_job(world.conn, clinic, DUE - MINUTE, scheduled_time=DUE + MINUTE + ahead)

    assert world.passes(DUE + MINUTE) == ({} if stands_before else {"catch_ups_sent": 1})


def test_r31_a_run_that_is_about_to_come_is_waited_for(world: World, clinic: UUID) -> None:
    world.ran(clinic, DUE, "skipped_overlap")

    assert world.passes(DUE + 13 * MINUTE) == {}
    assert world.catch_ups() == []


def test_r31_while_a_queue_is_long_what_waits_in_it_is_not_missed(
    world: World, clinic: UUID
) -> None:
    late = 40 * MINUTE
    for n in range(3):
        due = DUE + n * 15 * MINUTE
        other = add_clinic(world.conn, stage="off")
        add_job(world.conn, other, due + late, attempt=1, scheduled_time=due)

    assert world.passes(DUE + late + MISSED_AFTER) == {}
    assert world.missed(clinic) == []


def test_r31_without_a_way_to_send_nobody_looks(conn: Conn, upkeep: Conn, clinic_id: UUID) -> None:
    set_business_time(conn, DUE)

    watch(upkeep, forever)

    assert query(conn, "SELECT FROM idexx_sync.timetables") == []


def test_r31_what_another_release_has_kept_is_deleted_and_made_anew(
    world: World, clinic: UUID
) -> None:
    world.conn.execute("""UPDATE idexx_sync.timetables SET crons = '["@daily"]'""")

    assert world.passes(DUE + MISSED_AFTER) == {}
    world.passes(DUE + MISSED_AFTER + MINUTE)

    kept = query(world.conn, "SELECT sync, crons FROM idexx_sync.timetables ORDER BY sync")
    assert kept[1] == {"sync": "inbound", "crons": ["0,15,30,45 * * * *"]}


def test_r31_a_catch_up_that_waits_is_nobodys_to_end_for_a_day(world: World, clinic: UUID) -> None:
    world.passes(DUE + MISSED_AFTER)
    (catch_up,) = world.catch_ups()
    order = RunOrder(catch_up["id"], None, "inbound")

    set_business_time(world.conn, DUE + timedelta(hours=20))
    watch(world.upkeep, forever)

    assert world.catch_ups()[0]["status"] == "queued"
    begun = job_store.begin(world.conn, order, 45)
    assert begun.lease is not None


def test_r31_two_watchdogs_at_once_make_up_each_tick_once(
    world: World, clinic: UUID, database: str
) -> None:
    others = [world.clinic() for _ in range(8)]
    for one in (clinic, *others):
        world.ran(one, DUE, "skipped_overlap")
    set_business_time(world.conn, DUE + MINUTE)
    sent: list[Queues] = [Queues(), Queues()]

    def passes(number: int) -> None:
        with psycopg.connect(as_role(database, "upkeep"), autocommit=True) as own:
            make_up_missed(own, forever, sent[number])

    at_once(2, passes)

    assert len(world.catch_ups()) == 9
    assert {job_id for one in sent for _, job_id in one.sent} == {
        one["id"] for one in world.catch_ups()
    }


def test_r31_r26_what_postgres_refuses_of_one_tick_stops_no_other_one(world: World) -> None:
    set_business_time(world.conn, DUE - SETTLES - MINUTE)
    odd, even = world.clinic(), world.clinic()
    world.conn.execute(
        f"ALTER TABLE idexx_sync.jobs ADD CONSTRAINT odd CHECK (clinic_id <> '{odd}' "
        "OR (status <> 'missed' AND catch_up_of IS NULL))"
    )
    world.is_watched(DUE - SETTLES - MINUTE)

    judged = world.passes(DUE + MISSED_AFTER)
    world.ran(odd, DUE, "skipped_overlap")
    made_up = world.passes(DUE + MISSED_AFTER + MINUTE)

    assert judged == {"ticks_missed": 1, "refused": 1, "catch_ups_sent": 1}
    assert made_up == {"refused": 1}
    assert world.missed(even) == [DUE]
    assert [one["clinic_id"] for one in world.catch_ups()] == [even]
