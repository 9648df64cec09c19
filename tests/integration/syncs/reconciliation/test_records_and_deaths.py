"""Clinical records beside their cases: how many are read, what is told, and who has died."""

from collections.abc import Sequence
from datetime import date
from threading import Event
from typing import Any

import pytest

from idexx_sync.jobs.model import Job, RunOrder
from idexx_sync.jobs.runner import run_job
from idexx_sync.pims.protocol import Consultation, Line, Unknown
from idexx_sync.syncs.cases.plan import plan_visits
from idexx_sync.syncs.reconciliation import judging
from idexx_sync.syncs.reconciliation.sync import ReconciliationSync
from tests.kit.database import query
from tests.kit.job_results import counts, warnings
from tests.kit.reconciliation_bench import ReconciliationBench
from tests.kit.records import chart, patient_visit, seen

PATIENCE_S = 20.0
VISIT = "600101"
DIED = "<p>S: presented for euthanasia, euthanized at 10:00.</p>"


def _seen(bench: ReconciliationBench, number: int = 1) -> list[str]:
    """So many visits with records, synced; the ids of their consultations."""
    ids = [str(600101 + n) for n in range(number)]
    for n, one in enumerate(ids):
        bench.writes(chart(one, patient_id=str(40021 + n)))
    bench.shows(
        *(
            seen(one, f"2026-05-04 {6 + n // 10:02}:{n % 10 * 5:02}:00", patient_id=str(40021 + n))
            for n, one in enumerate(ids)
        )
    )
    bench.synced()
    bench.night()
    bench.pims.charts_read.clear()
    return [f"9{one}" for one in ids]


def _rewritten(bench: ReconciliationBench, visit: str = VISIT, **fields: Any) -> None:
    known = bench.pims.charts[f"9{visit}"]
    assert isinstance(known, Consultation)
    bench.writes(chart(visit, **{"patient_id": known.patient_id, **fields}))


DIFFERENT: dict[str, dict[str, Any]] = {
    "notes": {"notes_html": "<p>S: four days lame.</p>"},
    "products": {"lines": [Line("EXAM - OFFICE", id="1"), Line("NAIL TRIM", id="2")]},
    "discharge": {"discharge_html": "<p>Rest for a week.</p>"},
    "weight": {"weight_kg": 22.9},
}


@pytest.mark.parametrize("fields", DIFFERENT.values(), ids=DIFFERENT)
def test_what_a_record_says_is_told_and_never_written(
    bench: ReconciliationBench, fields: dict[str, Any]
) -> None:
    _seen(bench)
    _rewritten(bench, **fields)
    bench.policy("record_differs", "fix")
    before = bench.all_cases(), bench.patient(), bench.memory("consultation")

    job = bench.reconcile()

    assert bench.found() == {("case", "record_differs"): "reported"}
    assert (bench.all_cases(), bench.patient(), bench.memory("consultation")) == before
    assert counts(job)["records_read"] == 1


def test_no_order_reads_more_records_than_its_budget(bench: ReconciliationBench) -> None:
    _seen(bench, 8)

    job = bench.reconcile(sync=ReconciliationSync(records=3))

    assert len(bench.pims.charts_read) == 3
    assert (counts(job)["records_read"], warnings(job)["records_left"]) == (3, 5)


def test_the_budget_is_one_for_all_pieces(bench: ReconciliationBench) -> None:
    _seen(bench, 2)
    bench.writes(chart("600301", patient_id="40091"))
    old = seen("600301", "2026-04-25 06:00:00", patient_id="40091")
    bench.pims.records.append(old)
    bench.cases(first_day=date(2026, 4, 24), last_day=date(2026, 4, 26))
    bench.pims.charts_read.clear()

    job = bench.reconcile(sync=ReconciliationSync(records=2), lookback_days=14)

    assert sorted(bench.pims.charts_read) == ["9600101", "9600102"]
    assert warnings(job)["records_left"] == 1


def test_another_night_reads_other_records(bench: ReconciliationBench) -> None:
    ids = _seen(bench, 8)
    for night in range(1, 7):
        bench.night(night)
        bench.reconcile(sync=ReconciliationSync(records=4))

    assert set(bench.pims.charts_read) == set(ids)


