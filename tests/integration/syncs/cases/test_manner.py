"""What a run may write, and that a clinic in shadow is as good as live once it is live."""

import random
from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from psycopg import Connection

from idexx_sync.core.clinic_time import to_wall
from idexx_sync.core.vocabulary import Manner
from idexx_sync.jobs import store as job_store
from idexx_sync.pims.protocol import SourceRecord, Unknown
from tests.kit.cases_bench import CasesBench
from tests.kit.clinic import add_clinic, add_user
from tests.kit.database import query
from tests.kit.records import MONDAY, chart, patient_visit, visit

OF_ODIS = [
    "cases",
    "patients",
    "schedule_appointments",
    "schedule_slots",
    "schedule_syncs",
    "case_sync_audits",
]


def seen(number: int = 600101, day: int = 4, **more: Any) -> SourceRecord:
    """A visit whose record has the same number."""
    fields = {
        "consultation_id": f"9{number}",
        "patient_id": str(number % 1000 + 40000),
        "status": "Finalized",
        **more,
    }
    return patient_visit(str(number), f"2026-05-{day:02} {9 + number % 8:02}:00:00", **fields)


def record(number: int = 600101, **more: Any) -> Any:
    return chart(str(number), **{"patient_id": str(number % 1000 + 40000), **more})


def rows_of_odis(bench: CasesBench) -> dict[str, list[dict[str, Any]]]:
    asked = "SELECT * FROM public.{} WHERE clinic_id = %s"
    return {table: query(bench.conn, asked.format(table), (bench.clinic_id,)) for table in OF_ODIS}


def our_memory(bench: CasesBench) -> dict[str, list[dict[str, Any]]]:
    asked = "SELECT * FROM idexx_sync.{} WHERE clinic_id = %s ORDER BY 1, 2, 3"
    tables = ("records", "unknown_words", "case_keys", "holds")
    return {table: query(bench.conn, asked.format(table), (bench.clinic_id,)) for table in tables}


@pytest.fixture
def shadow(bench: CasesBench) -> CasesBench:
    bench.stage("shadow")
    return bench


# -- what each manner writes ---------------------------------------------------------------------


def test_a_preview_writes_nothing_but_the_end_of_its_job(bench: CasesBench) -> None:
    bench.shows(seen(status="A word of theirs"))
    bench.writes(record())
    before = rows_of_odis(bench), our_memory(bench)

    jobs = [bench.sync(manner="preview"), bench.cases(manner="preview")]

    assert (rows_of_odis(bench), our_memory(bench)) == before
    assert [(job.status, job.manner) for job in jobs] == [
        ("succeeded_with_warnings", "preview"),
        ("succeeded_with_warnings", "preview"),
    ]
    (settings,) = query(
        bench.conn,
        "SELECT neo_configuration FROM idexx_sync.clinic_settings WHERE clinic_id = %s",
        (bench.clinic_id,),
    )
    assert settings["neo_configuration"] is None


def test_a_clinic_in_shadow_is_observed_and_no_row_of_odis_is_written(shadow: CasesBench) -> None:
    shadow.shows(seen(status="A word of theirs"))
    shadow.writes(record())

    jobs = [shadow.sync(), shadow.cases()]

    assert not any(rows_of_odis(shadow).values())
    assert {job.manner for job in jobs} == {"observe"}
    memory = our_memory(shadow)
    assert [row["kind"] for row in memory["records"]] == ["consultation", "visit"]
    assert len(memory["unknown_words"]) == 1
    assert (memory["case_keys"], memory["holds"]) == ([], [])
    assert "unknown_words" not in shadow.cases().result["warnings"]  # type: ignore[index]


def test_a_preview_of_a_clinic_in_shadow_is_a_preview(shadow: CasesBench) -> None:
    shadow.shows(seen())

    job = shadow.cases(manner="preview")

    assert (job.manner, our_memory(shadow)["records"]) == ("preview", [])


