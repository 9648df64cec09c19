"""The confirmed behaviour of the JSON endpoints, over real HTTP."""

from typing import Any

import httpx
import pytest

from neo_simulator.client import Company, Simulator
from tests.integration.neo_simulator.reading import (
    CALENDAR,
    ask_calendar,
    events,
    ids,
    look_up,
    page_data,
)
from tests.kit.plain_http import NO_TLS


def test_the_calendar_shows_a_visit_with_every_field(clinic: Company, reader: httpx.Client) -> None:
    visit = clinic.book("2026-05-04 09:00:00", reason="LIMPING LEFT FRONT")

    answer = ask_calendar(reader)

    assert answer.headers["content-type"].startswith("application/json")
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert answer.json() == {
        "events": [
            {
                "id": visit,
                "appointment_id": int(visit),
                "consultation_id": None,
                "start": "2026-05-04 09:00:00",
                "end": "2026-05-04 09:30:00",
                "arrival_date_time": None,
                "patient_id": 40021,
                "patient_name": "TANGO",
                "client_id": 15077,
                "client_title": "",
                "first_name": "Robin",
                "last_name": "Sample",
                "email": "robin.sample@example.com",
                "phone_number": "555-555-0100",
                "phone_label": "Mobile",
                "is_valid_mobile_phone": True,
                "provider": "DR. A. EXAMPLE",
                "popup_title_text": "DR. A. EXAMPLE",
                "resourceId": "3",
                "appointment_room_id": 3,
                "appointment_room_name": "ROOM A",
                "title": "TANGO; Sample, Robin",
                "type_description": "Exam",
                "reason": "LIMPING LEFT FRONT",
                "current_status": "Not Arrived",
                "status_label": "Not Arrived",
                "status_class": "not-arrived",
                "confirmed_status": None,
                "backgroundColor": "#aaddee",
                "darkFont": True,
                "is_block": False,
                "is_roster": False,
                "recurring": False,
                "booked_by": "Front Desk",
                "booked_at": "2026-05-04 08:00:00",
                "last_updated_by": "Front Desk",
                "last_updated_at": "2026-05-04 08:00:00",
                "root_created_at_local": "2026-05-04 08:00:00",
                "root_created_at_user": "Front Desk",
                "estimate_id": None,
                "is_unmatched": False,
                "audit_incomplete": False,
            }
        ]
    }


def test_a_block_has_a_title_and_nobody(clinic: Company, reader: httpx.Client) -> None:
    block = clinic.book_block("2026-05-04 12:00:00", "2026-05-04 14:00:00", "STAFF LUNCH", room=3)

    (event,) = events(reader)

    assert (event["id"], event["title"], event["is_block"]) == (block, "STAFF LUNCH", True)
    assert (event["start"], event["end"]) == ("2026-05-04 12:00:00", "2026-05-04 14:00:00")
    assert (event["resourceId"], event["patient_id"], event["provider"]) == ("3", None, None)


def test_a_recurring_block_comes_under_one_id(clinic: Company, reader: httpx.Client) -> None:
    block = clinic.book_block(
        "2026-05-04 12:00:00", "2026-05-04 13:00:00", repeat_days=["2026-05-05", "2026-05-11"]
    )

    shown = events(reader)

    assert [event["id"] for event in shown] == [block, block]
    assert [event["start"][:10] for event in shown] == ["2026-05-04", "2026-05-05"]
    assert {event["recurring"] for event in shown} == {True}
    assert {event["resourceId"] for event in shown} == {None}


def test_a_whole_day_is_midnight_to_midnight(clinic: Company, reader: httpx.Client) -> None:
    clinic.book_block("2026-05-04 00:00:00", "2026-05-05 00:00:00", "CLOSED")

    (event,) = events(reader)

    assert event["start"] == event["end"] == "2026-05-04 00:00:00"


def test_the_status_follows_the_visit_and_the_clock(clinic: Company, reader: httpx.Client) -> None:
    clinic.set_knob("session_idle_minutes", None)
    visit = clinic.book("2026-05-04 09:00:00")

    def seen() -> tuple[str, str]:
        return events(reader)[0]["current_status"], look_up(reader, visit)["status"]

    assert seen() == ("Not Arrived", "not arrived")
    clinic.advance(minutes=61)
    assert seen() == ("Late", "late")
    clinic.confirm_arrival(visit)
    assert seen() == ("Arrived", "arrived")
    clinic.start_consultation(visit)
    assert seen() == ("In Progress", "in progress")
    clinic.ready_to_pay(visit)
    assert seen() == ("Ready to Pay", "ready to pay")
    clinic.finalise(visit)
    assert seen() == ("Finalized", "finalized")
    other = clinic.book("2026-05-04 09:30:00")
    clinic.no_show(other)
    assert events(reader)[1]["current_status"] == "No Show"


