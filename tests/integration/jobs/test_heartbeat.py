"""A run's heartbeat and deadline: killed, frozen, out of time."""

import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from time import monotonic
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import Connection

from idexx_sync.core.errors import ConfigurationInvalid, DeadlineExceeded
from idexx_sync.database.connection import Conn, Database
from idexx_sync.database.waits import Patience
from idexx_sync.jobs.contract import Report, Run
from idexx_sync.jobs.heartbeat import Lifetime, watched
from idexx_sync.jobs.leases import Lease
from idexx_sync.jobs.model import Job, new_order
from idexx_sync.jobs.runner import run_job
from idexx_sync.jobs.store import end as job_store_end
from idexx_sync.syncs.inbound.model import Plan
from idexx_sync.syncs.inbound.plan import plan_inbound
from idexx_sync.syncs.inbound.sync import InboundSync
from tests.kit.bench import Bench
from tests.kit.clinic import add_clinic
from tests.kit.database import query
from tests.kit.records import visits
from tests.kit.settings import make_settings


@pytest.fixture
def bench(conn: Connection[tuple[Any, ...]], database: str, lent: Database) -> Bench:
    made = Bench(conn, database, add_clinic(conn), lent=lent)
    made.pims.records = visits(3)
    return made


def run(bench: Bench, sync: InboundSync | None = None, **changes: Any) -> Job:
    """A run whose lease lasts 0.6 s and is renewed every 0.1 s, unless told otherwise."""
    quick = {"lease_seconds": 0.6, "heartbeat_seconds": 0.1, "deadline_reserve_seconds": 0.2}
    settings = make_settings(bench.url, **{**quick, **changes.pop("settings", {})})
    dependencies = replace(bench.dependencies(), settings=settings, retried=True, **changes)
    return run_job(
        new_order(bench.clinic_id, "inbound", "api"), sync or InboundSync(), dependencies
    )


def lease_expiry(bench: Bench) -> Any:
    return query(bench.conn, "SELECT expires_at FROM idexx_sync.leases")[0]["expires_at"]


def wait_until(condition: Any, seconds: float = 10) -> None:
    """Poll until the condition holds; the run under test moves by itself."""
    pause = threading.Event()
    deadline = monotonic() + seconds
    while not condition():
        assert monotonic() < deadline, "the condition never held"
        pause.wait(0.01)


def takes_over(bench: Bench, job_id: UUID) -> bool:
    """Another job takes the clinic's lease if it has expired."""
    taken = bench.conn.execute(
        "UPDATE idexx_sync.leases SET job_id = %s, fence = fence + 1, "
        "expires_at = clock_timestamp() + interval '1 hour' "
        "WHERE expires_at <= clock_timestamp() RETURNING fence",
        (job_id,),
    )
    return taken.fetchone() is not None


class _Moving(InboundSync):
    """Works for as long as the test wants, telling that it moves."""

    def __init__(self, until: Any, *, moving: bool = True) -> None:
        self._until = until
        self._moving = moving

    def __call__(self, run: Run, pims: Any) -> Report:
        def step() -> bool:
            if self._moving:
                run.progress.advance()
            return bool(self._until(run))

        wait_until(step)
        return super().__call__(run, pims)


def test_a_run_that_moves_keeps_its_lease(bench: Bench) -> None:
    expiries: set[Any] = set()

    def renewed_often(_run: Run) -> bool:
        expiries.add(lease_expiry(bench))
        return len(expiries) > 5

    job = run(bench, _Moving(renewed_often))

    assert job.status == "succeeded"


def test_a_run_that_stands_still_loses_its_lease_and_writes_nothing(bench: Bench) -> None:
    taken_over = uuid4()

    job = run(bench, _Moving(lambda _run: takes_over(bench, taken_over), moving=False))

    assert (job.status, job.error_kind) == ("queued", "lease_lost")
    assert bench.rows() == []
    assert query(bench.conn, "SELECT job_id FROM idexx_sync.leases") == [{"job_id": taken_over}]


