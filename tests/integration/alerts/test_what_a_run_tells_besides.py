"""What a report tells beside its status is told where its job ends, with a worker's rights."""

from dataclasses import dataclass
from typing import Any

import pytest
from psycopg import Connection

from idexx_sync.alerts.kinds import CLOSED_CASE_HAS_CALL, DISCREPANCY_STAYS, Opening
from idexx_sync.core.catalog import SyncName
from idexx_sync.core.vocabulary import Manner
from idexx_sync.database.connection import Database
from idexx_sync.jobs.contract import Report, Run
from idexx_sync.jobs.model import Job, new_order
from idexx_sync.jobs.runner import run_job
from idexx_sync.pims.protocol import Pims
from idexx_sync.syncs.commit import Commits
from tests.kit.bench import Bench
from tests.kit.clinic import add_clinic
from tests.kit.database import query

TELLS = (
    Opening(DISCREPANCY_STAYS, "odis", "moved", ("d-1",)),
    Opening(CLOSED_CASE_HAS_CALL, "odis", None, ("c-1", "c-2")),
)


@pytest.fixture
def bench(conn: Connection[tuple[Any, ...]], database: str, lent: Database) -> Bench:
    return Bench(conn, database, add_clinic(conn), lent=lent)


@dataclass(frozen=True)
class Telling:
    """A run that reads the configuration only, and tells those."""

    tells: tuple[Opening, ...]
    name: SyncName = "inbound"

    def __call__(self, run: Run, pims: Pims) -> Report:
        pims.configuration()
        counts = dict.fromkeys(("read", "created", "updated", "removed", "unchanged"), 0)
        return Commits(run).end(lambda _: Report(counts, also_tells=self.tells))


def ran(bench: Bench, *tells: Opening, manner: Manner = "apply") -> Job:
    order = new_order(bench.clinic_id, "inbound", "schedule", manner=manner)
    return run_job(order, Telling(tells), bench.dependencies())


def told(bench: Bench) -> list[dict[str, Any]]:
    return query(
        bench.conn,
        "SELECT kind, records, times FROM idexx_sync.alerts WHERE closed_at IS NULL ORDER BY kind",
    )


@pytest.mark.parametrize("manner", ["apply", "observe"])
def test_what_a_report_tells_is_told_once_and_closed_when_it_no_longer_does(
    bench: Bench, manner: Manner
) -> None:
    for _ in range(3):
        assert ran(bench, *TELLS, manner=manner).status == "succeeded"
    assert told(bench) == [
        {"kind": "closed_case_has_call", "records": ["c-1", "c-2"], "times": 3},
        {"kind": "discrepancy_stays", "records": ["d-1"], "times": 3},
    ]

    ran(bench, TELLS[0], manner=manner)
    assert [one["kind"] for one in told(bench)] == ["discrepancy_stays"]
    ran(bench, manner=manner)
    assert told(bench) == []
    assert query(bench.conn, "SELECT count(*) AS number FROM idexx_sync.alerts") == [{"number": 2}]


def test_what_a_preview_would_tell_is_not_told(bench: Bench) -> None:
    ran(bench, *TELLS, manner="preview")

    assert told(bench) == []
