"""A single appointment and the configuration, as Neo shows them."""

from typing import Any

import pytest

from idexx_sync.core.errors import ShapeChanged
from idexx_sync.pims.identity import Shown
from idexx_sync.pims.neo.payloads.appointment import read_appointment, read_configuration
from idexx_sync.pims.protocol import Configuration, Found, Gone, Room, Unknown


def shown(**changes: Any) -> dict[str, Any]:
    appointment = {
        "id": "600103",
        "status": "not arrived",
        "startAtLocal": "2026-05-06 10:00:00",
        "endAtLocal": "2026-05-06 10:30:00",
        "deleted": False,
        "block": False,
        "patient": {"id": 40021, "species": "Dog"},
        "appointmentRoom": {"id": 3, "name": "ROOM A"},
        "cancelledReason": None,
    }
    return {"appointment": appointment | changes}


def found(**changes: Any) -> Found:
    facts: dict[str, Any] = {
        "id": "600103",
        "kind": "visit",
        "start": "2026-05-06 10:00:00",
        "end": "2026-05-06 10:30:00",
        "room_id": "3",
        "status": "not arrived",
        "deleted": False,
        "cancelled": False,
        "patient_id": "40021",
    }
    return Found(**(facts | changes))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, found()),
        ({"id": 600103}, found()),
        ({"startAtLocal": "2026-05-06T10:00"}, found()),
        ({"deleted": True}, found(deleted=True)),
        ({"deleted": None}, found()),
        ({"cancelledReason": "moved away"}, found(cancelled=True)),
        ({"cancelledReason": " "}, found()),
        *(({"cancelledReason": nothing}, found()) for nothing in (0, "0", 1, "-", "null", "N/A")),
        ({"status": "Canceled"}, found(status="Canceled", cancelled=True)),
        ({"block": True, "status": None}, found(kind="block", status=None)),
        ({"appointmentRoom": None}, found(room_id=None)),
        ({"appointmentRoom": {"id": "5"}}, found(room_id="5")),
        ({"endAtLocal": None}, found(end=None)),
        ({"patient": {"id": "40022"}}, found(patient_id="40022")),
        ({"patient": None}, found(patient_id=None)),
        ({"patient": {}}, found(patient_id=None)),
        ({"patient": {"id": None}}, found(patient_id=None)),
        ({"patient": {"id": [1]}}, found(patient_id=None)),
        ({"patient": {"id": True}}, found(patient_id=None)),
        ({"patient": "TANGO"}, found(patient_id=None)),
    ],
)
def test_r06_only_the_facts_that_may_be_used_are_taken(
    changes: dict[str, Any], expected: Found
) -> None:
    assert read_appointment(shown(**changes), "600103") == expected


@pytest.mark.parametrize(
    "value",
    [
        *({}, {"appointment": None}, {"error": "unknown"}, {"success": False}),
        *(
            {"success": False, "message": "Appointment not found"},
            {"errors": [{"m": "No such id"}]},
        ),
    ],
)
def test_r06_an_answer_without_appointment_says_that_it_is_gone(value: object) -> None:
    assert read_appointment(value, "600103") == Gone()


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ([], "lookup_envelope"),
        ({"error": "timed out"}, "lookup_failed"),
        ({"appointment": None, "success": False, "message": "Try again"}, "lookup_failed"),
        ({"status": "error"}, "lookup_failed"),
        (None, "lookup_envelope"),
        ({"appointment": []}, "object_unreadable"),
        (shown(id="600104"), "other_id"),
        (shown(id=True), "id_unreadable"),
        (shown(startAtLocal="tomorrow"), "start_unreadable"),
        (shown(startAtLocal=""), "start_unreadable"),
        (shown(endAtLocal="later"), "end_unreadable"),
        (shown(deleted="perhaps"), "deleted_unreadable"),
        ({"appointment": {"id": "600103", "startAtLocal": "2026-05-06 10:00"}}, "deleted_missing"),
    ],
)
def test_r06_nothing_is_concluded_from_any_other_answer(value: object, code: str) -> None:
    assert read_appointment(value, "600103") == Unknown(code)


def view(**changes: Any) -> dict[str, Any]:
    return {
        "slotInterval": 15,
        "appointmentTypes": [{"id": 1, "name": "Default", "duration": 1}],
        "appointmentRooms": [
            {"id": 5, "name": "TECH", "position": 2},
            {"id": "3", "name": "ROOM A", "position": 1},
        ],
        "deputyEnabled": False,
        **changes,
    }


def test_the_configuration_lists_rooms_as_the_calendar_does() -> None:
    assert read_configuration(view()) == Configuration(
        slot_minutes=15,
        rooms=[Room("3", "ROOM A"), Room("5", "TECH")],
        appointment_types=["Default"],
        shown=Shown(rooms={"3": "ROOM A", "5": "TECH"}, types={"1": "Default"}),
    )


def test_r08_the_configuration_shows_what_identifies_the_company() -> None:
    shown = view(
        providers=[{"id": 1000, "name": " DR. A. EXAMPLE "}, {"id": "1001", "name": None}, 7, {}],
        appointmentTypes=[{"id": "1001", "name": {"name": "Exam"}}, {"name": "Nameless"}],
        clientBranch={"id": 2, "name": "Harbour"},
    )
    assert read_configuration(shown).shown == Shown(
        rooms={"3": "ROOM A", "5": "TECH"},
        types={"1001": "Exam"},
        providers={"1000": "DR. A. EXAMPLE"},
        branches=frozenset({"2"}),
    )


@pytest.mark.parametrize("value", [None, 7, "x", {}, [{"id": []}], [{"id": 1, "name": ["x"]}]])
def test_r08_what_does_not_say_whose_it_is_costs_no_configuration(value: object) -> None:
    shown = read_configuration(view(providers=value, clientBranch=value)).shown
    assert (shown.providers, shown.branches) == ({}, frozenset())


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ([], "configuration_object_unreadable"),
        ({}, "configuration_slot_minutes_missing"),
        (view(slotInterval=0), "configuration_slot_minutes_unreadable"),
        (view(appointmentRooms=None), "configuration_rooms_unreadable"),
        (view(appointmentRooms=[{"id": None}]), "configuration_rooms_unreadable"),
    ],
)
def test_a_configuration_of_another_shape_is_named(value: object, code: str) -> None:
    with pytest.raises(ShapeChanged) as caught:
        read_configuration(value)

    assert caught.value.code == code
