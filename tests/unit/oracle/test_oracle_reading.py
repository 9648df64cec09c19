"""What time an answer names, by the oracle's own reading."""

import json
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from oracle.reading import Covered, Manner, Reading, read_answers

MANNER = Manner(ZoneInfo("America/Los_Angeles"), timedelta(minutes=30), ("3", "4"))
VISIT: dict[str, Any] = {
    "id": "600101",
    "start": "2026-05-04 09:00:00",
    "end": "2026-05-04 10:30:00",
    "resourceId": "3",
    "current_status": "Not Arrived",
    "is_block": False,
    "patient_id": 40021,
}
BLOCK: dict[str, Any] = {**VISIT, "is_block": True, "patient_id": None, "resourceId": None}
DAY, NEXT = "2026-05-04T00:00:00", "2026-05-05T00:00:00"


def read(*records: Any) -> Reading:
    return read_answers([json.dumps({"events": list(records)})], MANNER)


def one(**changes: Any) -> Covered:
    (covered,) = read({**VISIT, **changes}).covered
    return covered


def span(covered: Covered) -> tuple[str, str]:
    return covered.start.isoformat(), covered.end.isoformat()


@pytest.mark.parametrize(
    ("changes", "start", "end"),
    [
        ({}, "2026-05-04T09:00:00", "2026-05-04T10:30:00"),
        ({"reason": "dental \ud83d", "title": 7}, "2026-05-04T09:00:00", "2026-05-04T10:30:00"),
        ({"start": "2026-05-04T09:00:00.000"}, "2026-05-04T09:00:00", "2026-05-04T10:30:00"),
        ({"start": "2026-05-04T09:00:00-07:00"}, "2026-05-04T09:00:00", "2026-05-04T10:30:00"),
        ({"start": "2026-05-04T16:00:00Z"}, "2026-05-04T09:00:00", "2026-05-04T10:30:00"),
        ({"start": "2026-05-05T00:00:00Z"}, "2026-05-04T17:00:00", NEXT),
        ({"end": "2026-05-04 09:00:00"}, "2026-05-04T09:00:00", "2026-05-04T09:30:00"),
        ({"end": "2026-05-06 12:00:00"}, "2026-05-04T09:00:00", "2026-05-06T12:00:00"),
        ({"end": None}, "2026-05-04T09:00:00", NEXT),
        ({"end": "soon"}, "2026-05-04T09:00:00", NEXT),
        ({"end": "2026-05-04"}, "2026-05-04T09:00:00", NEXT),
        ({"end": "2026-05-04 08:30:00"}, "2026-05-04T09:00:00", NEXT),
        ({"start": "2026-05-04"}, DAY, NEXT),
        ({"start": "2026-05-04", "end": "2026-05-05 11:00:00"}, DAY, "2026-05-06T00:00:00"),
    ],
)
def test_the_time_that_a_record_names_as_far_as_it_can_be_read(
    changes: dict[str, Any], start: str, end: str
) -> None:
    assert span(one(**changes)) == (start, end)


def test_a_block_from_midnight_to_midnight_is_the_whole_day() -> None:
    midnight = "2026-05-04 00:00:00"

    assert span(one(start=midnight, end=midnight, is_block=True)) == (DAY, NEXT)
    assert span(one(start=midnight, end=midnight))[1] == "2026-05-04T00:30:00"


@pytest.mark.parametrize(
    "start", [None, "tomorrow", "2026-02-31 25:61:00", "05/04/2026 09:00 AM", 7, ""]
)
def test_what_has_no_day_is_counted(start: Any) -> None:
    reading = read({**VISIT, "start": start}, "[object Object]", VISIT)

    assert (reading.undated, len(reading.covered)) == (2, 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"current_status": "Cancelled"},
        {"current_status": "no-show"},
        {"is_roster": True},
        {"resourceId": "5"},
        {"current_status": "cancelled", "start": None},
    ],
)
def test_what_takes_no_time_and_what_does_not_count_is_passed_over(changes: Any) -> None:
    assert read({**VISIT, **changes}) == Reading(is_one=True)


@pytest.mark.parametrize("word", ["Levitating", None, ["Cancelled"]])
def test_a_word_that_says_nothing_leaves_it_to_what_was_known(word: Any) -> None:
    assert not one(current_status=word).status_known
    assert one().status_known


@pytest.mark.parametrize(
    ("record", "fills"),
    [
        (VISIT, False),
        ({**VISIT, "resourceId": None}, False),
        ({**VISIT, "resourceId": None, "start": "2026-05-04"}, True),
        ({**VISIT, "start": "2026-05-04"}, False),
        (BLOCK, True),
        ({**BLOCK, "resourceId": "3"}, False),
        ({**BLOCK, "resourceId": {"value": 3}}, False),
        ({**BLOCK, "is_block": None}, True),
        ({key: value for key, value in BLOCK.items() if key != "is_block"}, True),
        ({**VISIT, "is_block": "perhaps", "resourceId": None}, False),
    ],
)
def test_what_takes_all_that_there_is(record: dict[str, Any], fills: bool) -> None:
    assert [covered.fills for covered in read(record).covered] == [fills]


def test_records_are_told_apart_by_whichever_id_can_be_read() -> None:
    records = [{**VISIT, "appointment_id": 7}, {**VISIT, "id": {}}, {**VISIT, "id": None}]

    assert [covered.record for covered in read(*records).covered] == ["7", "(no id)", "(no id)"]


@pytest.mark.parametrize("body", ["", "no JSON", "[]", '{"events": null}', '{"payload": []}'])
def test_what_is_no_list_of_events_is_no_read(body: str) -> None:
    assert read_answers([body], MANNER) == Reading()


def test_a_skipped_hour_moves_the_whole_visit() -> None:
    skipped = {"start": "2026-03-08 02:30:00", "end": "2026-03-08 03:00:00"}

    assert span(one(**skipped)) == ("2026-03-08T03:30:00", "2026-03-08T04:00:00")
