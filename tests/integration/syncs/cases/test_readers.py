"""What ODIS's readers ask of our rows, written down as they ask it, and the answers they get.

ODIS schema, sections on what triggers calls and on who reads what we write.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from psycopg.rows import dict_row

from idexx_sync.pims.protocol import Gone
from tests.kit.cases_bench import CasesBench
from tests.kit.records import chart, patient_visit, seen

AUTO_SCHEDULED = """
    SELECT c.id FROM public.cases c
     WHERE c.clinic_id = %(clinic_id)s AND c.user_id IS NOT NULL
       AND c.status = 'completed'
       AND c.created_at >= %(now)s - interval '3 days'
       AND (length(c.entity_extraction #>> '{patient,owner,phone}') >= 10
            OR c.entity_extraction #>> '{patient,owner,email}' IS NOT NULL)
       AND EXISTS (SELECT FROM public.discharge_summaries d WHERE d.case_id = c.id)
       AND NOT coalesce((c.extreme_case_check ->> 'isExtremeCase')::boolean, false)
"""
"""Cases of which the daily job plans a follow-up."""

GUARDED = """
    SELECT lower(c.metadata #>> '{pimsAppointment,status}') IN ('no-show', 'cancelled') AS stops,
           concat_ws(' ', c.metadata #>> '{idexx,notes}', c.metadata #>> '{idexx,appointment_type}',
                     c.metadata #>> '{pimsConsultation,notes}',
                     c.metadata #>> '{pimsConsultation,reason}',
                     c.metadata #>> '{pimsConsultation,productsServices}',
                     c.metadata #>> '{entities,clinical,clinicalNotes}',
                     c.metadata #>> '{entities,clinical,productsServicesProvided}')
               ~* 'euthan' AS extreme
      FROM public.cases c WHERE c.id = %(case_id)s
"""
"""What a queued call or e-mail is checked against before it goes out."""

DASHBOARD = """
    SELECT c.status::text, c.scheduled_at, c.metadata #>> '{pimsAppointment,status}' AS word,
           p.name, p.owner_name, p.owner_phone
      FROM public.cases c
      LEFT JOIN LATERAL (SELECT * FROM public.patients p WHERE p.case_id = c.id
                          ORDER BY p.created_at, p.id LIMIT 1) p ON true
     WHERE c.clinic_id = %(clinic_id)s AND c.id = %(case_id)s
"""
"""A line of the dashboard: the case with its first patient."""

DAY_OF_THE_DASHBOARD = """
    SELECT id FROM public.cases WHERE clinic_id = %(clinic_id)s
       AND (coalesce(scheduled_at, created_at) AT TIME ZONE 'America/Los_Angeles')::date = %(day)s
"""

ENRICHMENT = """
    SELECT id FROM public.cases
     WHERE clinic_id = %(clinic_id)s AND scheduled_at <= %(now)s
       AND metadata #>> '{pimsAppointment,consultationId}' IS NOT NULL
"""
"""Visits that took place and have a consultation; a JSON null is none."""

ENTRY_BY_CONSULTATION = """
    SELECT id FROM public.cases
     WHERE clinic_id = %(clinic_id)s AND metadata #>> '{pimsConsultation,id}' = %(consultation)s
"""


@pytest.fixture
def bench(bench: CasesBench) -> CasesBench:
    """A clinic with one finished, recorded visit of this morning."""
    bench.shows(seen(client_email="robin@example.com"))
    bench.writes(chart())
    bench.cases()
    summarise(bench, bench.case()["id"])
    return bench


def test_finished(bench: CasesBench) -> None:
    assert auto_scheduled(bench) == [bench.case()["id"]]
    assert guards(bench) == {"stops": False, "extreme": False}
    assert dashboard(bench) == {
        "status": "completed",
        "scheduled_at": datetime(2026, 5, 4, 13, tzinfo=UTC),
        "word": "Finalized",
        "name": "TANGO",
        "owner_name": "Robin Sample",
        "owner_phone": "+15555550100",
    }
    assert ids(bench, ENTRY_BY_CONSULTATION, consultation="9600101") == [bench.case()["id"]]
    assert ids(bench, ENRICHMENT) == [bench.case()["id"]]


def test_finished_after_it_was_booked_long_before(bench: CasesBench) -> None:
    """The daily job takes cases that were made at most three days ago."""
    booked = patient_visit("600102", "2026-05-14 09:00:00", patient_id="40022")
    bench.shows(booked)
    while bench.now < datetime(2026, 5, 15, 2, tzinfo=UTC):  # 19:00 of the visit's day
        bench.cases()
        bench.later(120)
    bench.shows(seen("600102", booked.start, patient_id="40022"))
    bench.writes(chart("600102", patient_id="40022"))

    bench.cases()

    summarise(bench, bench.case("600102")["id"])
    assert auto_scheduled(bench) == [bench.case("600102")["id"]]


@pytest.mark.parametrize(("word", "told"), [("No Show", "no-show"), ("Cancelled", "cancelled")])
def test_no_show_and_cancelled(bench: CasesBench, word: str, told: str) -> None:
    bench.shows(patient_visit(status=word))

    bench.cases()

    assert auto_scheduled(bench) == []
    assert guards(bench)["stops"] is True
    assert (dashboard(bench)["status"], dashboard(bench)["word"]) == ("reviewed", told)


def test_cancelled_after_a_person_had_completed_it(bench: CasesBench) -> None:
    """The status is the person's, and still no call goes out."""
    bench.shows(patient_visit("600102", status="In Progress", patient_id="40022"))
    bench.cases()
    case_id = bench.case("600102")["id"]
    bench.edit("cases", case_id, status="completed")
    bench.shows(patient_visit("600102", status="Cancelled", patient_id="40022"))

    bench.cases()

    assert bench.case("600102")["status"] == "completed"
    assert guards(bench, case_id)["stops"] is True


def test_euthanised(bench: CasesBench) -> None:
    bench.writes(chart(notes_html="<p>Euthanasia performed.</p>"))
    bench.later(60 * 24)

    bench.cases()

    assert auto_scheduled(bench) == []
    assert guards(bench) == {"stops": False, "extreme": True}


def test_euthanised_at_another_visit(bench: CasesBench) -> None:
    bench.shows(seen(), seen("600102", "2026-05-04 06:45:00", type="Euthanasia"))
    bench.pims.charts["9600102"] = Gone()

    bench.cases()

    assert auto_scheduled(bench) == []


def test_moved(bench: CasesBench) -> None:
    bench.shows(seen(start="2026-05-05 17:30:00", status="Not arrived", consultation_id=None))

    bench.cases()

    assert dashboard(bench)["scheduled_at"] == datetime(2026, 5, 6, 0, 30, tzinfo=UTC)
    assert ids(bench, DAY_OF_THE_DASHBOARD, day="2026-05-05") == [bench.case()["id"]]
    assert ids(bench, DAY_OF_THE_DASHBOARD, day="2026-05-04") == []
    assert auto_scheduled(bench) == []
    assert ids(bench, ENRICHMENT) == []


def test_duplicate(bench: CasesBench) -> None:
    twin = bench.add_case("idexx-appt-600101", created_at=bench.now)
    bench.later(120)
    bench.cases()
    assert auto_scheduled(bench) == [bench.case()["id"]]
    bench.edit("cases", twin, status="completed", user_id=bench.case()["user_id"])
    bench.shows(seen(status="Cancelled"))

    bench.cases()

    assert guards(bench, twin)["stops"] is True
    assert guards(bench)["stops"] is True


def test_edited_by_a_person(bench: CasesBench) -> None:
    bench.edit("patients", bench.patient()["id"], name="Tango", owner_phone="+15555550188")
    bench.edit("cases", bench.case()["id"], status="reviewed", is_starred=True)
    bench.shows(seen(client_phone="555-555-0199"))
    bench.later(60 * 24)

    bench.cases()

    shown = dashboard(bench)
    assert (shown["status"], shown["name"]) == ("reviewed", "Tango")
    assert shown["owner_phone"] == "+15555550188"
    assert bench.case()["is_starred"] is True
    assert auto_scheduled(bench) == []


def test_not_read_yet(bench: CasesBench) -> None:
    bench.shows(seen("600102", patient_id="40022"))
    bench.pims.charts["9600102"] = Gone()

    bench.cases()

    summarise(bench, bench.case("600102")["id"])
    assert bench.case("600102")["id"] not in auto_scheduled(bench)


def test_before_the_clinic_was_live(bench: CasesBench) -> None:
    bench.conn.execute(
        "UPDATE idexx_sync.clinic_settings SET live_from = '2026-05-05' WHERE clinic_id = %s",
        (bench.clinic_id,),
    )
    bench.shows(seen("600102", patient_id="40022"))
    bench.writes(chart("600102", patient_id="40022"))

    bench.cases()

    summarise(bench, bench.case("600102")["id"])
    assert bench.case("600102")["id"] not in auto_scheduled(bench)


def test_json_null_is_no_consultation(bench: CasesBench) -> None:
    """An earlier service wrote it, and we do where there is none."""
    bench.add_case(
        "pims-appt-idexx-neo-600102",
        metadata={"pimsAppointment": {"id": "600102", "consultationId": None}},
    )
    bench.shows(patient_visit("600102", patient_id="40022"))

    bench.cases()

    assert bench.case("600102")["id"] not in ids(bench, ENRICHMENT)


@pytest.mark.parametrize(
    "column",
    [
        {"is_starred": True},
        {"is_urgent": True},
        {"extreme_case_check": {"isExtremeCase": False}},
        {"visibility": "public"},
    ],
)
def test_what_belongs_to_people_survives(bench: CasesBench, column: dict[str, Any]) -> None:
    bench.edit("cases", bench.case()["id"], **column)
    bench.shows(seen(reason="LIMPING LESS", client_phone="555-555-0199"))
    bench.later(60 * 24)

    bench.cases()

    (name, value) = next(iter(column.items()))
    assert bench.case()[name] == value


def auto_scheduled(bench: CasesBench) -> list[UUID]:
    return ids(bench, AUTO_SCHEDULED)


def ids(bench: CasesBench, question: str, **more: Any) -> list[UUID]:
    parameters = {"clinic_id": bench.clinic_id, "now": bench.now + timedelta(minutes=1), **more}
    with bench.conn.cursor() as cur:
        return sorted(row[0] for row in cur.execute(question, parameters))


def guards(bench: CasesBench, case_id: UUID | None = None) -> dict[str, bool]:
    return ask(bench, GUARDED, case_id)


def dashboard(bench: CasesBench) -> dict[str, Any]:
    return ask(bench, DASHBOARD, None)


def ask(bench: CasesBench, question: str, case_id: UUID | None) -> dict[str, Any]:
    wanted = case_id or bench.case()["id"]
    parameters = {"case_id": wanted, "clinic_id": bench.clinic_id}
    with bench.conn.cursor(row_factory=dict_row) as cur:
        found = cur.execute(question, parameters).fetchone()
    assert found is not None
    return found


def summarise(bench: CasesBench, case_id: UUID) -> None:
    """ODIS's product has written what the owner is told."""
    user_id = bench.case()["user_id"]
    bench.conn.execute(
        "INSERT INTO public.discharge_summaries (case_id, user_id, content) VALUES (%s, %s, 'x')",
        (case_id, user_id),
    )
