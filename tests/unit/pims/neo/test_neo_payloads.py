"""Neo's calendar events, read into records (rules R1, R3, R5, R10)."""

import re
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idexx_sync.core.errors import ShapeChanged
from idexx_sync.pims.neo.payloads.calendar import read_calendar, read_event
from idexx_sync.pims.neo.payloads.fields import wall_clock
from idexx_sync.pims.protocol import SourceRecord, Unreadable

ABSENT = object()
unhurried = settings(deadline=None)


def event(**changes: Any) -> dict[str, Any]:
    """A visit as the calendar shows it; a field set to ABSENT is left out."""
    whole = {
        "id": "600101",
        "appointment_id": 600101,
        "consultation_id": 910011,
        "start": "2026-05-04 09:00:00",
        "end": "2026-05-04 09:30:00",
        "patient_id": 40021,
        "patient_name": "TANGO",
        "client_id": 15077,
        "first_name": "Robin",
        "last_name": "Sample",
        "email": "robin.sample@example.com",
        "phone_number": "555-555-0100",
        "provider": "DR. A. EXAMPLE",
        "popup_title_text": "DR. A. EXAMPLE",
        "resourceId": "3",
        "appointment_room_id": 3,
        "title": "TANGO; Sample, Robin",
        "type_description": "Exam",
        "reason": "LIMPING LEFT FRONT",
        "current_status": "Finalized",
        "status_label": "Finalized",
        "is_block": False,
        "is_roster": False,
        "last_updated_at": "2026-05-04 09:41:00",
    }
    return {name: value for name, value in (whole | changes).items() if value is not ABSENT}


def read(**changes: Any) -> SourceRecord:
    record = read_event(event(**changes))
    assert isinstance(record, SourceRecord)
    return record


def test_a_visit_is_read_whole() -> None:
    assert read() == SourceRecord(
        id="600101",
        kind="visit",
        start="2026-05-04 09:00:00",
        end="2026-05-04 09:30:00",
        room_id="3",
        status="Finalized",
        type="Exam",
        patient_id="40021",
        patient_name="TANGO",
        client_id="15077",
        client_name="Robin Sample",
        client_phone="555-555-0100",
        client_email="robin.sample@example.com",
        provider_name="DR. A. EXAMPLE",
        reason="LIMPING LEFT FRONT",
        consultation_id="910011",
        last_updated_at="2026-05-04 09:41:00",
    )


def test_r19_what_else_staff_can_write_words_into_is_read() -> None:
    record = read(appointment_room_name="COMFORT ROOM")

    assert (record.title, record.room_name) == ("TANGO; Sample, Robin", "COMFORT ROOM")


@pytest.mark.parametrize(
    ("said", "life"),
    [
        ({}, None),
        ({"patient_alive": False}, "dead"),
        ({"patient": {"alive": False}}, "dead"),
        ({"patient_status": "Deceased"}, "dead"),
        ({"patient_deceased_date": "2026-05-01"}, "dead"),
        ({"patient_active": False}, "in_doubt"),
        ({"patient_alive": True, "patient_active": False}, None),
        ({"alive": [7]}, "in_doubt"),
        ({"patient": {"alive": True}, "patient_alive": False}, "dead"),
    ],
)
def test_r19_what_an_event_says_of_its_patients_life(
    said: dict[str, Any], life: str | None
) -> None:
    assert read(**said).life == life