def test_an_arrival_and_a_consultation_show_in_the_calendar(
    clinic: Company, reader: httpx.Client
) -> None:
    clinic.set_knob("session_idle_minutes", None)
    visit = clinic.book("2026-05-04 09:00:00")
    clinic.set_clock("2026-05-04 08:55:12")
    clinic.confirm_arrival(visit)
    consultation = clinic.start_consultation(visit)

    (event,) = events(reader)

    assert event["arrival_date_time"] == "2026-05-04 08:55:12"
    assert event["consultation_id"] == int(consultation)


def test_a_move_is_seen_at_once_under_the_same_id(clinic: Company, reader: httpx.Client) -> None:
    visit = clinic.book("2026-05-04 09:00:00")
    assert events(reader)[0]["start"] == "2026-05-04 09:00:00"

    clinic.move(visit, start="2026-05-20 10:00:00", room=4)

    assert ids(reader) == []
    assert ids(reader, first="2026-05-20", last="2026-05-20") == [visit]
    moved = look_up(reader, visit)
    assert (moved["startAtLocal"], moved["appointmentRoom"]["id"]) == ("2026-05-20 10:00:00", 4)


def test_changed_patients_and_owners_are_seen_at_once(
    clinic: Company, reader: httpx.Client
) -> None:
    clinic.book("2026-05-04 09:00:00")
    (before,) = events(reader)

    clinic.rename_patient(before["patient_id"], "TANGO II")
    clinic.change_phone(before["client_id"], "5555550199")
    clinic.change_owner(before["client_id"], last_name="Specimen")

    (after,) = events(reader)
    assert after["title"] == "TANGO II; Specimen, Robin"
    assert after["phone_number"] == "5555550199"


def test_a_deleted_visit_leaves_the_calendar_and_stays_readable(
    clinic: Company, reader: httpx.Client
) -> None:
    visit = clinic.book("2026-05-04 09:00:00")
    clinic.delete(visit)

    assert ids(reader) == []
    assert look_up(reader, visit)["deleted"] is True
    clinic.undelete(visit)
    assert ids(reader) == [visit]


def test_look_up_shows_names_species_and_types_as_seen(
    clinic: Company, reader: httpx.Client
) -> None:
    visit = clinic.book("2026-05-06 10:00:00", patient="Tango", reason="recheck")

    assert look_up(reader, visit) == {
        "id": visit,
        "status": "not arrived",
        "startAtLocal": "2026-05-06 10:00:00",
        "endAtLocal": "2026-05-06 10:30:00",
        "notes": "recheck",
        "deleted": False,
        "block": False,
        "bookedBy": "Front Desk",
        "createdAt": "2026-05-04 08:00:00",
        "patient": {
            "id": 40021,
            "name": "Tango",
            "breed": {"id": 3001, "name": "Mixed"},
            "species": {"id": 31, "name": "Dog"},
            "gender": {"id": 9, "name": "Neutered Male"},
            "client": {
                "id": 15077,
                "firstName": "Robin",
                "lastName": "Sample",
                "email": "robin.sample@example.com",
                "homePhone": None,
                "mobilePhone": "555-555-0100",
            },
        },
        "appointmentType": {"id": 1001, "name": "Exam", "duration": 2, "color": "#aaddee"},
        "appointmentRoom": {"id": 3, "name": "ROOM A", "position": 1},
        "provider": {"id": 1000, "name": "DR. A. EXAMPLE"},
        "cancelledReason": None,
    }


def test_look_up_of_a_block_has_no_patient(clinic: Company, reader: httpx.Client) -> None:
    block = clinic.book_block("2026-05-04 12:00:00", "2026-05-04 13:00:00")

    found = look_up(reader, block)

    assert (found["block"], found["patient"], found["appointmentRoom"]) == (True, None, None)


def test_the_view_has_rooms_types_providers_hours_and_the_slot(reader: httpx.Client) -> None:
    view = reader.get("/appointments/getAppointmentView").json()

    assert view["slotInterval"] == 15
    assert view["appointmentRooms"][0] == {"id": 3, "name": "ROOM A", "position": 1}
    assert view["appointmentTypes"][0] == {
        "id": 1,
        "name": "Default",
        "duration": 1,
        "color": "#EEEEEE",
    }
    assert view["providers"][1] == {"id": 1000, "name": "DR. A. EXAMPLE", "provider": True}
    assert view["businessHours"][1] == {
        "daysOfWeek": [6],
        "startTime": "09:00",
        "endTime": "13:00",
    }
    assert view["deputyEnabled"] is False


