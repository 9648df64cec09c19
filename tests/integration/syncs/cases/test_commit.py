"""What the one commit owes to the rows that it meets (rules R21 and R22)."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from idexx_sync.core.errors import NotFound
from idexx_sync.jobs.contract import Report, Run
from idexx_sync.jobs.worker import sync_worker
from idexx_sync.pims.protocol import Pims
from idexx_sync.syncs.cases.store import StoredQuery
from tests.kit.cases_bench import CasesBench
from tests.kit.database import query
from tests.kit.records import patient_visit


def test_r21_a_success_carries_no_error_of_what_was_skipped(bench: CasesBench) -> None:
    bench.shows(patient_visit())
    bench.cases()
    bench.edit("cases", bench.case()["id"], metadata={"pimsAppointment": "text"})
    bench.later()
    bench.shows(patient_visit(type="Euthanasia", status="In Progress"))

    job = bench.cases()

    audits = [(row["status"], row["error_message"]) for row in bench.audits(job)]
    assert audits == [("success", None)]


def test_r22_a_write_is_never_older_than_what_it_overwrites(
    bench: CasesBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.shows(patient_visit())
    bench.cases()
    case = bench.case()
    bench.later()
    original = StoredQuery.__init__
    saved: list[datetime] = []

    def somebody_saves_first(*args: Any) -> None:
        if not saved:
            bench.now += timedelta(seconds=1)
            bench.edit("cases", case["id"], updated_at=bench.now)
            saved.append(bench.now)
            bench.now += timedelta(seconds=1)
        original(*args)

    monkeypatch.setattr(StoredQuery, "__init__", somebody_saves_first)
    bench.shows(patient_visit(reason="OTHER"))
    bench.cases()

    assert bench.case()["updated_at"] >= saved[0]


def test_r22_a_patient_that_somebody_adds_meanwhile_gets_none_beside_it(bench: CasesBench) -> None:
    bench.shows(patient_visit())
    bench.cases()
    case_id = bench.case()["id"]
    bench.conn.execute("DELETE FROM public.patients WHERE case_id = %s", (case_id,))
    bench.later()
    bench.shows(patient_visit(reason="SOMETHING ELSE"))

    with bench.before_each_write(lambda: bench.add_patient(case_id, name="BY HAND"), times=1):
        bench.cases()

    assert bench.patient()["name"] == "BY HAND"


def test_a_dry_run_names_what_would_be_taken_out(bench: CasesBench) -> None:
    bench.shows(patient_visit())
    bench.cases()
    removed = {**bench.case()["metadata"], "reconciliation": {"softDeleted": True}}
    bench.edit("cases", bench.case()["id"], metadata=removed)
    bench.later()

    job = bench.cases(manner="preview")

    assert job.result is not None
    (change,) = job.result["plan"]
    assert (change["reason"], "metadata.reconciliation" in change["fields"]) == ("came_back", True)
    assert bench.case()["metadata"] == removed


class Refusing:
    """A sync that asks for something that is not there."""

    name = "cases"

    def __call__(self, run: Run, pims: Pims) -> Report:  # noqa: ARG002
        raise NotFound("clinic", run.clinic.id)


def test_a_request_refused_within_a_run_leaves_nobody_waiting(bench: CasesBench) -> None:
    bench.retried = True
    worker: Any = sync_worker(Refusing(), bench.dependencies)  # type: ignore[arg-type]

    worker({"v": 1, "clinic_id": str(bench.clinic_id), "sync": "cases"}, None)

    (job,) = query(
        bench.conn,
        "SELECT status, error_kind FROM idexx_sync.jobs WHERE clinic_id = %s",
        (bench.clinic_id,),
    )
    assert (job["status"], job["error_kind"]) == ("failed", "configuration_invalid")
