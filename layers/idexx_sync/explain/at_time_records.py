"""Which records are at a time of a clinic's calendar, in Neo and here, and which were. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID

from idexx_sync.core.clinic_time import (
    LAST_SECOND,
    EndsBeforeStart,
    Span,
    occupied_span,
    spans_after,
)
from idexx_sync.core.faults import or_else
from idexx_sync.core.vocabulary import FREES_TIME, appointment_status
from idexx_sync.explain.kept import standing
from idexx_sync.explain.model import Memory, NamedHold, NeoDay, StoredDay, StoredRow, Touch
from idexx_sync.explain.preview import Clinical
from idexx_sync.pims.protocol import SourceRecord, Window
from idexx_sync.syncs.change import CLEAR
from idexx_sync.syncs.decision import Decision, Decisions
from idexx_sync.syncs.inbound.context import CalendarContext, key_of
from idexx_sync.syncs.inbound.model import Appointment, Plan, RowChange
from idexx_sync.syncs.inbound.plan import plan_records

_PLACE: Final = ("date", "start_time", "end_time", "room_id", "status", "removed")
"""Fields of a row that say whether and when it takes time."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The time that is asked about: that of the slot that covers it, if there is one."""

    day: date
    at: time
    start: time
    end: time
    room: str | None = None
    """Only what is in it, or in no room that is known; None: all."""

    def meets(self, start: time, end: time) -> bool:
        return start < self.end and end > self.start

    def takes_in(self, day: date, start: time, end: time, room: str | None) -> bool:
        """Whether something of that time and room is what is asked about."""
        fits = self.room is None or room is None or room == self.room
        return day == self.day and fits and self.meets(start, end)


def asked_time(day: date, at: time, room: str | None, minutes: int) -> Asked:
    """The time with as many minutes after it as a slot of the clinic has, within its day."""
    begins = datetime.combine(day, at)
    ends = min(begins + timedelta(minutes=minutes), datetime.combine(day, LAST_SECOND))
    return Asked(day, at, at, ends.time(), room)


@dataclass(frozen=True, slots=True)
class Planned:
    """What a run over the day would do, and why."""

    plan: Plan
    decisions: Decisions
    context: CalendarContext


@dataclass(frozen=True, slots=True)
class Item:
    """One record that is at the time, in Neo or here."""

    key: str
    shown: SourceRecord | None = None
    """As Neo shows it at the time."""
    row: StoredRow | None = None
    """Its live row at the time."""
    memory: Memory | None = None
    """By which it takes the time because it is in doubt."""
    change: RowChange | None = None
    """What a run would write of it."""
    decisions: Sequence[Decision] = ()

    @property
    def counts(self) -> bool:
        """Whether the slots count it now."""
        return self.memory is not None or (
            self.row is not None and self.row.status not in FREES_TIME
        )

    @property
    def fills(self) -> bool:
        """Whether it takes every room."""
        return self.row is not None and self.row.type == "block" and self.row.room_id is None

    @property
    def status(self) -> str | None:
        """The status by which it takes no time; None: it takes it."""
        said = appointment_status(self.shown.status) if self.shown is not None else None
        stored = None if self.row is None else self.row.status
        return next((word for word in (said, stored) if word in FREES_TIME), None)

    @property
    def is_in_doubt(self) -> bool:
        return self.memory is not None

    @property
    def name(self) -> str:
        """`visit 600101 (09:00 to 09:30, room 3)`, by what is shown, else by its row."""
        if self.shown is not None:
            end = f" to {self.shown.end[11:16]}" if self.shown.end else ""
            return _named(self.key, f"{self.shown.start[11:16]}{end}", self.shown.room_id)
        if self.row is not None:
            when = f"{self.row.start_time:%H:%M} to {self.row.end_time:%H:%M}"
            return _named(self.key, when, self.row.room_id)
        return self.key

    @property
    def changes_said(self) -> str:
        """What a run would write of it, before -> after, personal values left out."""
        if self.change is None:
            return ""
        told = [
            f"{name} {before} -> {after}"
            for name, (before, after) in sorted(self.change.fields.items())
            if name in CLEAR
        ]
        return f" ({', '.join(told)})" if told else ""

    def holds(self, holds: Iterable[NamedHold]) -> list[NamedHold]:
        """Those that keep something of it back from the calendar's rows."""
        return [hold for hold in standing(holds, "inbound") if self.key in hold.findings]


def planned(neo: NeoDay, clinical: Clinical, day: date) -> Planned | None:
    """The day as a run over it would plan it; None: it was not read."""
    if neo.snapshot is None or neo.stored is None:
        return None
    decisions, context = Decisions(), context_of(clinical, Window(day, day))
    plan = plan_records(neo.snapshot, neo.stored, neo.proofs, context, decisions)
    return Planned(plan, decisions, context)


def context_of(clinical: Clinical, window: Window) -> CalendarContext:
    """How a run reads the clinic's calendar."""
    return CalendarContext(
        window=window,
        zone=clinical.zone,
        slot_minutes=clinical.slot_minutes,
        room_ids=None if clinical.room_ids is None else frozenset(clinical.room_ids),
        fingerprints=clinical.fingerprints,
    )