def test_page_data_has_the_consultation_the_notes_and_the_lines(
    clinic: Company, reader: httpx.Client
) -> None:
    consultation = clinic.start_consultation(clinic.book("2026-05-04 09:00:00", reason="limping"))
    clinic.edit_notes(consultation, "<p>S: two days lame&nbsp;after play.</p>")
    clinic.add_line(consultation, "EXAM - OFFICE", total=60, provider=1000)
    clinic.add_line(consultation, "DROPS; 5ML", quantity=0.5, total=12.5, declined=True)

    data = page_data(reader, consultation)

    assert data["consultation"] == {
        "id": int(consultation),
        "reason": "limping",
        "notes": "",
        "date": "2026-05-04",
        "status": "draft",
    }
    assert data["consultationNotes"] == {"notes": "<p>S: two days lame&nbsp;after play.</p>"}
    exam, drops = data["consultationLines"]
    assert (exam["productService"], exam["quantity"], exam["provider"]["id"]) == (
        "EXAM - OFFICE",
        1,
        1000,
    )
    assert (drops["quantity"], drops["isDeclined"], drops["lineTotalExcTax"]) == (0.5, True, 12.5)
    assert (data["patient"]["name"], data["patient"]["species"]) == ("TANGO", "Dog")
    assert data["client"]["mobilePhone"] == "555-555-0100"
    assert data["clientBranch"]["name"] == "Example Animal Clinic"
    assert len(data["pageData"]["providers"]) == 4


@pytest.mark.parametrize("signs", [{"temperature": 38.5, "pulse": None}, [{"pulse": 90}], None])
def test_page_data_has_the_vital_signs_in_whatever_shape(
    clinic: Company, reader: httpx.Client, signs: Any
) -> None:
    consultation = clinic.start_consultation(clinic.book("2026-05-04 09:00:00"))
    assert page_data(reader, consultation)["vitalSignGroup"] is None

    clinic.set_vital_signs(consultation, signs)

    assert page_data(reader, consultation)["vitalSignGroup"] == signs
    assert clinic.state()["consultations"][0]["vital_signs"] == signs


def test_a_walk_in_is_readable_and_not_in_the_calendar(
    clinic: Company, reader: httpx.Client
) -> None:
    patient = clinic.add_patient(clinic.add_client(first_name="Robin"), name="TANGO")
    consultation = clinic.walk_in(patient, "NAIL TRIM")

    assert page_data(reader, consultation)["consultation"]["reason"] == "NAIL TRIM"
    assert ids(reader) == []


def test_search_finds_by_patient_and_by_owner(clinic: Company, reader: httpx.Client) -> None:
    clinic.book("2026-05-04 09:00:00", patient="TANGO", owner_last="O'Sample & Co")
    clinic.book("2026-05-04 09:00:00", patient="MOCHI", owner_last="Specimen")

    def search(**query: str) -> list[dict[str, str]]:
        results = reader.get("/search/patients", params=query).json()["results"]
        found = results["patients"]["objects"] + results["suggested"]["objects"]
        return [{"name": hit["name"], "owner": hit["client"]["lastName"]} for hit in found]

    assert search(q="mochi", escape="false") == [{"name": "MOCHI", "owner": "Specimen"}]
    assert search(q="o's", escape="false") == [{"name": "TANGO", "owner": "O'Sample & Co"}]
    assert search(q="tango") == [{"name": "TANGO", "owner": "O&#x27;Sample &amp; Co"}]
    assert len(search(q="", limit="1")) == 1


def test_a_calendar_request_without_a_window_is_refused(reader: httpx.Client) -> None:
    assert reader.get(CALENDAR).status_code == 400
    assert reader.get(CALENDAR, params={"start": "today", "end": "x"}).status_code == 400


@pytest.mark.parametrize("address", ["base_url", "shared_url"])
def test_two_companies_with_the_same_ids_do_not_leak(
    simulator: Simulator, clinic: Company, address: str
) -> None:
    other = simulator.create_company(generate=False, now="2026-05-04 08:00:00")
    mine = clinic.book("2026-05-04 09:00:00", patient="MINE")
    theirs = other.book("2026-05-04 10:00:00", patient="THEIRS")
    assert mine == theirs

    for company, name in ((clinic, "MINE"), (other, "THEIRS")):
        url = getattr(company, address)
        with httpx.Client(verify=NO_TLS, base_url=url, cookies=company.open_session()) as reader:
            assert [event["patient_name"] for event in events(reader)] == [name]
            assert look_up(reader, mine)["patient"]["name"] == name
    assert [request["path"] for request in other.requests()] == [
        CALENDAR,
        "/appointments/getAppointment",
    ]
    other.remove()


def test_a_state_holds_everything_that_is_true(clinic: Company) -> None:
    visit = clinic.book("2026-05-04 09:00:00")
    gone = clinic.book("2026-05-04 09:30:00")
    clinic.delete(gone)
    clinic.book_block("2026-05-04 12:00:00", "2026-05-04 13:00:00", repeat_days=["2026-05-05"])
    consultation = clinic.start_consultation(visit)

    state = clinic.state()

    assert state["company"]["now"] == "2026-05-04 08:00:00"
    assert [(v["id"], v["status"], v["deleted"]) for v in state["visits"]] == [
        (visit, "in progress", False),
        (gone, "not arrived", True),
    ]
    assert state["blocks"][0]["occurrences"] == [
        {"start": "2026-05-04 12:00:00", "end": "2026-05-04 13:00:00"},
        {"start": "2026-05-05 12:00:00", "end": "2026-05-05 13:00:00"},
    ]
    assert [c["id"] for c in state["consultations"]] == [consultation]
    assert clinic.visit(visit)["consultation_id"] == consultation
