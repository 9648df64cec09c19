"""What the case sync shares with the calendar's: windows, times, versions, the gate."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from idexx_sync.clinics.status import read_clinic_status
from idexx_sync.core.errors import InternalError, ShapeChanged
from idexx_sync.pims.protocol import Unreadable
from idexx_sync.syncs.gate import FOREIGN, SHIFTED, UNPROVEN
from idexx_sync.syncs.proof import READS_THAT_SET_APART
from tests.kit.cases_bench import CasesBench
from tests.kit.database import query
from tests.kit.job_results import counts, held, warnings
from tests.kit.records import MONDAY, chart, patient_visit, seen

LOSSES = UNPROVEN["visit"]
CANARIES = ("TANGO", "Robin Sample", "555-555-0100", "DR. A. EXAMPLE", "LIMPING", "two days lame")


def many(number: int = 10, first: int = 600101, **fields: Any) -> list[Any]:
    return [
        patient_visit(
            str(first + n),
            f"2026-05-0{5 + n % 2} {8 + n % 8:02}:00:00",
            **{"patient_id": str(first + n), **fields},
        )
        for n in range(number)
    ]


def test_r02_the_window_is_a_week_back_and_what_readers_show_ahead(bench: CasesBench) -> None:
    job = bench.cases()

    assert job.result is not None
    assert job.result["window"] == ("2026-04-27", "2026-05-06")


def test_r02_days_that_were_asked_for(bench: CasesBench) -> None:
    bench.shows(seen(start="2026-03-02 10:00:00"), patient_visit("600102"))

    job = bench.cases(first_day=date(2026, 3, 1), last_day=date(2026, 3, 3))

    assert counts(job)["read"] == 1


@pytest.mark.parametrize(
    ("first", "last", "complete", "unfresh"),
    [
        (-7, 2, True, None),
        (-30, 2, True, None),
        (0, 0, True, "other_days"),
        (-6, 2, True, "other_days"),
        (-7, 1, True, "other_days"),
        (-60, -50, True, "other_days"),
        (-7, 2, False, "read_incomplete"),
    ],
)
def test_r13_a_case_run_counts_if_it_read_all_of_its_days_to_the_end(
    bench: CasesBench, first: int, last: int, complete: bool, unfresh: str | None
) -> None:
    bench.shows(seen())
    bench.pims.unreadable = [] if complete else [Unreadable("id_missing", None)]

    job = bench.cases(
        first_day=MONDAY + timedelta(days=first), last_day=MONDAY + timedelta(days=last)
    )

    assert job.result is not None
    assert job.status.startswith("succeeded")
    assert (job.result["fresh"], job.result["unfresh"]) == (unfresh is None, unfresh)
    status = read_clinic_status(bench.conn, bench.clinic_id)
    (cases,) = (one for one in status.syncs if one.sync == "cases")
    assert (cases.last_success_at is not None) == (unfresh is None)


def test_r03_the_instant_is_the_clinics_own(bench: CasesBench) -> None:
    bench.shows(
        patient_visit("1", "2026-05-04 22:30:00"),
        patient_visit("2", "2026-03-08 02:30:00"),
        patient_visit("3", "2026-11-01 01:30:00"),
    )

    bench.cases()
    bench.cases(first_day=date(2026, 3, 8), last_day=date(2026, 3, 8))
    bench.cases(first_day=date(2026, 11, 1), last_day=date(2026, 11, 1))

    assert bench.case("1")["scheduled_at"] == datetime(2026, 5, 5, 5, 30, tzinfo=UTC)
    assert bench.case("1")["metadata"]["pimsAppointment"]["date"] == "2026-05-04"
    assert bench.case("2")["scheduled_at"] == datetime(2026, 3, 8, 10, 30, tzinfo=UTC)
    assert bench.case("3")["scheduled_at"] == datetime(2026, 11, 1, 8, 30, tzinfo=UTC)


def test_r03_a_case_that_an_earlier_service_put_hours_off_is_corrected(bench: CasesBench) -> None:
    bench.add_case("pims-appt-idexx-neo-600101", scheduled_at=datetime(2026, 5, 4, 6, tzinfo=UTC))
    bench.shows(patient_visit())

    bench.cases()

    assert bench.case()["scheduled_at"] == datetime(2026, 5, 4, 13, tzinfo=UTC)


def test_r03_a_visit_without_an_end_lasts_one_slot(bench: CasesBench) -> None:
    bench.shows(patient_visit(end=None), patient_visit("600102", end="2026-05-04 06:00:00"))

    bench.cases()

    for visit_id in ("600101", "600102"):
        assert bench.case(visit_id)["metadata"]["pimsAppointment"]["duration"] == 30


def test_r03_a_visit_that_ends_before_its_start_is_left_and_told_once(bench: CasesBench) -> None:
    bench.shows(patient_visit(end="2026-05-04 05:00:00"))

    first, second = bench.cases(), bench.cases()

    assert warnings(first) == warnings(second) == {"cases_not_written": 1}
    assert [a["error_message"] for a in bench.audits(first)] == ["ends_before_start"]
    assert bench.audits(second) == []
    assert bench.all_cases() == []


def test_r04_a_changed_zone_is_computed_anew(bench: CasesBench) -> None:
    bench.shows(patient_visit())
    bench.cases()
    bench.configure("clinics", timezone="America/New_York")

    job = bench.cases()

    assert bench.case()["scheduled_at"] == datetime(2026, 5, 4, 10, tzinfo=UTC)
    assert warnings(job) == {"recomputed": 1}


def test_r03_a_clinic_without_zone_is_told_of_each_time(bench: CasesBench) -> None:
    bench.configure("clinics", timezone=None)

    assert warnings(bench.cases()) == {"clinic_without_zone": 1}


def test_r05_the_status_key_missing_means_that_the_shape_changed(bench: CasesBench) -> None:
    bench.shows(*many(has_status=False, status=None))

    job = bench.cases()

    assert (job.status, job.error_kind) == ("failed", ShapeChanged.kind)


def test_r10_of_versions_the_newest_counts_and_unclear_ones_none(bench: CasesBench) -> None:
    bench.shows(
        patient_visit(last_updated_at="2026-05-01 10:00:00", reason="OLD"),
        patient_visit(last_updated_at="2026-05-02 10:00:00", reason="NEW"),
        patient_visit("600102", reason="ONE"),
        patient_visit("600102", reason="OTHER"),
    )

    job = bench.cases()

    assert bench.case()["metadata"]["pimsAppointment"]["reason"] == "NEW"
    assert len(bench.all_cases()) == 1
    assert warnings(job) == {"unreadable_records": 1}


def test_r07_cases_removes_nothing(bench: CasesBench) -> None:
    bench.shows(*many(12))
    bench.cases()
    bench.shows()

    job = bench.cases()

    assert {case["status"] for case in bench.all_cases()} == {"draft"}
    assert job.result is not None
    assert job.result["summary"] == "read nothing, 12 held"


def test_r07_a_removed_case_that_comes_back_is_revived(bench: CasesBench) -> None:
    mark = {"softDeleted": True, "reason": "removed_from_pims", "deletedAt": "2026-05-01T00:00:00Z"}
    bench.add_case(
        "pims-appt-idexx-neo-600101",
        status="reviewed",
        metadata={"pimsAppointment": {"status": "cancelled"}, "reconciliation": mark, "idexx": {}},
    )
    bench.shows(patient_visit())

    job = bench.cases()

    case = bench.case()
    assert case["status"] == "draft"
    assert "reconciliation" not in case["metadata"]
    assert case["metadata"]["idexx"] == {}
    assert case["metadata"]["pimsAppointment"]["status"] == "Not arrived"
    assert bench.audits(job)[0]["metadata"]["reason"] == "came_back"


def test_r08_another_clinics_calendar_makes_and_changes_no_case(bench: CasesBench) -> None:
    bench.shows(*many())
    bench.cases()
    strange = [replace(v, consultation_id="1") for v in many(10, first=700101)]
    bench.shows(*strange)

    job = bench.cases()

    assert job.status == "held"
    assert held(job) == {FOREIGN: 10}
    assert len(bench.all_cases()) == 10
    assert bench.pims.charts_read == []
    assert bench.hold(FOREIGN)["sync"] == "cases"


def test_r09_a_person_may_let_another_calendar_through(bench: CasesBench) -> None:
    bench.shows(*many())
    bench.cases()
    bench.shows(*many(10, first=700101))
    bench.cases()
    bench.decide(FOREIGN, "approved")

    job = bench.cases()

    assert counts(job)["created"] == 10
    assert (job.status, held(job)) == ("held", {LOSSES: 10}), "what it lacks is another matter"
    bench.decide(LOSSES, "approved")
    assert [bench.cases().status for _ in range(2)] == ["succeeded", "succeeded"]


def test_r08_times_that_all_moved_alike_are_held(bench: CasesBench) -> None:
    bench.shows(*many())
    bench.cases()
    moved = [
        replace(v, start=str(datetime.fromisoformat(v.start) + timedelta(hours=3)), end=None)
        for v in many()
    ]
    bench.shows(*moved, patient_visit("699999", "2026-05-04 09:00:00", patient_id="1"))

    job = bench.cases()

    assert held(job) == {SHIFTED: 10}
    assert counts(job)["created"] == 1
    assert bench.case("600101")["scheduled_at"] == datetime(2026, 5, 5, 15, tzinfo=UTC)
    bench.decide(SHIFTED, "approved")
    bench.cases()
    assert bench.case("600101")["scheduled_at"] == datetime(2026, 5, 5, 18, tzinfo=UTC)


def test_r08_more_cancellations_to_come_than_plausible_are_held(bench: CasesBench) -> None:
    bench.shows(*many())
    bench.cases()
    bench.shows(*many(status="Cancelled"))

    job = bench.cases()

    assert held(job) == {LOSSES: 10}
    assert {case["status"] for case in bench.all_cases()} == {"draft"}
    bench.decide(LOSSES, "approved")
    bench.cases()
    assert {case["status"] for case in bench.all_cases()} == {"reviewed"}


def test_r08_a_few_cancellations_and_those_of_the_past_go_through(bench: CasesBench) -> None:
    past = [
        patient_visit(str(500101 + n), f"2026-05-01 {8 + n:02}:00:00", patient_id=str(n))
        for n in range(9)
    ]
    bench.shows(*many(5), *past)
    bench.cases()
    bench.shows(*many(5, status="Cancelled"), *(replace(v, status="No Show") for v in past))

    job = bench.cases()

    assert held(job) == {}
    assert counts(job)["updated"] == 14


def test_r01_an_unreadable_record_is_counted_and_changes_no_case(bench: CasesBench) -> None:
    bench.shows(patient_visit())
    bench.cases()
    bench.shows()
    bench.pims.unreadable = [Unreadable("end_unreadable", "600101", start="2026-05-04 06:00:00")]

    job = bench.cases()

    assert warnings(job) == {"unreadable_records": 1}
    assert bench.case()["status"] == "draft"


def test_r21_one_audit_per_record_and_job_without_any_personal_value(bench: CasesBench) -> None:
    bench.shows(seen(), patient_visit("600102", "2026-05-05 09:00:00", patient_id="40022"))
    bench.writes(chart())
    first = bench.cases()
    bench.shows(seen(client_phone="555-555-0199"))
    bench.later(120)

    second = bench.cases()

    made, other = bench.audits(first)
    assert (made["sync_type"], made["status"]) == (other["sync_type"], "success")
    assert made["case_id"] == bench.case()["id"]
    assert made["metadata"]["changes"]["case.status"] == {"before": None, "after": "completed"}
    (updated,) = bench.audits(second)
    assert updated["sync_type"] == "update"
    assert updated["metadata"]["changes"]["patient.owner_phone"]["changed"] is True
    everything = "".join(
        str(query(bench.conn, f"SELECT * FROM {table} WHERE clinic_id = %s", (bench.clinic_id,)))
        for table in (
            "public.case_sync_audits",
            "idexx_sync.records",
            "idexx_sync.jobs",
            "idexx_sync.holds",
        )
    )
    assert not [word for word in (*CANARIES, "0199") if word in everything]


def test_r21_a_case_that_was_made_and_read_in_one_job_was_made(bench: CasesBench) -> None:
    bench.shows(seen())
    bench.writes(chart())

    (audit,) = bench.audits(bench.cases())

    assert (audit["sync_type"], audit["metadata"]["reason"]) == ("create", "new")
    changes = audit["metadata"]["changes"]
    assert changes["patient.species"] == {"before": None, "after": "dog"}
    assert changes["case.status"] == {"before": None, "after": "completed"}


def test_r21_a_retry_of_the_job_goes_on_with_its_audits(bench: CasesBench) -> None:
    bench.shows(seen())
    bench.writes(chart())
    job = bench.cases()
    bench.conn.execute("UPDATE idexx_sync.jobs SET status = 'queued' WHERE id = %s", (job.id,))
    bench.shows(seen(reason="LIMPING LESS"))

    bench.again(job)

    (audit,) = bench.audits(job)
    assert (audit["sync_type"], audit["status"]) == ("create", "success")


def test_r22_a_case_that_somebody_keeps_changing_is_left_for_the_next_run(
    bench: CasesBench,
) -> None:
    bench.shows(patient_visit(), patient_visit("600102", "2026-05-05 09:00:00", patient_id="1"))
    bench.cases()
    bench.shows(
        patient_visit(status="Arrived"),
        patient_visit("600102", "2026-05-05 09:00:00", patient_id="1", status="Arrived"),
    )
    ours = bench.case()["id"]

    with bench.changing_between("public.cases", ours):
        job = bench.cases()

    assert warnings(job) == {"conflicts_left_for_next_run": 1}
    assert job.result is not None
    assert job.result["unfresh"] == "conflicts"
    assert bench.case("600101")["status"] == "draft"
    assert bench.case("600102")["status"] == "ongoing"
    bench.cases()
    assert bench.case("600101")["status"] == "ongoing"


def test_r22_a_case_that_somebody_changed_once_is_planned_again(bench: CasesBench) -> None:
    bench.shows(patient_visit())
    bench.cases()
    bench.shows(patient_visit(status="Cancelled", patient_name="TANGO II"))
    ours, patient = bench.case()["id"], bench.patient()["id"]

    with bench.before_each_write(lambda: bench.edit("patients", patient, name="Tango"), times=1):
        job = bench.cases()

    assert (warnings(job), counts(job)["updated"]) == ({}, 1)
    assert bench.case() == bench.case() | {"id": ours, "status": "reviewed"}
    assert bench.patient()["name"] == "Tango"


def test_r22_a_record_whose_case_changed_meanwhile_is_planned_again(bench: CasesBench) -> None:
    bench.shows(patient_visit(consultation_id="9600101", status="In Progress"))
    bench.writes(chart(breed="Poodle"))
    bench.cases()
    bench.writes(chart(breed="Beagle"))
    patient = bench.patient()["id"]
    writes = iter([None, lambda: bench.edit("patients", patient, breed="Terrier"), None, None])

    with bench.before_each_write(lambda: (then := next(writes)) and then()):
        job = bench.cases()

    assert warnings(job) == {}
    assert bench.patient()["breed"] == "Terrier"


def test_r22_a_changed_patient_is_a_conflict_of_its_case(bench: CasesBench) -> None:
    bench.shows(patient_visit())
    bench.cases()
    bench.shows(patient_visit(status="Arrived", patient_name="TANGO II"))

    with bench.changing_between("public.patients", bench.patient()["id"]):
        bench.cases()

    assert bench.case()["status"] == "draft"


def test_r23_a_commit_that_fails_leaves_nothing(bench: CasesBench) -> None:
    bench.shows(seen())
    bench.conn.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = 'feature_not_supported'; END $$;"
        "CREATE TRIGGER refuse BEFORE INSERT ON public.patients "
        "FOR EACH ROW EXECUTE FUNCTION refuse()"
    )
    try:
        with pytest.raises(InternalError):
            bench.cases()
    finally:
        bench.conn.execute("DROP TRIGGER refuse ON public.patients; DROP FUNCTION refuse()")

    assert bench.all_cases() == []
    kept = "SELECT * FROM idexx_sync.case_keys WHERE clinic_id = %s"
    assert query(bench.conn, kept, (bench.clinic_id,)) == []


def test_a_dry_run_writes_nothing_and_tells_the_plan(bench: CasesBench) -> None:
    bench.shows(seen())
    bench.writes(chart())
    bench.cases()
    before = bench.case()
    bench.shows(
        seen(status="Ready to Pay"),
        patient_visit("600102", "2026-05-05 09:00:00", patient_id="40022"),
    )
    bench.writes(chart(notes_html="<p>More.</p>"))

    job = bench.cases(manner="preview")

    assert bench.case() == before
    assert len(bench.all_cases()) == 1
    assert job.result is not None
    actions = [(c["id"], c["action"], c["reason"]) for c in job.result["plan"]]
    assert actions == [
        ("pims-appt-idexx-neo-600101", "update", "consultation"),
        ("pims-appt-idexx-neo-600101", "update", "source"),
        ("pims-appt-idexx-neo-600102", "create", "new"),
    ]
    assert "More." not in str(job.result)
    assert (counts(job)["created"], counts(job)["updated"]) == (1, 1)


NEWER = "2026-05-03 18:00:00"


def test_r10_an_older_version_leaves_its_case_alone(bench: CasesBench) -> None:
    older = patient_visit()
    bench.shows(replace(older, start="2026-05-04 15:00:00", end=None, last_updated_at=NEWER))
    bench.cases()
    before = bench.case()
    bench.shows(older)

    for _ in range(READS_THAT_SET_APART - 1):
        job = bench.cases()
        assert warnings(job) == {"cases_not_written": 1}
        assert bench.case() == before

    job = bench.cases()  # what stays so is no passing trouble

    assert (job.status, bench.memory("visit")["quarantine_code"]) == ("succeeded", None)
    assert bench.case()["scheduled_at"] != before["scheduled_at"]


@pytest.mark.parametrize("field", ["patient_id", "client_id", "consultation_id"])
def test_r03_where_it_is_unclear_whose_visit_it_is_its_case_is_left_alone(
    bench: CasesBench, field: str
) -> None:
    bench.shows(patient_visit())
    bench.cases()
    before = bench.case()
    nobody: dict[str, Any] = {field: None}
    bench.shows(replace(patient_visit(), status="Late", unclear=(field,), **nobody))

    job = bench.cases()

    assert warnings(job)["unreadable_records"] == 1
    assert bench.case() == before
