"""What beside running text tells of a patient's death, and how certainly."""

from typing import Any

import pytest

from idexx_sync.syncs.cases.life_status import Screening
from idexx_sync.syncs.cases.screened import strongest, tellings_of_record, tellings_of_visit
from tests.kit.records import chart, patient_visit

DEAD, MAYBE = Screening("death", in_doubt=False), Screening("death", in_doubt=True)


@pytest.mark.parametrize(
    ("said", "screening"),
    [
        ({"patient_name": "TANGO (DECEASED)"}, DEAD),
        ({"life": "dead"}, DEAD),
        ({"life": "in_doubt"}, MAYBE),
        ({"client_name": "Robin Sample (deceased)"}, MAYBE),
        ({"title": "TANGO - DECEASED; Sample, Robin"}, MAYBE),
        ({"room_name": "EUTHANASIA ROOM"}, Screening("euthanasia", in_doubt=True)),
        ({"provider_name": "IN-HOME EUTHANASIA"}, Screening("euthanasia", in_doubt=True)),
        ({}, None),
        ({"title": "TANGO; Sample, Robin", "room_name": "EXAM 1", "provider_name": "DR. A."}, None),
    ],
)
def test_r19_what_is_written_beside_a_patient_counts(
    said: dict[str, Any], screening: Screening | None
) -> None:
    found = tellings_of_visit(patient_visit(**said))

    assert strongest(telling.screening for telling in found) == screening


@pytest.mark.parametrize(
    ("said", "screening"),
    [
        ({"patient_name": "TANGO (DECEASED)"}, DEAD),
        ({"life": "dead"}, DEAD),
        (
            {"vital_signs": {"items": [{"weight": 4, "note": "euthanized"}]}},
            Screening("euthanasia", in_doubt=False),
        ),
        ({"vital_signs": {"weight": 4, "unit": "kg", "by": None}}, None),
    ],
)
def test_r19_what_a_record_says_beside_its_notes_counts(
    said: dict[str, Any], screening: Screening | None
) -> None:
    found = tellings_of_record(chart(**said))

    assert strongest(telling.screening for telling in found) == screening


def test_r19_only_what_tells_is_remembered_as_screened() -> None:
    """So that a name that changes is no new word by itself."""
    assert tellings_of_visit(patient_visit(patient_name="MOCHI", client_name="Kim Example")) == []
