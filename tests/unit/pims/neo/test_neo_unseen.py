"""What nobody sees of an answer changes nothing of what is read (rule R3)."""

from typing import Any

import pytest

from idexx_sync.pims.neo.payloads.appointment import read_appointment, read_configuration
from idexx_sync.pims.neo.payloads.calendar import read_event
from idexx_sync.pims.neo.payloads.consultation import read_consultation
from idexx_sync.pims.neo.payloads.fields import contact
from idexx_sync.pims.protocol import SourceRecord, Unreadable
from tests.unit.pims.neo.test_neo_consultations import page
from tests.unit.pims.neo.test_neo_lookups import shown
from tests.unit.pims.neo.test_neo_payloads import event

UNSEEN = {
    "zero-width space": "\u200b",
    "zero-width joiner": "\u200d",
    "word joiner": "\u2060",
    "byte order mark": "\ufeff",
    "soft hyphen": "\u00ad",
    "right-to-left override": "\u202e",
    "isolate": "\u2066",
    "Arabic letter mark": "\u061c",
    "grapheme joiner": "\u034f",
    "Hangul filler": "\u3164",
    "variation selector": "\ufe0f",
    "tag": "\U000e0041",
    "NUL": "\x00",
    "control character": "\x07",
    "half a pair": "\ud83d",
}
unseen = pytest.mark.parametrize("mark", UNSEEN.values(), ids=UNSEEN)


def marked(value: Any, mark: str) -> Any:
    """The same with the mark before, after and within every text and number; keys stay."""
    if isinstance(value, dict):
        return {key: marked(inner, mark) for key, inner in value.items()}
    if isinstance(value, list):
        return [marked(inner, mark) for inner in value]
    if isinstance(value, str) and value:
        return mark + value[:1] + mark + value[1:] + mark
    return marked(str(value), mark) if type(value) is int else value


@unseen
def test_r03_what_nobody_sees_changes_nothing_of_a_visit(mark: str) -> None:
    whole = event(resourceId=3)
    assert read_event(marked(whole, mark)) == read_event(whole)


@unseen
def test_r03_what_nobody_sees_changes_nothing_of_an_unreadable_visit(mark: str) -> None:
    odd = event(end="soon")
    read = read_event(marked(odd, mark))
    assert isinstance(read, Unreadable)
    assert read == read_event(odd)


@unseen
def test_r03_what_nobody_sees_changes_nothing_of_a_look_up(mark: str) -> None:
    whole = shown(cancelledReason="moved")
    assert read_appointment(marked(whole, mark), "600103") == read_appointment(whole, "600103")


@unseen
def test_r03_what_nobody_sees_changes_nothing_of_the_configuration(mark: str) -> None:
    whole = {
        "slotInterval": 15,
        "appointmentRooms": [{"id": 3, "name": "ROOM A"}],
        "appointmentTypes": [{"id": 1001, "name": "Exam"}],
        "providers": [{"id": 1000, "name": "DR. A. EXAMPLE"}],
        "clientBranch": {"id": 1, "name": "Example Animal Clinic"},
    }
    assert read_configuration(marked(whole, mark)) == read_configuration(whole)


@unseen
def test_r03_what_nobody_sees_changes_nothing_of_a_record(mark: str) -> None:
    whole = page(patient={**page()["patient"], "weight": "21.4"})
    assert read_consultation(marked(whole, mark), "910011") == read_consultation(whole, "910011")


@pytest.mark.parametrize("name", ["appointment_id", "id"])
def test_r03_an_occurrences_sign_in_an_id_stays_unreadable(name: str) -> None:
    broken = event(**{"appointment_id": None, "id": None, name: "\u200b600@1\u200b"})
    assert read_event(broken) == read_event(event(id="600@1", appointment_id=None))
    assert isinstance(read_event(event(id="6.1\u200b", appointment_id=None)), Unreadable)


def test_r03_hard_blanks_of_names_are_blanks() -> None:
    read = read_event(
        event(patient_name="TANGO\u00a0TWO", provider="DR.\u202fA", reason="a\u3000b")
    )

    assert isinstance(read, SourceRecord)
    assert (read.patient_name, read.provider_name, read.reason) == ("TANGO TWO", "DR. A", "a b")


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("robin\uff20example.com", "robin@example.com"),
        ("\uff15\uff15\uff15-\uff15\uff15\uff15-0100", "555-555-0100"),
        ("(555)\u00a0555\u20110100", "(555) 555\u20100100"),
        ("+1\u2007555\u00a05550100", "+1 555 5550100"),
        ("r\u00f6bin@example.com", "r\u00f6bin@example.com"),
        ("\u3000", None),
        ("555", "555"),
        (None, None),
    ],
)
def test_r03_phones_and_e_mails_are_as_a_keyboard_types_them(
    typed: str | None, plain: str | None
) -> None:
    assert contact(typed) == plain
    record = read_event(event(email=typed, phone_number=typed))
    assert isinstance(record, SourceRecord)
    assert (record.client_email, record.client_phone) == (plain, plain)
