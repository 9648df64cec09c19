"""Every check of cases can fail: an outcome is spoilt, and the check says so."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg.types.json import Jsonb

from oracle.cases import KEY, case_differences
from tests.faults import ask_oracle, case_checks, checks
from tests.faults.clinic import FaultClinic
from tests.faults.converge import Watch
from tests.faults.eventful_cases import eventful_case_clinic
from tests.faults.observation import observe_cases
from tests.faults.odis_users import EDITS
from tests.faults.races import run_both
from tests.faults.results import Outcome, Violation
from tests.faults.rig import Rig
from tests.faults.worker import tick, working
from tests.kit.database import query


@pytest.fixture
def clinic(rig: Rig) -> Iterator[FaultClinic]:
    """A clinic after an eventful case run that went well."""
    made = eventful_case_clinic(rig)
    assert made.invoke(made.order()).succeeded
    yield made
    made.close()


def some_case(clinic: FaultClinic, condition: str = "c.status = 'completed'") -> dict[str, Any]:
    """A case with a key of ours that fulfils the condition."""
    return query(
        clinic.conn,
        "SELECT c.*, k.external_id AS key, p.external_id AS patient FROM public.cases c "
        "JOIN idexx_sync.case_keys k ON k.case_id = c.id "
        "JOIN public.patients p ON p.case_id = c.id "
        f"WHERE k.clinic_id = %s AND {condition} ORDER BY k.external_id LIMIT 1",
        (clinic.clinic_id,),
    )[0]


def spoil(clinic: FaultClinic, case_id: UUID, change: str) -> None:
    clinic.conn.execute(f"UPDATE public.cases SET {change} WHERE id = %s", (case_id,))


def rules(violations: list[Violation]) -> set[str]:
    return {violation.rule for violation in violations}


def test_a_good_run_violates_nothing(clinic: FaultClinic) -> None:
    watch = Watch(clinic, Outcome("a group", "a name"))

    watch.converge()

    assert watch.outcome.violations == []


def test_v1_a_visit_without_a_case(clinic: FaultClinic) -> None:
    state = clinic.shown()
    question = clinic.case_question(state)
    assert case_checks.cases_lacking(clinic.conn, question, state) == []
    case = some_case(clinic)
    clinic.conn.execute("DELETE FROM public.cases WHERE id = %s", (case["id"],))

    found = case_checks.cases_lacking(clinic.conn, question, state)

    assert rules(found) == {"V1"}
    assert case["key"].removeprefix(KEY) in found[0].text


def test_v2_two_cases_of_a_visit_and_two_patients_of_a_case(clinic: FaultClinic) -> None:
    case = some_case(clinic)
    clinic.conn.execute(
        "INSERT INTO public.cases (clinic_id, external_id) VALUES (%s, %s)",
        (clinic.clinic_id, case["key"]),
    )
    clinic.conn.execute(
        "INSERT INTO public.patients (case_id, name) VALUES (%s, 'X')", (case["id"],)
    )

    found = case_checks.duplicate_cases(clinic.conn, clinic.clinic_id)

    assert [one.text for one in found] == [
        f"{case['key']} has 2 cases",
        f"{case['key']} has 2 patients",
    ]
    assert rules(found) == {"V2"}


@pytest.mark.parametrize("table", ["cases", "patients"])
def test_v4_a_case_or_its_patient_written_without_an_audit(clinic: FaultClinic, table: str) -> None:
    case = some_case(clinic)
    before = observe_cases(clinic.conn, clinic.clinic_id)
    column = "case_id" if table == "patients" else "id"
    clinic.conn.execute(
        f"UPDATE public.{table} SET source = source WHERE {column} = %s", (case["id"],)
    )
    after = observe_cases(clinic.conn, clinic.clinic_id)

    found = case_checks.case_audits_match(clinic.conn, [], before, after)

    assert found == [Violation("V4", f"{case['key']} changed without an audit")]


def test_v4_an_audit_of_a_case_that_was_not_written(clinic: FaultClinic) -> None:
    cases = observe_cases(clinic.conn, clinic.clinic_id)
    jobs = query(
        clinic.conn, "SELECT id FROM idexx_sync.jobs WHERE clinic_id = %s", (clinic.clinic_id,)
    )

    found = case_checks.case_audits_match(clinic.conn, [job["id"] for job in jobs], cases, cases)

    assert rules(found) == {"V4"}
    assert all("has an audit and did not change" in one.text for one in found)


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        ("UPDATE public.cases SET is_urgent = true WHERE clinic_id = %s", "public.cases"),
        ("UPDATE public.patients SET sex = 'x' WHERE clinic_id = %s", "public.patients"),
        (
            "UPDATE idexx_sync.case_keys SET case_id = gen_random_uuid() WHERE clinic_id = %s",
            "idexx_sync.case_keys",
        ),
    ],
)
def test_v5_a_table_of_cases_written_by_somebody_whose_lease_is_over(
    clinic: FaultClinic, statement: str, table: str
) -> None:
    other = uuid4()
    before = checks.everything(clinic.conn, clinic.clinic_id, other)
    clinic.conn.execute(statement, (clinic.clinic_id,))

    found = checks.stale_writes(before, checks.everything(clinic.conn, clinic.clinic_id, other))

    assert [one.text.partition(" ")[0] for one in found] == [table]


@pytest.mark.parametrize("table", case_checks.OWN_TABLES[:2])
def test_v8_personal_words_where_only_ids_should_be(clinic: FaultClinic, table: str) -> None:
    assert case_checks.personal_words(clinic.conn, clinic.clinic_id) == []
    column = "result" if table.endswith("jobs") else "source"
    clinic.conn.execute(
        f"UPDATE {table} SET {column} = %s WHERE clinic_id = %s",
        (Jsonb({"name": "PET 1"}), clinic.clinic_id),
    )

    assert rules(case_checks.personal_words(clinic.conn, clinic.clinic_id)) == {"V8"}


@pytest.mark.parametrize("edit", range(len(EDITS)))
def test_r15_an_edit_that_is_gone(clinic: FaultClinic, edit: int) -> None:
    people, state = clinic.people, clinic.shown()
    people.write(some_case(clinic)["id"], edit, "BY HAND 1")
    assert people.undone(state) == []
    people.edits[some_case(clinic)["id"], edit] = "BY HAND 2"

    assert rules(people.undone(state)) == {"R15"}


def test_r15_a_review_a_refusal_and_a_deletion_that_are_gone(clinic: FaultClinic) -> None:
    people, state = clinic.people, clinic.shown()
    completed = "c.status = 'completed' AND c.extreme_case_check IS NULL"
    case = some_case(clinic, completed)
    people.review(case)
    people.refuse_mark(case)
    assert people.undone(state) == []
    spoil(clinic, case["id"], "status = 'completed', extreme_case_check = NULL")
    people.deleted.add(case["key"].removeprefix(KEY))

    assert len(people.undone(state)) == 3


def test_r15_what_was_done_for_a_former_patient_need_not_stay(clinic: FaultClinic) -> None:
    people, state = clinic.people, clinic.shown()
    case = some_case(clinic, "c.status = 'completed' AND c.extreme_case_check IS NULL")
    people.write(case["id"], 0, "BY HAND 1")
    people.review(case)
    other = """metadata = jsonb_set(metadata, '{pimsAppointment,patient,id}', '"1"')"""
    spoil(clinic, case["id"], f"status = 'ongoing', {other}")
    people.conn.execute("UPDATE public.patients SET name = 'X' WHERE case_id = %s", (case["id"],))

    assert people.undone(state) == []


@pytest.mark.parametrize("name", ["PET 99", "Sample 99"])
def test_r15_a_completed_case_that_speaks_of_two(clinic: FaultClinic, name: str) -> None:
    assert case_checks.callable_for_two(clinic.conn, clinic.clinic_id) == []
    case = some_case(clinic)
    leaf = f"""'{{callIntelligence}}', '"{name}"'"""
    spoil(clinic, case["id"], f"metadata = jsonb_set(metadata, {leaf})")

    found = case_checks.callable_for_two(clinic.conn, clinic.clinic_id)

    assert rules(found) == {"R15"}


def test_converges_what_the_owner_does_not_have_and_a_strangers_record(
    clinic: FaultClinic,
) -> None:
    case = some_case(clinic)
    visit = case["key"].removeprefix(KEY)
    state = clinic.shown()
    question = clinic.case_question(state)
    shown = next(one for one in state["visits"] if one["id"] == visit)
    shown |= {"phone": None, "email": ""}
    record = next(one for one in state["consultations"] if one["id"] == shown["consultation_id"])
    record["notes"] = "<p><br></p>"
    found = case_differences(clinic.conn, question, state)
    assert {text.partition(": ")[2] for text in found} >= {
        "owner_phone is there, and the owner has none",
        "entity_extraction.owner.email is there, and the owner has none",
        "pimsConsultation.notes are there, and were emptied",
    }
    record["patient_id"] = "1"
    assert f"{visit}: pimsConsultation is there, and is another patient's" in case_differences(
        clinic.conn, question, state
    )


def test_what_people_do_stays_through_runs_and_is_no_difference(clinic: FaultClinic) -> None:
    people, watch = clinic.people, Watch(clinic, Outcome("a group", "a name"))
    completed = "c.status = 'completed' AND c.extreme_case_check IS NULL"
    people.review(some_case(clinic, completed))
    people.refuse_mark(some_case(clinic, "c.status = 'draft' AND c.extreme_case_check IS NULL"))
    people.write(some_case(clinic)["id"], 1, "BY HAND 1")
    people.delete(some_case(clinic, "c.status = 'reviewed'"))

    watch.converge()

    assert watch.outcome.violations == []


def test_r18_a_completed_case_whose_record_was_not_read(clinic: FaultClinic) -> None:
    state, before = clinic.shown(), observe_cases(clinic.conn, clinic.clinic_id)
    zone = ask_oracle.zone(clinic.conn, clinic.clinic_id)
    question = clinic.case_question(state)
    case = some_case(clinic)
    assert case_checks.completed_unread(clinic.conn, question, zone, before) == []
    spoil(clinic, case["id"], "metadata = metadata - 'pimsConsultation'")

    found = case_checks.completed_unread(clinic.conn, question, zone, before)

    assert found == [Violation("R18", f"{case['key']} is completed, and its record was not read")]


def test_r18_a_case_completed_though_the_clinic_was_not_live_yet(clinic: FaultClinic) -> None:
    question = clinic.case_question(clinic.shown())
    zone = ask_oracle.zone(clinic.conn, clinic.clinic_id)
    spoil(clinic, some_case(clinic)["id"], "scheduled_at = scheduled_at - interval '9 days'")

    found = case_checks.completed_unread(clinic.conn, question, zone, {})

    assert [one.text.partition(" ")[2] for one in found] == [
        "is completed and before the first day"
    ]


def test_r19_a_case_completed_without_the_mark(clinic: FaultClinic) -> None:
    state, case = (
        clinic.shown(),
        some_case(clinic, "c.status = 'completed' AND c.extreme_case_check IS NOT NULL"),
    )
    assert case_checks.completed_unmarked(clinic.conn, clinic.case_question(state), state, {}) == []
    spoil(clinic, case["id"], "extreme_case_check = 'null'")

    found = case_checks.completed_unmarked(clinic.conn, clinic.case_question(state), state, {})

    assert rules(found) == {"R19"}
    assert found[0].text.startswith(case["key"])


def test_r19_another_case_of_the_patient_without_the_mark(clinic: FaultClinic) -> None:
    case = some_case(clinic, "c.status = 'draft' AND c.extreme_case_check IS NOT NULL")
    marked: dict[UUID, str] = {}
    assert case_checks.partly_marked(clinic.conn, clinic.clinic_id, clinic.now, marked) == []
    spoil(clinic, case["id"], "extreme_case_check = NULL")

    found = case_checks.partly_marked(clinic.conn, clinic.clinic_id, clinic.now, marked)

    assert rules(found) == {"R19"}
    assert found[0].text.startswith(case["key"])


def test_converges_a_case_that_differs(clinic: FaultClinic) -> None:
    state = clinic.shown()
    spoil(clinic, some_case(clinic)["id"], "status = 'ongoing'")

    found = case_differences(clinic.conn, clinic.case_question(state), state)

    assert any("status is ongoing, should be completed" in line for line in found)


def test_both_syncs_at_once_are_carried_out(clinic: FaultClinic) -> None:
    clinic.syncs = ("cases", "inbound")
    watch = Watch(clinic, Outcome("a group", "a name"))

    deliveries = run_both(watch)

    assert [one.succeeded for one in deliveries] == [True, True]
    assert watch.outcome.violations == []


def test_a_worker_runs_the_sync_that_its_event_names(rig: Rig) -> None:
    clinic = eventful_case_clinic(rig)
    event, order = tick(clinic, clinic.now)
    with working(clinic) as worker:
        worker.begin(event)
        answer = worker.answer()
    clinic.close()

    assert order.sync == event["sync"] == "cases"
    assert answer is not None
    assert answer["result"]["counts"]["consultations_read"] == 3
