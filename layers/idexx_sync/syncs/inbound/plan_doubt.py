"""Planning of what is in doubt: it keeps what is stored, and takes time beside it (rules R1, R3,
R10). Pure."""

from collections.abc import Sequence
from dataclasses import replace

from idexx_sync.pims.protocol import SourceRecord, Unreadable
from idexx_sync.syncs.gate import OLDER, UNREADABLE, DoubtCause
from idexx_sync.syncs.holds import Finding
from idexx_sync.syncs.inbound.claims import Claims, distinct, of_unreadable, of_versions, touches
from idexx_sync.syncs.inbound.model import Apart, Quarantined, RowChange
from idexx_sync.syncs.inbound.planning import Planning
from idexx_sync.syncs.memory import Record
from idexx_sync.syncs.proof import READS_THAT_SET_APART


def keep_newer(
    planning: Planning,
    remembered: Record,
    record: SourceRecord,
    change: RowChange | None,
    shown: Record,
) -> None:
    """Change nothing for an older version, but let it take its time too (rule R10).

    `shown` is what would be remembered of it.
    """
    assert remembered.source is not None
    planning.note(remembered.key, "R10", "older_version")
    taken = of_versions([record], planning.context)
    claims = distinct([*remembered.claims, *taken, *shown.claims])
    memory = replace(remembered, strikes=0, struck_at=None, claims=claims)
    finding: Finding = {"start": [remembered.source.start, record.start]}
    planning.remember(doubt(planning, OLDER, memory, finding, change, shown))


def doubt(
    planning: Planning,
    cause: DoubtCause,
    memory: Record,
    finding: Finding,
    permitted: RowChange | None = None,
    afterwards: Record | None = None,
) -> Record:
    """Count the read as incomplete because of the record, or set the record apart (rule R1).

    `permitted` is what a person may let through, `afterwards` what is remembered then where that
    changes no row; None: that the record takes no time.
    """
    planning.plan.doubts[memory.key] = cause
    reads = min(memory.doubtful_reads + 1, READS_THAT_SET_APART)
    memory = replace(memory, quarantine_code=cause, doubtful_reads=reads)
    if reads < READS_THAT_SET_APART:
        planning.plan.complete = False
    else:
        if permitted is not None:
            afterwards = permitted.record
        let_through = afterwards or replace(memory, claims=())
        planning.plan.apart[memory.key] = Apart(cause, finding, permitted, let_through, memory)
    return memory


def plan_unreadable(planning: Planning, key: str, items: Sequence[Unreadable]) -> None:
    """Let a record of which nothing could be read take what it may take (rule R3)."""
    planning.plan.rooms.update(item.room_id for item in items if item.room_id is not None)
    if any(item.id is not None and planning.concerns(key, item.start) for item in items):
        planning.plan.present.add(key)
    vague = next((item for item in items if item.is_vague), None)
    if vague is not None:
        _plan_vague(planning, key, vague, len(items))
        return
    taken = (claim for item in items for claim in of_unreadable(item, planning.context))
    quarantine(planning, key, items[0].code, items[0].start, distinct(taken))
    for item in items[1:]:
        planning.plan.quarantined.append(Quarantined(None, item.code, is_new=True))


def _plan_vague(planning: Planning, key: str, item: Unreadable, number: int) -> None:
    """Plan what has no id or no day, which comes so many times: the read is incomplete by it."""
    if item.id is not None:
        planning.note(item.id, "R3", "unreadable", code=item.code)
    remembered = planning.stored.record(key)
    told = Quarantined(
        None if item.id is None else key,
        item.code,
        is_new=remembered.quarantine_code != UNREADABLE,
    )
    planning.plan.quarantined += [told] * number
    claims = of_unreadable(item, planning.context)
    memory = replace(remembered, strikes=0, struck_at=None, claims=claims)
    start = item.start or (str(item.day) if item.day else None)
    finding: Finding = {"unreadable": item.code, "start": start}
    planning.remember(doubt(planning, UNREADABLE, memory, finding))
    if item.first_day is None:
        planning.plan.of_no_day.add(key)


def quarantine(planning: Planning, key: str, code: str, start: str | None, claims: Claims) -> None:
    """Keep what is stored, and take what the record may take beside it (rule R3)."""
    remembered = planning.stored.record(key)
    is_new = remembered.quarantine_code != code
    planning.plan.quarantined.append(Quarantined(key, code, is_new))
    planning.plan.doubts[key] = code
    planning.note(key, "R3", "unreadable", code=code)
    row = planning.stored.rows.get(key)
    if row is not None and not row.deleted:  # which takes no less than before
        claims = distinct([*remembered.claims, *claims])
    concerns = planning.concerns(key, start) or touches(claims, planning.context)
    memory = replace(
        remembered,
        quarantine_code=code,
        strikes=0,
        struck_at=None,
        claims=claims if concerns else (),
        doubtful_reads=0,
    )
    planning.remember(memory)
