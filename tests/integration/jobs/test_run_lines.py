"""A run's lines in the log: about four, short, each naming the run and the request behind it."""

import io
import json
from typing import Any

import pytest

from idexx_sync.alerts.alert_store import alert_by_id
from idexx_sync.core import logs
from idexx_sync.core.errors import InternalError, PimsUnavailable
from idexx_sync.database.connection import Conn, Database
from idexx_sync.jobs.worker import WillBeRetried, WorkerHandler, sync_worker
from idexx_sync.syncs.inbound.sync import InboundSync
from tests.kit.bench import Bench
from tests.kit.clinic import add_clinic
from tests.kit.records import visits
from tests.kit.rows import add_alert

MOST_BYTES = 2_000
"""P14: of a run that finds nothing new."""


class Printed:
    """What a process prints: the lines of the log, and beside them what CloudWatch counts."""

    def __init__(self, log: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
        self._log = log
        self._capsys = capsys

    def lines(self) -> list[dict[str, Any]]:
        """Those since it was asked last."""
        return [json.loads(line) for line in self.text().splitlines()]

    def text(self) -> str:
        text = self._log.getvalue() + self._capsys.readouterr().out
        self._log.seek(0)
        self._log.truncate()
        return text


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Printed:
    log = io.StringIO()
    (handler,) = logs.logger().handlers
    monkeypatch.setattr(handler, "stream", log)
    return Printed(log, capsys)


@pytest.fixture
def bench(conn: Conn, database: str, lent: Database) -> Bench:
    made = Bench(conn, database, add_clinic(conn), retried=True, lent=lent)
    made.pims.records = visits(3)
    return made


@pytest.fixture
def worker(bench: Bench) -> WorkerHandler:
    return sync_worker(InboundSync(), bench.dependencies)


def ordered(bench: Bench, request_id: str | None = "req-1") -> dict[str, Any]:
    """The event of a job that a request has ordered."""
    made = bench.conn.execute(
        """
        INSERT INTO idexx_sync.jobs (id, clinic_id, sync, trigger, params, request_id, for_workers)
        VALUES (gen_random_uuid(), %s, 'inbound', 'api', '{}', %s, true) RETURNING id
        """,
        (bench.clinic_id, request_id),
    ).fetchone()
    assert made is not None
    return {"v": 1, "job_id": str(made[0])}


def test_each_line_of_a_run_names_it_and_the_request_that_ordered_it(
    bench: Bench, worker: WorkerHandler, printed: Printed
) -> None:
    event = ordered(bench)

    answer = worker(event, None)

    assert answer["status"] == "succeeded"
    *lines, counted = printed.lines()
    assert [line["message"] for line in lines] == [
        "run begun",
        "run read",
        "run committed",
        "run ended",
    ]
    for line in lines:
        assert line["job_id"] == event["job_id"]
        assert line["clinic_id"] == str(bench.clinic_id)
        assert line["sync"] == "inbound"
        assert line["request_id"] == "req-1"
    assert lines[2]["counts"] == {"created": 3}
    assert lines[3]["counts"]["created"] == 3
    assert all(line["seconds"] >= 0 for line in lines[1:])
    assert (counted["RunsEnded"], counted["RunsFailed"]) == ([1.0], [0.0])


def test_p14_a_run_that_finds_nothing_new_says_so_in_two_kilobytes(
    bench: Bench, worker: WorkerHandler, printed: Printed
) -> None:
    worker(ordered(bench), None)
    bench.later()
    printed.text()

    worker(ordered(bench, "x" * 64), None)

    assert len(printed.text().encode()) <= MOST_BYTES


def test_after_a_run_no_line_is_of_it(
    bench: Bench, worker: WorkerHandler, printed: Printed
) -> None:
    worker(ordered(bench), None)
    printed.text()

    logs.logger().info("something else")

    (line,) = printed.lines()
    assert not {"job_id", "clinic_id", "sync", "request_id"} & line.keys()


def test_a_run_that_fails_and_is_tried_again_is_told_each_time(
    bench: Bench, worker: WorkerHandler, printed: Printed
) -> None:
    event = ordered(bench)
    bench.pims.error = PimsUnavailable("broken down", code="refused")

    with pytest.raises(WillBeRetried):
        worker(event, None)

    told = [line for line in printed.lines() if "message" in line]
    assert [line["message"] for line in told] == ["run begun", "run ended"]
    assert told[-1]["status"] == "queued"


def test_a_second_delivery_is_no_second_run(
    bench: Bench, worker: WorkerHandler, printed: Printed
) -> None:
    event = ordered(bench)
    worker(event, None)
    printed.text()

    worker(event, None)

    (line,) = printed.lines()
    assert (line["message"], line["status"]) == ("run not begun", "succeeded")
    assert (line["job_id"], line["request_id"]) == (event["job_id"], "req-1")


def test_the_line_of_a_defect_names_the_run_and_the_request(
    bench: Bench, worker: WorkerHandler, printed: Printed
) -> None:
    event = ordered(bench)
    bench.pims.error = ZeroDivisionError()

    with pytest.raises(InternalError):
        worker(event, None)

    told = [line for line in printed.lines() if line.get("level") == "ERROR"]
    assert told
    assert {(one["job_id"], one["request_id"]) for one in told} == {(event["job_id"], "req-1")}


def test_an_alert_and_its_job_name_the_request(bench: Bench) -> None:
    event = ordered(bench, "of-a-caller")
    alert = add_alert(bench.conn, bench.clinic_id, "internal", job_id=event["job_id"])

    found = alert_by_id(bench.conn, alert)

    assert found is not None
    assert found.request_id == "of-a-caller"
