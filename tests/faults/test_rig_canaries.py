"""Every personal field that the simulated Neo serves carries a canary in the clinics of the rig."""

import inspect
import json
import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlencode

import httpx
import pytest
from aiohttp import web

from neo_simulator.operations import Operations
from neo_simulator.web.answers import add_answer_routes
from neo_simulator.web.login import add_login_routes
from neo_simulator.web.pages import add_page_routes
from tests.faults.canaries import CANARIES, CHOSEN, PATTERNS, WRITTEN, field_of
from tests.faults.clinic import FaultClinic
from tests.faults.eventful import eventful_clinic
from tests.faults.eventful_cases import eventful_case_clinic
from tests.faults.eventful_nights import eventful_night_clinic
from tests.faults.rig import Rig

MAKERS: Final = (eventful_clinic, eventful_case_clinic, eventful_night_clinic)
Texts = dict[str, set[str]]
"""Path of an answer's field -> the texts that were seen there."""

IMPERSONAL: Final = {
    # ids, and where, when, whether
    "calendar.events.id",
    "calendar.events.resourceId",
    "calendar.events.appointment_room_name",
    "calendar.events.start",
    "calendar.events.end",
    "calendar.events.arrival_date_time",
    "calendar.events.booked_at",
    "calendar.events.last_updated_at",
    "calendar.events.root_created_at_local",
    "calendar.events.type_description",
    "calendar.events.current_status",
    "calendar.events.status_label",
    "calendar.events.status_class",
    "calendar.events.backgroundColor",
    "calendar.events.phone_label",
    "view.businessHours.startTime",
    "view.businessHours.endTime",
    "view.appointmentTypes.name",
    "view.appointmentTypes.color",
    "view.appointmentRooms.name",
    "look_up.appointment.id",
    "look_up.appointment.status",
    "look_up.appointment.startAtLocal",
    "look_up.appointment.endAtLocal",
    "look_up.appointment.createdAt",
    "look_up.appointment.patient.breed.name",
    "look_up.appointment.patient.species.name",
    "look_up.appointment.patient.gender.name",
    "look_up.appointment.appointmentType.name",
    "look_up.appointment.appointmentType.color",
    "look_up.appointment.appointmentRoom.name",
    "record.consultation.date",
    "record.consultation.status",
    "record.patient.species",
    "record.patient.breed",
    "record.patient.sex",
    "record.patient.weightUnit",
    "record.consultationLines.soldAtLocal",
    "record.pageData.providers.userType",
    "search.results.formattedId",
    "search.results.breed.id",
    "search.results.breed.name",
    "search.results.species.id",
    "search.results.species.name",
    "search.results.gender.id",
    "search.results.gender.name",
    "search.results.status",
}
"""Fields of which a canary would change what a record is, and which name nobody."""


@pytest.fixture
def clinics(rig: Rig) -> Iterator[list[FaultClinic]]:
    made = [make(rig) for make in MAKERS]
    yield made
    for clinic in made:
        clinic.close()


def test_every_text_that_neo_serves_carries_a_canary_or_is_impersonal(
    clinics: list[FaultClinic],
) -> None:
    texts: Texts = {}
    for clinic in clinics:
        for answer, said in served(clinic):
            collect(answer, said, texts)

    assert without_canary(texts) - IMPERSONAL == set()
    assert texts.keys() >= IMPERSONAL  # what is served no more needs no word


def test_every_canary_is_served_or_typed(clinics: list[FaultClinic]) -> None:
    said = "\n".join(
        [
            *(json.dumps(one, ensure_ascii=False) for each in clinics for _, one in served(each)),
            *(f"{each.neo.username} {each.neo.password}" for each in clinics),
            *(each.neo.company_id for each in clinics),
            *(f"{each.neo.open_session()}" for each in clinics),
            *(httpx.get(f"{each.neo.base_url}/login").text for each in clinics),
        ]
    )
    fields = {field for field, _ in PATTERNS}

    seen = {field for field, pattern in PATTERNS if re.search(pattern, said)}
    assert fields - seen == {"phone of an owner", "what people wrote in ODIS"}


def test_whatever_staff_write_has_a_canary() -> None:
    """A new argument in words is in one of the lists."""
    words = {
        f"{name}.{argument}"
        for name, operation in inspect.getmembers(Operations, inspect.isfunction)
        if not name.startswith("_")
        for argument, one in inspect.signature(operation).parameters.items()
        if argument != "by" and re.search(r"\bstr\b", inspect.formatannotation(one.annotation))
    }

    assert words == {*WRITTEN, *CHOSEN}
    assert not {*WRITTEN} & {*CHOSEN}
    assert {*WRITTEN.values()} <= {field for field, _ in PATTERNS}


