"""Rule R17: clinical records are read until they are final, each of the visit's own patient."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from idexx_sync.jobs.model import Job
from idexx_sync.operations.pausing import resume
from idexx_sync.pims.protocol import ConsultationAnswer, Gone, Line, Unknown
from idexx_sync.syncs.cases.sync import CaseSync
from tests.kit.cases_bench import CasesBench
from tests.kit.database import query
from tests.kit.job_results import counts, warnings
from tests.kit.records import chart, patient_visit, seen
from tests.kit.rows import pause

DAY = 60 * 24


def test_r17_a_record_is_read_at_once(bench: CasesBench) -> None:
    bench.shows(patient_visit(status="In Progress", consultation_id="9600101"))
    bench.writes(chart(status="draft"))

    bench.cases()

    assert bench.case()["metadata"]["pimsConsultation"]["status"] == "draft"
    assert bench.case()["status"] == "ongoing"


def test_r17_as_long_as_it_is_not_final_it_is_read_each_time(bench: CasesBench) -> None:
    bench.shows(patient_visit(status="In Progress", consultation_id="9600101"))
    bench.writes(chart())
    for _ in range(3):
        bench.cases()
        bench.later(120)

    assert bench.pims.charts_read == ["9600101"] * 3


@pytest.mark.parametrize("empty", [None, "<p>Appointment reason: LIMPING</p><p><br></p>"])
def test_r17_a_final_record_without_notes_is_read_each_time(
    bench: CasesBench, empty: str | None
) -> None:
    """What Neo itself fills in is no note."""
    bench.shows(seen())
    bench.writes(chart(notes_html=empty))
    bench.cases()
    bench.later(120)
    bench.cases()
    bench.writes(chart(notes_html="<p>Written late.</p>"))
    bench.later(120)
    bench.cases()
    bench.later(120)
    bench.cases()

    assert len(bench.pims.charts_read) == 3
    assert bench.case()["metadata"]["pimsConsultation"]["notes"] == "Written late."


def test_r17_what_was_read_before_it_became_final_is_read_again(bench: CasesBench) -> None:
    bench.shows(seen(status="Ready to Pay"))
    bench.writes(chart(notes_html="<p>Half.</p>"))
    bench.cases()
    bench.shows(seen())
    bench.writes(chart(notes_html="<p>Half and the rest.</p>"))

    bench.cases()

    assert bench.case()["metadata"]["pimsConsultation"]["notes"] == "Half and the rest."
    assert bench.case()["status"] == "completed"


def test_r17_what_was_read_before_it_became_final_is_read_even_after_a_crash(
    bench: CasesBench,
) -> None:
    bench.shows(seen(status="Ready to Pay"))
    bench.writes(chart(notes_html="<p>Half.</p>"))
    bench.cases()
    bench.shows(seen())
    bench.writes(chart(notes_html="<p>Half and the rest.</p>"))
    original = bench.pims.consultations
    bench.pims.consultations = None  # type: ignore[assignment,method-assign]
    with pytest.raises(TypeError):
        bench.cases()  # the calendar's part is committed
    bench.pims.consultations = original  # type: ignore[method-assign]
    bench.edit("cases", bench.case()["id"], status="reviewed")  # so that this is no reason

    bench.cases()

    assert bench.case()["metadata"]["pimsConsultation"]["notes"] == "Half and the rest."


def test_r17_a_final_record_is_read_daily_for_seven_days(bench: CasesBench) -> None:
    bench.shows(seen())
    bench.writes(chart())
    read_on = []
    for hour in range(0, 24 * 10, 12):
        before = len(bench.pims.charts_read)
        bench.cases(first_day=bench.now.date() - timedelta(days=12))
        if len(bench.pims.charts_read) > before:
            read_on.append(hour // 24)
        bench.later(12 * 60)

    assert read_on == list(range(8))


def test_r17_what_the_calendar_changed_is_read_again(bench: CasesBench) -> None:
    bench.shows(seen())
    bench.writes(chart())
    bench.cases()
    bench.shows(seen(reason="LIMPING, WORSE"))
    bench.later(120)

    bench.cases()

    assert len(bench.pims.charts_read) == 2


def test_r17_visits_without_an_id_are_never_read(bench: CasesBench) -> None:
    bench.shows(patient_visit(status="Finalized"))

    bench.cases()

    assert bench.pims.charts_read == []


def test_r17_unread_ones_come_first_then_the_longest_unread(bench: CasesBench) -> None:
    early, late = seen("600101"), seen("600102", patient_id="40022")
    bench.shows(early)
    bench.writes(chart(notes_html=None))
    bench.cases()
    bench.later(120)
    bench.shows(early, late)
    bench.writes(chart("600102", patient_id="40022", notes_html=None))
    bench.cases()
    bench.later(120)
    bench.pims.charts_read.clear()
    bench.shows(early, late, seen("600100", patient_id="40023"))
    bench.writes(chart("600100", patient_id="40023"))

    bench.cases()

    assert bench.pims.charts_read == ["9600100", "9600101", "9600102"]


def test_r17_what_failed_comes_before_what_was_read_longer_ago(bench: CasesBench) -> None:
    early, late = seen("600101"), seen("600102", patient_id="40022")
    bench.shows(early)
    bench.writes(chart(notes_html=None))
    bench.cases()
    bench.later(120)
    bench.shows(early, late)
    bench.pims.charts["9600102"] = Unknown("lines_unreadable")
    bench.cases()
    bench.later(120)
    bench.pims.charts_read.clear()

    bench.cases()

    assert bench.pims.charts_read == ["9600102", "9600101"]


def test_r17_units_commit_separately(bench: CasesBench) -> None:
    show_many(bench, 5)

    class Stop(Exception):
        pass

    def consultations(ids: Any) -> Any:
        for answer in original(ids):
            if len(bench.pims.charts_read) > 4:
                raise Stop
            yield answer

    original = bench.pims.consultations
    bench.pims.consultations = consultations  # type: ignore[method-assign]
    with pytest.raises(Stop):
        bench.cases(CaseSync(unit=2))

    done = sorted(
        case["external_id"].rpartition("-")[2]
        for case in bench.all_cases()
        if "pimsConsultation" in case["metadata"]
    )
    assert len(done) == 4
    (stopped,) = query(
        bench.conn,
        "SELECT progress FROM idexx_sync.jobs WHERE clinic_id = %s",
        (bench.clinic_id,),
    )
    assert stopped["progress"] == {"pieces": 3, "read": done}  # the calendar and two units
    bench.pims.consultations = original  # type: ignore[method-assign]
    bench.pims.charts_read.clear()
    job = bench.cases(CaseSync(unit=2))
    assert bench.pims.charts_read == ["9600105"]
    assert counts(job)["updated"] == 1


def test_r17_a_run_reads_for_two_minutes_and_leaves_the_rest(bench: CasesBench) -> None:
    show_many(bench, 5)
    seconds = iter([0.0, 60.0, 119.9, 120.0])

    job = bench.cases(CaseSync(unit=2, elapsed=lambda: next(seconds)))

    assert warnings(job) == {"consultations_left": 1}
    assert counts(job)["consultations_read"] == 4
    bench.pims.charts_read.clear()
    bench.cases()
    assert bench.pims.charts_read[0] == "9600105"


def test_r17_a_run_gives_way_to_the_calendar_between_units(bench: CasesBench) -> None:
    show_many(bench, 4)

    def calendar_comes() -> None:
        bench.conn.execute(
            "INSERT INTO idexx_sync.jobs (id, clinic_id, sync, trigger) "
            "VALUES (gen_random_uuid(), %s, 'inbound', 'api')",
            (bench.clinic_id,),
        )

    bench.pims.before_answer = calendar_comes

    job = bench.cases(CaseSync(unit=2))

    assert warnings(job) == {"consultations_left": 2}


def pauses_at(bench: CasesBench, consultation_id: str, *, of_all: bool = False) -> None:
    """Somebody pauses the clinic, or all, while this record is read."""
    read = bench.pims.consultations

    def consultations(ids: Sequence[str]) -> Iterator[tuple[str, ConsultationAnswer]]:
        for id_, answer in read(ids):
            if id_ == consultation_id:
                pause(bench.conn, None if of_all else bench.clinic_id)
            yield id_, answer

    bench.pims.consultations = consultations  # type: ignore[method-assign, assignment]


@pytest.mark.parametrize("of_all", [False, True])
def test_r17_a_run_ends_after_the_unit_in_which_somebody_paused(
    bench: CasesBench, of_all: bool
) -> None:
    show_many(bench, 5)
    pauses_at(bench, "9600101", of_all=of_all)

    job = bench.cases(CaseSync(unit=2))

    assert (job.status, counts(job)["consultations_read"]) == ("succeeded_with_warnings", 2)
    assert warnings(job) == {"consultations_left": 3, "stopped_by_pause": 1}
    assert unfresh(job) == "stopped_by_pause"
    assert bench.cases().status == "skipped_paused"
    resume(bench.conn, None if of_all else bench.clinic_id, by="Kim", reason=None)
    bench.pims.charts_read.clear()
    assert unfresh(bench.cases()) is None
    assert {"9600103", "9600104", "9600105"} <= set(bench.pims.charts_read)


def test_r17_a_pause_while_the_calendar_is_read_leaves_all_records(bench: CasesBench) -> None:
    show_many(bench, 2)
    bench.pims.before_answer = lambda: pause(bench.conn, bench.clinic_id)

    job = bench.cases()

    assert counts(job)["created"] == 2  # its piece was under way
    assert warnings(job) == {"consultations_left": 2, "stopped_by_pause": 1}
    assert unfresh(job) == "stopped_by_pause"
    assert bench.pims.charts_read == []


def test_r17_a_pause_in_the_last_unit_leaves_nothing_and_the_run_is_whole(
    bench: CasesBench,
) -> None:
    show_many(bench, 2)
    pauses_at(bench, "9600102")

    job = bench.cases(CaseSync(unit=1))

    assert (job.status, warnings(job), unfresh(job)) == ("succeeded", {}, None)


def unfresh(job: Job) -> str | None:
    assert job.result is not None
    assert job.result["fresh"] is (job.result["unfresh"] is None)
    return job.result["unfresh"]  # type: ignore[no-any-return]


def test_r17_a_neighbours_pause_stops_no_run(bench: CasesBench, other_clinic: CasesBench) -> None:
    show_many(bench, 3)
    pause(bench.conn, other_clinic.clinic_id)

    assert bench.cases(CaseSync(unit=1)).status == "succeeded"


def test_r17_a_calendar_job_that_was_given_up_holds_nobody_up(bench: CasesBench) -> None:
    show_many(bench, 4)
    bench.conn.execute(
        "INSERT INTO idexx_sync.jobs (id, clinic_id, sync, trigger, queued_at) "
        "VALUES (gen_random_uuid(), %s, 'inbound', 'api', idexx_sync.clock() - interval '1 hour')",
        (bench.clinic_id,),
    )

    assert warnings(bench.cases(CaseSync(unit=2))) == {}


def test_r17_the_record_of_another_patient_is_not_believed(bench: CasesBench) -> None:
    bench.shows(seen())
    bench.writes(chart(patient_id="40099", notes_html="<p>Another animal.</p>"))

    job = bench.cases()

    assert "pimsConsultation" not in bench.case()["metadata"]
    assert bench.case()["status"] == "ongoing"
    assert warnings(job) == {"consultations_once": 1}
    assert job.result is not None
    assert job.result["unread"] == {"600101": "wrong_patient"}
    assert bench.pims.looked_up == ["600101"]


@pytest.mark.parametrize("answered", [None, "40099"])
def test_r17_a_record_or_visit_without_a_patient_is_not_believed(
    bench: CasesBench, answered: str | None
) -> None:
    bench.shows(seen(patient_id=None))
    bench.writes(chart(patient_id=answered))

    bench.cases()

    assert "pimsConsultation" not in bench.case()["metadata"]


def test_r17_a_merged_patient_is_the_visits_own(bench: CasesBench) -> None:
    bench.shows(seen())
    bench.writes(chart(patient_id="40099"))
    bench.pims.hide_as("600101", patient_id="40099")
    bench.pims.hidden.clear()

    first = bench.cases()

    assert bench.case()["status"] == "ongoing"  # it may be another patient's visit by now
    bench.later()
    second = bench.cases()
    assert bench.case()["status"] == "completed"
    assert warnings(first) == warnings(second) == {}


def test_r17_a_wrong_patient_is_asked_for_once_a_day(bench: CasesBench) -> None:
    """Once it is believed: a first such answer is asked for again in the next run."""
    bench.shows(seen())
    bench.writes(chart(patient_id="40099"))
    told = []
    for _ in range(5):
        told.append(warnings(bench.cases()))
        bench.later(DAY / 2)

    assert len(bench.pims.charts_read) == 3
    believed: dict[str, int] = {"consultations_wrong_patient": 1}
    assert told == [{"consultations_once": 1}, believed, {}, believed, {}]
    bench.writes(chart())
    bench.later(DAY / 2)
    bench.cases()
    assert bench.case()["status"] == "completed"


def test_r17_a_new_id_replaces_the_sub_document(bench: CasesBench) -> None:
    bench.shows(seen())
    bench.writes(chart(vital_signs={"pulse": 90}))
    bench.cases()
    bench.shows(seen(consultation_id="9700000"))
    bench.writes(replace(chart(), id="9700000", notes_html="<p>New.</p>", lines=[]))

    bench.cases()

    document = bench.case()["metadata"]["pimsConsultation"]
    assert (document["id"], document["notes"]) == ("9700000", "New.")
    assert "vitalSigns" not in document
    assert document["productsServices"] is None
    clinical = bench.case()["metadata"]["entities"]["clinical"]
    assert clinical["clinicalNotes"] == "New."
    assert clinical["productsServicesProvided"] == []


@pytest.mark.parametrize("gone", ["id", "record"])
def test_r17_a_vanished_record_is_kept_and_marked(bench: CasesBench, gone: str) -> None:
    bench.shows(seen())
    bench.writes(chart())
    bench.cases()
    bench.later(DAY)
    if gone == "id":
        bench.shows(seen(consultation_id=None))
    else:
        del bench.pims.charts["9600101"]
        assert warnings(bench.cases()) == {"consultations_once": 1}
        assert "vanishedAt" not in bench.case()["metadata"]["pimsConsultation"]
        bench.later(10)

    bench.cases()

    document = bench.case()["metadata"]["pimsConsultation"]
    assert document["notes"] == "S: two days lame."
    assert document["vanishedAt"] == f"2026-05-05T14:{'00' if gone == 'id' else '10'}:00Z"
    assert bench.case()["status"] == "completed"
    bench.later(30)
    assert counts(bench.cases()) == {"read": 1, "unchanged": 1}


def test_r17_a_record_that_comes_back_is_no_longer_marked(bench: CasesBench) -> None:
    bench.shows(seen())
    bench.writes(chart())
    bench.cases()
    bench.later(DAY)
    bench.pims.charts["9600101"] = Gone()
    bench.cases()
    bench.later(30)
    bench.cases()
    assert "vanishedAt" in bench.case()["metadata"]["pimsConsultation"]
    bench.writes(chart())
    bench.later(DAY)

    bench.cases()

    assert "vanishedAt" not in bench.case()["metadata"]["pimsConsultation"]


def test_r17_unchanged_content_writes_nothing_in_odis(bench: CasesBench) -> None:
    bench.shows(seen())
    bench.writes(chart(notes_html=None))
    bench.cases()
    before = versions(bench)
    bench.later(120)

    job = bench.cases()

    assert versions(bench) == before
    assert counts(job)["consultations_read"] == 1
    assert bench.audits(job) == []
    assert bench.memory("consultation")["read_at"] == bench.now


def test_r17_enrichment_that_somebody_lost_is_written_again(bench: CasesBench) -> None:
    bench.shows(seen())
    bench.writes(chart())
    bench.cases()
    kept = bench.case()["metadata"]
    bench.edit("cases", bench.case()["id"], metadata={"pimsAppointment": kept["pimsAppointment"]})
    bench.later(DAY)

    bench.cases()

    assert bench.case()["metadata"]["pimsConsultation"] == kept["pimsConsultation"]


def test_r17_products_are_lists_and_the_text_that_readers_use(bench: CasesBench) -> None:
    bench.shows(seen())
    lines = [
        Line("SHAMPOO; 250 ML", 2),
        Line("TABLETS", 0.5, label="give with food"),
        Line("DENTAL", 1, declined=True),
    ]
    bench.writes(chart(lines=lines))

    bench.cases()

    document = bench.case()["metadata"]["pimsConsultation"]
    assert document["productsServices"] == "SHAMPOO; 250 ML (Qty: 2); TABLETS (Qty: 0.5)"
    assert document["declinedProductsServices"] == "DENTAL"
    assert document["products"][1] == {
        "id": None,
        "name": "TABLETS",
        "label": "give with food",
        "quantity": 0.5,
    }
    clinical = bench.case()["metadata"]["entities"]["clinical"]
    assert clinical["productsServicesProvided"] == ["SHAMPOO; 250 ML", "TABLETS"]


def test_r17_products_that_the_answer_does_not_tell_of_stay(bench: CasesBench) -> None:
    bench.shows(seen())
    bench.writes(chart())
    bench.cases()
    bench.writes(chart(lines=None))
    bench.later(DAY)

    bench.cases()

    assert bench.case()["metadata"]["pimsConsultation"]["productsServices"] == "EXAM - OFFICE"


def test_r17_the_record_fills_what_the_calendar_lacks(bench: CasesBench) -> None:
    bench.shows(seen(client_phone=None, client_email=None))
    bench.writes(chart(client_phone="(555) 555-0142", client_email="r@example.com"))

    bench.cases()
    bench.later(DAY)
    bench.cases()

    patient = bench.patient()
    assert (patient["owner_phone"], patient["owner_email"]) == ("+15555550142", "r@example.com")
    assert (patient["species"], patient["breed"], patient["sex"]) == (
        "dog",
        "Mixed",
        "Neutered Male",
    )
    assert float(patient["weight_kg"]) == 21.4


def test_r24_all_readings_failed_is_a_failure_and_the_calendars_part_stays(
    bench: CasesBench,
) -> None:
    show_many(bench, 3)
    for name in list(bench.pims.charts):
        bench.pims.charts[name] = Unknown("pims_unavailable")

    job = bench.cases()

    assert (job.status, job.error_kind) == ("failed", "pims_unavailable")
    assert len(bench.all_cases()) == 3
    assert {case["status"] for case in bench.all_cases()} == {"ongoing"}


def test_r24_unreadable_records_alone_mean_that_the_shape_changed(bench: CasesBench) -> None:
    bench.shows(seen())
    bench.pims.charts["9600101"] = Unknown("patient_unreadable")

    job = bench.cases()

    assert (job.status, job.error_kind) == ("failed", "shape_changed")


def test_r24_some_failed_is_a_warning_and_those_come_first(bench: CasesBench) -> None:
    show_many(bench, 4)
    bench.pims.charts["9600103"] = Unknown("lines_unreadable")

    job = bench.cases()

    assert job.status == "succeeded_with_warnings"
    assert warnings(job) == {"consultations_failed": 1}
    bench.pims.charts_read.clear()
    bench.writes(chart("600103", patient_id="40023"))
    bench.shows(*bench.pims.records, seen("600100", patient_id="40020"))
    bench.writes(chart("600100", patient_id="40020"))
    bench.later(30)
    assert bench.cases().status == "succeeded"
    assert set(bench.pims.charts_read[:2]) == {"9600100", "9600103"}
    assert bench.case("600103")["status"] == "completed"


def test_r24_when_neo_is_down_no_further_unit_is_asked_for(bench: CasesBench) -> None:
    show_many(bench, 4)
    bench.pims.charts["9600102"] = Unknown("pims_slow")

    job = bench.cases(CaseSync(unit=2))

    assert warnings(job) == {"consultations_failed": 1, "consultations_left": 2}
    assert len(bench.pims.charts_read) == 2


def test_r24_hardly_any_is_known_means_another_address(bench: CasesBench) -> None:
    show_many(bench, 5)
    bench.pims.charts.clear()

    job = bench.cases()

    assert (job.status, job.error_kind) == ("failed", "shape_changed")


def test_r24_all_of_other_patients_is_implausible(bench: CasesBench) -> None:
    show_many(bench, 5)
    bench.pims.charts = {name: chart(name[1:], patient_id="40099") for name in bench.pims.charts}

    job = bench.cases()

    assert (job.status, job.error_kind) == ("failed", "implausible_data")


def test_r24_nothing_to_do_says_how_much_was_looked_at(bench: CasesBench) -> None:
    bench.shows(patient_visit())
    bench.cases()

    job = bench.cases()

    assert job.result is not None
    assert job.result["summary"] == "nothing changed (checked 1)"


def test_r23_a_run_that_lost_the_clinic_writes_no_record(bench: CasesBench) -> None:
    bench.shows(seen())

    def taken_over(ids: Any) -> Any:
        bench.conn.execute(
            "UPDATE idexx_sync.leases SET fence = fence + 1 WHERE clinic_id = %s",
            (bench.clinic_id,),
        )
        yield "9600101", chart()

    bench.pims.consultations = taken_over  # type: ignore[method-assign]

    job = bench.cases()

    assert "pimsConsultation" not in bench.case()["metadata"]
    assert (job.status, job.error_kind) == ("failed", "lease_lost")


def show_many(bench: CasesBench, number: int) -> None:
    bench.shows(
        *(seen(str(600101 + n), patient_id=str(40021 + n)) for n in range(number)),
    )
    for n in range(number):
        bench.writes(chart(str(600101 + n), patient_id=str(40021 + n)))


def versions(bench: CasesBench) -> list[dict[str, Any]]:
    return query(
        bench.conn,
        "SELECT c.xmin::text AS c, p.xmin::text AS p FROM public.cases c "
        "JOIN public.patients p ON p.case_id = c.id WHERE c.clinic_id = %s ORDER BY c.id",
        (bench.clinic_id,),
    )