def test_a_run_that_has_moved_and_then_stands_still_loses_its_lease(bench: Bench) -> None:
    """What moved before the last heartbeat is no sign of life at the next one."""
    taken_over = uuid4()

    class Stops(InboundSync):
        def __call__(self, run: Run, pims: Any) -> Report:
            run.progress.advance()
            wait_until(lambda: takes_over(bench, taken_over))
            return super().__call__(run, pims)

    job = run(bench, Stops())

    assert (job.status, job.error_kind) == ("queued", "lease_lost")
    assert bench.rows() == []


def test_a_heartbeat_that_finds_the_lease_taken_cuts_the_run_off(bench: Bench) -> None:
    cut = threading.Event()

    class Cut(InboundSync):
        def __call__(self, run: Run, pims: Any) -> Report:
            bench.conn.execute(
                "UPDATE idexx_sync.leases SET job_id = %s, fence = fence + 1", (uuid4(),)
            )
            run.progress.advance()
            try:
                run.conn.execute("SELECT pg_sleep(30)")
            finally:
                cut.set()
            return super().__call__(run, pims)

    started = monotonic()
    job = run(bench, Cut())

    assert cut.is_set()
    assert monotonic() - started < 10
    assert (job.status, job.error_kind) == ("queued", "lease_lost")
    assert bench.rows() == []


def test_a_run_out_of_time_ends_itself_and_is_retried(bench: Bench) -> None:
    """The statement would block for longer than the process lives."""
    started = monotonic()

    class Blocked(InboundSync):
        def __call__(self, run: Run, pims: Any) -> Report:
            run.conn.execute("SELECT pg_sleep(30)")
            return super().__call__(run, pims)

    job = run(bench, Blocked(), remaining=lambda: started + 1 - monotonic())

    assert monotonic() - started < 5
    assert (job.status, job.error_kind) == ("queued", "deadline_exceeded")
    assert bench.rows() == []
    assert run(bench).status == "succeeded"  # the lease was given back


def test_a_run_keeps_a_reserve_for_its_ending(bench: Bench) -> None:
    """The process lives for a minute, all of which is reserved: the work has no time at all."""

    class Blocked(InboundSync):
        def __call__(self, run: Run, pims: Any) -> Report:
            run.conn.execute("SELECT pg_sleep(30)")
            return super().__call__(run, pims)

    started = monotonic()
    job = run(
        bench,
        Blocked(),
        settings={"deadline_reserve_seconds": 59},
        remaining=lambda: started + 60 - monotonic(),
    )

    assert monotonic() - started < 5
    assert (job.status, job.error_kind) == ("queued", "deadline_exceeded")


def test_a_heartbeat_during_a_write_does_not_keep_the_deadline_waiting(bench: Bench) -> None:
    """The run's own transaction locks the lease; the heartbeat must not wait for its end."""
    with psycopg.connect(bench.url) as somebody:
        somebody.execute("LOCK TABLE public.schedule_appointments IN EXCLUSIVE MODE")
        started = monotonic()
        job = run(
            bench, settings={"lease_seconds": 30}, remaining=lambda: started + 1.2 - monotonic()
        )
        ended = monotonic()

    assert ended - started < 5
    assert (job.status, job.error_kind) == ("queued", "deadline_exceeded")


def test_a_run_that_plans_past_its_deadline_is_cut_off_when_it_writes(bench: Bench) -> None:
    """At the deadline no statement was under way that could have been cancelled."""

    class Plans(InboundSync):
        def __call__(self, run: Run, pims: Any) -> Report:
            threading.Event().wait(1.5)
            return super().__call__(run, pims)

    with psycopg.connect(bench.url) as somebody:
        somebody.execute("LOCK TABLE public.schedule_appointments IN EXCLUSIVE MODE")
        started = monotonic()
        job = run(bench, Plans(), remaining=lambda: started + 1.2 - monotonic())
        ended = monotonic()

    assert ended - started < 5
    assert (job.status, job.error_kind) == ("queued", "deadline_exceeded")


def has_expired(bench: Bench) -> bool:
    found = query(
        bench.conn, "SELECT expires_at <= clock_timestamp() AS over FROM idexx_sync.leases"
    )
    return bool(found[0]["over"])


def test_r23_a_run_whose_lease_has_run_out_writes_nothing_though_nobody_took_over(
    bench: Bench,
) -> None:
    job = run(bench, _Moving(lambda _run: has_expired(bench), moving=False))

    assert (job.status, job.error_kind) == ("queued", "lease_lost")
    assert bench.rows() == []


