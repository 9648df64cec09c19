"""Rules R17 and R18: what completes a case, what takes it back, and when a record is asked for."""

from datetime import timedelta

import pytest

from idexx_sync.jobs.params import WindowParams
from tests.kit.job_results import counts, warnings
from tests.kit.neo_bench import MONDAY
from tests.kit.neo_cases_bench import DAY, HOUR, NeoCasesBench

# -- without a record --------------------------------------------------------------------------


def test_r18_finished_without_a_record_completes_when_seen_so_for_two_hours(
    clinic: NeoCasesBench,
) -> None:
    visit = clinic.finished()
    clinic.cases()
    clinic.later(HOUR)
    clinic.cases()
    assert clinic.status(visit) == "ongoing"
    clinic.later(HOUR - 0.1)  # the run's start is a little earlier than planned

    clinic.cases()

    assert clinic.status(visit) == "completed"


def test_r18_a_run_that_comes_too_early_completes_nothing(clinic: NeoCasesBench) -> None:
    visit = clinic.finished()
    clinic.cases()
    clinic.later(2 * HOUR - 11)

    clinic.cases()

    assert clinic.status(visit) == "ongoing"


def test_r18_one_run_in_which_the_record_is_not_shown_yet_completes_nothing(
    clinic: NeoCasesBench,
) -> None:
    visit, _ = clinic.seen(notes="<p>Euthanasia performed.</p>")
    clinic.neo.set_knob("consultation_hidden", {"ids": [visit]})
    clinic.cases()
    assert clinic.status(visit) == "ongoing"
    clinic.later(2 * HOUR)
    clinic.neo.set_knob("consultation_hidden", None)

    clinic.cases()

    assert clinic.document(visit)["notes"] == "Euthanasia performed."


@pytest.mark.parametrize("between", ["a record", "another status"])
def test_r18_a_run_that_sees_it_otherwise_begins_anew(clinic: NeoCasesBench, between: str) -> None:
    visit, _ = clinic.seen()
    clinic.neo.set_knob("consultation_gone", {"ids": [visit]})
    hide = {"ids": [visit]}
    clinic.neo.set_knob("consultation_hidden", hide)
    clinic.cases()
    clinic.later(HOUR)
    if between == "a record":
        clinic.neo.set_knob("consultation_hidden", None)
    else:
        clinic.neo.set_knob("unknown_status", {"ids": [visit], "word": "In Progress"})
    clinic.cases()
    clinic.neo.set_knob("consultation_hidden", hide)
    clinic.neo.set_knob("unknown_status", None)
    clinic.later(HOUR)
    clinic.cases()
    assert clinic.status(visit) == "ongoing"
    clinic.later(2 * HOUR)

    clinic.cases()

    assert clinic.status(visit) == "completed"


@pytest.mark.parametrize("how", ["failed", "observed", "previewed"])
def test_r18_a_run_that_could_not_read_or_write_is_no_word_on_it(
    clinic: NeoCasesBench, how: str
) -> None:
    """One that only observes has read, so it counts as a look; nothing was written by it."""
    visit = clinic.finished()
    clinic.cases()
    clinic.later(HOUR)
    if how == "failed":
        clinic.neo.set_knob("envelope", "events_null")
        assert clinic.cases().status == "failed"
        clinic.neo.set_knob("envelope", "events")
    else:
        clinic.cases(manner="observe" if how == "observed" else "preview")
    assert clinic.status(visit) == "ongoing"
    clinic.later(HOUR)

    clinic.cases()

    assert clinic.status(visit) == "completed"


def test_r18_what_only_previews_saw_was_never_seen(clinic: NeoCasesBench) -> None:
    visit = clinic.finished()
    clinic.cases(manner="preview")
    clinic.later(2 * HOUR)

    clinic.cases()

    assert clinic.status(visit) == "ongoing"


# -- a record that is gone, or another patient's -----------------------------------------------


def test_r17_a_record_that_is_gone_for_some_minutes_is_read_in_the_next_run(
    clinic: NeoCasesBench,
) -> None:
    visit, _ = clinic.seen()
    clinic.neo.set_knob("consultation_gone", {"ids": [visit]})
    job = clinic.cases()
    assert warnings(job)["consultations_once"] == 1
    assert job.result is not None
    assert job.result["unread"] == {visit: "vanished"}
    assert clinic.status(visit) == "ongoing"
    clinic.neo.set_knob("consultation_gone", None)
    clinic.later(HOUR)

    job = clinic.cases()

    assert clinic.status(visit) == "completed"
    assert "unread" not in (job.result or {})


def test_r17_gone_is_believed_after_two_runs_ten_minutes_apart(clinic: NeoCasesBench) -> None:
    visit, record = clinic.seen()
    clinic.cases()
    clinic.neo.set_knob("consultation_gone", {"ids": [visit]})
    clinic.later(DAY)
    clinic.cases()
    clinic.later(9)
    clinic.cases()
    assert "vanishedAt" not in clinic.document(visit)
    clinic.later(1)

    job = clinic.cases()

    assert clinic.document(visit)["vanishedAt"]
    assert clinic.document(visit)["notes"] == "S: two days lame."
    assert clinic.status(visit) == "completed"
    assert warnings(job)["consultations_vanished"] == 1
    clinic.neo.clear_requests()
    clinic.later(HOUR)
    clinic.cases()
    assert clinic.asked_for(record) == 0
    need = next(need for need in clinic.needs() if visit in need.what)
    assert "Neo does not have it" in need.what
    assert not need.blocks