def test_r10_a_block_keeps_its_time_and_title_and_nobodys_name() -> None:
    block = read(is_block=True, title="STAFF LUNCH", reason=None, provider=None, resourceId=None)

    assert block == SourceRecord(
        id="600101",
        kind="block",
        start="2026-05-04 09:00:00",
        end="2026-05-04 09:30:00",
        room_id="3",
        status="Finalized",
        type="Exam",
        provider_name="DR. A. EXAMPLE",
        reason="STAFF LUNCH",
        last_updated_at="2026-05-04 09:41:00",
    )


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        ({"appointment_id": ABSENT}, "id", "600101"),
        ({"appointment_id": None, "id": 7}, "id", "7"),
        ({"appointment_id": "", "id": " 8 "}, "id", "8"),
        ({"resourceId": 5}, "room_id", "5"),
        ({"resourceId": "", "appointment_room_id": 4}, "room_id", "4"),
        ({"resourceId": ABSENT, "appointment_room_id": ABSENT}, "room_id", None),
        ({"current_status": None, "status_label": "No Show"}, "status", "No Show"),
        ({"current_status": "", "status_label": " "}, "status", None),
        ({"current_status": ABSENT}, "has_status", True),
        ({"current_status": None, "status_label": None}, "has_status", True),
        ({"current_status": ABSENT, "status_label": ABSENT}, "has_status", False),
        ({"patient_name": ["TANGO"]}, "client_name", "Robin Sample"),
        ({"reason": "dental \ud83d"}, "reason", "dental"),
        ({"reason": "a\x00b"}, "reason", "ab"),
        ({"reason": ["a"]}, "reason", None),
        ({"email": {"of": 1}}, "client_email", None),
        ({"current_status": "Late\u200b", "status_label": []}, "status", "Late"),
        ({"type_description": {"name": "Ex\u00adam"}}, "type", "Exam"),
        ({"provider": True}, "end", "2026-05-04 09:30:00"),
        ({"last_updated_at": 5}, "last_updated_at", None),
        ({"is_roster": "perhaps"}, "kind", "visit"),
        ({"patient_id": {"of": 1}}, "unclear", ("patient_id",)),
        ({"client_id": [], "consultation_id": True}, "unclear", ("consultation_id", "client_id")),
        ({"start": "2026-05-04T09:00"}, "start", "2026-05-04 09:00:00"),
        ({"first_name": "", "last_name": "Sample"}, "client_name", "Sample"),
        ({"first_name": None, "last_name": ABSENT}, "client_name", "Robin Sample"),
        ({"first_name": "", "last_name": "", "title": "TANGO ;  ,"}, "client_name", None),
        ({"first_name": "", "last_name": "", "title": "TANGO"}, "client_name", None),
        ({"patient_name": None, "title": "TANGO ; Sample, Robin"}, "patient_name", "TANGO"),
        ({"patient_name": " Tango "}, "patient_name", "Tango"),
        ({"provider": None, "popup_title_text": "DR. B"}, "provider_name", "DR. B"),
        ({"provider": {"id": 1000, "name": "DR. C"}}, "provider_name", "DR. C"),
        ({"type_description": {"id": 1001, "name": "Surgery"}}, "type", "Surgery"),
        ({"phone_number": 5555550100}, "client_phone", "5555550100"),
        ({"email": ""}, "client_email", None),
        ({"consultation_id": None}, "consultation_id", None),
        ({"last_updated_at": "yesterday"}, "last_updated_at", None),
        ({"is_block": ABSENT, "is_roster": ABSENT}, "kind", "visit"),
        ({"is_block": 1}, "kind", "block"),
    ],
)
def test_what_the_protocol_leaves_open_is_tolerated(
    changes: dict[str, Any], field: str, value: object
) -> None:
    assert getattr(read(**changes), field) == value


def without(code: str, **facts: Any) -> Unreadable:
    """The event of this page, of which only the facts could not be read."""
    known: dict[str, Any] = {
        "id": "600101",
        "start": "2026-05-04 09:00:00",
        "end": "2026-05-04 09:30:00",
        "day": date(2026, 5, 4),
        "last_day": date(2026, 5, 4),
        "room_id": "3",
    }
    if "start" in facts:
        known["end"] = None
    if "end" in facts:
        known["last_day"] = None
    return Unreadable(code, **{**known, **facts})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"start": ABSENT}, without("start_missing", start=None, day=None)),
        ({"start": ""}, without("start_missing", start=None, day=None)),
        ({"start": "05/04/2026 09:00 AM"}, without("start_unreadable", start=None, day=None)),
        ({"start": "2026-02-30 09:00:00"}, without("start_unreadable", start=None, day=None)),
        ({"start": ["2026-05-04"]}, without("start_unreadable", start=None, day=None)),
        ({"start": "2026-05-04 24:00:00"}, without("start_unreadable", start=None)),
        (
            {"start": "2026-05-04 09:00:00Z"},
            without("start_unreadable", start=None, instant=datetime(2026, 5, 4, 9, tzinfo=UTC)),
        ),
        (
            {"start": "2026-05-04T09:00:00-07:00"},
            without("start_unreadable", start=None, instant=datetime(2026, 5, 4, 16, tzinfo=UTC)),
        ),
        ({"start": "2026-05-04 09:00:00.000"}, without("start_unreadable", start=None)),
        ({"start": "2026-05-04"}, without("start_unreadable", start=None)),
        ({"end": "soon"}, without("end_unreadable", end=None)),
        ({"end": None}, without("end_missing", end=None)),
        ({"end": ABSENT}, without("end_missing", end=None)),
        ({"id": ABSENT, "appointment_id": ABSENT}, without("id_missing", id=None)),
        (
            {"id": {"value": 1}, "appointment_id": {"value": 1}},
            without("appointment_id_unreadable", id=None),
        ),
        ({"id": "600@1", "appointment_id": "600@1"}, without("id_unreadable", id=None)),
        ({"appointment_id": True}, without("appointment_id_unreadable")),
        (
            {"appointment_id": 1.5, "is_block": True},
            without("appointment_id_unreadable", kind="block"),
        ),
        ({"resourceId": {"id": 3}}, without("room_unreadable")),
        (
            {"resourceId": {"id": 3}, "appointment_room_id": ABSENT},
            without("room_unreadable", room_id=None, fills=True),
        ),
        ({"is_block": "perhaps"}, without("is_block_unreadable")),
        (
            {"is_block": "perhaps", "resourceId": None, "appointment_room_id": None},
            without("is_block_unreadable", room_id=None, fills=True),
        ),
        (
            {"end": "soon", "resourceId": None, "appointment_room_id": None},
            without("end_unreadable", end=None, room_id=None, fills=False),
        ),
        (
            {
                **dict.fromkeys(("is_block", "patient_id", "patient_name", "client_id"), ABSENT),
                "title": "STAFF LUNCH",
            },
            without("is_block_missing"),
        ),
    ],
)
def test_what_would_be_a_lie_is_unreadable(changes: dict[str, Any], expected: Unreadable) -> None:
    assert read_event(event(**changes)) == expected


