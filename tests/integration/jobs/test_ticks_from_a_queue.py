"""Rule R27: of each tick that waits in a queue comes one run, or somebody is told."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg import Connection
from psycopg.types.json import Jsonb
from pydantic import SecretStr

from idexx_sync.core.catalog import SyncName
from idexx_sync.core.errors import PimsUnavailable
from idexx_sync.database.connection import Database
from idexx_sync.jobs import store as job_store
from idexx_sync.jobs.contract import Sync
from idexx_sync.jobs.deliveries import SqsVisibility
from idexx_sync.jobs.model import tick_order
from idexx_sync.jobs.worker import WorkerHandler, sync_worker
from idexx_sync.syncs.cases.sync import CaseSync
from idexx_sync.syncs.inbound.sync import InboundSync
from tests.kit.bench import Bench
from tests.kit.clinic import add_clinic, add_user
from tests.kit.database import query
from tests.kit.deliveries import DONE, BroughtBack, delivered, not_done
from tests.kit.foreign_words import CANARY
from tests.kit.records import MORNING, visits
from tests.kit.rows import add_job

NIGHT = "0 7 * * *"
"""Once a day, when it is MORNING."""


@pytest.fixture
def bench(conn: Connection[tuple[Any, ...]], database: str, lent: Database) -> Bench:
    clinic_id = add_clinic(conn, acting_user_id=add_user(conn))
    made = Bench(conn, database, clinic_id, retried=True, lent=lent)
    made.pims.records = visits(3)
    made.configure("clinic_schedule_configs", sync_schedules=Jsonb({"inbound": "*/15 * * * *"}))
    return made


@pytest.fixture
def brought() -> BroughtBack:
    return BroughtBack()


@pytest.fixture
def worker(bench: Bench, brought: BroughtBack) -> WorkerHandler:
    return sync_worker(InboundSync(), bench.dependencies, brought)


def tick(bench: Bench, due: datetime = MORNING, **more: Any) -> dict[str, Any]:
    """What a schedule puts into the queue."""
    return {
        "v": 1,
        "clinic_id": str(bench.clinic_id),
        "sync": "inbound",
        "trigger": "schedule",
        "scheduled_time": due.isoformat(),
        **more,
    }


def jobs(bench: Bench) -> list[dict[str, Any]]:
    return query(bench.conn, "SELECT * FROM idexx_sync.jobs ORDER BY scheduled_time, queued_at, id")


def statuses(bench: Bench) -> list[str]:
    return [job["status"] for job in jobs(bench)]


def held_by_another(bench: Bench, lives_s: float = 3600) -> None:
    """Another sync of the clinic is run for so long."""
    bench.conn.execute(
        """
        INSERT INTO idexx_sync.leases VALUES
        (%(clinic)s, %(job)s, 'cases', 7, gen_random_uuid(),
         clock_timestamp() + make_interval(secs => %(lives_s)s))
        ON CONFLICT (clinic_id) DO UPDATE SET expires_at = EXCLUDED.expires_at
        """,
        {"clinic": bench.clinic_id, "job": uuid4(), "lives_s": lives_s},
    )


# -- from the queue to the job -----------------------------------------------------------------


def test_a_tick_of_the_queue_is_a_job_that_runs(
    bench: Bench, worker: WorkerHandler, brought: BroughtBack
) -> None:
    assert worker(delivered(tick(bench)), None) == DONE

    (job,) = jobs(bench)
    assert (job["status"], job["trigger"], job["scheduled_time"]) == (
        "succeeded",
        "schedule",
        MORNING,
    )
    assert len(bench.rows()) == 3
    assert brought.after_s == []


def test_r27_what_failed_comes_back_twice_and_the_third_attempt_ends_it_and_is_told(
    bench: Bench, worker: WorkerHandler, brought: BroughtBack
) -> None:
    bench.pims.error = PimsUnavailable("Neo answered 502", code="status_502")

    answers = [worker(delivered(tick(bench), number=number), None) for number in (1, 2, 3)]

    assert answers == [not_done(0), not_done(0), DONE]
    assert brought.after_s == [60, 120]
    (job,) = jobs(bench)
    assert (job["status"], job["attempt"], job["error_kind"]) == ("dead", 3, "pims_unavailable")


def test_r27_the_last_delivery_ends_the_job_although_attempts_are_left(
    bench: Bench, worker: WorkerHandler, brought: BroughtBack
) -> None:
    """Earlier ones came while the database was away, or their runs were killed."""
    bench.pims.error = PimsUnavailable("Neo answered 502", code="status_502")

    assert worker(delivered(tick(bench), number=3), None) == DONE

    (job,) = jobs(bench)
    assert (job["status"], job["attempt"], job["error_kind"]) == ("dead", 1, "pims_unavailable")


def test_a_failure_that_a_retry_does_not_heal_is_on_the_job_and_done(
    bench: Bench, worker: WorkerHandler
) -> None:
    bench.conn.execute("UPDATE public.clinics SET is_active = false")

    assert worker(delivered(tick(bench)), None) == DONE

    (job,) = jobs(bench)
    assert (job["status"], job["error_kind"]) == ("failed", "configuration_invalid")


def test_a_defect_ends_on_the_job_and_nothing_leaves_the_worker(
    bench: Bench, worker: WorkerHandler
) -> None:
    bench.pims.error = ZeroDivisionError(CANARY)

    answers = [worker(delivered(tick(bench), number=number), None) for number in (1, 2, 3)]

    assert answers == [not_done(0)] * 3
    (job,) = jobs(bench)
    assert (job["status"], job["error_kind"], job["attempt"]) == ("dead", "internal", 3)
    assert worker(delivered(tick(bench)), None) == DONE
    assert bench.pims.reads == 3


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize(
    "body",
    [
        CANARY,
        "",
        [],
        {"v": 2},
        {"v": 1, "job_id": CANARY},
        {"v": 1, "clinic_id": str(uuid4()), "sync": "cases"},
        {"v": 1, "clinic_id": str(uuid4()), "scheduled_time": MORNING.isoformat()},
        {"v": 1, "job_id": str(uuid4())},
    ],
    ids=["words", "empty", "a list", "a later release", "no id", "another sync's", "no clinic",
         "no job"],
)  # fmt: skip
def test_what_nobody_can_carry_out_is_given_up_by_its_queue_and_never_counts_as_done(
    bench: Bench,
    worker: WorkerHandler,
    brought: BroughtBack,
    caplog: pytest.LogCaptureFixture,
    body: Any,
    number: int,
) -> None:
    assert worker(delivered(body, number=number), None) == not_done(0)

    assert brought.after_s == [[60], [120], [0]][number - 1]
    assert jobs(bench) == []
    assert CANARY not in str([vars(record) for record in caplog.records])


def test_a_database_that_is_away_is_no_error_of_the_worker(
    bench: Bench, brought: BroughtBack
) -> None:
    down = Database(SecretStr("postgresql://someone:secret@127.0.0.1:1/nowhere"))
    worker = sync_worker(InboundSync(), lambda: bench.dependencies(database=down), brought)

    assert worker(delivered(tick(bench)), None) == not_done(0)
    assert brought.after_s == [60]


def test_settings_that_can_not_be_read_are_no_error_of_the_worker(
    bench: Bench, brought: BroughtBack
) -> None:
    def broken() -> Any:
        raise KeyError(CANARY)

    assert sync_worker(InboundSync(), broken, brought)(delivered(tick(bench)), None) == not_done(0)
    assert brought.after_s == [60]


def test_each_of_several_messages_is_done_by_itself(
    bench: Bench, worker: WorkerHandler, brought: BroughtBack
) -> None:
    event = delivered("nothing", tick(bench), {"v": 9}, tick(bench))

    assert worker(event, None) == not_done(0, 2)
    assert brought.after_s == [60, 60]
    assert statuses(bench) == ["succeeded"]


def test_a_visibility_that_can_not_be_changed_changes_nothing(bench: Bench) -> None:
    class Refusing:
        def change_message_visibility(self, **_sent: Any) -> None:
            raise RuntimeError(CANARY)

    bench.pims.error = PimsUnavailable("Neo answered 502", code="status_502")
    worker = sync_worker(InboundSync(), bench.dependencies, SqsVisibility(Refusing()))

    assert worker(delivered(tick(bench)), None) == not_done(0)
    assert statuses(bench) == ["queued"]


# -- one effect, whenever and however often it comes --------------------------------------------


def test_a_doubled_tick_has_one_effect(bench: Bench, worker: WorkerHandler) -> None:
    later = MORNING + timedelta(seconds=20)
    answers = [worker(delivered(tick(bench, due)), None) for due in (MORNING, MORNING, later)]

    assert answers == [DONE] * 3
    assert (statuses(bench), bench.pims.reads) == (["succeeded"], 1)


def test_a_tick_that_comes_during_its_own_run_is_not_done_until_that_has_ended(
    bench: Bench, worker: WorkerHandler, brought: BroughtBack
) -> None:
    seen: list[dict[str, Any]] = []
    second = Database(SecretStr(bench.workers_url))
    beside = sync_worker(
        InboundSync(), lambda: replace(bench.dependencies(), database=second), brought
    )

    def deliver_it_again() -> None:
        bench.pims.before_answer = None
        seen.append(beside(delivered(tick(bench)), None))

    bench.pims.before_answer = deliver_it_again

    assert worker(delivered(tick(bench)), None) == DONE
    assert beside(delivered(tick(bench), number=2), None) == DONE
    second.close()
    assert seen == [not_done(0)]
    assert (statuses(bench), bench.pims.reads) == (["succeeded"], 1)


@pytest.mark.parametrize(
    ("minutes", "status"),
    [(1, "succeeded"), (14, "succeeded"), (15, "skipped_stale"), (60, "skipped_stale")],
)
def test_a_late_tick_has_one_effect(
    bench: Bench, worker: WorkerHandler, minutes: int, status: str
) -> None:
    bench.later(minutes)

    answers = [worker(delivered(tick(bench)), None) for _ in range(3)]

    assert answers == [DONE] * 3
    (job,) = jobs(bench)
    assert job["status"] == status
    assert bench.pims.reads == (status == "succeeded")
    if status == "skipped_stale":
        told = f"it came {minutes} minutes late, and its schedule's next time has passed"
        assert job["error_message"] == told


def test_ticks_that_come_out_of_order_have_one_effect(bench: Bench, worker: WorkerHandler) -> None:
    bench.later(16)
    earlier, later = (tick(bench, MORNING + timedelta(minutes=late)) for late in (0, 15))

    answers = [worker(delivered(one), None) for one in (later, earlier, later, earlier)]

    assert answers == [DONE] * 4
    assert (statuses(bench), bench.pims.reads) == (["skipped_stale", "succeeded"], 1)


@pytest.mark.parametrize(("minutes", "status"), [(40, "succeeded"), (5 * 60, "succeeded"),
                                                 (24 * 60, "skipped_stale")])  # fmt: skip
def test_a_nightly_tick_that_comes_late_runs_until_the_next_night(
    bench: Bench, worker: WorkerHandler, minutes: int, status: str
) -> None:
    bench.configure("clinic_schedule_configs", sync_schedules=Jsonb({"inbound": NIGHT}))
    bench.later(minutes)

    assert worker(delivered(tick(bench)), None) == DONE
    assert statuses(bench) == [status]


@pytest.mark.parametrize("stored", [None, {"inbound": "61 * *"}, {"cases": NIGHT}])
def test_a_tick_whose_next_time_nobody_can_tell_runs(
    bench: Bench, worker: WorkerHandler, stored: Any
) -> None:
    bench.configure("clinic_schedule_configs", sync_schedules=Jsonb(stored))
    bench.later(3 * 24 * 60)

    assert worker(delivered(tick(bench)), None) == DONE
    assert statuses(bench) == ["succeeded"]


def test_a_catch_up_is_never_stale_and_is_done_once(bench: Bench, worker: WorkerHandler) -> None:
    id_ = add_job(
        bench.conn,
        bench.clinic_id,
        None,
        "queued",
        trigger="catch_up",
        queued_at=MORNING,
        scheduled_time=MORNING,
        params=Jsonb({}),
    )
    bench.later(20 * 60)

    answers = [worker(delivered({"v": 1, "job_id": str(id_)}), None) for _ in range(2)]

    assert answers == [DONE] * 2
    assert (statuses(bench), bench.pims.reads) == (["succeeded"], 1)


# -- two of one clinic --------------------------------------------------------------------------


@pytest.mark.parametrize("sync", ["inbound", "cases"])
def test_two_syncs_that_are_due_at_the_same_minute_both_run(
    bench: Bench, brought: BroughtBack, sync: SyncName
) -> None:
    """The one that meets the other waits for a minute, gives its slot back, and comes again."""
    made: dict[SyncName, Callable[[], Sync]] = {"inbound": InboundSync, "cases": CaseSync}
    worker = sync_worker(made[sync](), bench.dependencies, brought)
    held_by_another(bench)

    assert worker(delivered(tick(bench, sync=sync)), None) == not_done(0)
    assert statuses(bench) == ["queued"]
    held_by_another(bench, lives_s=-1)
    bench.later(1)

    assert worker(delivered(tick(bench, sync=sync), number=2), None) == DONE
    assert statuses(bench) == ["succeeded"]
    assert brought.after_s == [60]


def test_a_tick_that_finds_its_clinic_busy_each_time_is_skipped(
    bench: Bench, worker: WorkerHandler
) -> None:
    held_by_another(bench)

    answers = [worker(delivered(tick(bench), number=number), None) for number in (1, 2, 3)]

    assert answers == [not_done(0), not_done(0), DONE]
    assert statuses(bench) == ["skipped_overlap"]


def test_a_run_that_was_killed_is_taken_over_by_the_next_delivery(
    bench: Bench, worker: WorkerHandler
) -> None:
    bench.configure("clinic_schedule_configs", sync_schedules=Jsonb({"inbound": NIGHT}))
    order = tick_order(bench.clinic_id, "inbound", "schedule", MORNING)
    job_store.begin(bench.conn, order, lease_seconds=-1)
    assert statuses(bench) == ["running"]
    bench.later(30)

    assert worker(delivered(tick(bench), number=2), None) == DONE
    (job,) = jobs(bench)
    assert (job["status"], job["attempt"]) == ("succeeded", 2)


def test_an_event_that_comes_from_no_queue_is_answered_as_before(
    bench: Bench, worker: WorkerHandler, brought: BroughtBack
) -> None:
    answer = worker(tick(bench), None)

    assert answer["status"] == "succeeded"
    assert UUID(answer["job_id"]) == jobs(bench)[0]["id"]
    assert brought.after_s == []
