"""Runs that must not begin: of a paused clinic, or of a worker that can't be set up."""

from typing import Any

import pytest
from psycopg import Connection

from idexx_sync.core.errors import ConfigurationInvalid
from idexx_sync.database.connection import Database
from idexx_sync.jobs.model import new_order, tick_order
from idexx_sync.jobs.params import WindowParams
from idexx_sync.jobs.runner import Dependencies, run_job
from idexx_sync.jobs.worker import sync_worker
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


def test_a_paused_clinic_with_a_broken_setting_is_skipped_and_told_as_nothing(bench: Bench) -> None:
    """It is paused, perhaps, until the setting is right; each tick fails and says so meanwhile."""
    pause(bench.conn, bench.clinic_id)
    bench.conn.execute("DELETE FROM public.clinic_schedule_configs")

    order = tick_order(bench.clinic_id, "inbound", "schedule", MORNING, WindowParams())
    job = run_job(order, InboundSync(), bench.dependencies())

    assert job.status == "skipped_paused"
    assert query(bench.conn, "SELECT kind FROM idexx_sync.alerts") == []


def test_a_worker_that_cannot_be_set_up_leaves_more_than_a_line_in_the_log(bench: Bench) -> None:
    """A secret is missing after a release: every tick of every clinic is answered as done, no job
    is made, no letter sent, and AWS counts no error."""

    def dependencies() -> Dependencies:
        raise ConfigurationInvalid("IDEXX_SYNC_LOCAL_KEY: missing", code="local_key")

    worker = sync_worker(InboundSync(), dependencies)
    event = {"v": 1, "clinic_id": str(bench.clinic_id), "scheduled_time": MORNING.isoformat()}
    with pytest.raises(ConfigurationInvalid):  # an error that AWS counts
        worker(event, None)
    assert query(bench.conn, "SELECT FROM idexx_sync.jobs") == []


def test_a_run_that_is_paused_before_it_asks_anything_asks_nothing(bench: Bench) -> None:
    """Somebody pauses while the run waits for another one of its clinic."""
    other = add_clinic(bench.conn)
    bench.conn.execute(
        "INSERT INTO idexx_sync.leases VALUES (%s, %s, 'cases', 7, gen_random_uuid(), "
        "clock_timestamp() + interval '1 hour')",
        (bench.clinic_id, other),
    )

    def sleep(_seconds: float) -> None:
        pause(bench.conn, None)
        bench.conn.execute("UPDATE idexx_sync.leases SET expires_at = clock_timestamp()")

    order = new_order(bench.clinic_id, "inbound", "api")
    job = run_job(order, InboundSync(), bench.dependencies(sleep=sleep))

    assert (job.status, bench.pims.reads) == ("skipped_paused", 0)
