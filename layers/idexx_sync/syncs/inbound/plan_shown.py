"""Planning of a record of which the answer shows a readable version (rules R2, R4, R10). Pure."""

from collections.abc import Sequence
from dataclasses import replace

from idexx_sync.core.clinic_time import EndsBeforeStart, Span, day_of, parse_wall
from idexx_sync.core.vocabulary import appointment_status, fold
from idexx_sync.pims.protocol import SourceRecord, Unreadable
from idexx_sync.syncs.decision import Decision, word_read
from idexx_sync.syncs.inbound.claims import (
    Claims,
    distinct,
    of_days_after,
    of_unreadable,
    of_versions,
    touches,
)
from idexx_sync.syncs.inbound.model import BLOCK_TYPE, Appointment, Quarantined, Row, RowChange
from idexx_sync.syncs.inbound.news import news, words_of
from idexx_sync.syncs.inbound.plan_doubt import keep_newer, quarantine
from idexx_sync.syncs.inbound.planning import Planning, removal
from idexx_sync.syncs.memory import Record, settled
from idexx_sync.syncs.proof import is_older, newest


def plan_shown(
    planning: Planning, key: str, versions: list[SourceRecord], unread: Sequence[Unreadable]
) -> None:
    """Plan a record of which a version could be read; each one takes its time (rule R10)."""
    planning.plan.rooms.update(r.room_id for r in versions if r.room_id is not None)
    if any(planning.concerns(key, version.start) for version in versions):
        planning.plan.present.add(key)
    for item in unread:
        planning.plan.quarantined.append(Quarantined(None, item.code, is_new=True))
        planning.plan.doubts[key] = item.code
    latest = newest(versions)
    claimed = _claimed_beside(planning, latest, versions, unread)
    if latest is not None:
        _plan_record(planning, key, latest, claimed, unread[0].code if unread else None)
    elif key in planning.plan.present or touches(claimed, planning.context):
        first = min(versions, key=lambda record: (record.start, record.room_id or ""))
        quarantine(planning, key, "duplicate_differs", first.start, claimed)


def _claimed_beside(
    planning: Planning,
    latest: SourceRecord | None,
    versions: Sequence[SourceRecord],
    unread: Sequence[Unreadable],
) -> Claims:
    """What is taken by all that the answer shows of a record but the version that counts."""
    if len(versions) == 1 and not unread:
        return ()
    others = [version for version in versions if version != latest]
    unreadable = (claim for item in unread for claim in of_unreadable(item, planning.context))
    return distinct([*of_versions(others, planning.context), *unreadable])


def _plan_record(
    planning: Planning, key: str, record: SourceRecord, claimed: Claims, code: str | None
) -> None:
    """Plan a record of which this version counts.

    `claimed` is what others of it take, `code` why one of them could not be read.
    """
    _note_word(planning, key, record)
    remembered = planning.stored.record(key)
    known = remembered.source.stamp if remembered.source else None
    older = is_older(record.last_updated_at, known, planning.context.zone)
    if not older and not planning.context.allows(record.room_id):
        _leave_out(planning, key, record, claimed, code)
        return
    try:
        span = planning.span(record.start, record.end, record.kind)
        following = of_days_after(record, planning.context) if span.cut_at_midnight else ()
    except EndsBeforeStart:
        claims = distinct([*of_versions([record], planning.context), *claimed])
        quarantine(planning, key, "ends_before_start", record.start, claims)
        return
    row = planning.stored.rows.get(key)
    after = _appointment(planning, record, span, row)
    claims = distinct([*([] if after.frees_time else following), *claimed])
    planning.plan.cut_at_midnight += span.cut_at_midnight
    if not planning.context.covers(day_of(record.start)) and (row is None or row.deleted):
        planning.note(key, "R2", "outside_window")
        if remembered.claims:  # without a row it takes its first day by them too
            claims = distinct([*of_versions([record], planning.context), *claimed])
        if remembered.claims or touches(claims, planning.context):
            planning.remember(replace(settled(remembered), quarantine_code=code, claims=claims))
        return
    planning.plan.read += 1
    words = words_of(record, remembered, planning.latest_stamp, planning.context.fingerprints)
    memory = Record(key, source=words, quarantine_code=code, claims=claims)
    if older:
        change = _change(planning, after, row, remembered, memory)
        if not planning.context.allows(record.room_id):
            live = row is not None and not row.deleted
            change = removal(row, "room_not_synced", memory) if row and live else None
        keep_newer(planning, remembered, record, change, memory)
    else:
        shift = _shift(planning, remembered, record)
        change = _change(planning, after, row, remembered, memory, shift)
        _plan_row(planning, change, row, remembered, memory)