def test_r17_a_record_of_another_patient_is_asked_for_again_at_once(clinic: NeoCasesBench) -> None:
    visit, record = clinic.seen()
    other, _ = clinic.seen("2026-05-04 07:00:00", "OTHER")
    stranger = clinic.neo.visit(other)["patient_id"]
    clinic.neo.set_knob("consultation_patient", {record: stranger})
    job = clinic.cases()
    assert warnings(job)["consultations_once"] == 1
    assert clinic.status(visit) == "ongoing"
    clinic.neo.set_knob("consultation_patient", {})
    clinic.later(HOUR)

    clinic.cases()

    assert clinic.status(visit) == "completed"


def test_r18_a_record_that_turns_out_to_be_another_patients_takes_the_case_back(
    clinic: NeoCasesBench,
) -> None:
    visit, record = clinic.seen()
    other, _ = clinic.seen("2026-05-04 07:00:00", "OTHER")
    clinic.cases()
    assert clinic.status(visit) == "completed"
    stranger = clinic.neo.visit(other)["patient_id"]
    clinic.neo.set_knob("consultation_patient", {record: stranger})
    clinic.later(DAY)

    clinic.cases()

    assert clinic.status(visit) == "ongoing"
    clinic.later(HOUR)
    clinic.edit(visit, status="completed")  # a person has looked
    clinic.cases()
    assert clinic.status(visit) == "completed"
    clinic.neo.set_knob("consultation_patient", {})
    clinic.later(DAY)
    clinic.cases()
    assert clinic.status(visit) == "completed"


# -- the visit's newest record -----------------------------------------------------------------


@pytest.mark.parametrize("before", ["a record", "none"])
def test_r18_a_new_record_takes_the_case_back_until_it_is_read(
    clinic: NeoCasesBench, before: str
) -> None:
    visit = clinic.finished() if before == "none" else clinic.seen()[0]
    clinic.cases()
    clinic.later(2 * HOUR)
    clinic.cases()
    assert clinic.status(visit) == "completed"
    record = clinic.neo.replace_consultation(visit)
    clinic.neo.edit_notes(record, "<p>Written late.</p>")
    clinic.neo.set_knob("consultation_garbled", {"ids": [visit]})
    clinic.later(2 * HOUR)
    clinic.cases()
    assert clinic.status(visit) == "ongoing"
    clinic.later(2 * HOUR)
    clinic.cases()
    assert clinic.status(visit) == "ongoing"
    clinic.neo.set_knob("consultation_garbled", None)
    clinic.later(2 * HOUR)

    clinic.cases()

    assert clinic.status(visit) == "completed"
    assert clinic.document(visit)["notes"] == "Written late."


def test_r15_what_a_person_completes_after_that_stays(clinic: NeoCasesBench) -> None:
    visit, _ = clinic.seen()
    clinic.cases()
    clinic.neo.replace_consultation(visit)
    clinic.neo.set_knob("consultation_garbled", {"ids": [visit]})
    clinic.later(2 * HOUR)
    clinic.cases()
    assert clinic.status(visit) == "ongoing"
    clinic.edit(visit, status="completed")

    for _ in range(3):
        clinic.later(2 * HOUR)
        clinic.cases()
        assert clinic.status(visit) == "completed"


def test_r18_a_calendar_that_hides_the_record_for_a_while_takes_nothing_back(
    clinic: NeoCasesBench,
) -> None:
    visit, _ = clinic.seen()
    clinic.cases()
    for hidden in ({"ids": [visit]}, None, {"ids": [visit]}, None):
        clinic.neo.set_knob("consultation_hidden", hidden)
        clinic.later(2 * HOUR)
        clinic.cases()
        assert clinic.status(visit) == "completed"


# -- visits that were long over ----------------------------------------------------------------


def past(days: int) -> str:
    return f"{MONDAY - timedelta(days=days)} 23:30:00"


@pytest.mark.parametrize(("days", "status"), [(3, "completed"), (4, "reviewed")])
def test_r18_a_case_made_long_after_its_visit_is_never_completed(
    clinic: NeoCasesBench, days: int, status: str
) -> None:
    visit, record = clinic.seen(past(days))
    clinic.cases()
    assert clinic.status(visit) == status
    clinic.neo.edit_notes(record, "<p>Written late.</p>")
    clinic.later(DAY)

    clinic.cases()

    assert clinic.document(visit)["notes"] == "Written late."
    assert clinic.status(visit) == status


def test_r18_a_run_over_past_months_makes_nobody_callable(clinic: NeoCasesBench) -> None:
    visits = [clinic.seen(past(days), f"PET {days}")[0] for days in range(40, 62, 5)]
    bare = clinic.finished(past(50), "PET OF NOTE")
    first, last = (MONDAY - timedelta(days=days) for days in (61, 30))
    days = WindowParams(first_day=first, last_day=last)

    for _ in range(2):
        job = clinic.cases(days)
        assert counts(job)["read"] == 6
        clinic.later(2 * HOUR)

    assert {clinic.status(visit) for visit in [*visits, bare]} == {"reviewed"}


def test_r18_a_case_made_in_time_is_completed_however_late_the_visit_is_finished(
    clinic: NeoCasesBench,
) -> None:
    visit = clinic.neo.book("2026-05-04 06:00:00")
    clinic.cases()
    clinic.later(6 * DAY)
    clinic.neo.start_consultation(visit)
    clinic.neo.finalise(visit)

    clinic.cases()

    assert clinic.status(visit) == "completed"


def test_r18_an_old_visit_that_moves_to_a_day_to_come_is_like_any_other(
    clinic: NeoCasesBench,
) -> None:
    visit, _ = clinic.seen(past(5))
    clinic.cases()
    assert clinic.status(visit) == "reviewed"
    clinic.neo.move(visit, "2026-05-04 09:00:00")

    clinic.cases()

    assert clinic.status(visit) == "completed"
