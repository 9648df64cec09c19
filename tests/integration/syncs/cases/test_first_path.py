"""The thinnest path: a visit becomes a case, its record is read, twice changes nothing."""

from tests.kit.cases_bench import CasesBench
from tests.kit.job_results import counts
from tests.kit.records import chart, patient_visit, seen


def test_a_finished_visit_becomes_a_completed_case_with_its_record(bench: CasesBench) -> None:
    bench.shows(seen(), patient_visit("600102", "2026-05-05 09:00:00", patient_id="40022"))
    bench.writes(chart())

    job = bench.cases()

    assert job.status == "succeeded", job.error_message
    assert counts(job) == {
        "read": 2,
        "created": 2,
        "consultations_due": 1,
        "consultations_read": 1,
    }
    case, patient = bench.case(), bench.patient()
    assert (case["status"], case["type"], case["source"]) == (
        "completed",
        "checkup",
        "pims:idexx-neo",
    )
    assert case["metadata"]["pimsConsultation"]["notes"] == "S: two days lame."
    assert patient["name"] == "TANGO"
    assert patient["owner_phone"] == "+15555550100"
    assert bench.case("600102")["status"] == "draft"


def test_a_second_run_changes_nothing(bench: CasesBench) -> None:
    bench.shows(seen())
    bench.writes(chart())
    bench.cases()
    before = bench.case()

    bench.later(120)
    job = bench.cases()

    assert counts(job) == {"read": 1, "unchanged": 1}
    assert bench.case() == before
    assert bench.audits(job) == []
