"""A consultation as Neo's page gets it, read into a record (rules R17, R19)."""

import json
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idexx_sync.pims.neo.http.answers import Answered, RawAnswer, judge_answer
from idexx_sync.pims.neo.payloads.consultation import read_consultation
from idexx_sync.pims.protocol import Consultation, Gone, Line, Unknown
from tests.unit.pims.neo.test_neo_payloads import json_values


class Key(Enum):
    ABSENT = "absent"


ABSENT = Key.ABSENT
unhurried = settings(deadline=None)
MARK = "CANARY-OWNER-WORDS"


def page(**changes: Any) -> dict[str, Any]:
    """An answer with every known key; one set to ABSENT is left out."""
    whole: dict[str, Any] = {
        "consultation": consultation(),
        "patient": patient(),
        "client": {
            "id": 15077,
            "firstName": "Robin",
            "lastName": "Sample",
            "homePhone": "555-555-0101",
            "mobilePhone": "555-555-0100",
            "workPhone": "555-555-0102",
            "email": "robin.sample@example.com",
            "taxExempt": False,
        },
        "clientBranch": {"id": 1, "name": "Example Animal Clinic", "sapId": 0},
        "consultationNotes": {"notes": "<p>S: two days lame&nbsp;after play.</p>"},
        "consultationLines": [
            line(),
            line(id=2, productService="DROPS; 5ML", quantity=0.5, isDeclined=True, label="AU"),
        ],
        "vitalSignGroup": None,
        "pageData": {"providers": [{"id": 1000, "name": "DR. A. EXAMPLE"}]},
    }
    return {name: value for name, value in (whole | changes).items() if value is not ABSENT}


def consultation(**changes: Any) -> dict[str, Any]:
    whole = {
        "id": 910011,
        "reason": "limping",
        "notes": "",
        "date": "2026-05-04",
        "status": "draft",
    }
    return {name: value for name, value in (whole | changes).items() if value is not ABSENT}


def patient(**changes: Any) -> dict[str, Any]:
    whole = {
        "id": 40021,
        "name": "TANGO",
        "species": "Dog",
        "breed": "Mixed",
        "sex": "Neutered Male",
        "dateOfBirth": "2019-03-01",
        "weight": 21.4,
        "weightUnit": "kg",
    }
    return {name: value for name, value in (whole | changes).items() if value is not ABSENT}


def line(**changes: Any) -> dict[str, Any]:
    whole = {
        "id": 1,
        "productService": "EXAM - OFFICE",
        "quantity": 1,
        "soldAtLocal": "2026-05-04 09:31:00",
        "provider": {"id": 1000, "name": "DR. A. EXAMPLE"},
        "lineTotalExcTax": 60,
    }
    return {name: value for name, value in (whole | changes).items() if value is not ABSENT}


def read(**changes: Any) -> Consultation:
    record = read_consultation(page(**changes), "910011")
    assert isinstance(record, Consultation), record
    return record


def test_r17_a_consultation_is_read_whole() -> None:
    assert read() == Consultation(
        id="910011",
        patient_id="40021",
        status="draft",
        day="2026-05-04",
        reason="limping",
        notes_html="<p>S: two days lame&nbsp;after play.</p>",
        lines=[
            Line("EXAM - OFFICE", id="1"),
            Line("DROPS; 5ML", 0.5, declined=True, label="AU", id="2"),
        ],
        species="Dog",
        breed="Mixed",
        sex="Neutered Male",
        born=date(2019, 3, 1),
        weight_kg=21.4,
        client_phone="555-555-0100",
        client_email="robin.sample@example.com",
        branch_id="1",
        patient_name="TANGO",
        client_id="15077",
        emptied=frozenset({"vital_signs"}),
    )


