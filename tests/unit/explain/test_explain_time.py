"""Why a time is offered or not: each cause with its rule and with what comes next."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from idexx_sync.clinics.needs import Need
from idexx_sync.clinics.store import BlockedPeriod, Clinic
from idexx_sync.explain.at_time import TimeExplained, explained_time, within_slot
from idexx_sync.explain.at_time_records import asked_time
from idexx_sync.explain.model import (
    Booking,
    Memory,
    NamedHold,
    NeoDay,
    StoredDay,
    StoredRow,
    StoredSlot,
    Touch,
)
from idexx_sync.explain.preview import Clinical
from idexx_sync.explain.runs import Read, Runs
from idexx_sync.pims.protocol import Found, Gone, Lookup, Snapshot, SourceRecord, Window
from idexx_sync.syncs.inbound.model import COLUMNS, Row, Stored
from idexx_sync.syncs.memory import AppointmentMemory, Claim, Record
from tests.kit.records import block, visit
from tests.kit.settings import fingerprints_of
from tests.unit.explain.test_finding import row
from tests.unit.syncs.inbound.test_slots import clinic

ONE, JOB = UUID(int=1), UUID(int=9)
MONDAY = date(2026, 5, 4)
NOW = datetime(2026, 5, 4, 14, tzinfo=UTC)
"""07:00 in Los Angeles."""
LOS_ANGELES = ZoneInfo("America/Los_Angeles")
READ = Read(JOB, "inbound", "succeeded", "apply", NOW, "2026-05-04", "2026-05-17", None, None)
RUNS = Runs(ONE, LOS_ANGELES, NOW, "live", reads=[READ])
NINE = asked_time(MONDAY, time(9), None, 30)
NEXT = f"no inbound run is scheduled; this one takes it: idexx-sync sync inbound --clinic {ONE}"


def slot(booked: int = 0, capacity: int = 1, start: time = time(9)) -> StoredSlot:
    end = (datetime.combine(MONDAY, start) + timedelta(minutes=30)).time()
    return StoredSlot(ONE, MONDAY, start, end, capacity, booked, NOW)


def as_planned(one: StoredRow) -> Row:
    columns = {n: getattr(one, "type" if n == "appointment_type" else n) for n in COLUMNS}
    return Row.read(one.id, "", one.key, columns, deleted=one.deleted_at is not None)


def remembered(record: SourceRecord) -> Record:
    said = AppointmentMemory(
        record.start, record.end, record.room_id, record.status, record.type,
        fingerprints_of(ONE).of([record.patient_name, None, None, None, None, None]),
    )  # fmt: skip
    return Record(record.id, said)


def told(
    *shown: SourceRecord,
    rows: Sequence[StoredRow] = (),
    slots: Sequence[StoredSlot] = (slot(),),
    lookup: Lookup | None = None,
    neo: bool = True,
    clinic_: Clinic | None = None,
    runs: Runs = RUNS,
    asked: Any = NINE,
    room_ids: tuple[str, ...] | None = None,
    **stored: Any,
) -> TimeExplained:
    live = {one.key: as_planned(one) for one in rows if one.deleted_at is None}
    memories = {m.record.key: m.record for m in stored.get("memories", ())}
    day = StoredDay(rows=rows, slots=slots, **stored)
    says = NeoDay(not_asked="offline")
    if neo:
        window = Window(asked.day, asked.day)
        proofs = {} if lookup is None else {one.key: lookup for one in rows}
        says = NeoDay(Snapshot(window, NOW, shown), Stored(live, memories), proofs)
    clinical = Clinical(ONE, LOS_ANGELES, runs.now, fingerprints_of(ONE), room_ids=room_ids)
    return explained_time(within_slot(asked, day), says, day, clinic_ or clinic(), clinical, runs)


def causes(found: TimeExplained) -> list[str]:
    return [f"{reason.rule} {reason.text}" for reason in found.why]


def first(found: TimeExplained) -> tuple[str, str | None]:
    return causes(found)[0], found.why[0].step


VISIT = "visit 600101 (09:00 to 09:30, room 3)"


def test_what_neo_shows_and_no_run_has_read() -> None:
    found = told(visit())

    assert found.is_offered
    assert first(found) == (
        f"R2 {VISIT}: Neo shows it, booked or moved here after our last read of its day at "
        "2026-05-04 07:00 PDT",
        NEXT,
    )
    assert len(found.why) == 1


def test_what_is_here_as_neo_shows_it_needs_nothing() -> None:
    shown = visit(patient_name="TANGO", client_name=None, client_phone=None, provider_name=None)
    here = row(status="scheduled")

    found = told(shown, rows=[here], slots=[slot(1)])

    assert not found.is_offered
    assert first(found) == (f"R12 {VISIT} takes it, as Neo shows it", None)
    assert found.next_steps == []


def test_what_takes_a_time_comes_before_what_was_booked_since() -> None:
    shown = visit(patient_name="TANGO", client_name=None, client_phone=None, provider_name=None)
    since = visit("600102", patient_name="CASH")

    full = causes(told(shown, since, rows=[row()], slots=[slot(1)]))
    some_left = causes(told(shown, since, rows=[row()], slots=[slot(1, capacity=3)]))

    assert full[0] == f"R12 {VISIT} takes it, as Neo shows it"
    assert "booked or moved here after our last read" in full[-1]
    assert "booked or moved here after our last read" in some_left[0]
    assert some_left[-1] == f"R12 {VISIT} takes it, as Neo shows it"


def test_what_neo_does_not_find_any_more() -> None:
    gone = told(rows=[row()], slots=[slot(1)], lookup=Gone())
    moved = told(
        rows=[row()],
        slots=[slot(1)],
        lookup=Found("600101", "visit", "2026-05-06 10:00:00", None, "3", None, False, False),
    )

    assert "Neo does not find it now; once proves nothing" in causes(gone)[0]
    assert (gone.why[0].step or "").startswith("two complete reads, 10 minutes apart")
    assert causes(moved)[0] == f"R6 {VISIT}: it has moved to 2026-05-06 10:00:00: its row follows"


def test_a_room_that_does_not_count_and_one_that_is_not_asked_about() -> None:
    left_out = told(visit(room_id="4"), room_ids=("3",))
    elsewhere = told(visit(room_id="4"), asked=replace(NINE, room="3"))

    assert "its room 4 is not among those that are synced" in causes(left_out)[0]
    assert "--room 3 --room 4" in (left_out.why[0].step or "")
    assert causes(elsewhere) == [
        "R12 Neo shows nothing at this time in room 3, and nothing is stored of it: it is free"
    ]


def test_what_is_called_off_takes_no_time() -> None:
    here = row(status="cancelled", patient_name="TANGO")
    shown = visit(status="Cancelled", client_name=None, client_phone=None, provider_name=None)

    assert f"R12 {VISIT} cancelled: it takes no time" in causes(told(shown, rows=[here]))


def test_what_is_in_doubt_takes_its_time_and_is_named() -> None:
    claim = Claim(MONDAY, time(9), time(10), "3")
    memory = Memory(
        "appointment", Record("7", quarantine_code="end_unreadable", claims=(claim,)), NOW
    )

    found = told(neo=False, slots=[slot(1)], memories=[memory])

    assert "R3 7: it could not be read (end unreadable): its time stays occupied" in causes(found)
    assert "booked" not in " ".join(causes(found))


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (
            "open",
            "held (inbound): nearly all visits moved by the same amount of time; it waits for a "
            "person",
        ),
        (
            "rejected",
            "held (inbound): nearly all visits moved by the same amount of time; rejected by a "
            "tester on 2026-05-04 07:00 PDT: "
            "it stays as it is",
        ),
    ],
)
def test_what_a_hold_keeps_back(status: Any, text: str) -> None:
    hold = NamedHold(JOB, "inbound", "times_shifted", status, NOW, {"600101": {}}, NOW, "a tester")

    found = told(visit(), runs=replace(RUNS, holds=[hold]))

    assert causes(found)[0].partition(": ")[2] == text
    assert all(str(JOB) in step for step in found.next_steps)


def test_a_foreign_calendar_comes_before_what_it_keeps_out() -> None:
    hold = NamedHold(JOB, "inbound", "foreign_calendar", "open", NOW, {})

    found = told(visit(), runs=replace(RUNS, holds=[hold]))

    assert causes(found)[0].startswith("R8 held (inbound): perhaps another")
    assert f"while hold {JOB} stands" in (found.why[1].step or "")


def test_why_runs_take_nothing_over_comes_first_only_where_something_differs() -> None:
    blocked = replace(RUNS, blockers={"inbound": Need("clinic", "credentials_rejected: set them")})
    shown = visit(client_name=None, client_phone=None, provider_name=None)

    differs, same = (
        told(visit(), runs=blocked),
        told(shown, rows=[row()], slots=[slot(1)], runs=blocked),
    )
    unasked = told(neo=False, runs=blocked)

    for found in (differs, unasked):
        assert causes(found)[0].startswith("R13 no inbound run can succeed: credentials_rejected;")
        assert found.why[0].step == (
            "no inbound run can succeed before the clinic has acted: credentials_rejected: set them"
        )
    assert causes(same)[0] == f"R12 {VISIT} takes it, as Neo shows it"
    assert causes(same)[-1].startswith("R13")


NO_SLOT: list[tuple[dict[str, Any], str, str | None]] = [
    ({"clinic_": clinic(days_of_week=(2,))}, "R11 the clinic is closed on Mondays", "change it"),
    (
        {"clinic_": clinic(open_time=time(10))},
        "R11 the clinic's hours on Mondays are 10:00",
        "change",
    ),
    (
        {"clinic_": clinic(blocked=(BlockedPeriod(time(9), time(10), (1,)),))},
        "R11 09:00 to 10:00 is a blocked period on Mondays: there is no slot",
        "change it",
    ),
    (
        {"clinic_": clinic(slot_minutes=0, capacity=0, daily_hours=[])},
        "R11 no slot is made",
        "correct",
    ),
    ({}, "R11 the clinic's hours give a slot here, and no run has made it yet", NEXT),
    (
        {"runs": replace(RUNS, now=NOW + timedelta(days=2))},
        "R11 the day is over: no slot is made for it any more",
        None,
    ),
    (
        {"runs": replace(RUNS, now=NOW - timedelta(days=30))},
        "R11 the day lies behind the clinic's horizon of 14 days, which ends on 2026-04-17 "
        "(America/Los_Angeles)",
        "it is offered once the horizon",
    ),
]


@pytest.mark.parametrize(("given", "text", "step"), NO_SLOT)
def test_r11_why_there_is_no_slot(given: dict[str, Any], text: str, step: str | None) -> None:
    found = told(slots=[], **given)

    assert not found.is_offered
    assert causes(found)[0].startswith(text)
    assert (found.why[0].step or "").startswith(step or "")
    assert (step is None) == (found.why[0].step is None)


def test_r11_a_time_that_the_clocks_skip_has_no_slot() -> None:
    day = date(2026, 3, 8)
    runs = replace(RUNS, now=datetime(2026, 3, 7, 20, tzinfo=UTC))
    at_night = clinic(open_time=time(0), days_of_week=tuple(range(7)))

    found = told(
        slots=[], clinic_=at_night, runs=runs, asked=asked_time(day, time(2, 30), None, 30)
    )

    assert causes(found) == [
        "R3 the clocks skip 02:00 to 03:00 on its day (America/Los_Angeles): what Neo shows then "
        "is stored 60 minutes later"
    ]
    assert found.why[0].step == "when is meant only the clinic knows: ask there"


def test_r12_what_the_capacity_leaves_and_what_nobody_can_name() -> None:
    here = row(patient_name="TANGO")
    shown = visit(client_name=None, client_phone=None, provider_name=None)

    left = told(shown, rows=[here], slots=[slot(1, capacity=2)])
    more = told(shown, rows=[here], slots=[slot(2, capacity=2)])

    assert left.is_offered
    assert causes(left)[0] == (
        "R12 the clinic's capacity is 2 at once, whatever the room, and 1 is booked: "
        "1 is more offered"
    )
    assert "R12 2 are booked, and only 1 can be named here: the next run counts anew" in causes(
        more
    )


def test_r12_bookings_are_named_whether_they_take_time_or_not() -> None:
    live = Booking(time(9), time(9, 30), "confirmed", None, None, counts=True)
    became = replace(live, appointment_id="600101", counts=False)
    later = replace(live, start_time=time(10), end_time=time(10, 30))

    found = causes(told(slots=[slot(1)], bookings=[live, became, later]))

    assert found[0] == "R12 a booking of the voice agent takes 09:00 to 09:30 (confirmed)"
    assert found[-1] == (
        "R12 a booking of the voice agent for 09:00 to 09:30 takes nothing by itself "
        "(confirmed, it became visit 600101)"
    )
    assert len(found) == 2


def touch(did: Any, minutes: int, reason: str, key: str = "600101", **changes: Any) -> Touch:
    at = NOW + timedelta(minutes=minutes)
    fields = {name: {"before": old, "after": new} for name, (old, new) in changes.items()}
    return Touch(JOB, "inbound", key, did, "written", None, at, reason, fields)


def test_r07_what_a_run_has_moved_or_removed_was_here_until_then() -> None:
    rows = [
        row("600101", start_time=time(14), end_time=time(14, 30)),
        row("600102", deleted_at=NOW),
        row("600103", room_id="4", status="cancelled"),
        row("600104", start_time=time(15)),
    ]
    touches = [
        touch("update", 4, "source", "600103", status=("scheduled", "cancelled")),
        touch("update", 3, "source", start_time=("09:00:00", "14:00:00"),
              end_time=("09:30:00", "14:30:00")),
        touch("remove", 2, "deleted_at_source", "600102", removed=(False, True)),
        touch("create", 1, "new", "600104", start_time=(None, "15:00:00")),
    ]  # fmt: skip

    found = told(*(visit("600101", "2026-05-04 14:00:00"),), rows=rows, touches=touches)

    assert [text for text in causes(found) if " until " in text] == [
        "R7 visit 600103 (09:00 to 09:30, room 4) took this time until 2026-05-04 07:04 PDT, when "
        f"a run changed it: changed in Neo (job {JOB})",
        "R7 visit 600101 (09:00 to 09:30, room 3) was here until 2026-05-04 07:03 PDT, when a run "
        f"moved it to 2026-05-04 14:00: changed in Neo (job {JOB})",
        "R7 visit 600102 (09:00 to 09:30, room 3) was here until 2026-05-04 07:02 PDT, when a run "
        f"removed it: Neo said that it is deleted (job {JOB})",
    ]
    assert any("enter it in Neo again" in step for step in found.next_steps)


def test_r07_what_went_because_its_room_does_not_count_is_not_to_be_entered_again() -> None:
    gone = touch("remove", 2, "room_not_synced", "600102", removed=(False, True))

    found = told(rows=[row("600102", deleted_at=NOW)], touches=[gone])

    assert any("its room is not synced" in cause for cause in causes(found))
    assert not any("enter it in Neo again" in step for step in found.next_steps)


def test_a_block_without_a_room_fills_and_is_not_untold() -> None:
    shown = block(start="2026-05-04 09:00:00", end="2026-05-04 10:00:00", room_id=None)
    here = row(
        "700101@2026-05-04 09:00:00", type="block", room_id=None, end_time=time(10),
        patient_name=None,
    )  # fmt: skip

    found = told(shown, rows=[here], slots=[slot(3, capacity=3)])

    assert causes(found) == ["R12 block 700101 (09:00 to 10:00) takes it, as Neo shows it"]
