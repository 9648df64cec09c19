"""Calendars, what is stored of them, and a plan's outcome in memory, for the pure parts."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from idexx_sync.pims.protocol import (
    Found,
    Gone,
    Lookup,
    RecordKind,
    Snapshot,
    SourceRecord,
    Unknown,
    Unreadable,
    Window,
)
from idexx_sync.syncs.inbound.context import CalendarContext, key_of
from idexx_sync.syncs.inbound.model import Appointment, Plan, Row, Stored
from idexx_sync.syncs.memory import AppointmentMemory, Claim, Record
from tests.kit.settings import fingerprints_of

FIRST = date(2026, 3, 7)
"""The day before Los Angeles skips an hour."""
WINDOW = Window(FIRST, FIRST + timedelta(days=3))
READ_AT = datetime(2026, 3, 6, 12, tzinfo=UTC)
CONTEXT = CalendarContext(
    WINDOW, ZoneInfo("America/Los_Angeles"), 30, None, fingerprints_of(UUID(int=1))
)
LOCAL_NOW = datetime.combine(FIRST, time())

ids = st.sampled_from([str(n) for n in range(1, 13)])
rooms = st.sampled_from([None, "3", "5", "77"])
words = st.sampled_from(["Not arrived", "Arrived", "Finalized", "Cancelled", "No Show", "?", None])
starts = st.builds(
    lambda day, hour, half: f"{FIRST + timedelta(days=day)} {hour:02}:{30 * half:02}:00",
    st.integers(min_value=-1, max_value=4),
    st.integers(min_value=0, max_value=23),
    st.integers(min_value=0, max_value=1),
)
claims = st.sampled_from([(), (Claim(FIRST, time(9), time(10), "3"),)])
kinds: st.SearchStrategy[RecordKind] = st.sampled_from(["visit", "block"])


@st.composite
def source_records(draw: st.DrawFn) -> SourceRecord:
    start = draw(starts)
    minutes = draw(st.sampled_from([None, 0, 30, 90, -15, 600]))
    end = None
    if minutes is not None:
        end = str(datetime.fromisoformat(start) + timedelta(minutes=minutes))
    return SourceRecord(
        id=draw(ids),
        kind=draw(kinds),
        start=start,
        end=end,
        room_id=draw(rooms),
        status=draw(words),
        patient_name=draw(st.sampled_from([None, "TANGO"])),
        last_updated_at=draw(st.sampled_from([None, "2026-03-01 10:00:00", "2026-03-02 10:00:00"])),
    )


unreadable_records = st.builds(
    Unreadable,
    code=st.sampled_from(["end_unreadable", "start_missing"]),
    id=ids,
    kind=kinds,
    start=st.one_of(st.none(), starts),
    room_id=rooms,
)
snapshots = st.builds(
    Snapshot,
    window=st.just(WINDOW),
    read_at=st.just(READ_AT),
    records=st.lists(source_records(), max_size=12),
    unreadable=st.lists(unreadable_records, max_size=3),
)
lookups: st.SearchStrategy[Lookup] = st.one_of(
    st.just(Gone()),
    st.just(Unknown("status_502")),
    st.builds(
        Found,
        id=st.just("1"),
        kind=kinds,
        start=starts,
        end=st.none(),
        room_id=rooms,
        status=words,
        deleted=st.booleans(),
        cancelled=st.booleans(),
    ),
)
proofs = st.dictionaries(ids, lookups)
contexts = st.builds(
    CalendarContext,
    window=st.just(WINDOW),
    zone=st.sampled_from([ZoneInfo("America/Los_Angeles"), ZoneInfo("America/Phoenix")]),
    slot_minutes=st.sampled_from([15, 30]),
    room_ids=st.sampled_from([None, frozenset({"3", "5"})]),
    fingerprints=st.just(fingerprints_of(UUID(int=1))),
)


@st.composite
def stored_rows(draw: st.DrawFn) -> Stored:
    """Rows of earlier reads: live or removed, with or without a memory of the source; and what
    is in doubt beside rows or without one."""
    rows: dict[str, Row] = {}
    records: dict[str, Record] = {}
    for number, id_ in enumerate(draw(st.lists(ids, unique=True, max_size=10))):
        start = datetime.fromisoformat(draw(starts))
        is_block = draw(st.booleans())
        key = f"{id_}@{start}" if is_block else id_
        rows[key] = Row(
            id=UUID(int=number),
            version="1",
            key=key,
            deleted=draw(st.sampled_from([False, False, False, True])),
            appointment=Appointment(
                date=start.date(),
                start_time=start.time(),
                end_time=time(23, 59, 59),
                room_id=draw(rooms),
                status=draw(st.sampled_from(["scheduled", "finalized", "cancelled", "no_show"])),
                appointment_type="block" if is_block else "Exam",
                patient_name=None,
                client_name=None,
                client_phone=None,
                provider_name=None,
            ),
        )
        struck = draw(st.booleans())
        records[key] = Record(
            key,
            source=AppointmentMemory(str(start)) if draw(st.booleans()) else None,
            strikes=int(struck),
            struck_at=READ_AT - timedelta(hours=1) if struck else None,
            claims=draw(claims),
        )
    for key in draw(st.lists(st.builds(key_of, ids, kinds, starts), max_size=4)):
        records.setdefault(key, Record(key, quarantine_code="end_unreadable", claims=draw(claims)))
    return Stored(rows, records)


def applied(stored: Stored, plan: Plan) -> Stored:
    """What we hold once all of the plan is written."""
    rows: dict[str, Row] = dict(stored.rows)
    for change in plan.changes:
        row = change.row or Row(UUID(int=len(rows) + 100), "1", change.key, False, change.after)
        rows[change.key] = replace(row, deleted=change.action == "remove", appointment=change.after)
    records: dict[str, Record] = dict(stored.records)
    remembered = [
        *plan.records,
        *(change.record for change in plan.changes),
        *(item.record for item in plan.missing),
    ]
    records.update({record.key: record for record in remembered})
    return Stored(rows, records, stored.reported_words | plan.unknown_words)


def by_key(plan: Plan) -> Mapping[str, object]:
    """A plan without the order in which it was made."""
    return {
        "changes": {change.key: change for change in plan.changes},
        "records": {record.key: record for record in plan.records},
        "missing": {item.row.key: item for item in plan.missing},
        "quarantined": sorted((item.key or "", item.code) for item in plan.quarantined),
        "counts": (plan.read, plan.unchanged, plan.cut_at_midnight, plan.visits_compared),
        "seen": (plan.present, plan.rooms, plan.unknown_words, plan.complete),
    }