def test_r17_the_least_that_is_a_record() -> None:
    assert read_consultation({"consultation": {"id": "910011"}}, "910011") == Consultation(
        id="910011", patient_id=None, has_notes_place=False
    )


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        # ids come as number or text
        ({"consultation": consultation(id="910011")}, "id", "910011"),
        ({"patient": patient(id="40021")}, "patient_id", "40021"),
        ({"patient": patient(id=None)}, "patient_id", None),
        ({"patient": ABSENT}, "patient_id", None),
        ({"patient": None}, "patient_id", None),
        # words come as text or object
        ({"patient": patient(species={"id": 31, "name": "Dog"})}, "species", "Dog"),
        ({"patient": patient(breed={"id": 3001, "name": " Mixed "})}, "breed", "Mixed"),
        ({"patient": patient(sex={"id": 9, "name": "Male"})}, "sex", "Male"),
        ({"patient": patient(species=None)}, "species", None),
        ({"patient": patient(species={"id": 31})}, "species", None),
        ({"patient": patient(sex=" ")}, "sex", None),
        ({"consultation": consultation(status={"id": 1, "name": "Paid"})}, "status", "Paid"),
        ({"consultation": consultation(status=ABSENT)}, "status", None),
        ({"consultation": consultation(status=3)}, "status", "3"),
        # the day's format is not known
        ({"consultation": consultation(date="04.05.2026 09:00")}, "day", "04.05.2026 09:00"),
        ({"consultation": consultation(date=ABSENT)}, "day", None),
        ({"consultation": consultation(reason="")}, "reason", None),
        # where the notes are
        ({"consultationNotes": {"notes": " "}}, "notes_html", None),
        ({"consultationNotes": {"notes": None}}, "notes_html", None),
        ({"consultationNotes": {}}, "notes_html", None),
        ({"consultationNotes": None}, "notes_html", None),
        ({"consultationNotes": ABSENT}, "notes_html", None),
        ({"consultation": consultation(notes=ABSENT), "consultationNotes": ABSENT}, "id", "910011"),
        ({"consultation": consultation(dischargeSummary="<p>d</p>")}, "discharge_html", "<p>d</p>"),
        ({"consultation": consultation(dischargeSummary=None)}, "discharge_html", None),
        # the patient's age and weight
        ({"patient": patient(dateOfBirth=None)}, "born", None),
        ({"patient": patient(dateOfBirth=ABSENT)}, "born", None),
        ({"patient": patient(dateOfBirth="03/01/2019")}, "born", None),
        ({"patient": patient(dateOfBirth="20190301")}, "born", None),
        ({"patient": patient(dateOfBirth="2019-02-30")}, "born", None),
        ({"patient": patient(dateOfBirth="2019-03-01T00:00:00Z")}, "born", None),
        ({"patient": patient(dateOfBirth={"date": "2019-03-01"})}, "born", None),
        ({"patient": patient(weight=47, weightUnit="LB")}, "weight_kg", 21.319),
        ({"patient": patient(weight="47", weightUnit="lbs.")}, "weight_kg", 21.319),
        ({"patient": patient(weight=850, weightUnit="g")}, "weight_kg", 0.85),
        ({"patient": patient(weight=30, weightUnit="oz")}, "weight_kg", 0.85),
        ({"patient": patient(weightUnit={"id": 1, "name": "kg"})}, "weight_kg", 21.4),
        ({"patient": patient(weightUnit="stone")}, "weight_kg", None),
        ({"patient": patient(weightUnit=None)}, "weight_kg", None),
        ({"patient": patient(weightUnit=ABSENT)}, "weight_kg", None),
        ({"patient": patient(weight=None)}, "weight_kg", None),
        ({"patient": patient(weight=0)}, "weight_kg", None),
        ({"patient": patient(weight=-3)}, "weight_kg", None),
        ({"patient": patient(weight="heavy")}, "weight_kg", None),
        ({"patient": patient(weight=True)}, "weight_kg", None),
        ({"patient": patient(weight=float("nan"))}, "weight_kg", None),
        ({"patient": patient(weight=float("inf"))}, "weight_kg", None),
        ({"patient": patient(weight=10**400)}, "weight_kg", None),
        # lines
        ({"consultationLines": ABSENT}, "lines", None),
        ({"consultationLines": None}, "lines", None),
        ({"consultationLines": []}, "lines", []),
        ({"consultationLines": [line(isDeclined=False)]}, "lines", [Line("EXAM - OFFICE", id="1")]),
        ({"consultationLines": [line(isDeclined=None)]}, "lines", [Line("EXAM - OFFICE", id="1")]),
        ({"consultationLines": [line(quantity=ABSENT)]}, "lines", [Line("EXAM - OFFICE", id="1")]),
        ({"consultationLines": [line(quantity=None)]}, "lines", [Line("EXAM - OFFICE", id="1")]),
        ({"consultationLines": [line(quantity=" ")]}, "lines", [Line("EXAM - OFFICE", id="1")]),
        (
            {"consultationLines": [line(quantity="2.5", id=ABSENT)]},
            "lines",
            [Line("EXAM - OFFICE", 2.5)],
        ),
        (
            {"consultationLines": [line(productService={"id": 4, "name": "EXAM"})]},
            "lines",
            [Line("EXAM", id="1")],
        ),
        # contact
        ({"client": ABSENT}, "client_phone", None),
        ({"client": {}}, "client_email", None),
        ({"client": {"homePhone": "2", "workPhone": "3", "phone": "4"}}, "client_phone", "2"),
        ({"client": {"mobilePhone": " ", "workPhone": "3", "phone": "4"}}, "client_phone", "3"),
        ({"client": {"phone": "4", "phoneNumber": 5555550100}}, "client_phone", "4"),
        ({"client": {"phoneNumber": 5555550100}}, "client_phone", "5555550100"),
        # vital signs, whose shape is not known
        ({"vitalSignGroup": ABSENT}, "vital_signs", None),
        ({"vitalSignGroup": {}}, "vital_signs", None),
        ({"vitalSignGroup": []}, "vital_signs", None),
        ({"vitalSignGroup": ""}, "vital_signs", None),
        ({"vitalSignGroup": False}, "vital_signs", None),
        ({"vitalSignGroup": {"pulse": None, "more": [{"notes": " "}]}}, "vital_signs", None),
        ({"vitalSignGroup": {"pulse": 0, "t": None}}, "vital_signs", {"pulse": 0, "t": None}),
        ({"vitalSignGroup": [{"pulse": 90}]}, "vital_signs", {"items": [{"pulse": 90}]}),
        ({"vitalSignGroup": "T 38.5"}, "vital_signs", {"value": "T 38.5"}),
        (
            {"vitalSignGroup": {"pulse": float("inf"), "t": 38}},
            "vital_signs",
            {"pulse": None, "t": 38},
        ),
        ({"vitalSignGroup": {"a\x00": "b\ud800"}}, "vital_signs", {"a": "b"}),
    ],
    ids=str,
)
def test_r17_what_the_protocol_leaves_open_is_read(
    changes: dict[str, Any], field: str, value: object
) -> None:
    assert getattr(read(**changes), field) == value