def test_the_next_observation_reads_only_what_is_due(shadow: CasesBench) -> None:
    """Final records with notes are read once a day, as those of any other clinic are."""
    shadow.shows(*(seen(600101 + n) for n in range(60)))
    for n in range(60):
        shadow.writes(record(600101 + n))
    shadow.cases()
    assert len(shadow.pims.charts_read) == 60
    shadow.pims.charts_read.clear()
    shadow.later(60)

    shadow.cases()
    assert shadow.pims.charts_read == []
    shadow.later(24 * 60)
    shadow.cases()
    assert len(shadow.pims.charts_read) == 60


def test_what_an_earlier_service_left_open_is_not_read_in_every_observation(
    shadow: CasesBench,
) -> None:
    shadow.add_case("pims-appt-idexx-neo-600101", status="draft")
    shadow.shows(seen())
    shadow.writes(record())
    shadow.cases()
    shadow.pims.charts_read.clear()
    shadow.later(60)

    shadow.cases()

    assert shadow.pims.charts_read == []


def test_an_observed_record_that_failed_is_read_again_at_once(shadow: CasesBench) -> None:
    shadow.shows(seen(600101), seen(600102))
    shadow.writes(record(600102))
    shadow.pims.charts["9600101"] = Unknown("status_502")
    shadow.cases()
    shadow.pims.charts_read.clear()
    shadow.later(60)

    shadow.cases()

    assert shadow.pims.charts_read == ["9600101"]


def test_settings_of_the_source_are_observed_once_a_day(shadow: CasesBench) -> None:
    shadow.shows(visit())
    for _ in range(3):
        shadow.sync()
        shadow.later(60)

    assert shadow.pims.configurations_read == 1


# -- plans are bounded ---------------------------------------------------------------------------


@pytest.mark.parametrize("manner", ["preview", "observe"])
def test_a_plan_is_told_up_to_200_changes_and_counted_whole(
    bench: CasesBench, manner: Manner
) -> None:
    bench.shows(*(visit(str(600101 + n)) for n in range(230)))
    bench.stage("shadow" if manner == "observe" else "live")

    job = bench.sync(manner="preview" if manner == "preview" else "apply")

    assert job.result is not None
    assert (job.manner, job.result["planned"], len(job.result["plan"])) == (manner, 230, 200)
    assert [change["id"] for change in job.result["plan"]] == [str(600101 + n) for n in range(200)]


def test_lists_of_jobs_leave_plans_out(bench: CasesBench) -> None:
    bench.shows(*(visit(str(600101 + n)) for n in range(230)))
    job = bench.sync(manner="preview")

    (listed,) = job_store.jobs_newest_first(bench.conn, clinic_id=bench.clinic_id)

    assert listed.result is not None
    assert (listed.result["planned"], "plan" in listed.result) == (230, False)
    alone = job_store.job_by_id(bench.conn, job.id)
    assert alone is not None
    assert (alone.result or {})["plan"] == (job.result or {})["plan"]


# -- from shadow to live -------------------------------------------------------------------------


def test_what_was_observed_is_read_and_written_by_the_first_run_that_applies(
    shadow: CasesBench,
) -> None:
    shadow.shows(seen())
    shadow.writes(record(notes_html="<p>A bandage.</p>"))
    for _ in range(3):
        shadow.cases()
        shadow.later(60)
    shadow.stage("live")
    shadow.pims.charts_read.clear()

    shadow.cases()

    assert shadow.pims.charts_read == ["9600101"]
    case = shadow.case()
    assert case["status"] == "completed"
    assert case["metadata"]["pimsConsultation"]["notes"] == "A bandage."


def test_a_death_that_was_observed_is_marked_by_the_first_run_that_applies(
    shadow: CasesBench,
) -> None:
    shadow.shows(seen(600101), seen(600102, type="Euthanasia"))
    shadow.writes(record(600101, notes_html="<p>Humane euthanasia was performed.</p>"))
    shadow.writes(record(600102))
    for _ in range(2):
        shadow.cases()
        shadow.later(60)
    assert "euthan" not in str(our_memory(shadow))
    shadow.stage("live")

    shadow.cases()

    assert [shadow.case(n)["extreme_case_check"]["category"] for n in ("600101", "600102")] == [
        "euthanasia",
        "euthanasia",
    ]