def items_at(asked: Asked, neo: NeoDay, stored: StoredDay, planned: Planned | None) -> list[Item]:
    """All that is at the time: shown by Neo, stored, in doubt, or about to be written."""
    shown = _shown_at(asked, neo, planned)
    rows = {row.key: row for row in stored.rows if row.deleted_at is None and _is_at(asked, row)}
    memories = {m.record.key: m for m in stored.memories if _claims_at(asked, m)}
    changes: dict[str, RowChange] = {}
    if planned is not None:
        changes = {c.key: c for c in planned.plan.changes if _is_about(asked, c)}
    keys = sorted({*shown, *rows, *memories, *changes})
    return [
        Item(
            key,
            shown.get(key),
            rows.get(key),
            memories.get(key),
            changes.get(key),
            () if planned is None else planned.decisions.of(key),
        )
        for key in keys
    ]


def rows_at(asked: Asked, stored: StoredDay) -> list[StoredRow]:
    """Live and removed rows that are at the time."""
    return [row for row in stored.rows if _is_at(asked, row)]


def _shown_at(asked: Asked, neo: NeoDay, planned: Planned | None) -> dict[str, SourceRecord]:
    if neo.snapshot is None or planned is None:
        return {}
    return {
        key_of(record.id, record.kind, record.start): record
        for record in neo.snapshot.records
        if any(
            asked.takes_in(span.day, span.start, span.end, record.room_id)
            for span in _spans(record, planned.context)
        )
    }


def _spans(record: SourceRecord, context: CalendarContext) -> list[Span]:
    zone, minutes, is_block = context.zone, context.slot_minutes, record.kind == "block"
    try:
        return [
            occupied_span(record.start, record.end, zone, minutes, is_block=is_block),
            *spans_after(record.start, record.end, zone, minutes, is_block=is_block),
        ]
    except EndsBeforeStart:
        return [occupied_span(record.start, None, zone, minutes, is_block=is_block)]


def _is_at(asked: Asked, row: StoredRow) -> bool:
    """A time that cannot be read is any, as the plan takes it."""
    return asked.takes_in(
        or_else(row.date, asked.day),
        or_else(row.start_time, time.min),
        or_else(row.end_time, time.max),
        row.room_id,
    )


def _claims_at(asked: Asked, memory: Memory) -> bool:
    return any(
        asked.takes_in(claim.day, claim.start, claim.end, None if claim.fills else claim.room)
        for claim in memory.record.claims
    )


def _is_about(asked: Asked, change: RowChange) -> bool:
    """Whether the change takes the time, or lets it go."""
    before = change.row.appointment if change.row and not change.row.deleted else None
    after = change.after if change.action != "remove" else None
    return any(one is not None and takes(asked, one) for one in (before, after))


def takes(asked: Asked, one: Appointment) -> bool:
    """Whether a row that says so is at the time."""
    return asked.takes_in(one.date, one.start_time, one.end_time, one.room_id)


# -- what was there ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Past:
    """A row that took the time until a job changed it."""

    key: str
    name: str
    until: datetime
    job_id: UUID
    reason: str | None
    removed: bool
    moved_to: str | None
    """Where it went; None: its time stayed, and something else changed."""


def past_places(asked: Asked, stored: StoredDay) -> list[Past]:
    """The newest first; each row as it was before each of its changes."""
    found = []
    for row in stored.rows:
        touches = [one for one in stored.touches if one.external_id == row.key]
        found += [*_past(asked, row, touches)]
    return sorted(found, key=lambda past: past.until, reverse=True)


def _past(asked: Asked, row: StoredRow, touches: Iterable[Touch]) -> Iterator[Past]:
    after = {name: str(getattr(row, name)) for name in _PLACE if name != "removed"}
    after["removed"] = str(row.deleted_at is not None)
    for touch in touches:
        before = {**after, **_before(touch)}
        if touch.did == "create":
            return
        if _took(asked, before) and not _took(asked, after):
            moved = [before[name] != after[name] for name in ("date", "start_time", "room_id")]
            room = f", room {after['room_id']}" if before["room_id"] != after["room_id"] else ""
            to = f"{after['date']} {after['start_time'][:5]}{room}"
            when = f"{before['start_time'][:5]} to {before['end_time'][:5]}"
            yield Past(
                key=row.key,
                name=_named(row.key, when, before["room_id"]),
                until=touch.at,
                job_id=touch.job_id,
                reason=touch.reason,
                removed=after["removed"] == "True",
                moved_to=to if any(moved) else None,
            )
        after = before


def _before(touch: Touch) -> Mapping[str, str]:
    return {
        name: str(touch.changes[name].get("before"))
        for name in _PLACE
        if isinstance(touch.changes.get(name), dict)
    }


def _took(asked: Asked, place: Mapping[str, str]) -> bool:
    """Whether a row of that place took the time that is asked about."""
    if place["removed"] == "True" or place["status"] in FREES_TIME:
        return False
    try:
        day = date.fromisoformat(place["date"])
        start, end = (time.fromisoformat(place[name]) for name in ("start_time", "end_time"))
    except ValueError:  # what could not be read then
        return False
    room = place["room_id"]
    return asked.takes_in(day, start, end, None if room == "None" else room)


def _named(key: str, when: str, room: str | None) -> str:
    kind = "block" if "@" in key else "visit"
    id_ = key.partition("@")[0]
    known = f", room {room}" if room not in (None, "None") else ""
    return f"{kind} {id_} ({when}{known})"