def test_r17_no_character_makes_a_record_unreadable() -> None:
    """Postgres can store neither NUL nor half a surrogate pair."""
    notes = "<p>\x00a\ud83db\udc00 \U0001f436</p>"
    record = read(
        consultation=consultation(reason="a\x00", dischargeSummary="\ud800b", status="dr\x00aft"),
        consultationNotes={"notes": notes},
        consultationLines=[line(productService="EUTH\x00ANASIA", label="\udfff")],
        patient=patient(species="\ud800Dog", breed={"name": "Mi\x00xed"}),
        client={"mobilePhone": "555\x00", "email": "\ud800"},
    )

    assert record.notes_html == "<p>ab \U0001f436</p>"
    assert (record.reason, record.discharge_html, record.status) == ("a", "b", "draft")
    assert record.lines == [Line("EUTHANASIA", id="1")]
    assert (record.species, record.breed) == ("Dog", "Mixed")
    assert (record.client_phone, record.client_email) == ("555", None)


def test_r17_long_notes_are_read_to_their_end() -> None:
    notes = "<p>" + "long " * 90_000 + "end</p>"
    assert read(consultationNotes={"notes": notes}).notes_html == notes


@pytest.mark.parametrize(
    "value", [{}, {"consultation": None}, {"pageData": {"providers": []}}, {"error": "unknown"}]
)
def test_r17_an_answer_without_consultation_says_that_it_is_gone(value: object) -> None:
    assert read_consultation(value, "910011") == Gone()


