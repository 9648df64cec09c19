"""Planning of what the answer lacks: rows, and time in doubt without a row (rules R1, R6). Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from idexx_sync.core.clinic_time import EndsBeforeStart, day_of
from idexx_sync.core.vocabulary import appointment_status
from idexx_sync.pims.protocol import Found, Gone, Lookup, Unknown
from idexx_sync.syncs.gate import NEVER_SHOWN
from idexx_sync.syncs.holds import Finding
from idexx_sync.syncs.inbound.claims import distinct, of_days_after, of_versions
from idexx_sync.syncs.inbound.context import id_of, is_nameless
from idexx_sync.syncs.inbound.model import Apart, Appointment, Missing, Row, RowChange
from idexx_sync.syncs.inbound.plan_doubt import doubt
from idexx_sync.syncs.inbound.plan_guard import plan_claims_by_themselves, plan_row_by_itself
from idexx_sync.syncs.inbound.planning import Planning, removal
from idexx_sync.syncs.memory import Record, settled
from idexx_sync.syncs.proof import (
    READS_THAT_SET_APART,
    STRIKE_INTERVAL,
    STRIKES_THAT_PROVE,
    UNASKABLE_INTERVAL,
    proven_gone,
    strike,
)


def plan_absent(
    planning: Planning,
    rows: Sequence[Row],
    doubtful: Sequence[Record],
    proofs: Mapping[str, Lookup],
) -> None:
    """Plan rows and claims that the answer does not show.

    Those that contradict it come first: whether it proves anything hangs on them.
    """
    asked = [(row, proofs.get(id_of(row.key))) for row in rows]
    claimed = [(record, _lookup_of(record, proofs)) for record in doubtful]
    for row, lookup in asked:
        if (found := _contradiction(planning, row.key, lookup)) is not None:
            alive = partial(_plan_alive, planning, row, found)
            plan_row_by_itself(planning, row, alive, contradicts=True)
    for record, lookup in claimed:
        if (found := _contradiction(planning, record.key, lookup)) is not None:
            plan = partial(_plan_claimed_alive, planning, record, found)
            plan_claims_by_themselves(planning, record.key, plan, contradicts=True)
    for row, lookup in asked:
        if _contradiction(planning, row.key, lookup) is None:
            plan_row_by_itself(planning, row, partial(_plan_missing, planning, row, lookup))
    for record, lookup in claimed:
        if _contradiction(planning, record.key, lookup) is None:
            plan = partial(_plan_claimed, planning, record, lookup)
            plan_claims_by_themselves(planning, record.key, plan)


def _contradiction(planning: Planning, key: str, lookup: Lookup | None) -> Found | None:
    """What the look-up found and the answer should have shown."""
    if isinstance(lookup, Found) and _contradicts(planning, key, lookup):
        return lookup
    return None


def _contradicts(planning: Planning, key: str, found: Found) -> bool:
    return (
        not found.deleted
        and not found.cancelled
        and not _is_other_occurrence(key, found)
        and planning.context.allows(found.room_id)
        and planning.context.covers(day_of(found.start))
    )


def _lookup_of(record: Record, proofs: Mapping[str, Lookup]) -> Lookup | None:
    """What is known of a claim's record; one without an id can't be asked for."""
    return Gone() if is_nameless(record.key) else proofs.get(id_of(record.key))


def _plan_alive(planning: Planning, row: Row, found: Found) -> None:
    """A row that is there and that the answer lacks: the read was not complete after all."""
    remembered = planning.stored.record(row.key)
    claims = distinct([*remembered.claims, *of_versions([found], planning.context)])
    memory = replace(
        remembered, looked_up_at=planning.read_at, strikes=0, struck_at=None, claims=claims
    )
    permitted = removal(row, "never_shown", remembered)
    memory = doubt(planning, NEVER_SHOWN, memory, _never_shown(row), permitted)
    planning.plan.missing.append(Missing(row, "alive", memory))
    planning.note(row.key, "R6", "alive")


def _never_shown(row: Row) -> Finding:
    return {"start": _start_of(row.appointment), "kind": row.appointment.kind}


def _keep_apart(planning: Planning, remembered: Record, finding: Finding) -> None:
    """Leave a record apart, with what a person decided, while nothing is known of it anew."""
    is_apart = remembered.doubtful_reads >= READS_THAT_SET_APART
    if is_apart and remembered.quarantine_code == NEVER_SHOWN:
        known = Apart(NEVER_SHOWN, finding, None, remembered, remembered, is_asked=False)
        planning.plan.apart[remembered.key] = known


def _plan_claimed_alive(planning: Planning, record: Record, found: Found) -> None:
    claims = of_versions([found], planning.context)
    memory = replace(
        record, looked_up_at=planning.read_at, strikes=0, struck_at=None, claims=claims
    )
    finding: Finding = {"start": found.start}
    planning.remember(doubt(planning, NEVER_SHOWN, memory, finding, afterwards=settled(memory)))


def _plan_claimed(planning: Planning, record: Record, lookup: Lookup | None) -> None:
    """Let go of time that a record without a row took, once it is settled (rule R10)."""
    looked_up = replace(record, looked_up_at=planning.read_at)
    if not record.claims or _is_shown_otherwise(planning, record.key):
        if planning.plan.complete:
            planning.remember(settled(record))
    elif lookup is None or isinstance(lookup, Unknown):
        planning.remember(record if lookup is None else looked_up)
    elif isinstance(lookup, Gone) or _is_other_occurrence(record.key, lookup):
        struck = _struck(planning, looked_up, lookup)
        planning.remember(settled(record) if proven_gone(struck) else struck)
        planning.plan.unstruck[record.key] = looked_up
    elif lookup.deleted or lookup.cancelled or not planning.context.allows(lookup.room_id):
        planning.remember(settled(record))
    else:
        claims = of_versions([lookup], planning.context)
        planning.remember(replace(looked_up, strikes=0, struck_at=None, claims=claims))


def _is_shown_otherwise(planning: Planning, key: str) -> bool:
    """Whether the answer shows the id as another kind of record, or the time of an occurrence of
    which only the day was known; an occurrence says nothing about the others."""
    record_id, at, _ = key.partition("@")
    if not at:
        return record_id in planning.shown_ids
    return record_id in planning.shown_visits or key in planning.days_of_blocks


def _struck(planning: Planning, looked_up: Record, lookup: Gone | Found) -> Record:
    """With a strike, if the read proves anything."""
    if not planning.plan.complete:
        return replace(looked_up, strikes=min(looked_up.strikes, STRIKES_THAT_PROVE - 1))
    unaskable = isinstance(lookup, Found) and lookup.id not in planning.single_blocks
    return strike(looked_up, planning.read_at, UNASKABLE_INTERVAL if unaskable else STRIKE_INTERVAL)


def _plan_missing(planning: Planning, row: Row, lookup: Lookup | None) -> None:
    remembered = planning.stored.record(row.key)
    looked_up = replace(remembered, looked_up_at=planning.read_at)
    if lookup is None or isinstance(lookup, Unknown):
        _keep_apart(planning, remembered, _never_shown(row))
    if lookup is None:
        planning.plan.missing.append(Missing(row, "not_looked_up", remembered))
        planning.note(row.key, "R6", "not_looked_up")
    elif isinstance(lookup, Unknown):
        planning.plan.missing.append(Missing(row, "look_up_failed", looked_up))
        planning.note(row.key, "R6", "look_up_failed", code=lookup.code)
    elif isinstance(lookup, Gone) or _is_other_occurrence(row.key, lookup):
        struck = _struck(planning, looked_up, lookup)
        if proven_gone(struck):
            planning.remove(row, "not_found_twice", struck)
            planning.note(row.key, "R6", "not_found_twice")
        else:
            planning.plan.missing.append(Missing(row, "not_found_yet", struck))
            if planning.plan.complete:
                planning.note(row.key, "R6", "not_found_yet")
            else:
                planning.note(row.key, "R1", "read_incomplete")
    else:
        _plan_found(planning, row, lookup, looked_up)


def _plan_found(planning: Planning, row: Row, found: Found, looked_up: Record) -> None:
    if found.deleted:
        status = appointment_status(found.status)
        planning.remove(row, "deleted_at_source", looked_up, status=status)
        planning.note(row.key, "R6", "deleted_at_source")
    elif found.cancelled:
        planning.remove(row, "cancelled_at_source", looked_up, status="cancelled")
        planning.note(row.key, "R6", "cancelled_at_source")
    elif not planning.context.allows(found.room_id):
        planning.remove(row, "room_not_synced", looked_up)
        planning.note(row.key, "R10", "room_not_synced", room=found.room_id)
    else:
        _move(planning, row, found, looked_up)


def _move(planning: Planning, row: Row, found: Found, looked_up: Record) -> None:
    """Follow a visit out of the window; only time, room and status may be taken."""
    try:
        span = planning.span(found.start, found.end, found.kind)
        claims = of_days_after(found, planning.context)
    except EndsBeforeStart:
        planning.plan.missing.append(Missing(row, "look_up_failed", looked_up))
        planning.note(row.key, "R6", "look_up_failed", code="ends_before_start")
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
    planning.plan.changes.append(change)
    planning.note(row.key, "R6", "moved_away", start=found.start)


def _is_other_occurrence(key: str, found: Found) -> bool:
    """A look-up by a series' id shows one occurrence: it tells nothing about the others."""
    _, at, start = key.partition("@")
    return bool(at) and not found.deleted and found.start != start


def _start_of(appointment: Appointment) -> str:
    return datetime.combine(appointment.date, appointment.start_time).isoformat(" ")
