"""Appointments by day, room and patient, in Neo and here."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

import pytest

from idexx_sync.explain.finding import Match, Sought, matches
from idexx_sync.explain.model import StoredRow
from idexx_sync.pims.protocol import Snapshot, Window
from tests.kit.records import block, visit

MONDAY = date(2026, 5, 4)
NOW = datetime(2026, 5, 4, 14, tzinfo=UTC)
DAY = Sought((MONDAY, MONDAY))
USUAL = Window(MONDAY, date(2026, 5, 17))


def row(key: str = "600101", **fields: Any) -> StoredRow:
    plain = StoredRow(
        UUID(int=1), key, MONDAY, time(9), time(9, 30), "3", "scheduled", "Exam", None, NOW, None,
        "TANGO", None, None, None,
    )  # fmt: skip
    return replace(plain, **fields)


def shown(*records: Any) -> Snapshot:
    return Snapshot(Window(MONDAY, MONDAY), NOW, records)


def found(sought: Sought, snapshot: Snapshot | None, *rows: StoredRow) -> list[Match]:
    return matches(sought, snapshot, rows)


def test_each_is_told_by_where_it_is() -> None:
    neo = shown(
        visit(), visit("600102", "2026-05-04 10:00:00"), visit("600103", "2026-05-04 11:00:00"),
        visit("600105", "2026-05-04 12:00:00"), block(start="2026-05-04 08:00:00"),
    )  # fmt: skip
    rows = [
        row(), row("600102"), row("600104", start_time=time(15)), row("600105", deleted_at=NOW),
        row("600106", start_time=time(16), deleted_at=NOW),
    ]  # fmt: skip

    assert [
        (one.id, one.start[11:], one.where(USUAL, asked=True)) for one in found(DAY, neo, *rows)
    ] == [
        ("700101", "08:00", "Neo, not in ODIS"),
        ("600101", "09:00", "Neo and ODIS"),
        ("600102", "10:00", "Neo; ODIS has it at 2026-05-04 09:00, room 3"),
        ("600103", "11:00", "Neo, not in ODIS"),
        ("600105", "12:00", "Neo, removed from ODIS"),
        ("600104", "15:00", "ODIS, Neo does not show it"),
        ("600106", "16:00", "removed from ODIS, Neo does not show it"),
    ]
    assert [one.where(USUAL, asked=False) for one in found(DAY, None, *rows[:1])] == ["ODIS"]


@pytest.mark.parametrize(
    ("usual", "where"),
    [
        (Window(MONDAY, MONDAY), "Neo, not in ODIS"),
        (
            Window(date(2026, 5, 5), date(2026, 5, 18)),
            "Neo; runs read from 2026-05-05 on, and not its day",
        ),
        (
            Window(date(2026, 5, 1), date(2026, 5, 3)),
            "Neo; runs read to 2026-05-03, and not its day yet",
        ),
    ],
)
def test_what_no_run_reads_by_itself_is_not_told_as_missing(usual: Window, where: str) -> None:
    assert [one.where(usual, asked=True) for one in found(DAY, shown(visit()))] == [where]


def test_a_live_row_counts_before_removed_ones_and_the_last_of_those() -> None:
    later = datetime(2026, 5, 4, 15, tzinfo=UTC)
    first, last = row(deleted_at=NOW, room_id="4"), row(deleted_at=later, room_id="5")

    assert found(DAY, None, first, last)[0].room_id == "5"
    assert found(DAY, None, first, row(), last)[0].room_id == "3"


def test_by_room_by_patient_and_not_what_began_before() -> None:
    neo = shown(
        visit(patient_name="Big  Tango"), visit("600102", room_id="4", patient_name=None),
        visit("600103", "2026-05-03 23:00:00"),
    )  # fmt: skip

    assert [one.id for one in found(DAY, neo)] == ["600101", "600102"]
    assert [one.id for one in found(replace(DAY, room="4"), neo)] == ["600102"]
    assert [one.id for one in found(replace(DAY, patient="big tango"), neo)] == ["600101"]
    assert found(replace(DAY, patient="x"), neo) == []
    assert [m.id for m in found(replace(DAY, room="3"), neo, row("600102"))] == ["600101", "600102"]
