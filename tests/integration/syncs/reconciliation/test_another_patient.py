"""A closed case whose visit comes back as another patient's (rule R15)."""

from tests.kit.job_results import warnings
from tests.kit.reconciliation_bench import ReconciliationBench
from tests.kit.records import chart, seen, visits

VISIT = "600101"
OTHERS = visits(6, first=600201, patient_id="40031")


def _closed(bench: ReconciliationBench) -> None:
    """A completed case that a person has let be closed."""
    bench.writes(chart())
    bench.shows(seen(), *OTHERS)
    bench.synced()
    assert bench.case()["status"] == "completed"
    bench.pims.delete(VISIT)
    bench.night()
    bench.reconcile()
    bench.decide("finalised_visit_removed", "approved")
    bench.later()
    bench.reconcile()
    assert bench.case()["status"] == "reviewed"


def _comes_back_as_another_ones(bench: ReconciliationBench) -> None:
    bench.pims.answers.clear()
    bench.shows(
        seen(patient_id="49999", patient_name="MOSSY", client_id="18888", client_name="Kim Other"),
        *OTHERS,
    )
    bench.writes(chart(patient_id="49999"))
    bench.night(2)


def test_r15_a_case_is_not_revived_with_what_it_says_of_a_former_patient(
    bench: ReconciliationBench,
) -> None:
    _closed(bench)
    _comes_back_as_another_ones(bench)

    bench.reconcile()

    case = bench.case()
    assert (case["status"], "reconciliation" in case["metadata"]) == ("reviewed", True)
    assert bench.patient()["name"] == "TANGO"
    assert bench.found()["case", "reappeared"] == "left"
    assert ("case", "moved") not in bench.found()
    bench.cases()
    assert "reconciliation" not in bench.case()["metadata"]
    assert bench.patient()["name"] == "MOSSY"


def test_r15_that_a_case_came_back_as_another_patients_is_told_as_that(
    bench: ReconciliationBench,
) -> None:
    _closed(bench)
    _comes_back_as_another_ones(bench)

    job = bench.cases()

    assert warnings(job)["patients_changed"] == 1
    (audit,) = [one for one in bench.audits(job) if one["external_id"].endswith(VISIT)]
    assert audit["metadata"]["reason"] == "another_patient"
    assert "reconciliation" not in bench.case()["metadata"]
