"""From a snapshot and what is stored to the changes a run would make (rules R1-R6, R10). Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date
from functools import partial

from idexx_sync.core.clinic_time import day_of, local_day
from idexx_sync.pims.protocol import Lookup, Snapshot, SourceRecord, Unreadable
from idexx_sync.syncs.decision import Decisions
from idexx_sync.syncs.inbound.claims import enlarged, unwritten
from idexx_sync.syncs.inbound.context import (
    CalendarContext,
    bare_block_ids,
    doubtful_absent,
    id_of,
    key_of,
    keyed_unreadable,
    missing_rows,
)
from idexx_sync.syncs.inbound.model import Plan, Stored
from idexx_sync.syncs.inbound.plan_absent import plan_absent
from idexx_sync.syncs.inbound.plan_doubt import plan_unreadable
from idexx_sync.syncs.inbound.plan_guard import plan_by_itself
from idexx_sync.syncs.inbound.plan_shown import plan_shown
from idexx_sync.syncs.inbound.planning import Planning
from idexx_sync.syncs.memory import Record, settled
from idexx_sync.syncs.proof import changed_shape


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
    planning = Planning(snapshot, stored, context, decisions)
    named = _plan_answer(planning)
    missing = missing_rows(snapshot, stored, context)
    doubtful = doubtful_absent(snapshot, stored, context)
    plan_absent(planning, missing, doubtful, proofs)
    absent = {*(row.key for row in missing), *(record.key for record in doubtful)}
    _settle_what_is_over(planning, named | absent)
    return planning.plan


def _plan_answer(planning: Planning) -> set[str]:
    """Plan all that the answer shows; the keys that it names."""
    snapshot = planning.snapshot
    named = {("field", name) for name in snapshot.unknown_fields}
    planning.plan.unknown_words |= named - planning.stored.reported_words
    answer = _by_key(snapshot.records)
    unread: dict[str, list[Unreadable]] = {}
    for key, item in keyed_unreadable(snapshot):
        unread.setdefault(key, []).append(item)
    planned = {*answer, *unread}
    bare_ids = bare_block_ids(snapshot)
    for key, versions in answer.items():
        others = unread.pop(key, [])
        plan_by_itself(
            planning,
            key,
            partial(plan_shown, planning, key, versions, others),
            [*versions, *others],
        )
    _replace_bare_blocks(planning, bare_ids - planned)
    for key, items in unread.items():
        plan_by_itself(planning, key, partial(plan_unreadable, planning, key, items), items)
    _clear_strikes(planning, planned)
    return planned | bare_ids


def _replace_bare_blocks(planning: Planning, bare_ids: Collection[str]) -> None:
    """Remove a block's row that an earlier service keyed by the bare id: its occurrences,
    keyed with their starts, take its place."""
    for record_id in sorted(bare_ids):
        row = planning.stored.rows.get(record_id)
        if row is not None and not row.deleted and row.appointment.kind == "block":
            planning.remove(row, "keyed_anew", planning.stored.record(record_id))
            planning.note(record_id, "R10", "keyed_anew")


def _clear_strikes(planning: Planning, planned: Collection[str]) -> None:
    """A record that shows its id and no day is there, whichever occurrence it may be."""
    for key, record in planning.stored.records.items():
        if record.strikes and id_of(key) in planning.vague_ids and key not in planned:
            planning.remember(replace(record, strikes=0, struck_at=None))


def _settle_what_is_over(planning: Planning, planned: Collection[str]) -> None:
    """Let go of what was in doubt on days that are over.

    How often it was is kept: a reconciliation that reads them goes on counting (rule R1).
    """
    today = local_day(planning.read_at, planning.context.zone)
    for key, record in planning.stored.records.items():
        is_planned = key in planned or id_of(key) in planning.vague_ids
        if not is_planned and _last_day(record) < today:
            planning.remember(replace(settled(record), doubtful_reads=record.doubtful_reads))


def _last_day(record: Record) -> date:
    """The last day that a record in doubt may be about; far ahead where that is not known."""
    if not record.claims and record.quarantine_code is None:
        return date.max
    said = [day_of(record.source.start)] if record.source else []
    return max([*said, *(claim.day for claim in record.claims)], default=date.max)


def _by_key(records: Iterable[SourceRecord]) -> dict[str, list[SourceRecord]]:
    grouped: dict[str, list[SourceRecord]] = {}
    for record in records:
        grouped.setdefault(key_of(record.id, record.kind, record.start), []).append(record)
    return grouped