@pytest.mark.parametrize(
    "change",
    [
        {"type": "Dental"},
        {"client_phone": "555-555-0188", "last_updated_at": "2026-05-05 01:00:00"},
    ],
    ids=["told by a word", "told by the stamp"],
)
def test_records_with_a_reason_come_first(
    bench: ReconciliationBench, change: dict[str, str]
) -> None:
    _seen(bench, 8)
    bench.pims.replace("600105", **change)

    bench.reconcile(sync=ReconciliationSync(records=1))

    assert bench.pims.charts_read == ["9600105"]


def test_cases_are_planned_while_neo_answers(
    bench: ReconciliationBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    _seen(bench, 2)
    is_asked, is_planned = Event(), Event()
    plan, ask = plan_visits, bench.pims.consultations

    def planned(*arguments: Any, **more: Any) -> Any:
        assert is_asked.wait(PATIENCE_S), "no record was asked for before all was planned"
        is_planned.set()
        return plan(*arguments, **more)

    def asked(ids: Sequence[str]) -> Any:
        is_asked.set()
        assert is_planned.wait(PATIENCE_S), "nothing was planned before all records were read"
        return ask(ids)

    monkeypatch.setattr(judging, "plan_visits", planned)
    monkeypatch.setattr(bench.pims, "consultations", asked)

    assert bench.reconcile().status == "succeeded"


def test_records_that_differed_are_read_again_first(bench: ReconciliationBench) -> None:
    _seen(bench, 8)
    _rewritten(bench, "600103", notes_html="<p>S: four days lame.</p>")
    bench.reconcile()
    for night in (2, 3):
        bench.pims.charts_read.clear()
        bench.night(night)
        bench.reconcile(sync=ReconciliationSync(records=1))
        assert bench.pims.charts_read == ["9600103"]
    assert bench.discrepancies()[0]["nights"] == 3


def test_a_visit_that_comes_back_is_completed_by_no_record_read_here(
    bench: ReconciliationBench,
) -> None:
    _seen(bench)
    case = bench.case()
    metadata = {**case["metadata"], "reconciliation": {"softDeleted": True}}
    bench.edit("cases", case["id"], status="reviewed", metadata=metadata)
    bench.conn.execute(
        "DELETE FROM idexx_sync.records WHERE clinic_id = %s AND kind = 'consultation'",
        (bench.clinic_id,),
    )

    bench.reconcile()

    assert "reconciliation" not in bench.case()["metadata"]
    assert bench.case()["status"] != "completed"


# What cannot be read


def test_a_few_records_that_fail_are_a_warning(bench: ReconciliationBench) -> None:
    ids = _seen(bench, 6)
    bench.pims.charts[ids[0]] = Unknown("http_500")

    job = bench.reconcile()

    assert job.status == "succeeded_with_warnings", (job.error_message, job.result)
    assert warnings(job) == {"consultations_failed": 1}


def test_where_none_can_be_read_the_run_fails_and_what_it_wrote_stays(
    bench: ReconciliationBench,
) -> None:
    ids = _seen(bench, 6)
    bench.pims.charts.update(dict.fromkeys(ids[1:], Unknown("http_500")))
    bench.pims.replace(VISIT, start="2026-05-04 12:00:00", end="2026-05-04 12:30:00")
    bench.pims.charts[ids[0]] = Unknown("http_500")

    job = bench.reconcile()

    assert job.status == "failed", job.result
    assert str(bench.row(VISIT)["start_time"]) == "12:00:00"
    assert bench.found() == {("appointment", "moved"): "fixed", ("case", "moved"): "fixed"}


def test_when_neo_breaks_down_what_was_read_counts_and_a_retry_goes_on(
    bench: ReconciliationBench,
) -> None:
    _seen(bench, 3)
    bench.pims.breaks_at = "9600102"
    bench.pims.replace(VISIT, start="2026-05-04 12:00:00", end="2026-05-04 12:30:00")
    bench.retried = True

    job = bench.reconcile(lookback_days=10)

    assert (job.status, job.error_kind) == ("queued", "pims_unavailable")
    assert str(bench.row(VISIT)["start_time"]) == "12:00:00"
    bench.pims.breaks_at = None
    reads = bench.pims.reads
    again = run_job(
        RunOrder(job.id, None, "reconciliation"), ReconciliationSync(), bench.dependencies()
    )
    assert again.status in ("succeeded", "succeeded_with_warnings"), again.error_message
    assert bench.pims.reads == reads + 1
    assert again.result is not None
    assert again.result["discrepancies"] == {"moved": {"fixed": 2}}


# Deaths


def _extreme(bench: ReconciliationBench, visit: str = VISIT) -> Any:
    return bench.case(visit)["extreme_case_check"]


def test_a_death_that_only_this_run_has_read_marks_the_case(bench: ReconciliationBench) -> None:
    _seen(bench)
    _rewritten(bench, notes_html=DIED)

    job = bench.reconcile()

    assert _extreme(bench)["isExtremeCase"] is True
    _nobody_is_called(bench, job)


@pytest.mark.parametrize("policy", ["report", "hold"])
def test_a_death_in_the_calendar_marks_the_case_whatever_is_done_about_the_rest(
    bench: ReconciliationBench, policy: str
) -> None:
    _seen(bench)
    bench.policy("moved", policy)
    bench.pims.replace(
        VISIT, reason="EUTHANASIA", start="2026-05-04 12:00:00", end="2026-05-04 12:30:00"
    )

    bench.reconcile()

    assert _extreme(bench)["isExtremeCase"] is True


def test_a_death_is_marked_once(bench: ReconciliationBench) -> None:
    _seen(bench)
    _rewritten(bench, notes_html=DIED)
    bench.reconcile()
    marked = bench.case()["updated_at"]
    bench.night(2)

    job = bench.reconcile()

    assert bench.case()["updated_at"] == marked
    assert "updated" not in counts(job)


def test_what_a_person_takes_back_of_a_death_stays_so(bench: ReconciliationBench) -> None:
    _seen(bench)
    _rewritten(bench, notes_html=DIED)
    bench.reconcile()
    bench.edit("cases", bench.case()["id"], extreme_case_check=None)
    bench.night(2)

    bench.reconcile()

    assert _extreme(bench) is None


def test_a_run_that_reports_marks_nobody_and_the_next_one_does(
    bench: ReconciliationBench,
) -> None:
    _seen(bench)
    _rewritten(bench, notes_html=DIED)

    bench.reconcile(fix=False)
    assert not (_extreme(bench) or {}).get("isExtremeCase")
    bench.night(2)
    bench.reconcile()

    assert _extreme(bench)["isExtremeCase"] is True


def _nobody_is_called(bench: ReconciliationBench, job: Job) -> None:
    """Of completed cases only those may be called about that are no extreme ones (V12)."""
    callable_ = query(
        bench.conn,
        "SELECT id FROM public.cases WHERE clinic_id = %s AND status = 'completed' "
        "AND idexx_sync.is_extreme(extreme_case_check) IS NOT TRUE",
        (bench.clinic_id,),
    )
    assert callable_ == [], job.result


def test_a_night_makes_nobody_callable(bench: ReconciliationBench) -> None:
    """Whatever differs, no case becomes completed by it."""
    bench.shows(
        patient_visit(),
        seen("600102", "2026-05-04 07:00:00", patient_id="40022"),
    )
    bench.writes(chart("600102", patient_id="40022"))
    bench.synced()
    completed = {c["id"] for c in bench.all_cases() if c["status"] == "completed"}
    bench.writes(chart(VISIT))
    bench.pims.replace(VISIT, status="Finalized", consultation_id=f"9{VISIT}")
    for number, cause in enumerate(("status_differs", "record_differs", "missing_in_odis")):
        bench.policy(cause, "fix")
        bench.night(1 + number)
        bench.reconcile()

    after = {c["id"] for c in bench.all_cases() if c["status"] == "completed"}
    assert after == completed
