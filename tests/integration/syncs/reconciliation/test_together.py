"""Several causes of one visit, several pieces of one order, several runs of one hold."""

from datetime import timedelta

from tests.kit.job_results import held
from tests.kit.reconciliation_bench import ReconciliationBench
from tests.kit.records import MONDAY, patient_visit, seen, visits

VISIT = "600101"
OTHERS = visits(5, first=600201, patient_id="40031")
LATER = {"start": "2026-05-04 12:00:00", "end": "2026-05-04 12:30:00"}


def test_of_two_causes_only_what_is_fixed_is_written(bench: ReconciliationBench) -> None:
    bench.shows(patient_visit(), *OTHERS)
    bench.synced()
    bench.night()
    bench.pims.replace(VISIT, client_phone="555-555-0199", **LATER)

    bench.reconcile()

    row, case = bench.row(VISIT), bench.case()
    assert (str(row["start_time"]), row["client_phone"]) == ("12:00:00", "555-555-0100")
    assert case["metadata"]["pimsAppointment"]["client"]["phone"] == "555-555-0100"
    assert bench.patient()["owner_phone"] != "555-555-0199"
    outcomes = {"moved": "fixed", "contact_differs": "reported"}
    assert bench.found() == {
        (kind, cause): outcome
        for kind in ("appointment", "case")
        for cause, outcome in outcomes.items()
    }
    bench.later()
    bench.cases()
    assert bench.case()["metadata"]["pimsAppointment"]["client"]["phone"] == "555-555-0199"
    assert bench.patient()["owner_phone"] == "+15555550199"


def test_two_causes_that_are_fixed_are_one_write(bench: ReconciliationBench) -> None:
    bench.shows(patient_visit(), *OTHERS)
    bench.synced()
    bench.night()
    bench.pims.replace(VISIT, status="Cancelled", **LATER)

    job = bench.reconcile()

    assert job.status == "succeeded", job.result
    row = bench.row(VISIT)
    assert (str(row["start_time"]), row["status"]) == ("12:00:00", "cancelled")
    assert bench.case()["status"] == "reviewed"
    bench.night(2)
    bench.reconcile()
    assert bench.discrepancies() == []


def test_where_one_cause_is_held_nothing_of_the_visit_is_written(
    bench: ReconciliationBench,
) -> None:
    bench.shows(patient_visit(), *OTHERS)
    bench.synced()
    bench.policy("moved", "hold")
    bench.night()
    bench.pims.replace(VISIT, status="Cancelled", **LATER)

    job = bench.reconcile()

    assert held(job) == {"by_policy": 1}
    assert set(bench.found().values()) == {"held"}
    assert bench.row(VISIT)["status"] == "scheduled"
    assert bench.case()["status"] == "draft"


def test_a_finalised_visit_that_neo_shows_as_cancelled_waits(bench: ReconciliationBench) -> None:
    bench.shows(patient_visit(status="Finalized"), *OTHERS)
    bench.synced()
    bench.edit("cases", bench.case()["id"], status="ongoing")
    bench.night()
    bench.pims.replace(VISIT, status="Cancelled")

    job = bench.reconcile()

    assert held(job) == {"finalised_visit_removed": 1}
    assert bench.row(VISIT)["status"] == "finalized"
    assert bench.case()["status"] == "ongoing"
    bench.decide("finalised_visit_removed", "approved")
    assert bench.reconcile().status == "succeeded"
    assert bench.row(VISIT)["status"] == "cancelled"
    assert bench.case()["status"] == "reviewed"


def test_holds_of_all_pieces_are_one_and_its_permit_lasts_for_all(
    bench: ReconciliationBench,
) -> None:
    old = MONDAY - timedelta(days=7)
    ids = ["600101", "600102", "600103"]
    for n, (day, one) in enumerate(zip((MONDAY, old, old - timedelta(days=7)), ids, strict=True)):
        bench.pims.records.append(
            seen(one, f"{day} 06:00:00", patient_id=str(40021 + n), consultation_id=None)
        )
    bench.pims.records += OTHERS
    bench.sync(old - timedelta(days=7), MONDAY)
    bench.cases(first_day=old - timedelta(days=7), last_day=MONDAY)
    bench.night()
    for one in ids:
        bench.pims.delete(one)

    job = bench.reconcile(lookback_days=25)

    assert job.status == "held"
    assert set(bench.hold("finalised_visit_removed")["findings"]) == set(ids)
    bench.decide("finalised_visit_removed", "approved")
    job = bench.reconcile(lookback_days=25)
    assert job.status == "succeeded", job.result
    assert set(bench.keys()) == {one.id for one in OTHERS}
    assert {bench.case(one)["status"] for one in ids} == {"reviewed"}
    bench.night(2)
    bench.reconcile(lookback_days=25)
    assert bench.discrepancies() == []


def test_a_run_over_fewer_days_leaves_what_it_does_not_see(bench: ReconciliationBench) -> None:
    bench.shows(patient_visit(), *OTHERS)
    bench.synced()
    bench.pims.replace(VISIT, client_phone="555-555-0199")
    bench.night(5)
    bench.reconcile()
    known = bench.discrepancies()
    bench.pims.replace(VISIT, client_phone="555-555-0100")
    bench.night(6)

    bench.reconcile(lookback_days=1)

    assert bench.discrepancies() == known


def test_what_moved_into_the_days_ends_though_it_was_stored_elsewhere(
    bench: ReconciliationBench,
) -> None:
    bench.shows(patient_visit(VISIT, "2026-05-20 06:00:00"), *OTHERS)
    bench.sync(MONDAY, MONDAY + timedelta(days=20))
    bench.cases(first_day=MONDAY, last_day=MONDAY + timedelta(days=20))
    bench.pims.replace(VISIT, **LATER)
    bench.night()
    bench.reconcile()
    assert {one["day"] for one in bench.discrepancies()} == {MONDAY + timedelta(days=16)}
    assert set(bench.found().values()) == {"fixed"}
    bench.night(2)

    bench.reconcile()

    assert bench.discrepancies() == []


def test_what_could_not_be_compared_has_not_ended(bench: ReconciliationBench) -> None:
    bench.shows(patient_visit(), *OTHERS)
    bench.synced()
    bench.pims.replace(VISIT, client_phone="555-555-0199")
    bench.night()
    bench.reconcile()
    known = {one["id"] for one in bench.discrepancies()}
    bench.pims.replace(VISIT, end="2026-05-04 05:00:00")
    bench.night(2)

    bench.reconcile()

    assert {one["id"] for one in bench.discrepancies()} == known
    assert {one["nights"] for one in bench.discrepancies()} == {1}


def test_the_three_syncs_agree_once_each_has_run(bench: ReconciliationBench) -> None:
    bench.shows(patient_visit(), *OTHERS)
    bench.synced()
    bench.night()
    bench.pims.replace(VISIT, client_phone="555-555-0199", status="Arrived", type="Dental", **LATER)
    bench.reconcile()
    bench.later()
    bench.cases()
    bench.sync(MONDAY)
    bench.night(2)

    bench.reconcile()

    assert bench.discrepancies() == []
