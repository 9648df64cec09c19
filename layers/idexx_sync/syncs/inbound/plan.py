"""From a snapshot and what is stored to the changes a run would make (rules R1-R6, R10). Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from idexx_sync.core.clinic_time import EndsBeforeStart, Span, day_of, occupied_span, parse_wall
from idexx_sync.core.vocabulary import appointment_status, fold
from idexx_sync.pims.protocol import (
    Found,
    Gone,
    Lookup,
    RecordKind,
    Snapshot,
    SourceRecord,
    Unknown,
    Unreadable,
)
from idexx_sync.syncs.decision import Decision, Decisions, Fact, word_read
from idexx_sync.syncs.inbound.context import (
    CalendarContext,
    bare_block_ids,
    id_of,
    key_of,
    missing_rows,
)
from idexx_sync.syncs.inbound.model import (
    BLOCK_TYPE,
    Appointment,
    Missing,
    Plan,
    Quarantined,
    Row,
    RowChange,
    Stored,
)
from idexx_sync.syncs.memory import AppointmentMemory, Record
from idexx_sync.syncs.proof import (
    STRIKE_INTERVAL,
    UNASKABLE_INTERVAL,
    check_status_keys,
    newest,
    proven_gone,
    strike,
)


def plan_inbound(
    snapshot: Snapshot, stored: Stored, proofs: Mapping[str, Lookup], context: CalendarContext
) -> Plan:
    """The changes that would make our rows equal to the snapshot.

    Raises ShapeChanged when too many visits lack the status key.
    """
    check_status_keys(snapshot.records)
    return plan_records(snapshot, stored, proofs, context)


def plan_records(
    snapshot: Snapshot,
    stored: Stored,
    proofs: Mapping[str, Lookup],
    context: CalendarContext,
    decisions: Decisions | None = None,
) -> Plan:
    """The same of an answer whose shape is not judged.

    Why each record is treated as it is gets noted in `decisions`, if there are any.
    """
    plan = Plan(complete=snapshot.complete)
    planner = _Planner(plan, stored, context, snapshot.read_at, decisions)
    planner.plan_answer(snapshot)
    for row in missing_rows(snapshot, stored, context):
        planner.plan_missing(row, proofs.get(id_of(row.key)))
    if not plan.complete or any(item.verdict == "alive" for item in plan.missing):
        planner.note_incomplete()
        plan.drop_removals()
        plan.missing = [_without_strike(item, stored) for item in plan.missing]
    return plan


class _Planner:
    """Plans one record at a time into `plan`."""

    def __init__(
        self,
        plan: Plan,
        stored: Stored,
        context: CalendarContext,
        read_at: datetime,
        decisions: Decisions | None,
    ) -> None:
        self.plan = plan
        self.stored = stored
        self.context = context
        self.read_at = read_at
        self.single_blocks: set[str] = set()
        """Ids of blocks that the answer shows and that it says do not recur."""
        self.decisions = decisions

    def note_incomplete(self) -> None:
        """Note of each removal that the read proves nothing after all."""
        for change in self.plan.changes if self.decisions is not None else ():
            if change.action == "remove":
                self._note(change.key, "R1", "read_incomplete")

    def plan_answer(self, snapshot: Snapshot) -> None:
        answer = _by_key(snapshot.records)
        self.single_blocks = {record.id for record in snapshot.records if record.recurs is False}
        for key, versions in answer.items():
            latest = newest(versions)
            concerns = any(self._concerns(key, version.start) for version in versions)
            if concerns:
                self.plan.present.add(key)
            self.plan.rooms.update(r.room_id for r in versions if r.room_id is not None)
            if latest is None and concerns:
                first = min(versions, key=lambda record: (record.start, record.room_id or ""))
                self._quarantine(key, "duplicate_differs", first.kind, first.start, first.room_id)
            elif latest is not None:
                self._plan_record(key, latest)
        self._replace_bare_blocks(snapshot)
        planned = set(answer)
        for item in sorted(snapshot.unreadable, key=_steadily):
            if item.room_id is not None:
                self.plan.rooms.add(item.room_id)
            self._plan_unreadable(item, planned)

    def _replace_bare_blocks(self, snapshot: Snapshot) -> None:
        """Remove a block's row that an earlier service keyed by the bare id: its occurrences,
        keyed with their starts, take its place."""
        for record_id in sorted(bare_block_ids(snapshot)):
            row = self.stored.rows.get(record_id)
            if row is not None and not row.deleted and row.appointment.kind == "block":
                self._remove(row, "keyed_anew", self.stored.record(record_id))
                self._note(record_id, "R10", "keyed_anew")

    def _concerns(self, key: str, start: str | None) -> bool:
        """Whether the window's predicate lets a record of the answer through (rule R2)."""
        return start is None or key in self.stored.rows or self.context.covers(day_of(start))

    def _plan_record(self, key: str, record: SourceRecord) -> None:
        row = self.stored.rows.get(key)
        live = row is not None and not row.deleted
        self._note_word(key, record)
        if not self.context.allows(record.room_id):
            self._note(key, "R10", "room_not_synced", room=record.room_id)
            if live and row is not None:
                self._remove(row, "room_not_synced", self.stored.record(key))
            return
        if not self.context.covers(day_of(record.start)) and not live:
            self._note(key, "R2", "outside_window")
            return
        try:
            span = self._span(record.start, record.end, record.kind)
        except EndsBeforeStart:
            self._quarantine(key, "ends_before_start", record.kind, record.start, record.room_id)
            return
        self.plan.read += 1
        after = self._appointment(record, span, row)
        remembered = self.stored.record(key)
        memory = Record(key, source=self._source(record))
        shift = self._shift(remembered, record)
        news = [] if row is None else self._news(remembered, memory, row.appointment, after)
        if row is None:
            change = RowChange(key, "create", "new", after, None, memory)
        elif row.deleted:
            change = RowChange(key, "update", "came_back", after, row, memory)
        elif row.appointment != after or row.faults:
            reason = "source" if remembered.source is None or news else "rederived"
            change = RowChange(key, "update", reason, after, row, memory, shift_minutes=shift)
        else:
            self.plan.unchanged += 1
            self._note_news(key, news)
            if remembered != memory and replace(remembered, looked_up_at=None) != memory:
                self.plan.records.append(memory)
            return
        self.plan.cut_at_midnight += span.cut_at_midnight
        self.plan.changes.append(change)
        self._note_change(change, news)

    def _plan_unreadable(self, item: Unreadable, planned: set[str]) -> None:
        """Plan the record unless its key is planned already: a readable version counts."""
        key = None if item.id is None else key_of(item.id, item.kind, item.start or "")
        if key is None or key in planned:
            self.plan.quarantined.append(Quarantined(None, item.code, is_new=True))
            return
        planned.add(key)
        if self._concerns(key, item.start):
            self.plan.present.add(key)
        self._quarantine(key, item.code, item.kind, item.start, item.room_id)

    def _quarantine(
        self, key: str, code: str, kind: RecordKind, start: str | None, room_id: str | None
    ) -> None:
        """Keep what is stored; a record we don't hold still occupies one slot (rule R3)."""
        remembered = self.stored.record(key)
        is_new = remembered.quarantine_code != code
        self.plan.quarantined.append(Quarantined(key, code, is_new))
        self._note(key, "R3", "unreadable", code=code)
        memory = replace(remembered, quarantine_code=code, strikes=0, struck_at=None)
        row = self.stored.rows.get(key)
        if (
            (row is None or row.deleted)
            and start is not None
            and self.context.covers(day_of(start))
            and self.context.allows(room_id)
        ):
            placeholder = self._placeholder(kind, start, room_id)
            action: Any = "create" if row is None else "update"
            self.plan.changes.append(
                RowChange(key, action, "unreadable", placeholder, row, replace(memory, source=None))
            )
        elif memory != remembered:
            self.plan.records.append(memory)

    def plan_missing(self, row: Row, lookup: Lookup | None) -> None:
        remembered = self.stored.record(row.key)
        looked_up = replace(remembered, looked_up_at=self.read_at)
        if lookup is None:
            self.plan.missing.append(Missing(row, "not_looked_up", remembered))
            self._note(row.key, "R6", "not_looked_up")
        elif isinstance(lookup, Unknown):
            self.plan.missing.append(Missing(row, "look_up_failed", looked_up))
            self._note(row.key, "R6", "look_up_failed", code=lookup.code)
        elif isinstance(lookup, Gone) or _is_other_occurrence(row, lookup):
            unaskable = isinstance(lookup, Found) and lookup.id not in self.single_blocks
            apart = UNASKABLE_INTERVAL if unaskable else STRIKE_INTERVAL
            struck = strike(looked_up, self.read_at, apart)
            if proven_gone(struck):
                self._remove(row, "not_found_twice", struck)
                self._note(row.key, "R6", "not_found_twice")
            else:
                self.plan.missing.append(Missing(row, "not_found_yet", struck))
                self._note(row.key, "R6", "not_found_yet")
        else:
            self._plan_found(row, lookup, looked_up)

    def _plan_found(self, row: Row, found: Found, looked_up: Record) -> None:
        if found.deleted:
            status = appointment_status(found.status)
            self._remove(row, "deleted_at_source", looked_up, status=status)
            self._note(row.key, "R6", "deleted_at_source")
        elif found.cancelled:
            self._remove(row, "cancelled_at_source", looked_up, status="cancelled")
            self._note(row.key, "R6", "cancelled_at_source")
        elif not self.context.allows(found.room_id):
            self._remove(row, "room_not_synced", looked_up)
            self._note(row.key, "R10", "room_not_synced", room=found.room_id)
        elif self.context.covers(day_of(found.start)):
            seen = replace(looked_up, strikes=0, struck_at=None)
            self.plan.missing.append(Missing(row, "alive", seen))
            self._note(row.key, "R6", "alive")
        else:
            self._move(row, found, looked_up)

    def _move(self, row: Row, found: Found, looked_up: Record) -> None:
        """Follow a visit out of the window; only time, room and status may be taken."""
        try:
            span = self._span(found.start, found.end, found.kind)
        except EndsBeforeStart:
            self.plan.missing.append(Missing(row, "look_up_failed", looked_up))
            self._note(row.key, "R6", "look_up_failed", code="ends_before_start")
            return
        after = replace(
            row.appointment,
            date=span.day,
            start_time=span.start,
            end_time=span.end,
            room_id=found.room_id,
            status=appointment_status(found.status) or row.appointment.status,
        )
        source = looked_up.source and replace(
            looked_up.source, start=found.start, end=found.end, room=found.room_id
        )
        memory = replace(looked_up, source=source, strikes=0, struck_at=None)
        change = RowChange(row.key, "update", "moved_away", after, row, memory, proven=True)
        self.plan.changes.append(change)
        self._note(row.key, "R6", "moved_away", start=found.start)

    def _remove(self, row: Row, reason: str, record: Record, status: str | None = None) -> None:
        after = row.appointment if status is None else replace(row.appointment, status=status)
        memory = replace(record, strikes=0, struck_at=None)
        self.plan.changes.append(
            RowChange(row.key, "remove", reason, after, row, memory, proven=True)
        )

    def _appointment(self, record: SourceRecord, span: Span, row: Row | None) -> Appointment:
        status = appointment_status(record.status)
        if status is None and record.status is not None and record.kind == "visit":
            word = ("status", fold(record.status)[:40])
            if word not in self.stored.reported_words:
                self.plan.unknown_words.add(word)
        kept = row.appointment.status if row is not None and not row.deleted else "scheduled"
        is_block = record.kind == "block"
        if is_block:
            kept = "scheduled"  # a block has no word of its own, so nothing else may stay
        return Appointment(
            date=span.day,
            start_time=span.start,
            end_time=span.end,
            room_id=record.room_id,
            status=status or kept,
            appointment_type=BLOCK_TYPE if is_block else _visit_type(record.type),
            patient_name=record.patient_name,
            client_name=record.client_name,
            client_phone=record.client_phone,
            provider_name=record.provider_name,
        )

    def _placeholder(self, kind: RecordKind, start: str, room_id: str | None) -> Appointment:
        span = self._span(start, None, "visit")
        kept = BLOCK_TYPE if kind == "block" else None
        return Appointment(
            span.day, span.start, span.end, room_id, "scheduled", kept, None, None, None, None
        )

    def _span(self, start: str, end: str | None, kind: RecordKind) -> Span:
        return occupied_span(
            start, end, self.context.zone, self.context.slot_minutes, is_block=kind == "block"
        )

    def _note(self, key: str, rule: str, code: str, /, **facts: Fact) -> None:
        """Note a decision about the record, if anybody asks for any."""
        if self.decisions is not None:
            self.decisions.note(key, Decision(rule, code, facts))

    def _note_word(self, key: str, record: SourceRecord) -> None:
        if self.decisions is not None:
            is_block = record.kind == "block"
            told = Decision("R10", "block") if is_block else word_read(record.status)
            self.decisions.note(key, told)

    def _note_change(self, change: RowChange, news: list[str]) -> None:
        if self.decisions is None:
            return
        if change.reason == "rederived":
            self._note(change.key, "R4", "rederived", fields=sorted(change.fields))
        elif change.reason == "came_back":
            self._note(change.key, "R7", "came_back")
        elif change.reason == "new":
            self._note(change.key, "R2", "new")
        else:
            self._note_news(change.key, news)

    def _note_news(self, key: str, names: list[str]) -> None:
        if self.decisions is not None and names:
            self._note(key, "R4", "changed", fields=list(names))

    def _news(
        self, before: Record, now: Record, stored: Appointment, after: Appointment
    ) -> list[str]:
        """What the source says otherwise than before (rule R4)."""
        said, says = before.source, now.source
        if said is None or says is None or said == says:
            return []
        names = [item.name for item in fields(AppointmentMemory)]
        changed = [name for name in names if getattr(said, name) != getattr(says, name)]
        if "private" in changed and not self._is_private_news(said, stored, after):
            changed.remove("private")
        return changed

    def _is_private_news(
        self, said: AppointmentMemory, stored: Appointment, after: Appointment
    ) -> bool:
        """Where the fingerprint tells nothing, by what the row says."""
        now = _private(after)
        known = self.context.fingerprints.is_of(said.private or "", now)
        return _private(stored) != now if known is None else not known

    def _source(self, record: SourceRecord) -> AppointmentMemory:
        return AppointmentMemory(
            start=record.start,
            end=record.end,
            room=record.room_id,
            status=record.status,
            type=record.type,
            private=self.context.fingerprints.of(_private(record)),
        )

    def _shift(self, remembered: Record, record: SourceRecord) -> int:
        if record.kind == "block" or remembered.source is None:
            return 0
        self.plan.visits_compared += 1
        if record.start == remembered.source.start:
            return 0
        moved = parse_wall(record.start) - parse_wall(remembered.source.start)
        return int(moved.total_seconds() // 60)


def _by_key(records: Iterable[SourceRecord]) -> dict[str, list[SourceRecord]]:
    grouped: dict[str, list[SourceRecord]] = {}
    for record in records:
        grouped.setdefault(key_of(record.id, record.kind, record.start), []).append(record)
    return grouped


def _steadily(item: Unreadable) -> tuple[str, ...]:
    """An order that does not depend on the answer's."""
    return item.id or "", item.start or "", item.code, item.room_id or ""


def _is_other_occurrence(row: Row, found: Found) -> bool:
    """A look-up by a series' id shows one occurrence: it tells nothing about the others."""
    _, at, start = row.key.partition("@")
    return bool(at) and not found.deleted and found.start != start


def _without_strike(missing: Missing, stored: Stored) -> Missing:
    if missing.verdict == "alive":
        return missing  # seen alive: its count begins anew
    before = stored.record(missing.row.key)
    record = replace(before, looked_up_at=missing.record.looked_up_at)
    return replace(missing, record=record)


def _visit_type(word: str | None) -> str | None:
    """A visit whose type happens to be called like the block marker stays a visit."""
    return f"{word} (visit)" if word == BLOCK_TYPE else word


def _private(shown: SourceRecord | Appointment) -> tuple[str | None, ...]:
    """What of it is personal; the row says it as the source does."""
    return (
        shown.patient_name,
        shown.client_name,
        shown.client_phone,
        shown.provider_name,
    )
