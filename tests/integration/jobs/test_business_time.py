"""Two clocks: business time is the database's, and a worker's wall clock decides nothing."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from idexx_sync.clinics.store import Clinic
from idexx_sync.core.errors import Throttled
from idexx_sync.core.sealing import keyring
from idexx_sync.database.business_time import Clock, going_on
from idexx_sync.database.connection import Conn, Database
from idexx_sync.jobs import store as job_store
from idexx_sync.jobs.heartbeat import Lifetime
from idexx_sync.jobs.model import Job, RunOrder, new_order, tick_order
from idexx_sync.jobs.params import WindowParams
from idexx_sync.jobs.runner import run_job
from idexx_sync.pims.access import Credentials
from idexx_sync.pims.access_store import PostgresLoginStore, store_credentials
from idexx_sync.pims.breaker import UNKNOWN_WAIT
from idexx_sync.syncs.cases.sync import CaseSync
from idexx_sync.syncs.inbound.sync import InboundSync
from local_stack.postgres import Postgres
from tests.kit.bench import Bench
from tests.kit.business_time import set_business_time
from tests.kit.clinic import add_clinic, identity_guard
from tests.kit.database import query
from tests.kit.paths import MIGRATIONS, ODIS_TABLES
from tests.kit.records import MORNING, visit
from tests.kit.scripted_pims import ScriptedPims
from tests.kit.settings import LOCAL_KEY
from tests.kit.stamps import LEASE_TIME, TO_COME, columns_with_moments, stamps_outside
from tests.kit.wrong_clock import wrong_clock

HOURS_3 = 3 * 3600.0


@dataclass
class Worker:
    """A bench's runs by a worker whose clock is wrong, and who knows no other time but its own and
    the database's."""

    bench: Bench
    ahead_s: float
    jumps_to: float | None = None
    """Where its clock jumps to while the calendar is being read."""
    _now_s: float = field(init=False)

    def __post_init__(self) -> None:
        self._now_s = self.ahead_s

    def run(self, order: RunOrder | None = None, **changes: Any) -> Job:
        """By default an inbound run over the clinic's own days."""
        bench, order = self.bench, order or new_order(self.bench.clinic_id, "inbound", "cli")
        self._now_s = self.ahead_s
        bench.pims.before_answer = self._jump
        bench.pims.clock = None
        sync = InboundSync() if order.sync == "inbound" else CaseSync()
        with self.clock_is_wrong():
            return run_job(order, sync, bench.dependencies(**self._as_deployed(), **changes))

    def clock_is_wrong(self) -> AbstractContextManager[None]:
        """But for that it would agree with the database."""
        agreeing = self.bench.now.timestamp() - time.time()
        return wrong_clock(lambda: agreeing + self._now_s)

    def _as_deployed(self) -> dict[str, Any]:
        @contextmanager
        def open_pims(
            clinic: Clinic,
            job_id: UUID,
            session: tuple[int, bytes] | None,
            lifetime: Lifetime,
            clock: Clock,
        ) -> Iterator[ScriptedPims]:
            self.bench.pims.clock = clock
            yield self.bench.pims

        return {"clock_from": going_on, "open_pims": open_pims}

    def _jump(self) -> None:
        if self.jumps_to is not None:
            self._now_s = self.jumps_to


@pytest.fixture
def bench(conn: Conn, database: str, lent: Database) -> Bench:
    set_business_time(conn, MORNING)
    made = Bench(conn, database, add_clinic(conn, sync_horizon_days=7), lent=lent)
    made.pims.records = [visit("600101", "2026-05-04 09:00:00"), visit("600102")]
    return made


@pytest.fixture(
    params=[
        pytest.param({"ahead_s": HOURS_3}, id="3 hours fast"),
        pytest.param({"ahead_s": -HOURS_3}, id="3 hours slow"),
        pytest.param({"ahead_s": -HOURS_3, "jumps_to": HOURS_3}, id="jumps ahead"),
        pytest.param({"ahead_s": HOURS_3, "jumps_to": -HOURS_3}, id="jumps back"),
    ]
)
def worker(bench: Bench, request: pytest.FixtureRequest) -> Worker:
    return Worker(bench, **request.param)


