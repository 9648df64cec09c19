"""Every check of cases can fail: an outcome is spoilt, and the check says so."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg.types.json import Jsonb

from oracle.cases import KEY, case_differences
from tests.faults import ask_oracle, case_checks, checks
from tests.faults.calls import Calls
from tests.faults.canaries import CANARIES
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


@pytest.mark.parametrize("table", ["idexx_sync.records", "idexx_sync.jobs"])
def test_v8_personal_words_where_only_ids_should_be(clinic: FaultClinic, table: str) -> None:
    assert clinic.rig.traces.in_rows(clinic.conn, clinic.clinic_id) == []
    column = "result" if table.endswith("jobs") else "source"
    clinic.conn.execute(
        f"UPDATE {table} SET {column} = %s WHERE clinic_id = %s",
        (Jsonb({"name": "PET 1"}), clinic.clinic_id),
    )

    assert rules(clinic.rig.traces.in_rows(clinic.conn, clinic.clinic_id)) == {"V8"}


@pytest.mark.parametrize(
    "said", ["555-555-0142", "5555550142", "(555) 555-0142", "+1 555 555 0142 x4", "+15555550142"]
)
def test_v8_a_phone_number_is_personal_and_an_id_like_one_is_not(said: str) -> None:
    assert CANARIES.search(f'{{"told": "{said}"}}')
    for chance in ("0c1f5555-555b-4000-8000-000000000001", "09:00:00.555555+00"):
        assert not CANARIES.search(chance)


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


def test_r18_a_case_completed_minutes_after_a_visit_without_a_record(clinic: FaultClinic) -> None:
    visit = clinic.neo.book(clinic.neo.now(), patient="PET OF NOTE")
    clinic.neo.check_out(visit)
    assert clinic.invoke(clinic.order()).succeeded
    state = clinic.shown()
    check = case_checks.completed_too_soon
    question = clinic.case_question(state)
    assert check(clinic.conn, question, state, {}) == []
    case = some_case(clinic, f"k.external_id = '{KEY}{visit}'")
    spoil(clinic, case["id"], "status = 'completed'")

    assert rules(check(clinic.conn, question, state, {})) == {"R18"}
    before = observe_cases(clinic.conn, clinic.clinic_id)
    assert check(clinic.conn, question, state, before) == []  # it was so before
    clinic.later(110)
    state = clinic.shown()
    assert check(clinic.conn, question, state, {}) == []


def test_r18_a_case_completed_though_it_was_made_long_after_its_visit(clinic: FaultClinic) -> None:
    state = clinic.shown()
    spoil(clinic, some_case(clinic)["id"], "created_at = created_at + interval '6 days'")

    found = case_checks.completed_too_soon(clinic.conn, clinic.case_question(state), state, {})

    assert rules(found) == {"R18"}
    assert "long after its visit" in found[0].text


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


@pytest.mark.parametrize("check", ["{}", '{"isExtremeCase": false}', '"pending"'])
def test_r19_a_case_completed_although_its_check_says_no_or_nothing(
    clinic: FaultClinic, check: str
) -> None:
    state, question = clinic.shown(), clinic.case_question(clinic.shown())
    case = some_case(clinic, "c.status = 'completed' AND c.extreme_case_check IS NOT NULL")
    spoil(clinic, case["id"], f"extreme_case_check = '{check}'")

    found = case_checks.completed_unmarked(clinic.conn, question, state, {})

    assert rules(found) == {"R19"}


def test_r19_only_a_no_from_before_a_visit_may_give_way_to_a_mark(clinic: FaultClinic) -> None:
    people = clinic.people
    mark = 'extreme_case_check = \'{"isExtremeCase": true, "category": "death"}\''
    unmarked = "c.extreme_case_check IS NULL"
    early = some_case(clinic, f"{unmarked} AND c.scheduled_at > idexx_sync.clock()")
    people.refuse_mark(early)
    assert people.undone(clinic.shown()) == []
    clinic.later(24 * 60)
    late = some_case(clinic, f"{unmarked} AND c.scheduled_at < idexx_sync.clock()")
    people.refuse_mark(late)

    spoil(clinic, early["id"], mark)
    assert people.undone(clinic.shown()) == []
    spoil(clinic, late["id"], mark)
    assert rules(people.undone(clinic.shown())) == {"R15"}


def test_r19_what_a_name_and_a_patients_life_say_is_a_difference(clinic: FaultClinic) -> None:
    state = clinic.shown()
    visits = [v for v in state["visits"] if not v["deleted"]]
    renamed, died = visits[0]["patient_id"], visits[3]["patient_id"]
    for visit in visits:
        visit["patient"] += " (DECEASED)" if visit["patient_id"] == renamed else ""
    for patient in state["patients"]:
        patient["alive"] &= patient["id"] != died
    question = replace(clinic.case_question(state), life_shown=["calendar"])

    found = case_differences(clinic.conn, question, state)

    told = {line.partition(":")[0] for line in found if "is not marked" in line}
    assert {v["id"] for v in visits if v["patient_id"] in (renamed, died)} <= told


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


@pytest.fixture
def called(clinic: FaultClinic) -> Calls:
    """Who would be called, after a run that has read every record; nobody is to blame yet."""
    clinic.neo.book(
        datetime(2026, 5, 5, 17),  # noqa: DTZ001 a wall clock
        patient="SECOND",
        owner_first="Kim",
        phone="555-555-0177",
        email="kim.sample@example.com",
    )
    clinic.later(24 * 60 + 1)
    calls, order = Calls(clinic), clinic.order()
    calls.before_run()
    clinic.deliver(order)
    assert calls.after_run([order.job_id]) == []
    return calls


def test_v12_a_patient_that_has_died_is_called_about(clinic: FaultClinic, called: Calls) -> None:
    case = some_case(clinic, "c.extreme_case_check ->> 'isExtremeCase' = 'true'")

    spoil(clinic, case["id"], "extreme_case_check = NULL, status = 'completed'")

    assert rules(called.after_run([])) == {"V12"}
    spoil(clinic, case["id"], """extreme_case_check = '{"isExtremeCase": false}'""")
    assert rules(called.after_run([])) == {"V12"}
    called.before_run()  # somebody has said so, and nothing else was read since
    assert called.after_run([]) == []
    spoil(clinic, case["id"], "extreme_case_check = NULL, status = 'ongoing'")
    assert called.after_run([]) == []


@pytest.mark.parametrize(
    ("place", "what"),
    [
        ("{patient,owner,phone}", "the phone"),
        ("{patient,owner,email}", "the e-mail"),
        ("{patient,owner,name}", "the owner's name"),
        ("{patient,name}", "the name"),
    ],
)
def test_v12_somebody_is_called_with_words_of_another_one(
    clinic: FaultClinic, called: Calls, place: str, what: str
) -> None:
    case = some_case(clinic)
    other = some_case(clinic, "p.name ~ 'SECOND'")
    assert called.after_run([]) == []

    clinic.conn.execute(
        "UPDATE public.cases c SET entity_extraction = jsonb_set(c.entity_extraction, %(place)s, "
        "o.entity_extraction #> %(place)s) FROM public.cases o "
        "WHERE c.id = %(case)s AND o.id = %(other)s",
        {"place": place, "case": case["id"], "other": other["id"]},
    )

    (found,) = called.after_run([])
    assert found.rule == "V12"
    assert found.text.endswith(f"with {what} of another one")


def test_v12_a_call_would_read_out_the_record_of_another_one(
    clinic: FaultClinic, called: Calls
) -> None:
    case, other = some_case(clinic), some_case(clinic, "c.metadata::text LIKE '%%fine%%'")
    assert case["id"] != other["id"]

    clinic.conn.execute(
        "UPDATE public.cases c SET metadata = c.metadata || jsonb_build_object('dischargeSummary', "
        "o.metadata -> 'dischargeSummary', 'pimsConsultation', o.metadata -> 'pimsConsultation') "
        "FROM public.cases o WHERE c.id = %s AND o.id = %s",
        (case["id"], other["id"]),
    )

    told = {one.text.partition("with ")[2] for one in called.after_run([])}
    assert told == {"the record of another one", "the notes of another one"}


def test_v12_only_whom_odis_would_call_counts(clinic: FaultClinic, called: Calls) -> None:
    case = some_case(clinic, "c.extreme_case_check ->> 'isExtremeCase' = 'true'")
    spoil(clinic, case["id"], "extreme_case_check = NULL, status = 'completed'")
    assert rules(called.after_run([])) == {"V12"}

    for change in (
        "auto_scheduled_at = now()",
        "auto_scheduled_at = NULL, scheduling_source = 'manual'",
        "scheduling_source = NULL, user_id = NULL",
    ):
        spoil(clinic, case["id"], change)
        assert called.after_run([]) == []
    spoil(clinic, case["id"], f"user_id = '{case['user_id']}'")
    assert rules(called.after_run([])) == {"V12"}
    clinic.later(3 * 24 * 60)
    assert called.after_run([]) == []
