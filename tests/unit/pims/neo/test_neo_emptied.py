"""What Neo says is empty is told from what it does not say (rule R16)."""

from typing import Any

import pytest

from idexx_sync.pims.neo.payloads.calendar import read_event
from idexx_sync.pims.neo.payloads.consultation import read_consultation
from idexx_sync.pims.protocol import Consultation, SourceRecord

EVENT = {
    "id": "7",
    "start": "2026-05-04 09:00:00",
    "end": "2026-05-04 09:30:00",
    "is_block": False,
    "patient_id": 4,
    "patient_name": "TANGO",
    "first_name": "Robin",
    "last_name": "Sample",
    "phone_number": "555-555-0100",
    "email": "robin.sample@example.com",
    "reason": "LIMPING",
}
PAGE = {
    "consultation": {"id": 9, "notes": "", "reason": "limping"},
    "patient": {
        "id": 4,
        "breed": "Mixed",
        "sex": {"name": "Male"},
        "weight": 3,
        "weightUnit": "kg",
    },
    "client": {"id": 5, "mobilePhone": None, "homePhone": "555-555-0100", "email": "x@example.com"},
    "consultationNotes": {"notes": "<p>Well.</p>"},
    "vitalSignGroup": {"pulse": 90},
}
EMPTY: list[Any] = [None, "", "  ", "\u200b"]


def event(**fields: Any) -> frozenset[str]:
    read = read_event({**EVENT, **fields})
    assert isinstance(read, SourceRecord)
    return read.emptied


def page(**parts: Any) -> frozenset[str]:
    read = read_consultation({**PAGE, **parts}, "9")
    assert isinstance(read, Consultation)
    return read.emptied


@pytest.mark.parametrize("empty", EMPTY)
@pytest.mark.parametrize(
    ("key", "name"),
    [("phone_number", "client_phone"), ("email", "client_email"), ("reason", "reason")],
)
def test_r16_a_key_of_the_calendar_without_a_value_says_empty(
    key: str, name: str, empty: Any
) -> None:
    assert event() == frozenset()
    assert event(**{key: empty}) == {name}


@pytest.mark.parametrize("key", ["phone_number", "email", "reason", "first_name"])
def test_r16_a_missing_key_of_the_calendar_says_nothing(key: str) -> None:
    read = read_event({name: value for name, value in EVENT.items() if name != key})
    assert isinstance(read, SourceRecord)
    assert read.emptied == frozenset()


def test_r16_a_name_that_the_title_has_is_not_empty() -> None:
    nameless = {"first_name": None, "last_name": ""}
    assert event(**nameless) == {"client_name"}
    assert event(**nameless, title="TANGO; SAMPLE, ROBIN") == frozenset()


@pytest.mark.parametrize("odd", [7, ["a"], {"b": 1}])
def test_r16_what_cannot_be_read_is_not_empty(odd: Any) -> None:
    assert event(email=odd) == frozenset()


def test_r16_a_block_says_nothing_of_anybody() -> None:
    assert event(is_block=True, patient_id=None, patient_name=None, email=None) == frozenset()


@pytest.mark.parametrize("empty", EMPTY)
def test_r16_a_record_says_empty(empty: Any) -> None:
    assert page() == frozenset()
    assert page(consultationNotes={"notes": empty}) == {"notes_html"}
    assert page(vitalSignGroup=None) == {"vital_signs"}
    assert page(patient={"id": 4, "breed": {"name": empty}}) == {"breed"}
    assert page(consultation={"id": 9, "reason": empty}) == {"reason"}


def test_r16_notes_elsewhere_are_notes() -> None:
    elsewhere = {"id": 9, "notes": "<p>Here.</p>"}
    assert page(consultationNotes={"notes": None}, consultation=elsewhere) == frozenset()


@pytest.mark.parametrize("notes", [{}, None])
def test_r16_without_the_notes_own_key_nothing_is_said(notes: Any) -> None:
    """The other place for them is empty as a rule."""
    assert page(consultationNotes=notes) == frozenset()
    without = {name: part for name, part in PAGE.items() if name != "consultationNotes"}
    read = read_consultation(without, "9")
    assert isinstance(read, Consultation)
    assert read.emptied == frozenset()


def test_r16_an_owner_has_no_phone_if_each_that_is_shown_is_empty() -> None:
    assert page(client={"id": 5, "mobilePhone": None, "homePhone": ""}) == {"client_phone"}
    assert page(client={"id": 5, "mobilePhone": None, "workPhone": "1"}) == frozenset()
    assert page(client={"id": 5}) == frozenset()
    assert page(client=None) == frozenset()


def test_a_record_says_whose_its_contacts_are() -> None:
    read = read_consultation(PAGE, "9")
    assert isinstance(read, Consultation)
    assert read.client_id == "5"
    odd = read_consultation({**PAGE, "client": {"id": ["x"]}}, "9")
    assert isinstance(odd, Consultation)
    assert odd.client_id is None