def test_all_that_a_run_writes_is_of_the_databases_time(worker: Worker) -> None:
    bench = worker.bench
    for order in (None, new_order(bench.clinic_id, "cases", "cli")):
        job = worker.run(order)
        assert job.status.startswith("succeeded"), job.error_message
        bench.later(5)

    last = bench.now + timedelta(seconds=30)
    assert stamps_outside(bench.conn, bench.clinic_id, MORNING, last) == []
    assert len(bench.schedule_syncs()) == 1


def test_which_day_it_is_says_the_database(worker: Worker) -> None:
    worker.bench.now = datetime(2026, 5, 5, 5, 30, tzinfo=UTC)  # half past ten, on Monday evening

    job = worker.run()

    assert job.result is not None
    assert list(job.result["window"]) == ["2026-05-04", "2026-05-10"]


@pytest.mark.parametrize(("minutes", "status"), [(14, "succeeded"), (16, "skipped_stale")])
def test_whether_a_tick_is_stale_says_the_database(
    worker: Worker, minutes: int, status: str
) -> None:
    bench = worker.bench
    tick = tick_order(bench.clinic_id, "inbound", "schedule", bench.now, WindowParams())
    bench.later(minutes)

    assert worker.run(tick).status == status


@pytest.mark.parametrize(("minutes", "left"), [(9, 2), (11, 1)])
def test_strikes_lie_apart_by_the_databases_time(worker: Worker, minutes: int, left: int) -> None:
    bench = worker.bench
    bench.sync()
    del bench.pims.records[0]
    bench.later()
    assert bench.sync().status.startswith("succeeded")
    bench.later(minutes)

    worker.run()

    assert len(bench.rows()) == left


@pytest.mark.parametrize(("hours", "status"), [(23, "approved"), (25, "expired")])
def test_a_permit_lasts_a_day_of_the_databases_time(
    worker: Worker, hours: int, status: str
) -> None:
    bench = worker.bench
    bench.pims.records = [visit(str(600100 + n)) for n in range(4)]
    bench.sync()
    bench.pims.records.clear()
    bench.later()
    bench.sync()
    bench.decide("empty_calendar", "approved")
    bench.later(hours * 60)

    worker.run()

    assert bench.hold("empty_calendar")["status"] == status


@pytest.mark.parametrize(("minutes", "waits"), [(14, True), (16, False)])
def test_how_long_logins_wait_says_the_database(
    worker: Worker, minutes: int, *, waits: bool
) -> None:
    bench = worker.bench
    store_credentials(
        bench.conn,
        keyring(LOCAL_KEY),
        bench.clinic_id,
        Credentials.model_validate({"company_id": "1", "username": "u", "password": "p"}),
    )
    logging_in(worker)
    bench.later(minutes)
    assert timedelta(minutes=minutes) != UNKNOWN_WAIT

    if waits:
        with pytest.raises(Throttled):
            logging_in(worker)
    else:
        logging_in(worker)


def logging_in(worker: Worker) -> None:
    """A run that begins a login of which nobody learns how it ended."""
    bench = worker.bench
    raised: list[Throttled] = []

    @contextmanager
    def open_pims(
        clinic: Clinic,
        job_id: UUID,
        session: tuple[int, bytes] | None,
        lifetime: Lifetime,
        clock: Clock,
    ) -> Iterator[ScriptedPims]:
        bench.pims.clock = clock
        store = PostgresLoginStore(
            bench.database.connection(),
            keyring(LOCAL_KEY),
            clinic.id,
            job_id,
            clock=clock,
            logins_per_hour=6,
            session=session,
            identity=identity_guard(bench.conn, clinic.id, clock),
        )
        try:
            store.begin_login()
        except Throttled as error:
            raised.append(error)
        yield bench.pims

    with worker.clock_is_wrong():
        run_job(
            new_order(bench.clinic_id, "inbound", "cli"),
            InboundSync(),
            bench.dependencies(clock_from=going_on, open_pims=open_pims),
        )
    if raised:
        raise raised[0]


