"""Whom nobody may call, by what was heard."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from oracle.calls import Call, Heard, wrong_calls

NOW = datetime(2026, 5, 4, 19, tzinfo=UTC)
EVENT: dict[str, Any] = {
    "id": 600101,
    "is_block": False,
    "patient_id": 40021,
    "patient_name": "TANGO",
    "client_id": 15077,
    "first_name": "Robin",
    "last_name": "Sample",
    "phone_number": "555-555-0100",
    "email": "robin@example.com",
    "type_description": "Exam",
    "reason": "LIMPING",
}
OTHER = {
    **EVENT,
    "id": 600102,
    "patient_id": 40022,
    "patient_name": "FOX",
    "client_id": 15078,
    "first_name": "Kim",
    "phone_number": "555-555-0199",
    "email": "kim@example.com",
}
RECORD: dict[str, Any] = {
    "consultation": {"id": 910011, "reason": "limping", "notes": ""},
    "patient": {"id": 40021, "name": "TANGO"},
    "client": {"id": 15077, "mobilePhone": "5555550111"},
    "consultationNotes": {"notes": "<p>Two days lame.</p>"},
    "consultationLines": [{"productService": "EXAM"}],
}
CALL = Call(
    case_id=UUID(int=1),
    visit="600101",
    patient="40021",
    patient_name="Tango",
    owner_name="ROBIN SAMPLE",
    phone="+15555550100",
    email="robin@example.com",
    notes="Two days lame.",
    record="910011",
    says_alive=False,
)


def heard(*events: dict[str, Any], records: tuple[dict[str, Any], ...] = (RECORD,)) -> Heard:
    found = Heard()
    found.calendar(json.dumps({"events": list(events or (EVENT, OTHER))}), NOW)
    for record in records:
        found.record(json.dumps(record), NOW)
    return found


def wrong(known: Heard, call: Call = CALL, said_at: datetime | None = None) -> list[str]:
    said = {call.case_id: said_at} if said_at else {}
    return wrong_calls([call], known, said, {})


def changed(**changes: Any) -> Call:
    return Call(**{**{name: getattr(CALL, name) for name in CALL.__slots__}, **changes})


def test_a_right_call_is_right() -> None:
    assert wrong(heard()) == []
    assert wrong(heard(), changed(phone="(555) 555-0111")) == []  # the record's
    assert wrong(heard(), changed(phone="BY HAND 7", patient_name="BY HAND 8")) == []


@pytest.mark.parametrize(
    "known",
    [
        heard({**EVENT, "reason": "euthanasia"}, OTHER),
        heard(EVENT, {**EVENT, "id": 600103, "type_description": "Euthanasia"}),
        heard(records=({**RECORD, "consultationNotes": {"notes": "humane <b>euthanasia</b>"}},)),
        heard(records=({**RECORD, "consultation": {"id": 1, "notes": "Euthanasia done"}},)),
        heard(records=({**RECORD, "consultationLines": [{"productService": "EUTHANASIA"}]},)),
    ],
)
def test_a_death_that_anything_tells_counts_for_every_call(known: Heard) -> None:
    assert wrong(known) == ["600101: would be called tonight, and its patient has died"]


def test_somebodys_word_that_it_lives_holds_until_another_text() -> None:
    known, call = heard({**EVENT, "reason": "euthanasia"}, OTHER), changed(says_alive=True)

    assert wrong(known, call, NOW + timedelta(minutes=1)) == []
    assert wrong(known, CALL, NOW + timedelta(minutes=1)) != []
    known.calendar(json.dumps({"events": [{**EVENT, "reason": "euthanasia"}]}), NOW + timedelta(1))
    assert wrong(known, call, NOW + timedelta(minutes=1)) == []
    known.calendar(json.dumps({"events": [{**EVENT, "reason": "Euthanasia!!"}]}), NOW)
    known.record(
        json.dumps({**RECORD, "consultationNotes": {"notes": "euthanasia, at home"}}),
        NOW + timedelta(1),
    )
    assert wrong(known, call, NOW + timedelta(minutes=1)) != []


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"phone": "555 555 0199"}, "the phone"),
        ({"email": "KIM@example.com"}, "the e-mail"),
        ({"owner_name": "Kim Sample"}, "the owner's name"),
        ({"patient_name": "Fox"}, "the name"),
    ],
)
def test_what_only_another_one_is_known_by(changes: dict[str, Any], what: str) -> None:
    assert wrong(heard(), changed(**changes)) == [
        f"600101: would be called with {what} of another one"
    ]


def test_what_several_are_known_by_is_nobody_elses() -> None:
    known = heard(EVENT, {**OTHER, "phone_number": "555-555-0100"})

    assert wrong(known) == []


def test_a_visit_of_an_unnamed_client_is_that_of_the_people_whom_its_newest_answer_names() -> None:
    known = heard()  # who is the client was told before
    unnamed = {**EVENT, "client_id": None}
    known.calendar(json.dumps({"events": [unnamed, OTHER]}), NOW)

    assert wrong(known) == []
    assert wrong(known, changed(phone="555-555-0199")) != []

    theirs = {name: OTHER[name] for name in ("first_name", "phone_number", "email")}
    known.calendar(json.dumps({"events": [{**unnamed, **theirs}, OTHER]}), NOW)

    assert [text.partition("with ")[2] for text in wrong(known)] == [
        "the phone of another one",
        "the e-mail of another one",
        "the owner's name of another one",
    ]


def test_a_record_of_another_patient() -> None:
    strange = {**RECORD, "patient": {"id": 40022}, "consultation": {"id": 910012}}
    known = heard(records=(RECORD, {**strange, "consultationNotes": {"notes": "All fine."}}))
    call = changed(record="910012", notes="All fine.")

    assert [text.partition("with ")[2] for text in wrong(known, call)] == [
        "the record of another one",
        "the notes of another one",
    ]
    assert wrong_calls([call], known, {}, {"600101": "40022"}) == []  # two have become one


def test_of_a_visit_in_two_versions_nobody_knows_whose_it_is() -> None:
    known = heard(EVENT, {**OTHER, "id": 600101})

    assert known.visits == {}
    assert wrong(known, changed(phone="555-555-0199")) == []


@pytest.mark.parametrize("body", ["", "[]", "null", '{"events": 7}', '{"events": [1, null]}'])
def test_an_answer_that_says_nothing_is_nothing(body: str) -> None:
    known = Heard()
    known.calendar(body, NOW)
    known.record(body, NOW)

    assert known == Heard()
