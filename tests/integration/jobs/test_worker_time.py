"""A worker's time over the real provider: what Lambda leaves it, and the lease of a long read."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import Connection

from functions.inbound_sync.handler import worker
from idexx_sync.jobs.worker import WillBeRetried
from neo_simulator.client import Simulator
from tests.kit.settings import process_environment
from tests.kit.worked_clinic import WorkedClinic

CALENDAR = "getCalendarEventData$"


class Context:
    """What the handler asks Lambda for."""

    def __init__(self, seconds: float) -> None:
        self._ends = monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        return round((self._ends - monotonic()) * 1000)


@pytest.fixture
def synced(
    conn: Connection[tuple[Any, ...]],
    database: str,
    simulator: Simulator,
    chromium_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[WorkedClinic]:
    """A clinic after its first sync, with a session; its leases last 1.5 s."""
    neo = simulator.create_company(generate=False)
    settings = {
        "IDEXX_SYNC_CHROMIUM_PATH": str(chromium_path),
        "IDEXX_SYNC_LEASE_SECONDS": "1.5",
        "IDEXX_SYNC_HEARTBEAT_SECONDS": "0.1",
    }
    with process_environment(monkeypatch, database, neo.base_url, **settings):
        worked = WorkedClinic(conn, neo)
        neo.book(start=f"{worked.today()} 23:00:00")
        assert worked.work()["status"] == "succeeded"
        yield worked
        neo.remove()


def test_a_worker_whose_time_runs_out_while_neo_is_silent_can_still_say_so(
    synced: WorkedClinic,
) -> None:
    """Of its 22 seconds the last 20 are reserved."""
    synced.neo.fault({"kind": "delay", "ms": 60_000}, path=CALENDAR)
    started = monotonic()

    with pytest.raises(WillBeRetried):
        worker({"v": 1, "clinic_id": str(synced.clinic_id), "trigger": "api"}, Context(22))

    assert monotonic() - started < 10
    assert synced.newest_job()["status"] == "queued"


def test_a_read_that_lasts_longer_than_the_lease_keeps_it(
    synced: WorkedClinic, database: str
) -> None:
    """Five requests of 0.6 s each; somebody waits for the lease all the time."""
    synced.neo.fault({"kind": "delay", "ms": 600}, path=CALENDAR)
    over = threading.Event()
    taken: list[int] = []

    def wait_for_the_lease() -> None:
        with psycopg.connect(database, autocommit=True) as other:
            while not over.wait(0.05):
                took = other.execute(
                    "UPDATE idexx_sync.leases SET job_id = %s, fence = fence + 1, "
                    "expires_at = clock_timestamp() + interval '1 hour' "
                    "WHERE expires_at BETWEEN to_timestamp(1) AND clock_timestamp()",
                    (uuid4(),),
                )
                taken.append(took.rowcount)

    waiting = threading.Thread(target=wait_for_the_lease)
    waiting.start()
    try:
        last = synced.today() + timedelta(days=61)
        answer = synced.work(**{"from": str(synced.today()), "to": str(last)})
    finally:
        over.set()
        waiting.join()

    assert (answer["status"], sum(taken)) == ("succeeded", 0)