def test_a_runs_clock_goes_on_with_the_monotonic_one() -> None:
    passed = [100.0]
    clock = going_on(MORNING, lambda: passed[0])
    assert clock() == MORNING

    passed[0] += 90.5

    assert clock() == MORNING + timedelta(seconds=90.5)


def test_what_time_it_is_comes_with_the_load_of_the_job(bench: Bench) -> None:
    order = new_order(bench.clinic_id, "inbound", "cli")

    begun = job_store.begin(bench.conn, order, lease_seconds=45)

    assert begun.job is not None
    assert begun.job.started_at is not None
    assert MORNING < begun.job.started_at < begun.now < MORNING + timedelta(seconds=1)


# -- the function ---------------------------------------------------------------------------


@pytest.fixture
def deployed(postgres: Postgres) -> Iterator[Conn]:
    """A database as deployments have it: nothing in it can be moved."""
    from idexx_sync.database import migrations

    postgres.create_database("deployed")
    with psycopg.connect(postgres.dsn("deployed"), autocommit=True) as conn:
        conn.execute(ODIS_TABLES.read_bytes())
        migrations.apply(conn, MIGRATIONS)
        yield conn
    postgres.drop_database("deployed")


def test_in_a_deployment_it_is_the_servers_time_and_nothing_else(deployed: Conn) -> None:
    row = deployed.execute(
        "SELECT clock_timestamp(), idexx_sync.clock(), clock_timestamp(), prosrc, proconfig"
        "  FROM pg_proc WHERE oid = 'idexx_sync.clock()'::regprocedure"
    ).fetchone()
    assert row is not None
    before, said, after, source, settings = row

    assert before <= said <= after
    assert (source, settings) == ("SELECT pg_catalog.clock_timestamp()", None)


def test_every_stamp_that_a_row_gets_by_itself_is_business_time(deployed: Conn) -> None:
    found = query(
        deployed,
        """
        SELECT d.adrelid::regclass::text || '.' || a.attname AS column,
               pg_get_expr(d.adbin, d.adrelid) AS value
          FROM pg_attrdef d
          JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
          JOIN pg_class c ON c.oid = d.adrelid
         WHERE a.atttypid = 'timestamptz'::regtype
           AND (c.relnamespace = 'idexx_sync'::regnamespace
                OR c.relname IN ('clinic_api_keys', 'case_sync_audits'))
        """,
    )

    assert {row["value"] for row in found} == {"idexx_sync.clock()"}
    assert "idexx_sync.jobs.queued_at" in {row["column"] for row in found}


def test_each_column_is_of_one_clock(conn: Conn) -> None:
    """The lists of the kit name columns that exist."""
    moments = columns_with_moments(conn)

    assert set(moments) >= TO_COME
    assert not LEASE_TIME & set(moments)
    assert query(
        conn,
        "SELECT count(*) AS number FROM information_schema.columns WHERE "
        "format('%%s.%%s.%%s', table_schema, table_name, column_name) = ANY(%s)",
        (list(LEASE_TIME),),
    ) == [{"number": len(LEASE_TIME)}]


def test_a_stamp_of_another_time_is_found(bench: Bench) -> None:
    bench.sync()
    bench.conn.execute("UPDATE idexx_sync.records SET looked_up_at = clock_timestamp()")

    found = stamps_outside(bench.conn, bench.clinic_id, MORNING, bench.now + timedelta(hours=1))

    assert [line.partition(":")[0] for line in found] == ["idexx_sync.records.looked_up_at"]


def test_the_wrong_clock_is_wrong() -> None:
    """Or the tests above would say nothing."""
    from idexx_sync.jobs import runner

    real: Callable[[], float] = time.time
    with wrong_clock(lambda: HOURS_3):
        assert abs(time.time() - real() - HOURS_3) < 5
        said: Any = vars(runner)["datetime"].now(UTC).timestamp()
        assert abs(said - real() - HOURS_3) < 5
    assert abs(time.time() - real()) < 5