def test_r10_rosters_are_counted_and_dropped_however_broken() -> None:
    page = read_calendar({"events": [event(is_roster=True), {"is_roster": 1}, event()]})

    assert (page.rosters, len(page.records), page.unreadable) == (2, 1, [])


def test_r01_an_element_that_is_no_object_is_reported_without_id() -> None:
    page = read_calendar({"events": ["[object Object]", None, event()]})

    assert page.unreadable == [Unreadable("not_an_object", None)] * 2
    assert len(page.records) == 1


def test_unknown_fields_are_counted_by_name_unless_the_name_may_be_data() -> None:
    page = read_calendar(
        {"events": [event(telehealth=True), event(telehealth=None), event(**{"Robin Sample": 1})]}
    )

    assert dict(page.unknown_fields) == {"telehealth": 2, "(other)": 1}


@pytest.mark.parametrize(
    "value",
    [[], None, "events", {}, {"events": None}, {"events": {}}, {"data": [event()]}, [event()]],
    ids=str,
)
def test_an_unknown_envelope_is_never_an_empty_calendar(value: object) -> None:
    with pytest.raises(ShapeChanged) as caught:
        read_calendar(value)

    assert caught.value.code == "calendar_envelope"
    assert "TANGO" not in str(caught.value)


@pytest.mark.parametrize(
    ("beside", "is_whole"),
    [
        ({}, True),
        ({"success": True, "hasMore": False, "errors": [], "total": 1}, True),
        ({"success": False}, False),
        ({"complete": "false"}, False),
        ({"partial": True}, False),
        ({"has_more": True}, False),
        ({"nextPage": "2"}, False),
        ({"error": "timeout"}, False),
        ({"total": 2}, False),
        ({"status": "Error"}, False),
        ({"status": "ok", "branch": 1}, True),
    ],
)
def test_r01_what_an_answer_says_of_itself_counts(beside: dict[str, Any], is_whole: bool) -> None:
    page = read_calendar({"events": [event()], **beside})

    assert page.is_whole is is_whole
    assert dict(page.unknown_fields) == {f"envelope.{name}": 1 for name in beside}


def test_an_empty_list_is_an_empty_calendar() -> None:
    page = read_calendar({"events": []})

    assert (page.records, page.unreadable, page.rosters) == ([], [], 0)


@unhurried
@given(
    st.datetimes(datetime(1900, 1, 1), datetime(2199, 12, 31, 23, 59, 59)),  # noqa: DTZ001
    st.sampled_from(" T"),
    st.booleans(),
)
def test_every_real_wall_clock_text_is_normalised(
    moment: datetime, between: str, with_seconds: bool
) -> None:
    shown = moment.replace(microsecond=0, second=moment.second if with_seconds else 0)
    text = shown.isoformat(between)[: 19 if with_seconds else 16]

    assert wall_clock(text) == shown.isoformat(" ")


@unhurried
@given(st.text(alphabet="0123456789-:T Z+.", max_size=25))
def test_nothing_else_passes_for_a_wall_clock_text(text: str) -> None:
    try:
        normal = wall_clock(text)
    except ValueError:
        return
    assert normal is None or re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", normal)


words = st.text(alphabet="aé1 -.:;,\x00\ud800", max_size=5)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=2),
    max_leaves=3,
)


@unhurried
@given(st.dictionaries(st.sampled_from(sorted(event())), json_values))
def test_no_value_of_any_field_breaks_the_reader(changes: dict[str, Any]) -> None:
    assert isinstance(read_event(event(**changes)), (SourceRecord, Unreadable))
