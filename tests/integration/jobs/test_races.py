"""Many at once for one clinic: one lease, one login, no write behind a stale fence."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection
from pydantic import SecretStr

from idexx_sync.core.errors import LeaseLost
from idexx_sync.database.connection import connect, writing
from idexx_sync.jobs import leases
from idexx_sync.jobs import store as job_store
from idexx_sync.jobs.model import Begun, Job, new_order
from idexx_sync.jobs.runner import run_job
from idexx_sync.jobs.wiring import make_dependencies
from idexx_sync.syncs.inbound.sync import InboundSync
from neo_simulator.client import Simulator
from tests.kit.clinic import add_clinic
from tests.kit.database import query
from tests.kit.races import at_once
from tests.kit.settings import make_settings
from tests.kit.worked_clinic import WorkedClinic

RACERS = 50
RUNS = 15


def test_of_fifty_racers_for_one_lease_one_wins(
    conn: Connection[tuple[Any, ...]], database: str
) -> None:
    clinic_id = add_clinic(conn)
    connections = [connect(SecretStr(database)) for _ in range(RACERS)]

    def race(number: int) -> Begun:
        return job_store.begin(connections[number], new_order(clinic_id, "inbound", "api"), 45)

    begun = at_once(RACERS, race)

    winners = [one.lease for one in begun if one.lease is not None]
    assert len(winners) == 1
    assert winners[0].fence == 1
    assert {one.held_by for one in begun if one.lease is None} <= {winners[0].job_id, None}
    for connection in connections:
        connection.close()


def test_of_fifty_racers_for_an_expired_lease_one_takes_over_and_the_old_one_is_out(
    conn: Connection[tuple[Any, ...]], database: str
) -> None:
    clinic_id = add_clinic(conn)
    stale = job_store.begin(conn, new_order(clinic_id, "inbound", "api"), 45).lease
    assert stale is not None
    conn.execute("UPDATE idexx_sync.leases SET expires_at = clock_timestamp()")
    connections = [connect(SecretStr(database)) for _ in range(RACERS)]

    def race(number: int) -> Begun:
        return job_store.begin(connections[number], new_order(clinic_id, "inbound", "api"), 45)

    begun = at_once(RACERS, race)

    assert [one.lease.fence for one in begun if one.lease is not None] == [2]
    with pytest.raises(LeaseLost), writing(conn) as settle:
        leases.require(conn, stale, settle)
        conn.execute("DELETE FROM public.clinics")
    assert query(conn, "SELECT count(*) AS n FROM public.clinics") == [{"n": 1}]
    for connection in connections:
        connection.close()


def test_many_runs_on_an_expired_session_log_in_once(
    conn: Connection[tuple[Any, ...]], database: str, simulator: Simulator, chromium_path: Path
) -> None:
    neo = simulator.create_company(generate=False)
    clinic = WorkedClinic(conn, neo)
    neo.book(start=f"{clinic.today()} 23:00:00")
    settings = make_settings(
        database,
        neo_hosts=(neo.base_url,),
        chromium_path=str(chromium_path),
        neo_requests_per_second=1000,
    )

    def run(_number: int) -> Job:
        """A worker process of its own, but for the process; it looks often whether it may begin."""
        made = make_dependencies(settings, retried=False)
        pause = psycopg.connect(database)
        dependencies = replace(made, sleep=lambda _seconds: wait_a_little(pause))
        try:
            return run_job(
                new_order(clinic.clinic_id, "inbound", "api"), InboundSync(), dependencies
            )
        finally:
            made.database.close()
            pause.close()

    assert run(0).status == "succeeded"
    neo.clear_requests()
    neo.expire_sessions()

    ended = at_once(RUNS, run)

    assert [attempt["outcome"] for attempt in neo.logins()] == ["ok"]
    assert {job.status for job in ended} <= {"succeeded", "skipped_overlap"}
    assert sum(job.status == "succeeded" for job in ended) >= 1
    neo.remove()


def wait_a_little(conn: Connection[Any]) -> None:
    """Stands for the second between two looks; the server counts it, so that others can run."""
    conn.execute("SELECT pg_sleep(0.2)")