@pytest.fixture
def greedy() -> Iterator[None]:
    """Python gives no other thread its turn, as while a pattern is looked for in a long text."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(60)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("greedy")
@pytest.mark.parametrize(
    ("lease_seconds", "time_s", "kind"),
    [(0.5, 60.0, "lease_lost"), (60.0, 0.7, "deadline_exceeded")],
)
def test_r23_planning_that_freezes_every_thread_is_never_written_too_late(
    bench: Bench,
    monkeypatch: pytest.MonkeyPatch,
    lease_seconds: float,
    time_s: float,
    kind: str,
) -> None:
    """Neither heartbeat nor deadline can act while it plans; both are asked before it commits."""
    began = monotonic()

    def plan(*args: Any) -> Plan:
        until = monotonic() + 0.7
        while monotonic() < until:
            pass
        return plan_inbound(*args)

    monkeypatch.setattr("idexx_sync.syncs.inbound.sync.plan_inbound", plan)
    # Without a heartbeat, which might renew the lease between planning and writing.
    settings = {
        "lease_seconds": lease_seconds,
        "heartbeat_seconds": 30.0,
        "deadline_reserve_seconds": 0.1,
    }
    job = run(bench, settings=settings, remaining=lambda: began + time_s - monotonic())

    assert (job.status, job.error_kind) == ("queued", kind)
    assert bench.rows() == []


def test_r23_a_run_out_of_time_while_it_writes_does_not_commit(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is sent may be carried out, whoever still waits for the answer."""
    left = [60.0]

    def end(conn: Conn, *args: Any, **named: Any) -> Any:
        left[0] = 0.0
        return job_store_end(conn, *args, **named)

    monkeypatch.setattr("idexx_sync.syncs.commit.job_store.end", end)
    job = run(bench, settings={"lease_seconds": 60.0}, remaining=lambda: left[0])

    assert (job.status, job.error_kind) == ("queued", "deadline_exceeded")
    assert bench.rows() == []


def test_a_short_run_opens_no_second_connection(bench: Bench) -> None:
    dependencies = replace(bench.dependencies())
    dependencies.database.connection()
    opened: list[Any] = []
    another = dependencies.database.another

    def counted(patience: Patience | None = None) -> Any:
        opened.append(another(patience))
        return opened[-1]

    dependencies.database.another = counted  # type: ignore[method-assign]

    job = run_job(new_order(bench.clinic_id, "inbound", "api"), InboundSync(), dependencies)

    assert job.status == "succeeded"
    assert opened == []


def test_a_released_lease_is_not_renewed(bench: Bench) -> None:
    from idexx_sync.jobs import leases
    from idexx_sync.jobs.leases import Lease

    job = run(bench)

    assert not leases.renew(bench.conn, Lease(bench.clinic_id, job.id, 1), 45)


def test_a_run_is_ended_once_and_every_ending_is_tried() -> None:
    called: list[str] = []
    lifetime = Lifetime(lambda: 0)

    def fails() -> None:
        called.append("first")
        raise OSError("gone already")

    lifetime.on_end(fails)
    lifetime.on_end(lambda: called.append("second"))
    reason = DeadlineExceeded("no time left")
    lifetime.end(reason)
    lifetime.end(DeadlineExceeded("again"))

    assert called == ["first", "second"]
    assert lifetime.ended_by is reason
    assert lifetime.time_left() == 0


def test_a_heartbeat_that_can_not_connect_any_more_goes_on_watching() -> None:
    """A setting that makes no sense by now ends no watcher: the deadline still cuts a run off."""
    tried, cut = threading.Event(), threading.Event()

    def fails(_patience: Patience) -> Conn:
        tried.set()
        raise ConfigurationInvalid("DATABASE_URL: not an address", code="database_url")

    lifetime = Lifetime(lambda: 0 if tried.is_set() else 60)
    lifetime.on_end(cut.set)
    lease = Lease(uuid4(), uuid4(), 1)
    with watched(lifetime, lease, fails, lease_seconds=1, heartbeat_seconds=0.05):
        lifetime.beat()
        assert cut.wait(5), "nobody cut the run off"

    assert isinstance(lifetime.ended_by, DeadlineExceeded)
