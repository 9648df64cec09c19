"""Every knob that shapes an answer or its data, shown over real HTTP."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from neo_simulator.client import Company, Simulator, SimulatorRefused
from tests.integration.neo_simulator.reading import ask_calendar, events, ids, look_up, page_data
from tests.kit.plain_http import NO_TLS

# -- sessions --------------------------------------------------------------------------------


@pytest.fixture
def stranger(clinic: Company) -> Iterator[httpx.Client]:
    """A client whose session has ended."""
    with httpx.Client(
        verify=NO_TLS, base_url=clinic.base_url, cookies=clinic.open_session()
    ) as client:
        clinic.expire_sessions()
        yield client


def test_an_expired_session_is_redirected_to_the_login(stranger: httpx.Client) -> None:
    answer = ask_calendar(stranger)

    assert (answer.status_code, answer.headers["location"]) == (302, "/login")


@pytest.mark.parametrize(
    ("variant", "status", "kind", "within"),
    [
        ("302_login", 302, "text/html", ""),
        ("302_root", 302, "text/html", ""),
        ("302_login_timeout", 302, "text/html", ""),
        ("200_login_html", 200, "text/html", 'id="login-config"'),
        ("200_page", 200, "text/html", "Welcome back"),
        ("200_json", 200, "application/json", "ended"),
        ("204", 204, "", ""),
        ("400", 400, "application/json", '"error"'),
        ("404", 404, "application/json", '"error"'),
        ("410", 410, "", ""),
        ("401_json", 401, "application/json", '"error"'),
        ("401_empty", 401, "", ""),
        ("403", 403, "text/html", "Forbidden"),
        ("419", 419, "application/json", "CSRF"),
    ],
)
@pytest.mark.parametrize("address", ["base_url", "shared_url"])
def test_expired_answers(
    clinic: Company, variant: str, status: int, kind: str, within: str, address: str
) -> None:
    clinic.set_knob("expired_answer", variant)
    cookies = clinic.open_session()
    clinic.expire_sessions()

    with httpx.Client(
        verify=NO_TLS, base_url=getattr(clinic, address), cookies=cookies
    ) as stranger:
        answer = ask_calendar(stranger)

    assert (answer.status_code, within in answer.text) == (status, True)
    assert answer.headers.get("content-type", "").startswith(kind)


def test_on_the_shared_address_no_cookie_gets_the_default_answer(clinic: Company) -> None:
    clinic.set_knob("expired_answer", "401_json")
    with httpx.Client(verify=NO_TLS, base_url=clinic.shared_url) as nobody:
        assert ask_calendar(nobody).status_code == 302
    with httpx.Client(verify=NO_TLS, base_url=clinic.base_url) as nobody:
        assert ask_calendar(nobody).status_code == 401


def test_session_limits_follow_the_companys_clock(clinic: Company, reader: httpx.Client) -> None:
    clinic.set_knob("session_idle_minutes", 30)
    clinic.set_knob("session_absolute_minutes", 70)

    seen = []
    for _ in range(4):
        clinic.advance(minutes=20)
        seen.append(ask_calendar(reader).status_code)

    assert seen == [200, 200, 200, 302]


def test_idle_sessions_end(clinic: Company, reader: httpx.Client) -> None:
    clinic.advance(minutes=21)

    assert ask_calendar(reader).status_code == 302


# -- shape -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variant", "shape"),
    [
        ("events", {"events": []}),
        ("bare_array", []),
        ("unexpected_object", {"status": "ok", "payload": {"calendar": []}}),
        ("events_null", {"events": None}),
    ],
)
def test_envelope(clinic: Company, reader: httpx.Client, variant: str, shape: Any) -> None:
    clinic.set_knob("envelope", variant)

    assert ask_calendar(reader).json() == shape


def test_id_types(clinic: Company, reader: httpx.Client) -> None:
    visit = clinic.book("2026-05-04 09:00:00")
    consultation = clinic.start_consultation(visit)
    assert events(reader)[0]["id"] == visit

    clinic.set_knob(
        "id_types",
        {
            "event.id": "number",
            "event.resourceId": "number",
            "event.patient_id": "string",
            "view.appointmentRooms.id": "string",
            "appointment.id": "number",
            "appointment.patient.client.id": "string",
            "page.consultation.id": "string",
        },
    )

    (event,) = events(reader)
    assert (event["id"], event["resourceId"], event["patient_id"]) == (int(visit), 3, "40021")
    rooms = reader.get("/appointments/getAppointmentView").json()["appointmentRooms"]
    assert [room["id"] for room in rooms] == ["3", "4", "5"]
    found = look_up(reader, visit)
    assert (found["id"], found["patient"]["client"]["id"]) == (int(visit), "15077")
    assert page_data(reader, consultation)["consultation"]["id"] == consultation


@pytest.mark.parametrize(
    ("variant", "shown"),
    [
        ("exclusive", ["first"]),
        ("inclusive", ["first", "at the end"]),
        ("spanning", ["night before", "first"]),
    ],
)
def test_end_bound(clinic: Company, reader: httpx.Client, variant: str, shown: list[str]) -> None:
    clinic.book("2026-05-03 23:30:00", minutes=60, reason="night before")
    clinic.book("2026-05-04 09:00:00", reason="first")
    clinic.book("2026-05-05 00:00:00", reason="at the end")
    clinic.set_knob("end_bound", variant)

    window = {"start": "2026-05-04 00:00:00", "end": "2026-05-05 00:00:00"}
    answer = reader.get("/appointments/getCalendarEventData", params=window)

    assert [event["reason"] for event in answer.json()["events"]] == shown


def test_cancelled_visits(clinic: Company, reader: httpx.Client) -> None:
    visit = clinic.book("2026-05-04 09:00:00")
    clinic.cancel(visit, "SICK OWNER")
    assert events(reader)[0]["current_status"] == "Cancelled"

    clinic.set_knob("cancelled_visits", "absent")

    assert ids(reader) == []
    found = look_up(reader, visit)
    assert (found["status"], found["cancelledReason"]) == ("cancelled", "SICK OWNER")


def test_deleted_visits(clinic: Company, reader: httpx.Client) -> None:
    visit = clinic.book("2026-05-04 09:00:00")
    clinic.delete(visit)
    assert look_up(reader, visit)["deleted"] is True

    clinic.set_knob("deleted_visits", "unknown")

    answer = reader.get("/appointments/getAppointment", params={"id": visit})
    assert answer.status_code == 404


def test_species_form(clinic: Company, reader: httpx.Client) -> None:
    consultation = clinic.start_consultation(clinic.book("2026-05-04 09:00:00"))
    clinic.set_knob("species_form", "object")

    patient = page_data(reader, consultation)["patient"]

    assert patient["species"] == {"id": 31, "name": "Dog"}
    assert patient["breed"] == {"id": 3001, "name": "Mixed"}
    assert patient["sex"] == {"id": 9, "name": "Neutered Male"}


@pytest.mark.parametrize(
    ("variant", "page", "consultation"),
    [
        ("consultation_notes", {"notes": "<p>x</p>"}, {"notes": ""}),
        ("consultation", None, {"notes": "<p>x</p>"}),
        ("discharge_summary", None, {"notes": "", "dischargeSummary": "<p>x</p>"}),
        ("missing", None, {}),
        ("null", {"notes": None}, {"notes": ""}),
    ],
)
def test_notes_place(
    clinic: Company, reader: httpx.Client, variant: str, page: Any, consultation: Any
) -> None:
    number = clinic.start_consultation(clinic.book("2026-05-04 09:00:00"))
    clinic.edit_notes(number, "<p>x</p>")
    clinic.set_knob("notes_place", variant)

    data = page_data(reader, number)

    assert data.get("consultationNotes") == page
    places = {key: data["consultation"].get(key) for key in ("notes", "dischargeSummary")}
    assert {key: value for key, value in places.items() if value is not None} == consultation


def test_client_contact(clinic: Company, reader: httpx.Client) -> None:
    consultation = clinic.start_consultation(clinic.book("2026-05-04 09:00:00"))
    clinic.set_knob("client_contact", "missing")

    client = page_data(reader, consultation)["client"]

    assert set(client) == {"id", "firstName", "lastName", "taxExempt"}


def test_missing_keys(clinic: Company, reader: httpx.Client) -> None:
    consultation = clinic.start_consultation(clinic.book("2026-05-04 09:00:00"))
    absent = ["is_block", "is_roster", "consultation_id", "consultationLines", "clientBranch"]
    clinic.set_knob("missing_keys", absent)

    (event,) = events(reader)
    data = page_data(reader, consultation)

    assert not set(absent) & (set(event) | set(data))
    assert "recurring" in event
    assert "consultationNotes" in data


@pytest.mark.parametrize(
    ("variant", "status", "body"),
    [
        ("404_html", 404, None),
        ("404_json", 404, {"error": "Consultation not found"}),
        ("200_without_consultation", 200, ["pageData"]),
    ],
)
def test_unknown_consultation(
    clinic: Company, reader: httpx.Client, variant: str, status: int, body: Any
) -> None:
    clinic.set_knob("unknown_consultation", variant)

    answer = reader.get("/consultations/999999/page-data")

    assert answer.status_code == status
    if body is None:
        assert answer.headers["content-type"].startswith("text/html")
    else:
        assert answer.json() == body or list(answer.json()) == body


@pytest.mark.parametrize(
    ("variant", "status", "body"),
    [
        ("404_json", 404, {"error": "Appointment not found"}),
        ("404_html", 404, None),
        ("200_without_appointment", 200, {"success": False}),
        ("200_null", 200, {"appointment": None}),
    ],
)
@pytest.mark.parametrize("wanted", ["999999", "", "-1", "x"])
def test_unknown_appointment(
    clinic: Company, reader: httpx.Client, variant: str, status: int, body: Any, wanted: str
) -> None:
    clinic.set_knob("unknown_appointment", variant)

    answer = reader.get("/appointments/getAppointment", params={"id": wanted})

    assert answer.status_code == status
    assert (answer.json() if body is not None else None) == body


# -- data ------------------------------------------------------------------------------------


@pytest.fixture
def hundred(clinic: Company) -> list[str]:
    """A hundred visits on one day."""
    return clinic.book_many(
        [{"start": "2026-05-04 09:00:00", "patient": f"PET {n}"} for n in range(100)]
    )


@pytest.mark.parametrize(
    ("value", "left"),
    [
        ("all", 100),
        ("empty", 0),
        ({"drop_fraction": 0.19}, 81),
        ({"drop_fraction": 1}, 0),
        ({"drop_count": 7}, 93),
    ],
)
def test_calendar_subset(
    clinic: Company, reader: httpx.Client, hundred: list[str], value: Any, left: int
) -> None:
    clinic.set_knob("calendar_subset", value)

    shown = ids(reader)

    assert len(shown) == left
    assert ids(reader) == shown  # the same ones each time
    assert look_up(reader, hundred[0])["deleted"] is False


def test_calendar_subset_drops_named_ids(
    clinic: Company, reader: httpx.Client, hundred: list[str]
) -> None:
    clinic.set_knob("calendar_subset", {"drop_ids": [hundred[3], int(hundred[5])]})

    assert set(hundred) - set(ids(reader)) == {hundred[3], hundred[5]}


def test_calendar_subset_shows_another_companys_calendar(
    simulator: Simulator, clinic: Company, reader: httpx.Client
) -> None:
    other = simulator.create_company(generate=False, id_base=700_001)
    foreign = other.book("2026-05-04 09:00:00")
    clinic.book("2026-05-04 09:00:00")

    clinic.set_knob("calendar_subset", {"company": other.company_id})

    assert ids(reader) == [foreign]
    other.remove()


def test_consultation_patient(clinic: Company, reader: httpx.Client) -> None:
    own, other = (
        clinic.start_consultation(clinic.book("2026-05-04 09:00:00", patient=p, phone=phone))
        for p, phone in (("TANGO", "555-555-0100"), ("MOCHI", "555-555-0199"))
    )
    mochi = page_data(reader, other)["patient"]

    clinic.set_knob("consultation_patient", {own: mochi["id"]})

    shown = page_data(reader, own)
    assert (shown["consultation"]["id"], shown["patient"]) == (int(own), mochi)
    assert shown["client"]["mobilePhone"] == "555-555-0199"
    clinic.reset_knobs()
    assert page_data(reader, own)["patient"]["name"] == "TANGO"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"910011": 1}, "404: no patient has the id 1"),
        ({"910011": "x"}, "422: consultation_patient: 'x' is no id"),
        ([], "422: consultation_patient: .* is not an object"),
    ],
)
def test_consultation_patient_names_somebody_real(
    clinic: Company, value: Any, message: str
) -> None:
    with pytest.raises(SimulatorRefused, match=message):
        clinic.set_knob("consultation_patient", value)


@pytest.mark.parametrize(("value", "broken"), [({"count": 3}, 3), ({"percent": 25}, 25)])
def test_malformed_records(
    clinic: Company, reader: httpx.Client, hundred: list[str], value: Any, broken: int
) -> None:
    clinic.set_knob("malformed_records", {**value, "kinds": ["start_null"]})

    shown = events(reader)

    assert len(shown) == 100
    assert sum(event["start"] is None for event in shown) == broken


def test_malformed_records_come_in_each_kind_in_turn(
    clinic: Company, reader: httpx.Client, hundred: list[str]
) -> None:
    clinic.set_knob("malformed_records", {"count": 10})

    shown = events(reader)
    records = [event for event in shown if isinstance(event, dict)]
    starts = [event.get("start", "absent") for event in records]

    assert len(shown) - len(records) == 1
    assert [event for event in records if "id" not in event]
    assert {type(event.get("id")) for event in records} == {str, type(None), dict}
    assert {"absent", None, "2026-02-31 25:61:00", "05/04/2026 09:00 AM"} < set(starts)
    assert {"soon", "2026-05-04 08:30:00"} < {event["end"] for event in records}


@pytest.mark.parametrize("how", ["equal", "differing"])
def test_duplicate_records(
    clinic: Company, reader: httpx.Client, hundred: list[str], how: str
) -> None:
    clinic.set_knob("duplicate_records", {"count": 1, "how": how})

    shown = events(reader)
    first, second = [e for e in shown if [o["id"] for o in shown].count(e["id"]) == 2]

    assert len(shown) == 101
    assert (first == second) == (how == "equal")
    assert (first["last_updated_at"] == second["last_updated_at"]) == (how == "equal")


def test_status_words(clinic: Company, reader: httpx.Client) -> None:
    clinic.book("2026-05-04 09:00:00")
    clinic.set_knob("status_words", {"not arrived": "EXPECTED"})

    assert events(reader)[0]["current_status"] == "EXPECTED"


def test_each_status_has_a_second_spelling(clinic: Company, reader: httpx.Client) -> None:
    clinic.no_show(clinic.book("2026-05-04 09:00:00", spelling=1))

    assert events(reader)[0]["current_status"] == "no-show"


def test_unknown_status(clinic: Company, reader: httpx.Client, hundred: list[str]) -> None:
    clinic.set_knob("unknown_status", {"percent": 10, "word": "Levitating"})

    words = [event["current_status"] for event in events(reader)]

    assert words.count("Levitating") == 10
    assert words.count("Not Arrived") == 90


def test_status_missing(clinic: Company, reader: httpx.Client, hundred: list[str]) -> None:
    clinic.set_knob("status_missing", {"count": 6})

    bare = [event for event in events(reader) if "current_status" not in event]

    assert len(bare) == 6
    assert not any({"status_label", "status_class"} & set(event) for event in bare)


def test_consultation_hidden(clinic: Company, reader: httpx.Client) -> None:
    first, second = (clinic.book(f"2026-05-04 {hour}:00:00") for hour in ("09", "10"))
    shown = [clinic.start_consultation(visit) for visit in (first, second)]
    clinic.set_knob("consultation_hidden", {"ids": [second]})

    told = {event["appointment_id"]: event["consultation_id"] for event in events(reader)}

    assert told == {int(first): int(shown[0]), int(second): None}
    assert page_data(reader, shown[1])["consultation"]["id"] == int(shown[1])


def test_consultation_gone_and_garbled(clinic: Company, reader: httpx.Client) -> None:
    visits = [clinic.book(f"2026-05-04 {hour}:00:00") for hour in ("09", "10", "11")]
    records = [clinic.start_consultation(visit) for visit in visits]
    clinic.set_knob("consultation_gone", {"ids": [visits[0]]})
    clinic.set_knob("consultation_garbled", {"ids": [visits[1]]})

    assert reader.get(f"/consultations/{records[0]}/page-data").status_code == 404
    assert page_data(reader, records[1])["patient"] == []
    assert page_data(reader, records[2])["patient"]["name"] == "TANGO"


def test_resetting_brings_every_default_back(clinic: Company, reader: httpx.Client) -> None:
    clinic.set_knob("envelope", "bare_array")
    clinic.set_knob("calendar_subset", "empty")

    clinic.reset_knobs()

    assert ask_calendar(reader).json() == {"events": []}
    assert all(knob["value"] == knob["default"] for knob in clinic.knobs().values())


@pytest.mark.parametrize(
    ("form", "alive", "dead"),
    [
        ("alive", {"alive": True, "active": True}, {"alive": False, "active": True}),
        ("status", {"status": "active"}, {"status": "deceased"}),
        ("deceased_date", {"deceasedDate": None}, {"deceasedDate": "2026-05-01"}),
    ],
)
def test_life_shown(
    clinic: Company, reader: httpx.Client, form: str, alive: dict[str, Any], dead: dict[str, Any]
) -> None:
    visit = clinic.book("2026-05-04 09:00:00")
    consultation = clinic.start_consultation(visit)
    assert not alive.items() <= look_up(reader, visit)["patient"].items()
    clinic.set_knob("life_form", form)
    clinic.set_knob("life_shown", ["calendar", "consultation", "look_up"])

    for said in (alive, dead):
        assert said.items() <= look_up(reader, visit)["patient"].items()
        assert said.items() <= page_data(reader, consultation)["patient"].items()
        shown = next(e for e in events(reader) if str(e["appointment_id"]) == visit)
        assert set(said.values()) <= {v for k, v in shown.items() if k.startswith("patient_")}
        clinic.mark_deceased(clinic.visit(visit)["patient_id"])
