"""From a snapshot and what is stored to the changes a run would make (rules R1-R6, R10). Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from idexx_sync.pims.protocol import Lookup, Snapshot, SourceRecord, Unreadable
from idexx_sync.syncs.decision import Decisions
from idexx_sync.syncs.inbound.claims import unwritten
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
from idexx_sync.syncs.inbound.plan_shown import plan_shown
from idexx_sync.syncs.inbound.planning import Planning
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
        plan.distrust(failure, list(unwritten(plan.changes, stored)))
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
    _plan_answer(planning)
    plan_absent(
        planning,
        missing_rows(snapshot, stored, context),
        doubtful_absent(snapshot, stored, context),
        proofs,
    )
    return planning.plan


def _plan_answer(planning: Planning) -> None:
    snapshot = planning.snapshot
    named = {("field", name) for name in snapshot.unknown_fields}
    planning.plan.unknown_words |= named - planning.stored.reported_words
    answer = _by_key(snapshot.records)
    unread: dict[str, list[Unreadable]] = {}
    for key, item in keyed_unreadable(snapshot):
        unread.setdefault(key, []).append(item)
    for key, versions in answer.items():
        plan_shown(planning, key, versions, unread.pop(key, []))
    _replace_bare_blocks(planning)
    for key, items in unread.items():
        plan_unreadable(planning, key, items)
    _clear_strikes(planning, answer.keys())


def _replace_bare_blocks(planning: Planning) -> None:
    """Remove a block's row that an earlier service keyed by the bare id: its occurrences,
    keyed with their starts, take its place."""
    for record_id in sorted(bare_block_ids(planning.snapshot)):
        row = planning.stored.rows.get(record_id)
        if row is not None and not row.deleted and row.appointment.kind == "block":
            planning.remove(row, "keyed_anew", planning.stored.record(record_id))
            planning.note(record_id, "R10", "keyed_anew")


def _clear_strikes(planning: Planning, planned: Collection[str]) -> None:
    """A record that shows its id and no day is there, whichever occurrence it may be."""
    vague = {item.id for item in planning.snapshot.unreadable if item.is_vague}
    for key, record in planning.stored.records.items():
        if record.strikes and id_of(key) in vague and key not in planned:
            planning.remember(replace(record, strikes=0, struck_at=None))


def _by_key(records: Iterable[SourceRecord]) -> dict[str, list[SourceRecord]]:
    grouped: dict[str, list[SourceRecord]] = {}
    for record in records:
        grouped.setdefault(key_of(record.id, record.kind, record.start), []).append(record)
    return grouped
