"""Rule R18: completed comes from the write that has read and screened the record, no earlier."""

from datetime import date

import pytest

from idexx_sync.pims.protocol import Gone, Unknown
from tests.kit.cases_bench import CasesBench
from tests.kit.job_results import counts, warnings
from tests.kit.records import chart, patient_visit, seen

DAY = 60 * 24


def test_r18_a_finished_visit_whose_record_could_not_be_read_is_not_completed(
    bench: CasesBench,
) -> None:
    bench.shows(seen(), seen("600102", patient_id="40022"))
    bench.writes(chart("600102", patient_id="40022"))
    bench.pims.charts["9600101"] = Unknown("pims_slow")

    bench.cases()

    assert bench.case("600101")["status"] == "ongoing"
    assert bench.case("600102")["status"] == "completed"


@pytest.mark.parametrize("answer", [Gone(), chart(patient_id="40099")])
def test_r18_a_record_that_gave_nothing_completes_nothing(
    bench: CasesBench, answer: object
) -> None:
    bench.shows(seen())
    bench.pims.charts["9600101"] = answer  # type: ignore[assignment]

    bench.cases()

    assert bench.case()["status"] == "ongoing"


def test_r18_a_visit_without_a_record_is_completed_by_the_calendar(bench: CasesBench) -> None:
    bench.shows(patient_visit(status="Finalized"))

    bench.cases()
    assert bench.case()["status"] == "ongoing"
    bench.later(120)
    bench.cases()

    assert bench.case()["status"] == "completed"


def test_r18_the_mark_and_completed_are_one_write(bench: CasesBench) -> None:
    """Whoever sees the case completed sees that its patient has died."""
    bench.shows(seen())
    bench.writes(chart(notes_html="<p>Euthanasia performed.</p>"))

    job = bench.cases()

    case = bench.case()
    assert case["status"] == "completed"
    assert case["extreme_case_check"] == {"isExtremeCase": True, "category": "euthanasia"}
    assert len(bench.audits(job)) == 1


def test_r18_the_day_of_going_live_counts(bench: CasesBench) -> None:
    live_from(bench, date(2026, 5, 4))
    bench.shows(seen(), seen("600102", "2026-05-03 16:00:00", patient_id="40022"))
    bench.writes(chart())
    bench.writes(chart("600102", patient_id="40022"))

    bench.cases()

    assert bench.case("600101")["status"] == "completed"
    assert bench.case("600102")["status"] == "reviewed"
    assert bench.case("600102")["metadata"]["pimsConsultation"]["notes"] == "S: two days lame."


def test_r18_a_clinic_without_a_first_day_completes_nothing(bench: CasesBench) -> None:
    live_from(bench, None)
    bench.shows(seen(), patient_visit("600102", status="Finalized"))
    bench.writes(chart())

    bench.cases()

    assert {case["status"] for case in bench.all_cases()} == {"reviewed"}


def test_r18_what_an_earlier_service_completed_before_stays_so(bench: CasesBench) -> None:
    live_from(bench, date(2026, 5, 4))
    bench.add_case(
        "pims-appt-idexx-neo-600101",
        status="completed",
        metadata={"pimsAppointment": {"status": "completed"}},
    )
    bench.shows(seen(start="2026-05-02 10:00:00"))
    bench.writes(chart())

    bench.cases()

    assert bench.case()["status"] == "completed"


def test_r18_a_completed_case_that_was_set_back_is_read_and_completed_again(
    bench: CasesBench,
) -> None:
    bench.shows(seen())
    bench.writes(chart())
    bench.cases()
    bench.edit("cases", bench.case()["id"], status="draft")
    bench.later(30)

    bench.cases()

    assert bench.case()["status"] == "completed"
    assert len(bench.pims.charts_read) == 2


def test_r18_a_visit_that_is_opened_again_is_ongoing_until_it_is_read(bench: CasesBench) -> None:
    bench.shows(seen())
    bench.writes(chart())
    bench.cases()
    bench.shows(seen(status="In Progress"))
    bench.cases()
    assert bench.case()["status"] == "ongoing"
    bench.shows(seen())
    bench.pims.charts["9600101"] = Unknown("pims_slow")
    bench.cases()
    assert bench.case()["status"] == "ongoing"
    bench.writes(chart())

    bench.cases()

    assert bench.case()["status"] == "completed"


def test_r18_a_visit_that_moves_across_the_first_day_is_judged_anew(bench: CasesBench) -> None:
    live_from(bench, date(2026, 5, 4))
    bench.shows(seen(start="2026-05-03 16:00:00"))
    bench.writes(chart())
    bench.cases()
    assert bench.case()["status"] == "reviewed"
    bench.shows(seen())

    job = bench.cases()

    assert bench.case()["status"] == "completed"
    assert "edited_in_odis" not in counts(job)


def test_r18_a_clinic_without_acting_user_is_told_of(bench: CasesBench) -> None:
    bench.conn.execute(
        "UPDATE idexx_sync.clinic_settings SET acting_user_id = NULL WHERE clinic_id = %s",
        (bench.clinic_id,),
    )
    bench.shows(patient_visit())

    job = bench.cases()

    assert warnings(job) == {"clinic_without_acting_user": 1}
    assert counts(job)["created"] == 1
    assert bench.case()["user_id"] is None


def live_from(bench: CasesBench, day: date | None) -> None:
    bench.conn.execute(
        "UPDATE idexx_sync.clinic_settings SET live_from = %s WHERE clinic_id = %s",
        (day, bench.clinic_id),
    )