def _leave_out(
    planning: Planning, key: str, record: SourceRecord, claimed: Claims, code: str | None
) -> None:
    """Take no row of a room that does not count; other versions of the record may count."""
    planning.note(key, "R10", "room_not_synced", room=record.room_id)
    row = planning.stored.rows.get(key)
    live = row is not None and not row.deleted
    claims = claimed if live or touches(claimed, planning.context) else ()
    remembered = settled(planning.stored.record(key))
    memory = replace(remembered, quarantine_code=code, claims=claims)
    if row is None or not live:
        planning.remember(memory)
    else:
        gone = removal(row, "room_not_synced", memory)
        planning.plan.changes.append(replace(gone, record=memory))


def _plan_row(
    planning: Planning,
    change: RowChange | None,
    row: Row | None,
    remembered: Record,
    memory: Record,
) -> None:
    """Plan the change; without one the row says already what the record says."""
    if change is not None:
        planning.plan.changes.append(change)
        if planning.decisions is not None:
            _note_change(planning, change, remembered)
        return
    assert row is not None
    planning.plan.unchanged += 1
    _note_news(planning, memory.key, _news(planning, remembered, memory, row, row.appointment))
    planning.remember(memory, ignoring_look_up=True)


def _change(
    planning: Planning,
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
    names = _news(planning, remembered, memory, row, after)
    reason = "source" if remembered.source is None or names else "rederived"
    return RowChange(key, "update", reason, after, row, memory, shift_minutes=shift)


def _news(
    planning: Planning, remembered: Record, memory: Record, row: Row | None, after: Appointment
) -> list[str]:
    if row is None:
        return []
    return news(remembered, memory, row.appointment, after, planning.context.fingerprints)


def _appointment(
    planning: Planning, record: SourceRecord, span: Span, row: Row | None
) -> Appointment:
    status = appointment_status(record.status)
    if status is None and record.status is not None and record.kind == "visit":
        word = ("status", fold(record.status)[:40])
        if word not in planning.stored.reported_words:
            planning.plan.unknown_words.add(word)
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


def _visit_type(word: str | None) -> str | None:
    """A visit whose type happens to be called like the block marker stays a visit."""
    return f"{word} (visit)" if word == BLOCK_TYPE else word


def _shift(planning: Planning, remembered: Record, record: SourceRecord) -> int:
    if record.kind == "block" or remembered.source is None:
        return 0
    planning.plan.visits_compared += 1
    moved = parse_wall(record.start) - parse_wall(remembered.source.start)
    return int(moved.total_seconds() // 60)


def _note_word(planning: Planning, key: str, record: SourceRecord) -> None:
    if planning.decisions is not None:
        is_block = record.kind == "block"
        told = Decision("R10", "block") if is_block else word_read(record.status)
        planning.decisions.note(key, told)


def _note_change(planning: Planning, change: RowChange, remembered: Record) -> None:
    if change.reason == "rederived":
        planning.note(change.key, "R4", "rederived", fields=sorted(change.fields))
    elif change.reason == "came_back":
        planning.note(change.key, "R7", "came_back")
    elif change.reason == "new":
        planning.note(change.key, "R2", "new")
    else:
        names = _news(planning, remembered, change.record, change.row, change.after)
        _note_news(planning, change.key, names)


def _note_news(planning: Planning, key: str, names: list[str]) -> None:
    if planning.decisions is not None and names:
        planning.note(key, "R4", "changed", fields=list(names))
