"""From a snapshot and what is stored to the changes a run would make (rules R1-R6, R10). Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import date, datetime

from idexx_sync.core.clinic_time import (
    EndsBeforeStart,
    Span,
    day_of,
    local_day,
    occupied_span,
    parse_wall,
)
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
from idexx_sync.syncs.gate import NEVER_SHOWN, OLDER, UNREADABLE, DoubtCause
from idexx_sync.syncs.holds import Finding
from idexx_sync.syncs.inbound.claims import (
    Claims,
    distinct,
    enlarged,
    of_days_after,
    of_unreadable,
    of_versions,
    touches,
    unwritten,
)
from idexx_sync.syncs.inbound.context import (
    CalendarContext,
    bare_block_ids,
    doubtful_absent,
    id_of,
    is_nameless,
    key_of,
    keyed_unreadable,
    missing_rows,
)
from idexx_sync.syncs.inbound.model import (
    BLOCK_TYPE,
    Apart,
    Appointment,
    Missing,
    Plan,
    Quarantined,
    Row,
    RowChange,
    Stored,
)
from idexx_sync.syncs.memory import AppointmentMemory, Record, settled
from idexx_sync.syncs.proof import (
    READS_THAT_SET_APART,
    STRIKE_INTERVAL,
    STRIKES_THAT_PROVE,
    UNASKABLE_INTERVAL,
    changed_shape,
    is_older,
    newest,
    proven_gone,
    strike,
)


def plan_inbound(
    snapshot: Snapshot, stored: Stored, proofs: Mapping[str, Lookup], context: CalendarContext
) -> Plan:
    """The changes that would make our rows equal to the snapshot.

    Of an answer whose shape has changed no row is written: it only takes the times that it names.
    """
    plan = plan_records(snapshot, stored, proofs, context)
    failure = changed_shape(snapshot)
    if failure is not None:
        taking = [*enlarged(plan.records, stored), *unwritten(plan.changes, stored)]
        plan.distrust(failure, taking)
    return plan


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
    plan = Plan(complete=snapshot.is_whole)
    planner = _Planner(plan, stored, context, snapshot.read_at, decisions)
    planner.plan_answer(snapshot)
    planner.plan_absent(
        missing_rows(snapshot, stored, context),
        doubtful_absent(snapshot, stored, context),
        proofs,
    )
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
        self.shown_ids: set[str] = set()
        """Ids that the answer shows in whatever form."""
        self.shown_visits: set[str] = set()
        """Those that it shows as visits."""
        self.planned: set[str] = set()
        """Keys that the answer names."""
        self.vague_ids: set[str | None] = set()
        """Ids of which it does not tell which record, or which day, is meant."""
        self.days_of_blocks: set[str] = set()
        """Keys of its blocks, without their times of day."""
        self.decisions = decisions

    def plan_answer(self, snapshot: Snapshot) -> None:
        answer = _by_key(snapshot.records)
        unread: dict[str, list[Unreadable]] = {}
        for key, item in keyed_unreadable(snapshot):
            unread.setdefault(key, []).append(item)
        self.shown_visits = {record.id for record in snapshot.records if record.kind == "visit"}
        self.shown_ids = {record.id for record in snapshot.records}
        self.shown_ids |= {item.id for item in snapshot.unreadable if item.id is not None}
        self.single_blocks = {record.id for record in snapshot.records if record.recurs is False}
        self.days_of_blocks = {key.partition(" ")[0] for key in answer if "@" in key}
        planned = {*answer, *unread}
        self.planned = {*planned, *bare_block_ids(snapshot)}
        self._note_unknown_fields(snapshot)
        for key, versions in answer.items():
            self.plan.rooms.update(r.room_id for r in versions if r.room_id is not None)
            if any(self._concerns(key, version.start) for version in versions):
                self.plan.present.add(key)
            self._plan_shown(key, versions, unread.pop(key, []))
        self._replace_bare_blocks(bare_block_ids(snapshot) - planned)
        for key, items in unread.items():
            self._plan_unreadable(key, items)
        self._clear_strikes(snapshot, planned)

    def _clear_strikes(self, snapshot: Snapshot, planned: Collection[str]) -> None:
        """A record that shows its id and no day is there, whichever occurrence it may be."""
        self.vague_ids = {item.id for item in snapshot.unreadable if item.is_vague}
        for key, record in self.stored.records.items():
            if record.strikes and id_of(key) in self.vague_ids and key not in planned:
                self._remember(replace(record, strikes=0, struck_at=None))

    def _note_unknown_fields(self, snapshot: Snapshot) -> None:
        named = {("field", name) for name in snapshot.unknown_fields}
        self.plan.unknown_words |= named - self.stored.reported_words

    def _plan_shown(
        self, key: str, versions: list[SourceRecord], unread: Sequence[Unreadable]
    ) -> None:
        """Plan a record of which a version could be read; each one takes its time (rule R10)."""
        latest = newest(versions)
        others = [version for version in versions if version != latest]
        claimed = distinct(
            [
                *of_versions(others, self.context),
                *(claim for item in unread for claim in of_unreadable(item, self.context)),
            ]
        )
        for item in unread:
            self.plan.quarantined.append(Quarantined(None, item.code, is_new=True))
            self.plan.doubts[key] = item.code
        if latest is None:
            if key not in self.plan.present and not touches(claimed, self.context):
                return
            first = min(versions, key=lambda record: (record.start, record.room_id or ""))
            self._quarantine(key, "duplicate_differs", first.start, claimed)
        else:
            self._plan_record(key, latest, claimed, unread[0].code if unread else None)

    def _replace_bare_blocks(self, bare_ids: Collection[str]) -> None:
        """Remove a block's row that an earlier service keyed by the bare id: its occurrences,
        keyed with their starts, take its place."""
        for record_id in sorted(bare_ids):
            row = self.stored.rows.get(record_id)
            if row is not None and not row.deleted and row.appointment.kind == "block":
                self._remove(row, "keyed_anew", self.stored.record(record_id))
                self._note(record_id, "R10", "keyed_anew")

    def _concerns(self, key: str, start: str | None) -> bool:
        """Whether the window's predicate lets a record of the answer through (rule R2)."""
        return start is None or key in self.stored.rows or self.context.covers(day_of(start))

    def _plan_record(
        self, key: str, record: SourceRecord, claimed: Claims, code: str | None
    ) -> None:
        """Plan a record of which this version counts.

        `claimed` is what others of it take, `code` why one of them could not be read.
        """
        row = self.stored.rows.get(key)
        remembered = self.stored.record(key)
        live = row is not None and not row.deleted
        self._note_word(key, record)
        is_older = self._is_older(remembered, record)
        if not is_older and not self.context.allows(record.room_id):
            self._note(key, "R10", "room_not_synced", room=record.room_id)
            self._plan_elsewhere(row if live else None, remembered, claimed, code)
            return
        try:
            span = self._span(record.start, record.end, record.kind)
            following = of_days_after(record, self.context)
        except EndsBeforeStart:
            claims = distinct([*of_versions([record], self.context), *claimed])
            self._quarantine(key, "ends_before_start", record.start, claims)
            return
        after = self._appointment(record, span, row)
        claims = distinct([*([] if after.frees_time else following), *claimed])
        self.plan.cut_at_midnight += span.cut_at_midnight
        if not self.context.covers(day_of(record.start)) and not live:
            self._note(key, "R2", "outside_window")
            if remembered.claims:  # without a row it takes its first day by them too
                claims = distinct([*of_versions([record], self.context), *claimed])
            if remembered.claims or touches(claims, self.context):
                self._remember(replace(settled(remembered), quarantine_code=code, claims=claims))
            return
        self.plan.read += 1
        source = self._source(record, remembered)
        memory = Record(key, source=source, quarantine_code=code, claims=claims)
        if is_older:
            change = self._change(after, row, remembered, memory)
            if not self.context.allows(record.room_id):
                change = self._removal(row, "room_not_synced", memory) if row and live else None
            self._keep_newer(remembered, record, change, memory)
            return
        shift = self._shift(remembered, record)
        change = self._change(after, row, remembered, memory, shift)
        if change is not None:
            self.plan.changes.append(change)
            self._note_change(change, self._news_of(row, remembered, memory, change.after))
        else:
            assert row is not None
            self.plan.unchanged += 1
            self._note_news(key, self._news(remembered, memory, row.appointment, row.appointment))
            self._remember(memory, ignoring_look_up=True)

    def _plan_elsewhere(
        self, row: Row | None, remembered: Record, claimed: Claims, code: str | None
    ) -> None:
        """Plan a record that lies in a room that does not count; other versions of it may not."""
        claims = claimed if row or touches(claimed, self.context) else ()
        memory = replace(settled(remembered), quarantine_code=code, claims=claims)
        if row is None:
            self._remember(memory)
        else:
            removal = self._removal(row, "room_not_synced", memory)
            self.plan.changes.append(replace(removal, record=memory))

    def _change(
        self,
        after: Appointment,
        row: Row | None,
        remembered: Record,
        memory: Record,
        shift: int = 0,
    ) -> RowChange | None:
        """What makes the row say what the record says; None: it does already."""
        key = memory.key
        if row is None:
            return RowChange(key, "create", "new", after, None, memory)
        if row.deleted:
            return RowChange(key, "update", "came_back", after, row, memory)
        if row.appointment == after and not row.faults:
            return None
        news = self._news(remembered, memory, row.appointment, after)
        reason = "source" if remembered.source is None or news else "rederived"
        return RowChange(key, "update", reason, after, row, memory, shift_minutes=shift)

    def _news_of(
        self, row: Row | None, remembered: Record, memory: Record, after: Appointment
    ) -> list[str]:
        return [] if row is None else self._news(remembered, memory, row.appointment, after)

    def _remember(self, memory: Record, *, ignoring_look_up: bool = False) -> None:
        """Keep what is remembered in step; when a record was looked up last is no news of it."""
        before = self.stored.record(memory.key)
        if ignoring_look_up:
            before = replace(before, looked_up_at=memory.looked_up_at)
        if before != memory:
            self.plan.records.append(memory)

    # -- what is in doubt ------------------------------------------------------------------------

    def _is_older(self, remembered: Record, record: SourceRecord) -> bool:
        """Whether the source shows an older version than the one that we have (rule R10)."""
        known = remembered.source.stamp if remembered.source else None
        return is_older(record.last_updated_at, known, self.context.zone)

    def _keep_newer(
        self, remembered: Record, record: SourceRecord, change: RowChange | None, shown: Record
    ) -> None:
        """Change nothing for an older version, but let it take its time too.

        `shown` is what would be remembered of it.
        """
        assert remembered.source is not None
        self._note(remembered.key, "R10", "older_version")
        taken = of_versions([record], self.context)
        claims = distinct([*remembered.claims, *taken, *shown.claims])
        memory = replace(remembered, strikes=0, struck_at=None, claims=claims)
        finding: Finding = {"start": [remembered.source.start, record.start]}
        self._remember(self._doubt(OLDER, memory, finding, change, shown))

    def _doubt(
        self,
        cause: DoubtCause,
        memory: Record,
        finding: Finding,
        permitted: RowChange | None = None,
        afterwards: Record | None = None,
    ) -> Record:
        """Count the read as incomplete because of the record, or set the record apart (rule R1).

        `permitted` is what a person may let through, `afterwards` what is remembered then where
        that changes no row; None: that the record takes no time.
        """
        self.plan.doubts[memory.key] = cause
        reads = min(memory.doubtful_reads + 1, READS_THAT_SET_APART)
        memory = replace(memory, quarantine_code=cause, doubtful_reads=reads)
        if reads < READS_THAT_SET_APART:
            self.plan.complete = False
        else:
            if permitted is not None:
                afterwards = permitted.record
            let_through = afterwards or replace(memory, claims=())
            self.plan.apart[memory.key] = Apart(cause, finding, permitted, let_through)
        return memory

    def _plan_vague(self, key: str, item: Unreadable) -> None:
        remembered = self.stored.record(key)
        claims = of_unreadable(item, self.context)
        memory = replace(remembered, strikes=0, struck_at=None, claims=claims)
        start = item.start or (str(item.day) if item.day else None)
        finding: Finding = {"unreadable": item.code, "start": start}
        self._remember(self._doubt(UNREADABLE, memory, finding))
        if item.first_day is None and key not in self.plan.apart:
            self.plan.frees_nothing = True

    def _plan_unreadable(self, key: str, items: Sequence[Unreadable]) -> None:
        """Let a record of which nothing could be read take what it may take (rule R3)."""
        self.plan.rooms.update(item.room_id for item in items if item.room_id is not None)
        vague = next((item for item in items if item.is_vague), None)
        if any(item.id is not None and self._concerns(key, item.start) for item in items):
            self.plan.present.add(key)
        if vague is not None:
            told = None if vague.id is None else key
            if vague.id is not None:
                self._note(vague.id, "R3", "unreadable", code=vague.code)
            is_new = self.stored.record(key).quarantine_code != UNREADABLE
            self.plan.quarantined += [Quarantined(told, vague.code, is_new)] * len(items)
            self._plan_vague(key, vague)
            return
        claims = distinct(claim for item in items for claim in of_unreadable(item, self.context))
        self._quarantine(key, items[0].code, items[0].start, claims)
        for item in items[1:]:
            self.plan.quarantined.append(Quarantined(None, item.code, is_new=True))

    def _quarantine(self, key: str, code: str, start: str | None, claims: Claims) -> None:
        """Keep what is stored, and take what the record may take beside it (rule R3)."""
        remembered = self.stored.record(key)
        is_new = remembered.quarantine_code != code
        self.plan.quarantined.append(Quarantined(key, code, is_new))
        self.plan.doubts[key] = code
        self._note(key, "R3", "unreadable", code=code)
        row = self.stored.rows.get(key)
        if row is not None and not row.deleted:  # which takes no less than before
            claims = distinct([*remembered.claims, *claims])
        concerns = self._concerns(key, start) or touches(claims, self.context)
        memory = replace(
            remembered,
            quarantine_code=code,
            strikes=0,
            struck_at=None,
            claims=claims if concerns else (),
            doubtful_reads=0,
        )
        self._remember(memory)

    # -- what the answer lacks -------------------------------------------------------------------

    def plan_absent(
        self, rows: Sequence[Row], doubtful: Sequence[Record], proofs: Mapping[str, Lookup]
    ) -> None:
        """Plan rows and claims that the answer does not show.

        Those that contradict it come first: whether it proves anything hangs on them.
        """
        asked = [(row, proofs.get(id_of(row.key))) for row in rows]
        for row, lookup in asked:
            if isinstance(lookup, Found) and self._contradicts(row.key, lookup):
                self._plan_alive(row, lookup)
        claimed = [(record, self._lookup_of(record, proofs)) for record in doubtful]
        for record, lookup in claimed:
            if isinstance(lookup, Found) and self._contradicts(record.key, lookup):
                self._plan_claimed_alive(record, lookup)
        self._settle_what_is_over({*(row.key for row in rows), *(one.key for one in doubtful)})
        for row, lookup in asked:
            if not (isinstance(lookup, Found) and self._contradicts(row.key, lookup)):
                self._plan_missing(row, lookup)
        for record, lookup in claimed:
            if not (isinstance(lookup, Found) and self._contradicts(record.key, lookup)):
                self._plan_claimed(record, lookup)

    def _settle_what_is_over(self, absent: Collection[str]) -> None:
        """Let go of what was in doubt on days that no run will read again."""
        today = local_day(self.read_at, self.context.zone)
        for key, record in self.stored.records.items():
            is_planned = key in self.planned or key in absent or id_of(key) in self.vague_ids
            if not is_planned and _last_day(record) < today:
                self._remember(settled(record))

    def _contradicts(self, key: str, found: Found) -> bool:
        """Whether the answer should have shown what the look-up found."""
        return (
            not found.deleted
            and not found.cancelled
            and not _is_other_occurrence(key, found)
            and self.context.allows(found.room_id)
            and self.context.covers(day_of(found.start))
        )

    def _lookup_of(self, record: Record, proofs: Mapping[str, Lookup]) -> Lookup | None:
        """What is known of a claim's record; one without an id can't be asked for."""
        return Gone() if is_nameless(record.key) else proofs.get(id_of(record.key))

    def _plan_alive(self, row: Row, found: Found) -> None:
        """A row that is there and that the answer lacks: the read was not complete after all."""
        remembered = self.stored.record(row.key)
        claims = distinct([*remembered.claims, *of_versions([found], self.context)])
        memory = replace(
            remembered, looked_up_at=self.read_at, strikes=0, struck_at=None, claims=claims
        )
        removal = self._removal(row, "never_shown", remembered)
        memory = self._doubt(NEVER_SHOWN, memory, self._never_shown(row), removal)
        self.plan.missing.append(Missing(row, "alive", memory))
        self._note(row.key, "R6", "alive")

    def _never_shown(self, row: Row) -> Finding:
        return {"start": _start_of(row.appointment), "kind": row.appointment.kind}

    def _keep_apart(self, remembered: Record, finding: Finding) -> None:
        """Leave a record apart, with what a person decided, while nothing is known of it anew."""
        is_apart = remembered.doubtful_reads >= READS_THAT_SET_APART
        if is_apart and remembered.quarantine_code == NEVER_SHOWN:
            known = Apart(NEVER_SHOWN, finding, None, remembered, is_asked=False)
            self.plan.apart[remembered.key] = known

    def _plan_claimed_alive(self, record: Record, found: Found) -> None:
        claims = of_versions([found], self.context)
        memory = replace(
            record, looked_up_at=self.read_at, strikes=0, struck_at=None, claims=claims
        )
        finding: Finding = {"start": found.start}
        self._remember(self._doubt(NEVER_SHOWN, memory, finding, afterwards=settled(memory)))

    def _plan_claimed(self, record: Record, lookup: Lookup | None) -> None:
        """Let go of time that a record without a row took, once it is settled (rule R10)."""
        looked_up = replace(record, looked_up_at=self.read_at)
        if not record.claims or self._is_shown_otherwise(record.key):
            if self.plan.complete:
                self._remember(settled(record))
        elif lookup is None or isinstance(lookup, Unknown):
            self._remember(record if lookup is None else looked_up)
        elif isinstance(lookup, Gone) or _is_other_occurrence(record.key, lookup):
            struck = self._struck(looked_up, lookup)
            self._remember(settled(record) if proven_gone(struck) else struck)
            self.plan.unstruck[record.key] = looked_up
        elif lookup.deleted or lookup.cancelled or not self.context.allows(lookup.room_id):
            self._remember(settled(record))
        else:
            claims = of_versions([lookup], self.context)
            self._remember(replace(looked_up, strikes=0, struck_at=None, claims=claims))

    def _is_shown_otherwise(self, key: str) -> bool:
        """Whether the answer shows the id as another kind of record, or the time of an occurrence
        of which only the day was known; an occurrence says nothing about the others."""
        record_id, at, _ = key.partition("@")
        if not at:
            return record_id in self.shown_ids
        return record_id in self.shown_visits or key in self.days_of_blocks

    def _struck(self, looked_up: Record, lookup: Gone | Found) -> Record:
        """With a strike, if the read proves anything."""
        if not self.plan.complete:
            return replace(looked_up, strikes=min(looked_up.strikes, STRIKES_THAT_PROVE - 1))
        unaskable = isinstance(lookup, Found) and lookup.id not in self.single_blocks
        return strike(looked_up, self.read_at, UNASKABLE_INTERVAL if unaskable else STRIKE_INTERVAL)

    def _plan_missing(self, row: Row, lookup: Lookup | None) -> None:
        remembered = self.stored.record(row.key)
        looked_up = replace(remembered, looked_up_at=self.read_at)
        if lookup is None or isinstance(lookup, Unknown):
            self._keep_apart(remembered, self._never_shown(row))
        if lookup is None:
            self.plan.missing.append(Missing(row, "not_looked_up", remembered))
            self._note(row.key, "R6", "not_looked_up")
        elif isinstance(lookup, Unknown):
            self.plan.missing.append(Missing(row, "look_up_failed", looked_up))
            self._note(row.key, "R6", "look_up_failed", code=lookup.code)
        elif isinstance(lookup, Gone) or _is_other_occurrence(row.key, lookup):
            struck = self._struck(looked_up, lookup)
            if proven_gone(struck):
                self._remove(row, "not_found_twice", struck)
                self._note(row.key, "R6", "not_found_twice")
            else:
                self.plan.missing.append(Missing(row, "not_found_yet", struck))
                if self.plan.complete:
                    self._note(row.key, "R6", "not_found_yet")
                else:
                    self._note(row.key, "R1", "read_incomplete")
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
        else:
            self._move(row, found, looked_up)

    def _move(self, row: Row, found: Found, looked_up: Record) -> None:
        """Follow a visit out of the window; only time, room and status may be taken."""
        try:
            span = self._span(found.start, found.end, found.kind)
            claims = of_days_after(found, self.context)
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
        claims = () if after.frees_time else claims
        memory = replace(settled(looked_up), source=source, claims=claims)
        change = RowChange(row.key, "update", "moved_away", after, row, memory, proven=True)
        self.plan.changes.append(change)
        self._note(row.key, "R6", "moved_away", start=found.start)

    def _remove(self, row: Row, reason: str, record: Record, status: str | None = None) -> None:
        self.plan.changes.append(self._removal(row, reason, record, status))

    def _removal(
        self, row: Row, reason: str, record: Record, status: str | None = None
    ) -> RowChange:
        after = row.appointment if status is None else replace(row.appointment, status=status)
        return RowChange(row.key, "remove", reason, after, row, settled(record), proven=True)

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
        names = [item.name for item in fields(AppointmentMemory) if item.name != "stamp"]
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

    def _source(self, record: SourceRecord, remembered: Record) -> AppointmentMemory:
        known = remembered.source.stamp if remembered.source else None
        return AppointmentMemory(
            start=record.start,
            end=record.end,
            room=record.room_id,
            status=record.status,
            type=record.type,
            private=self.context.fingerprints.of(_private(record)),
            stamp=record.last_updated_at or known,
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


def _is_other_occurrence(key: str, found: Found) -> bool:
    """A look-up by a series' id shows one occurrence: it tells nothing about the others."""
    _, at, start = key.partition("@")
    return bool(at) and not found.deleted and found.start != start


def _last_day(record: Record) -> date:
    """The last day that a record in doubt may be about; far ahead where that is not known."""
    said = [day_of(record.source.start)] if record.source else []
    days = [*said, *(claim.day for claim in record.claims)]
    is_in_doubt = record.claims or record.quarantine_code is not None
    return max(days, default=date.max) if is_in_doubt else date.max


def _start_of(appointment: Appointment) -> str:
    return datetime.combine(appointment.date, appointment.start_time).isoformat(" ")


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
