"""The thinnest path: nothing differs; a deleted visit is closed, row and case."""

from tests.kit.job_results import counts
from tests.kit.reconciliation_bench import ReconciliationBench
from tests.kit.records import patient_visit


def test_where_nothing_differs_nothing_is_found(bench: ReconciliationBench) -> None:
    bench.shows(patient_visit(), patient_visit("600102", "2026-05-04 09:00:00"))
    bench.synced()
    bench.night()

    job = bench.reconcile()

    assert job.status == "succeeded", (job.error_message, job.result)
    assert bench.discrepancies() == []
    assert counts(job)["read"] == 2


def test_a_visit_that_neo_has_deleted_is_closed(bench: ReconciliationBench) -> None:
    bench.shows(patient_visit(), patient_visit("600102", "2026-05-04 09:00:00"))
    bench.synced()
    bench.night()
    bench.pims.delete("600101")

    job = bench.reconcile()

    assert job.status == "succeeded", (job.error_message, job.result)
    assert bench.keys() == ["600102"]
    case = bench.case()
    assert case["status"] == "reviewed"
    assert case["metadata"]["reconciliation"]["softDeleted"] is True
    assert case["metadata"]["pimsAppointment"]["status"] == "cancelled"
    assert bench.found() == {
        ("appointment", "deleted_in_neo"): "fixed",
        ("case", "deleted_in_neo"): "fixed",
    }
    bench.night(2)
    assert bench.reconcile().status == "succeeded"
    assert bench.discrepancies() == []