def test_every_address_of_neo_is_looked_at() -> None:
    app = web.Application()
    add_answer_routes(app)
    answers = {resource.canonical for resource in app.router.resources()}
    add_login_routes(app)
    add_page_routes(app)

    assert answers == {*ANSWERS.values()}
    pages = {resource.canonical for resource in app.router.resources()} - answers
    assert pages == PAGES


def test_a_page_names_nobody_but_the_company(clinics: list[FaultClinic]) -> None:
    """Their scripts fetch the answers; a page alone has only the company's name."""
    clinic, *_ = clinics
    with browsing(clinic) as browser:
        for path in PAGES:
            text = browser.get(path.replace("{id}", "1")).text
            assert field_of(text) in (None, "name of a company", "value of a login form"), path
            assert not re.search("PET|Moczq(?!company)", text), path


def test_a_canary_survives_what_neo_does_to_a_text(rig: Rig) -> None:
    clinic = eventful_clinic(rig)
    bare = set()
    for damage in DAMAGE:
        clinic.neo.set_knob("malformed_records", {"percent": 100, "kinds": [damage]})
        texts: Texts = {}
        collect("calendar", next(said for _, said in served(clinic)), texts)
        bare |= {path.removesuffix(".value") for path in without_canary(texts)}
    clinic.close()

    assert bare - IMPERSONAL == OWN_WORDS


ANSWERS: Final = {
    "calendar": "/appointments/getCalendarEventData",
    "view": "/appointments/getAppointmentView",
    "look_up": "/appointments/getAppointment",
    "record": "/consultations/{id}/page-data",
    "search": "/search/patients",
}
PAGES: Final = {
    *("/", "/dashboard", "/schedule", "/consultations/view/{id}"),
    *("/login", "/logout", "/session", "/login/verify", "/login/timeout", "/login/check"),
    *("/sso/authorize", "/branches", "/users/change-password", "/welcome"),
}
DAMAGE: Final = (
    *("text_nul", "text_zero_width", "text_bidi", "text_soft_hyphen", "text_bom"),
    *("text_hard_blanks", "contact_full_width", "text_list", "text_object"),
)
"""What leaves a text's own words in it."""
OWN_WORDS: Final = {"calendar.events.phone_number"}
"""Fields whose canary is the whole text: a character in its midst makes another one of it."""


def browsing(clinic: FaultClinic) -> httpx.Client:
    return httpx.Client(base_url=clinic.neo.base_url, cookies=clinic.neo.open_session())


def served(clinic: FaultClinic) -> Iterator[tuple[str, Any]]:
    """Each answer of each address, in JSON, of all that the clinic has."""
    state = clinic.neo.state()
    booked = [one["id"] for one in (*state["visits"], *state["blocks"])]
    asked: dict[str, list[dict[str, str]]] = {
        "calendar": [{"start": "2026-04-01 00:00:00", "end": "2026-07-01 00:00:00"}],
        "view": [{}],
        "look_up": [{"id": one} for one in booked],
        "record": [{"id": one["id"]} for one in state["consultations"]],
        "search": [
            {"q": wanted, "limit": "1000", "includeInactive": "true"}
            for wanted in ("", "Moczqpatient PET 1")
        ],
    }
    with browsing(clinic) as browser:
        for answer, path in ANSWERS.items():
            for query in asked[answer]:
                told = browser.get(f"{path.format_map(query)}?{urlencode(query)}")
                yield answer, found(told.json()) if answer == "search" else told.json()


def found(answer: dict[str, Any]) -> Any:
    """Both of the lists of a search hold patients."""
    results = answer["results"]
    return {"results": [*results["patients"]["objects"], *results["suggested"]["objects"]]}


def without_canary(texts: Texts) -> set[str]:
    return {path for path, seen in texts.items() if any(not CANARIES.search(text) for text in seen)}


def collect(path: str, said: Any, texts: Texts) -> None:
    """Texts by the path of their field; an empty one says nothing."""
    if isinstance(said, dict):
        for key, one in said.items():
            collect(f"{path}.{key}", one, texts)
    elif isinstance(said, list):
        for one in said:
            collect(path, one, texts)
    elif isinstance(said, str) and said.strip():
        texts.setdefault(path, set()).add(said)
