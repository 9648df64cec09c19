"""The one path of every run: orders, leases, skipped runs, previews, configuration."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import Connection
from pydantic import SecretStr

from idexx_sync.core.errors import DatabaseUnavailable, NotFound
from idexx_sync.core.vocabulary import Manner
from idexx_sync.database.connection import Database
from idexx_sync.jobs import store as job_store
from idexx_sync.jobs.contract import Report, Run
from idexx_sync.jobs.model import Job, RunOrder, new_order, tick_order
from idexx_sync.jobs.params import WindowParams
from idexx_sync.jobs.runner import run_job
from idexx_sync.syncs.inbound.sync import InboundSync
from tests.kit.bench import Bench
from tests.kit.clinic import add_clinic
from tests.kit.database import query
from tests.kit.records import MORNING, visits
from tests.kit.rows import pause


@pytest.fixture
def bench(conn: Connection[tuple[Any, ...]], database: str, lent: Database) -> Bench:
    made = Bench(conn, database, add_clinic(conn), lent=lent)
    made.pims.records = visits(3)
    return made


def run(bench: Bench, order: RunOrder, sync: InboundSync | None = None) -> Job:
    return run_job(order, sync or InboundSync(), bench.dependencies())


def tick(bench: Bench) -> RunOrder:
    return tick_order(bench.clinic_id, "inbound", "schedule", MORNING, WindowParams())


def test_the_same_tick_twice_is_one_job_that_runs_once(bench: Bench) -> None:
    first = run(bench, tick(bench))
    second = run(bench, tick(bench))

    assert first.status == "succeeded"
    assert (second.id, second.status, second.attempt) == (first.id, "succeeded", 1)
    assert bench.pims.reads == 1
    assert query(bench.conn, "SELECT fence FROM idexx_sync.leases") == [{"fence": 1}]


def test_a_tick_that_comes_too_late_is_skipped_as_stale(bench: Bench) -> None:
    bench.later(16)

    job = run(bench, tick(bench))

    assert (job.status, job.error_kind) == ("skipped_stale", None)
    assert job.error_message == ("it came 16 minutes late, and its schedule's next time has passed")
    assert bench.pims.reads == 0


def test_a_second_delivery_during_the_run_returns_at_once(bench: Bench) -> None:
    seen: list[Job] = []
    second = Database(SecretStr(bench.url))
    bench.pims.before_answer = lambda: seen.append(
        run_job(tick(bench), InboundSync(), replace(bench.dependencies(), database=second))
    )

    job = run(bench, tick(bench))

    second.close()
    assert job.status == "succeeded"
    assert [(other.id, other.status) for other in seen] == [(job.id, "running")]
    assert bench.pims.reads == 1


@pytest.mark.parametrize(
    ("trigger", "retried", "status"),
    [
        ("schedule", True, "queued"),
        ("cli", False, "skipped_overlap"),
        ("api", True, "queued"),
    ],
)
def test_a_run_waits_for_another_one_and_then_gives_way(
    bench: Bench, trigger: Any, retried: bool, status: str
) -> None:
    bench.retried = retried
    bench.conn.execute(
        "INSERT INTO idexx_sync.leases VALUES "
        "(%s, %s, 'cases', 7, gen_random_uuid(), clock_timestamp() + interval '1 hour')",
        (bench.clinic_id, uuid4()),
    )
    waits: list[float] = []

    job = run_job(
        new_order(bench.clinic_id, "inbound", trigger),
        InboundSync(),
        bench.dependencies(sleep=waits.append),
    )

    assert job.status == status
    assert sum(waits) == 60
    assert bench.pims.reads == 0


def test_a_run_goes_on_as_soon_as_the_other_one_has_ended(bench: Bench) -> None:
    bench.conn.execute(
        "INSERT INTO idexx_sync.leases VALUES "
        "(%s, %s, 'cases', 7, gen_random_uuid(), clock_timestamp() + interval '1 hour')",
        (bench.clinic_id, uuid4()),
    )

    def the_other_ends(_seconds: float) -> None:
        bench.conn.execute("UPDATE idexx_sync.leases SET expires_at = clock_timestamp()")

    job = run_job(
        new_order(bench.clinic_id, "inbound", "api"),
        InboundSync(),
        bench.dependencies(sleep=the_other_ends),
    )

    assert job.status == "succeeded"
    assert query(bench.conn, "SELECT fence FROM idexx_sync.leases") == [{"fence": 8}]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("UPDATE public.clinics SET is_active = false", "clinics.is_active"),
        ("UPDATE public.clinics SET timezone = 'Mars/Olympus'", "clinics.timezone"),
        ("UPDATE idexx_sync.clinic_settings SET stage = 'off'", "stage"),
        ("UPDATE idexx_sync.clinic_settings SET room_ids = '{}'", "room_ids"),
        ("DELETE FROM idexx_sync.clinic_settings", "clinic_settings"),
        ("DELETE FROM public.clinic_schedule_configs", "clinic_schedule_configs"),
    ],
)
def test_a_wrong_setting_is_named_and_nothing_is_read(
    bench: Bench, change: str, named: str
) -> None:
    bench.conn.execute(change)

    job = bench.sync()

    assert (job.status, job.error_kind) == ("failed", "configuration_invalid")
    assert job.error_message is not None
    assert job.error_message.startswith(f"{named}:")
    assert bench.pims.reads == 0
    assert bench.rows() == []


@pytest.mark.parametrize("of_all", [False, True])
@pytest.mark.parametrize("manner", ["apply", "preview"])
def test_a_paused_clinic_is_not_read(bench: Bench, manner: Manner, of_all: bool) -> None:
    pause(bench.conn, None if of_all else bench.clinic_id, "new rooms")

    job = bench.sync(manner=manner)

    whose, ends = " with all clinics", "resume --all"
    if not of_all:
        whose, ends = "", f"clinics resume {bench.clinic_id}"
    assert (job.status, job.error_kind) == ("skipped_paused", None)
    assert job.error_message == (
        f"the clinic is paused{whose} since 2026-05-04 07:00 PDT by Kim: new rooms; "
        f"once it may go on: idexx-sync {ends}"
    )
    assert bench.pims.reads == 0


def test_what_has_been_resumed_or_is_anothers_pause_stops_nobody(bench: Bench) -> None:
    pause(bench.conn, add_clinic(bench.conn))
    pause(bench.conn, bench.clinic_id)
    bench.conn.execute(
        "UPDATE idexx_sync.pauses SET resumed_at = idexx_sync.clock(), resumed_by = 'Kim' "
        "WHERE clinic_id = %s",
        (bench.clinic_id,),
    )

    assert bench.sync().status == "succeeded"


def test_an_unknown_clinic_or_job_is_named(bench: Bench) -> None:
    unknown = uuid4()
    with pytest.raises(NotFound, match=f"clinic_id: there is no clinic {unknown}"):
        run(bench, new_order(unknown, "inbound", "cli"))
    with pytest.raises(NotFound, match=f"job_id: there is no job {unknown}"):
        run(bench, RunOrder(unknown, None, "inbound"))


def test_a_dry_run_tells_the_plan_and_writes_no_row(bench: Bench) -> None:
    job = bench.sync(manner="preview")

    assert job.status == "succeeded"
    assert job.result is not None
    assert [change["id"] for change in job.result["plan"]] == ["600101", "600102", "600103"]
    assert {change["action"] for change in job.result["plan"]} == {"create"}
    assert "TANGO" not in str(job.result)
    _nothing_is_written(bench)
    assert bench.sync().status == "succeeded"  # the lease was given back


def test_a_dry_run_looks_at_a_clinic_that_is_switched_off(bench: Bench) -> None:
    bench.conn.execute("UPDATE idexx_sync.clinic_settings SET stage = 'off'")

    job = bench.sync(manner="preview")

    assert (job.status, job.result is not None and job.result["planned"]) == ("succeeded", 3)
    _nothing_is_written(bench)


def _nothing_is_written(bench: Bench) -> None:
    for table in ("schedule_appointments", "schedule_slots", "schedule_syncs", "case_sync_audits"):
        assert query(bench.conn, f"SELECT * FROM public.{table}") == []
    assert query(bench.conn, "SELECT * FROM idexx_sync.records") == []


def test_a_shadow_clinic_is_planned_and_not_written(bench: Bench) -> None:
    bench.conn.execute("UPDATE idexx_sync.clinic_settings SET stage = 'shadow'")

    job = bench.sync()

    assert job.result is not None
    assert len(job.result["plan"]) == 3
    assert bench.rows() == []


def test_an_unexpected_error_is_recorded_and_goes_up(bench: Bench) -> None:
    bench.pims.error = ZeroDivisionError("nobody foresaw this")

    with pytest.raises(ZeroDivisionError):
        bench.sync()

    (job,) = job_store.jobs_newest_first(bench.conn, clinic_id=bench.clinic_id)
    assert (job.status, job.error_kind) == ("failed", "internal")
    assert job.error_message is not None
    assert "foresaw" not in job.error_message
    bench.pims.error = None
    assert bench.sync().status == "succeeded"


def test_ctrl_c_ends_the_job_and_frees_the_clinic(bench: Bench) -> None:
    bench.pims.error = KeyboardInterrupt()  # type: ignore[assignment]  # raised all the same

    with pytest.raises(KeyboardInterrupt):
        bench.sync()

    (job,) = job_store.jobs_newest_first(bench.conn, clinic_id=bench.clinic_id)
    assert job.status == "cancelled"
    bench.pims.error = None
    assert bench.sync().status == "succeeded"


def test_a_connection_that_died_between_runs_is_replaced(bench: Bench) -> None:
    bench.sync()
    bench.conn.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )

    assert bench.sync().status == "succeeded"


class _LosesConnection(InboundSync):
    """Loses its connection before anything was written."""

    def __call__(self, run: Run, pims: Any) -> Report:
        pid = run.conn.info.backend_pid
        with psycopg.connect(run.conn.info.dsn, password=run.conn.info.password) as other:
            other.execute("SELECT pg_terminate_backend(%s)", (pid,))
        return super().__call__(run, pims)


def test_a_connection_that_dies_during_the_run_is_database_unavailable(bench: Bench) -> None:
    bench.retried = True

    job = run(bench, new_order(bench.clinic_id, "inbound", "api"), _LosesConnection())

    assert (job.status, job.error_kind) == ("queued", "database_unavailable")
    assert bench.rows() == []


def test_a_database_that_is_down_is_said_without_its_address(bench: Bench) -> None:
    down = Database(SecretStr("postgresql://someone:hush-7319@127.0.0.1:1/nowhere"))

    with pytest.raises(DatabaseUnavailable) as raised:
        run_job(
            new_order(bench.clinic_id, "inbound", "cli"),
            InboundSync(),
            bench.dependencies(database=down),
        )

    assert "hush-7319" not in str(raised.value)
    assert "127.0.0.1" not in str(raised.value)


def test_default_window_is_today_to_the_horizon(bench: Bench) -> None:
    bench.conn.execute("UPDATE public.clinic_schedule_configs SET sync_horizon_days = 10")

    job = run(bench, new_order(bench.clinic_id, "inbound", "api"))

    assert job.result is not None
    assert job.result["window"] == ("2026-05-04", "2026-05-13")


def test_today_is_the_clinics_day_not_utcs(bench: Bench) -> None:
    bench.now = MORNING + timedelta(hours=12)  # 19:00 in Los Angeles, the next day in UTC

    job = run(bench, new_order(bench.clinic_id, "inbound", "api"))

    assert job.result is not None
    assert job.result["window"][0] == "2026-05-04"


def test_a_lost_acknowledgement_of_the_beginning_does_not_lose_the_run(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job and the lease are committed, and the connection dies before anybody is told."""
    begin = job_store.begin
    losses = iter([True])

    def begin_and_lose(conn: Any, *args: Any) -> Any:
        begun = begin(conn, *args)
        if next(losses, False):
            raise psycopg.OperationalError("server closed the connection unexpectedly")
        return begun

    monkeypatch.setattr(job_store, "begin", begin_and_lose)

    job = run(bench, tick(bench))

    assert job.status == "succeeded"
    assert len(bench.rows()) == 3