@pytest.mark.parametrize("value", [{"error": "timed out"}, {"status": "error"}])
def test_r17_an_answer_that_failed_says_nothing_of_the_record(value: object) -> None:
    assert read_consultation(value, "910011") == Unknown("consultation_failed")


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, "consultation_envelope"),
        ([page()], "consultation_envelope"),
        ("", "consultation_envelope"),
        ({"pageData": {"consultation": consultation()}}, "consultation_elsewhere"),
        (page(consultation=[]), "consultation_unreadable"),
        (page(consultation=MARK), "consultation_unreadable"),
        (page(consultation=consultation(id=910012)), "other_id"),
        (page(consultation=consultation(id=ABSENT)), "id_missing"),
        (page(consultation=consultation(id=None)), "id_unreadable"),
        (page(consultation=consultation(id=True)), "id_unreadable"),
        (page(consultation=consultation(id="")), "id_unreadable"),
        (page(patient=[patient()]), "patient_unreadable"),
        (page(patient=patient(id=[40021])), "patient_id_unreadable"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_r17_nothing_is_concluded_from_any_other_answer(value: object, code: str) -> None:
    assert read_consultation(value, "910011") == Unknown(code)


def test_r17_half_surrogates_on_the_wire_survive_the_parser_and_the_reader() -> None:
    """Text that a script cut in the middle of an emoji reaches us as half a pair."""
    body = json.dumps(page(consultationNotes={"notes": "cut \ud83d"})).encode()
    verdict = judge_answer(
        RawAnswer(200, "https://neo.example/x", {"content-type": "application/json"}, body),
        datetime(2026, 5, 4, tzinfo=UTC),
    )
    assert isinstance(verdict, Answered)
    record = read_consultation(verdict.value, "910011")
    assert isinstance(record, Consultation)
    assert record.notes_html == "cut"


@unhurried
@given(json_values)
def test_no_json_breaks_the_reader(value: object) -> None:
    assert isinstance(read_consultation(value, "910011"), (Gone, Unknown))


@unhurried
@given(
    st.dictionaries(st.sampled_from(sorted(page())), json_values),
    st.dictionaries(st.sampled_from(["notes", *consultation()]), json_values),
    st.dictionaries(st.sampled_from(sorted(patient())), json_values),
    st.dictionaries(st.sampled_from(["label", "isDeclined", *line()]), json_values),
)
def test_no_value_of_any_field_breaks_the_reader_or_the_store(
    roots: dict[str, Any],
    in_consultation: dict[str, Any],
    in_patient: dict[str, Any],
    in_line: dict[str, Any],
) -> None:
    whole = page(
        consultation=consultation(**in_consultation),
        patient=patient(**in_patient),
        consultationLines=[line(**in_line)],
    )
    answer = read_consultation(whole | roots, "910011")

    assert isinstance(answer, (Consultation, Gone, Unknown))
    if isinstance(answer, Consultation):
        stored = json.dumps(repr(answer) + json.dumps(answer.vital_signs, allow_nan=False))
        assert answer.id == "910011"
        stored.encode()
        assert not any("\x00" in text for text in (answer.notes_html or "", answer.reason or ""))