def test_an_observation_makes_nobodys_edit_of_an_earlier_services_fields(
    shadow: CasesBench,
) -> None:
    """What was derived and not written says nothing of what a person has changed."""
    case_id = shadow.add_case(
        "pims-appt-idexx-neo-600101",
        status="draft",
        type="checkup",
        metadata={"pimsAppointment": {"status": "Finalized", "type": "Exam"}},
    )
    shadow.add_patient(case_id, name="unknown")
    shadow.shows(seen(type="Dental surgery"))
    shadow.writes(record())
    for _ in range(2):
        shadow.cases()
        shadow.later(60)
    shadow.stage("live")

    job = shadow.cases()

    assert job.result is not None
    assert job.result["counts"]["edited_in_odis"] == 0
    case = shadow.case()
    assert (case["type"], case["status"]) == ("surgery", "completed")
    assert shadow.patient()["name"] == "TANGO"


def test_what_is_only_known_from_observing_completes_nothing(shadow: CasesBench) -> None:
    """The record was taken away before anybody screened it for good."""
    shadow.shows(seen())
    shadow.writes(record())
    shadow.cases()
    shadow.shows(seen(consultation_id=None))
    shadow.later(60)
    shadow.cases()
    shadow.stage("live")
    shadow.later(60)

    shadow.cases()

    assert shadow.case()["status"] == "ongoing"


def test_a_live_clinic_that_was_in_shadow_for_a_while_catches_up(bench: CasesBench) -> None:
    bench.shows(seen(status="In Progress"))
    bench.writes(record(notes_html="<p>First.</p>"))
    bench.cases()
    bench.stage("shadow")
    bench.shows(seen(type="Surgery"))
    bench.writes(record(notes_html="<p>Second.</p>"))
    for _ in range(2):
        bench.later(60)
        bench.cases()
    assert bench.case()["metadata"]["pimsConsultation"]["notes"] == "First."
    bench.stage("live")
    bench.later(60)

    job = bench.cases()

    assert job.result is not None
    assert job.result["counts"]["edited_in_odis"] == 0
    case = bench.case()
    assert case["metadata"]["pimsConsultation"]["notes"] == "Second."
    assert (case["type"], case["status"]) == ("surgery", "completed")


def test_what_could_not_be_written_is_told_by_the_first_run_that_applies(
    shadow: CasesBench,
) -> None:
    shadow.add_case("pims-appt-idexx-neo-600101", metadata={"pimsAppointment": "text"})
    shadow.shows(seen())
    for _ in range(2):
        shadow.cases()
        shadow.later(60)
    shadow.stage("live")

    job = shadow.cases()

    assert [(row["status"], row["error_message"]) for row in shadow.audits(job)] == [
        ("skipped", "document_not_an_object")
    ]


# -- the same history in a clinic that was live all the time -------------------------------------


class Twins:
    """Two clinics to which the same happens: one in shadow until the end, one live throughout."""

    def __init__(self, one: CasesBench, other: CasesBench) -> None:
        self.both = (one, other)
        one.stage("shadow")

    def run(self) -> None:
        for bench in self.both:
            assert bench.sync().status.startswith("succeeded")
            assert bench.cases().status.startswith("succeeded")

    def happens(self, event: Callable[[CasesBench], object]) -> None:
        for bench in self.both:
            event(bench)
            bench.later(15)


@pytest.fixture
def twins(
    bench: CasesBench, conn: Connection[tuple[Any, ...]], database: str, user_id: UUID
) -> Twins:
    other = add_clinic(conn, acting_user_id=add_user(conn), live_from=date(2026, 1, 1))
    return Twins(bench, CasesBench(conn, database, other, lent=bench.database))


