"""Rule R7: what inbound may remove, what it never removes, and what comes back."""

import pytest

from idexx_sync.pims.protocol import Unknown
from idexx_sync.syncs.gate import FINALISED, UNPROVEN
from tests.kit.bench import Bench
from tests.kit.database import query
from tests.kit.job_results import counts, held
from tests.kit.records import visit, visits

FINAL = "2026-05-04 06:00:00"
"""A visit that was over before the morning in which the tests run."""


def test_r07_a_finalised_visit_that_was_deleted_is_held(bench: Bench) -> None:
    bench.pims.records = [*visits(6), visit("1", FINAL, status="Finalized")]
    bench.sync()
    bench.pims.delete("1")
    bench.later()

    job = bench.sync()

    assert job.status == "held"
    assert held(job) == {FINALISED: 1}
    assert bench.row("1")["deleted_at"] is None
    assert bench.hold(FINALISED)["findings"].keys() == {"1"}


def test_r07_only_the_finalised_visit_waits(bench: Bench) -> None:
    bench.pims.records = [*visits(6), visit("1", FINAL, status="Finalized")]
    bench.sync()
    bench.pims.delete("1")
    bench.pims.delete("600101")
    bench.later()

    job = bench.sync()

    assert counts(job)["removed"] == 1
    assert bench.row("600101")["deleted_at"] is not None


def test_r07_a_finalised_visit_not_found_twice_is_held(bench: Bench) -> None:
    bench.pims.records = [*visits(6), visit("1", FINAL, status="Finalized")]
    bench.sync()
    bench.pims.forget("1")
    for _ in range(3):
        bench.later()
        job = bench.sync()

    assert held(job) == {FINALISED: 1}
    assert bench.row("1")["deleted_at"] is None


def test_r07_a_finalised_visit_in_a_room_that_does_not_count_any_more_is_held(
    bench: Bench,
) -> None:
    bench.pims.records = [*visits(6), visit("1", FINAL, status="Finalized", room_id="5")]
    bench.sync()
    bench.conn.execute(
        "UPDATE idexx_sync.clinic_settings SET room_ids = '{3}' WHERE clinic_id = %s",
        (bench.clinic_id,),
    )
    bench.later()

    job = bench.sync()

    assert held(job) == {FINALISED: 1}
    assert bench.row("1")["deleted_at"] is None


def test_r07_a_visit_finalised_since_the_last_read_and_then_deleted_is_held(
    bench: Bench,
) -> None:
    """Our row does not know yet that the visit was finalised; the look-up says so."""
    bench.pims.records = [*visits(6), visit("1", FINAL, status="In Progress")]
    bench.sync()
    bench.pims.hide_as("1", status="Finalized", deleted=True)
    bench.later()

    job = bench.sync()

    assert held(job) == {FINALISED: 1}
    assert bench.row("1")["deleted_at"] is None


def test_r07_approving_other_losses_does_not_remove_a_finalised_visit(bench: Bench) -> None:
    """The person saw a mass of missing visits, not that one of them had been finalised."""
    bench.pims.records = [*visits(20), visit("1", FINAL, status="Finalized")]
    bench.sync()
    gone = ["1", *(str(600101 + n) for n in range(6))]
    bench.pims.forget(*gone)
    bench.pims.answers = dict.fromkeys(gone, Unknown("status_502"))
    bench.later()
    bench.sync()
    bench.decide(UNPROVEN["visit"], "approved")
    bench.later()

    job = bench.sync()

    assert counts(job)["removed"] == 6
    assert bench.row("1")["deleted_at"] is None
    assert held(job) == {FINALISED: 1}


def test_r07_an_approved_finalised_removal_is_made(bench: Bench) -> None:
    bench.pims.records = [*visits(6), visit("1", FINAL, status="Finalized")]
    bench.sync()
    bench.pims.delete("1")
    bench.later()
    bench.sync()
    bench.decide(FINALISED, "approved")
    bench.later()

    job = bench.sync()

    assert (job.status, counts(job)["removed"]) == ("succeeded", 1)
    assert bench.row("1")["deleted_at"] == bench.now


def test_r07_a_removal_is_soft_and_touches_no_case(bench: Bench) -> None:
    bench.pims.records = visits(6)
    bench.sync()
    bench.conn.execute(
        "INSERT INTO public.cases (clinic_id, external_id, source, status) "
        "VALUES (%s, '600101', 'pims:idexx-neo', 'draft')",
        (bench.clinic_id,),
    )
    cases = "SELECT * FROM public.cases WHERE clinic_id = %s"
    before = query(bench.conn, cases, (bench.clinic_id,))
    bench.pims.delete("600101")
    bench.later()

    bench.sync()

    assert len(bench.rows(removed=True)) == 6
    assert query(bench.conn, cases, (bench.clinic_id,)) == before


def test_r07_a_record_that_comes_back_revives_its_row(bench: Bench) -> None:
    bench.pims.records = [*visits(6), visit("1", "2026-05-06 09:00:00", status="Arrived")]
    bench.sync()
    row_id = bench.row("1")["id"]
    bench.pims.delete("1")
    bench.later()
    bench.sync()
    bench.pims.records.append(visit("1", "2026-05-06 09:00:00", patient_name="ROVER"))
    bench.later()

    job = bench.sync()

    row = bench.row("1")
    assert (row["id"], row["deleted_at"]) == (row_id, None)
    assert (row["patient_name"], row["status"]) == ("ROVER", "scheduled")
    (audit,) = bench.audits(job)
    assert audit["metadata"]["reason"] == "came_back"
    assert audit["metadata"]["changes"]["removed"] == {"before": True, "after": False}


@pytest.mark.parametrize("newest_first", [True, False])
def test_r07_of_several_removed_rows_the_newest_is_revived(
    bench: Bench, newest_first: bool
) -> None:
    ages = ["1 day", "9 days", "30 days"]
    for age in ages if newest_first else reversed(ages):
        bench.conn.execute(
            "INSERT INTO public.schedule_appointments (clinic_id, neo_appointment_id, date, "
            "start_time, end_time, status, provider_name, deleted_at) VALUES "
            "(%s, '1', '2026-05-04', '09:00', '09:30', 'scheduled', %s, %s - %s::interval)",
            (bench.clinic_id, age, bench.now, age),
        )
    bench.pims.records = [visit("1")]
    [newest] = [row["id"] for row in bench.rows(removed=True) if row["provider_name"] == "1 day"]

    bench.sync()

    assert [row["id"] for row in bench.rows()] == [newest]
    assert len(bench.rows(removed=True)) == 3
