"""What an answer says of its patient's life, in every form that it may have."""

from typing import Any

import pytest

from idexx_sync.pims.neo.payloads.appointment import read_appointment
from idexx_sync.pims.neo.payloads.consultation import read_consultation
from idexx_sync.pims.neo.payloads.life import life_of
from idexx_sync.pims.protocol import Consultation, Found

LOOK_UP = {"id": "600101", "startAtLocal": "2026-05-04 09:00:00", "deleted": False}


@pytest.mark.parametrize(
    ("patient", "life"),
    [
        ({"alive": False}, "dead"),
        ({"alive": "false"}, "dead"),
        ({"alive": 0}, "dead"),
        ({"isAlive": False}, "dead"),
        ({"status": "deceased"}, "dead"),
        ({"status": {"id": 2, "name": "Deceased"}}, "dead"),
        ({"deceased": True}, "dead"),
        ({"deceasedDate": "2026-05-01"}, "dead"),
        ({"dateOfDeath": "01.05.2026", "alive": True}, "dead"),
        ({"active": False}, "in_doubt"),
        ({"status": "inactive"}, "in_doubt"),
        ({"status": "d"}, "in_doubt"),
        ({"alive": "unknown"}, "in_doubt"),
        ({"alive": {}}, "in_doubt"),
        ({"alive": True, "isAlive": False}, "in_doubt"),
        ({"deceased": False, "isDeceased": True}, "in_doubt"),
        ({"status": "Deceased\u200b"}, "dead"),
        ({"status": "Deceased - 5/4"}, "in_doubt"),
        ({"status": "alive?\npassed away"}, "in_doubt"),
        ({"status": {"label": "deceased"}}, "in_doubt"),
        ({"deceased": [1]}, "in_doubt"),
        ({"alive": True, "active": False}, None),
        ({"alive": True, "status": "a", "active": True}, None),
        ({"alive": None, "deceased": False, "deceasedDate": None, "status": ""}, None),
        ({"deceasedDate": " "}, None),
        ({}, None),
        (None, None),
        ([], None),
    ],
)
def test_r19_what_a_patient_says_of_its_life(patient: Any, life: str | None) -> None:
    assert life_of(patient) == life


def test_r19_a_record_and_a_look_up_say_it_too() -> None:
    said = {"id": 40021, "name": "TANGO (DECEASED)", "alive": False}
    record = read_consultation({"consultation": {"id": 910011}, "patient": said}, "910011")
    shown = read_appointment({"appointment": {**LOOK_UP, "patient": said}}, "600101")

    assert isinstance(record, Consultation)
    assert isinstance(shown, Found)
    assert (record.patient_name, record.life, shown.life) == ("TANGO (DECEASED)", "dead", "dead")