def said(bench: CasesBench) -> dict[str, Any]:
    """What ODIS says of the clinic, without ids and moments; of the calendar from Tuesday on."""
    cases = [
        {
            "key": case["external_id"],
            "status": case["status"],
            "type": case["type"],
            "at": case["scheduled_at"],
            "mark": case["extreme_case_check"],
            "extraction": _bare(case["entity_extraction"]),
            "metadata": _bare(case["metadata"]),
            "patients": [
                {name: row[name] for name in ("name", "species", "owner_name", "owner_phone")}
                for row in bench.patients(case["id"])
            ],
        }
        for case in bench.all_cases()
    ]
    own = ("id", "clinic_id", "slot_id")
    rows = [
        {k: v for k, v in row.items() if not k.endswith("_at") and k not in own}
        for row in bench.rows()
        if row["date"] > MONDAY
    ]
    slots = query(
        bench.conn,
        "SELECT date, start_time, end_time, capacity, booked_count FROM public.schedule_slots "
        "WHERE clinic_id = %s AND date + start_time > %s ORDER BY 1, 2",
        (bench.clinic_id, to_wall(bench.now, ZoneInfo("America/Los_Angeles"))),
    )
    return {"cases": cases, "rows": rows, "slots": slots}


def _bare(document: Any) -> Any:
    if not isinstance(document, dict):
        return document
    moments = ("syncedAt", "extractedAt")
    return {name: _bare(value) for name, value in document.items() if name not in moments}


WORDS = ("Scheduled", "Arrived", "In Progress", "Finalized", "Cancelled", "No Show")
NOTES = ("<p>All well.</p>", "<p>Sutures out.</p>")
DIED = "<p>Patient passed away at home.</p>"
"""Of one visit only, and never taken back: a mark that was set stays, whatever Neo says later."""


def _event(chance: random.Random) -> Callable[[CasesBench], object]:
    """Something that happens in Neo to one of a few visits."""
    number = 600101 + chance.randrange(6)
    day, word, notes = chance.randrange(1, 7), chance.choice(WORDS), chance.choice(NOTES)
    notes = DIED if number == 600103 else notes
    kind, what = chance.choice(("Exam", "Surgery", "Vaccination")), chance.randrange(6)

    def happens(bench: CasesBench) -> None:
        there = {shown.id for shown in bench.pims.records}
        if str(number) not in there:
            bench.pims.records.append(seen(number, day, status="Scheduled"))
            bench.writes(record(number))
        elif what == 0:
            bench.pims.forget(str(number))
        elif what == 1:
            bench.pims.replace(str(number), type=kind)
        elif what == 2:
            bench.writes(record(number, notes_html=notes))
        elif what == 3:
            moved = seen(number, day)
            bench.pims.replace(str(number), start=moved.start, end=moved.end)
        else:
            bench.pims.replace(str(number), status=word)

    return happens


@pytest.mark.parametrize("seed", range(4))
def test_after_the_first_runs_that_apply_odis_says_what_it_would_have_said_all_along(
    twins: Twins, seed: int
) -> None:
    chance = random.Random(seed)
    shadowed, live = twins.both
    for _ in range(6):
        for _ in range(chance.randrange(1, 4)):
            twins.happens(_event(chance))
        twins.run()
    assert shadowed.rows() == []
    shadowed.stage("live")
    twins.happens(lambda bench: bench.later(60 * 24))  # every record is due once more
    twins.run()

    found, expected = (_of_visits_that_are_there(said(bench), live) for bench in twins.both)
    assert found == expected
    assert len(found["rows"]) > 0


def _of_visits_that_are_there(said: dict[str, Any], live: CasesBench) -> dict[str, Any]:
    """Cases stay, and rows of cancelled visits do, when the visit is gone: if there was one."""
    there = {shown.id for shown in live.pims.records}
    return {
        "cases": [case for case in said["cases"] if case["key"].rpartition("-")[2] in there],
        "rows": [row for row in said["rows"] if row["neo_appointment_id"] in there],
        "slots": said["slots"],
    }
