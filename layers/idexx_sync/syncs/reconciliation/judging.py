"""A piece, planned and judged: from what is shown and stored to what may be written."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from idexx_sync.core.clinic_time import to_wall
from idexx_sync.jobs.contract import Run
from idexx_sync.pims.protocol import Lookup
from idexx_sync.syncs.cases.apply import CasePiece
from idexx_sync.syncs.cases.calendar import context_of
from idexx_sync.syncs.cases.held import of_foreign
from idexx_sync.syncs.cases.model import CaseChange
from idexx_sync.syncs.cases.model import Plan as CasePlan
from idexx_sync.syncs.cases.plan import plan_visits
from idexx_sync.syncs.cases.stored import PREFIX
from idexx_sync.syncs.gate import DOUBTS, Comparison, Judgement, judge
from idexx_sync.syncs.inbound.apply import CalendarPiece
from idexx_sync.syncs.inbound.gate import Allowed, allowed, comparison
from idexx_sync.syncs.inbound.model import Plan, Stored
from idexx_sync.syncs.inbound.plan import plan_records
from idexx_sync.syncs.inbound.slots import SlotPlan
from idexx_sync.syncs.memory import VisitRecord
from idexx_sync.syncs.reconciliation.apply import Compared
from idexx_sync.syncs.reconciliation.closing import (
    APPROVED,
    Absent,
    closing_changes,
    contradicts,
    judged_absent,
    moved_change,
    moved_record,
    strikes_of,
)
from idexx_sync.syncs.reconciliation.compare import Loaded, Shown
from idexx_sync.syncs.reconciliation.gate import CaseSide, joined
from idexx_sync.syncs.reconciliation.ledger import Open
from idexx_sync.syncs.reconciliation.plan import (
    Differences,
    Wanted,
    differences,
    rows_to_write,
    wanted,
)
from idexx_sync.syncs.reconciliation.windows import name_of


@dataclass(frozen=True, slots=True)
class Planned:
    """What the other syncs would make of a piece's days, before anything is judged."""

    answer: Shown
    loaded: Loaded
    rows: Plan
    cases: CasePlan
    absent: Sequence[Absent]


@dataclass(frozen=True, slots=True)
class Records:
    """What the clinical records that were read would change."""

    plan: CasePlan = field(default_factory=CasePlan)
    read: frozenset[str] = frozenset()
    """Visits whose record was compared."""
    warnings: Mapping[str, int] = field(default_factory=dict)


NO_RECORDS: Final = Records()


def planned(run: Run, answer: Shown, loaded: Loaded, proofs: Mapping[str, Lookup]) -> Planned:
    """Plan rows and cases by the plans of the syncs that keep them."""
    snapshot = answer.snapshot
    absent = judged_absent(
        loaded.absent,
        loaded.visits,
        {**loaded.rows.records, **loaded.records},
        proofs,
        loaded.settled,
        answer.window,
        snapshot.read_at,
        complete=snapshot.complete,
    )
    taken = replace(snapshot, is_whole=snapshot.is_whole and not contradicts(absent))
    rows = plan_records(taken, loaded.rows, proofs, answer.context)
    if not rows.complete and snapshot.complete:
        absent = judged_absent(
            loaded.absent,
            loaded.visits,
            {**loaded.rows.records, **loaded.records},
            proofs,
            loaded.settled,
            answer.window,
            snapshot.read_at,
            complete=False,
        )
    context = context_of(run, loaded.now, loaded.words)
    cases = plan_visits(loaded.sources, loaded.visits, context, beat=run.beat)
    return Planned(answer, loaded, rows, cases, absent)


def judged(run: Run, work: Planned, records: Records, night: date) -> Compared:
    """Judge what differs; what is held or only reported is left as it is."""
    loaded, answer = work.loaded, work.answer
    open_ = Open(loaded.open, run.fingerprints)
    found = differences(run.clinic, loaded, work.rows, work.cases, records.plan, work.absent, night)
    complete = work.rows.complete
    wish = wanted(found, loaded.rows, open_, night, complete=complete)
    plan = rows_to_write(work.rows, wish.rows)
    compared = _comparison(run, work, found, wish, plan, night)
    judgement = judge(compared, loaded.in_force, loaded.now)
    if judgement.is_empty:
        complete = False
    rows = _rows(plan, loaded.rows, judgement)
    cases = _cases(run, work, found, wish, records, judgement, compared)
    return Compared(
        name=name_of(answer.window),
        now=loaded.now,
        night=night,
        rows=CalendarPiece(
            now=loaded.now,
            clinic=run.clinic,
            window=answer.window,
            plan=plan,
            stored=loaded.rows,
            judgement=judgement,
            allowed=rows,
            slots=SlotPlan(),
            started_at=answer.snapshot.read_at,
            unfresh="other_days",
            failure=None,
            configuration=None,
            tells_fresh=False,
        ),
        cases=CasePiece(cases, loaded.visits, loaded.now),
        judgement=judgement,
        differences=found.told,
        to_write=frozenset(_ended(found, wish, judgement)),
        open=open_,
        judged=frozenset(PREFIX + visit for visit in records.read),
        days=answer.window.days,
        complete=complete and not judgement.foreign,
        strikes=strikes_of(
            work.absent,
            loaded.records,
            loaded.rows.rows.keys() & {item.row.key for item in work.rows.missing},
            held=judgement.losses_held,
        ),
        read_records=records.read,
        warnings=_warnings(work, records),
    )


def is_foreign(run: Run, work: Planned, night: date) -> bool:
    """Whether the answer may be another clinic's, or shows nothing: then no record is read."""
    judgement = judged(run, work, NO_RECORDS, night).judgement
    return judgement.foreign or judgement.is_empty


def _comparison(
    run: Run, work: Planned, found: Differences, wish: Wanted, plan: Plan, night: date
) -> Comparison:
    loaded, answer = work.loaded, work.answer
    local_now = to_wall(loaded.now, run.clinic.zone)
    rows = comparison(plan, loaded.rows, answer.context, run.clinic.known_room_ids, local_now)
    side = CaseSide(
        shown=found.visits,
        changes=wish.visits,
        absent=work.absent,
        to_close=wish.to_close,
        expected={**loaded.expected, **loaded.absent},
        present=answer.ids,
    )
    return joined(rows, side, wish.asked, night)


def _rows(plan: Plan, stored: Stored, judgement: Judgement) -> Allowed:
    """What may be written of the rows. Of what the read showed nothing else is remembered: the
    calendar's own sync has to find it as news."""
    may = allowed(plan, stored, judgement)
    missing = {item.row.key for item in plan.missing}
    doubts = {key for key, cause in plan.doubts.items() if cause in DOUBTS}
    told = [record for record in may.records if record.key in missing | doubts]
    changed = {change.key for change in may.changes} | {record.key for record in told}
    seen = [
        replace(record, strikes=0, struck_at=None)
        for key, record in stored.records.items()
        if record.strikes and key in plan.present and key not in changed
    ]
    return Allowed(may.changes, [*told, *seen])


def _cases(
    run: Run,
    work: Planned,
    found: Differences,
    wish: Wanted,
    records: Records,
    judgement: Judgement,
    compared: Comparison,
) -> CasePlan:
    """What may be written of the cases; deaths are marked whatever is held (rule R19)."""
    loaded = work.loaded
    told = CasePlan(
        marks=[*work.cases.marks, *records.plan.marks],
        unforeseen=work.cases.unforeseen | records.plan.unforeseen,
        unread=records.plan.unread,
    )
    if judgement.foreign:
        return of_foreign(told, loaded.visits, compared)
    marks = [m for m in told.marks if not m.is_known(loaded.visits[m.visit_id].deaths)]
    plan = replace(told, marks=marks)
    held = judgement.held(but=DOUBTS) | judgement.unseen
    plan.changes += [change for change in wish.visits if change.visit_id not in held]
    plan.records += _memories(work, found, wish, held)
    for item in work.absent:
        plan.changes += _absent_changes(run, work, wish, item, judgement)
        if _follows(item, wish) and item.visit_id not in held:
            plan.records += moved_record(item)
    return plan


def _absent_changes(
    run: Run, work: Planned, wish: Wanted, item: Absent, judgement: Judgement
) -> list[CaseChange]:
    held = judgement.held(but=DOUBTS) | judgement.unseen
    now = work.loaded.now
    if item.visit_id in judgement.approved and item.visit_id in wish.to_close:
        return list(closing_changes(item, APPROVED, now))
    if item.visit_id in held:
        return []
    if item.is_proven and item.visit_id in wish.to_close:
        return list(closing_changes(item, item.verdict, now))
    if _follows(item, wish):
        change = moved_change(item, context_of(run, now, work.loaded.words))
        return [] if change is None else [change]
    return []


def _follows(item: Absent, wish: Wanted) -> bool:
    identity = ("case", PREFIX + item.visit_id, "moved")
    return item.verdict == "moved_away" and identity in wish.identities


def _memories(
    work: Planned, found: Differences, wish: Wanted, held: Collection[str]
) -> list[VisitRecord]:
    records = {record.key: record for record in work.cases.records}
    written = {change.visit_id for change in wish.visits} - set(held)
    told = []
    for one in found.visits:
        if one.visit.id in written:
            causes = found.causes_to_write(one.visit.id, "case", wish.identities)
            told += one.memory(causes, records.get(one.visit.id))
    return told


def _ended(found: Differences, wish: Wanted, judgement: Judgement) -> set[tuple[str, str, str]]:
    """Identities of what the piece puts right: what is proven, or approved by a person."""
    return {
        one.identity
        for one in found.told
        if one.identity in wish.identities
        and (one.identity in found.proven or one.record_id in judgement.approved)
    }


def _warnings(work: Planned, records: Records) -> dict[str, int]:
    rows = work.rows
    found = {
        "read_incomplete": int(not rows.complete),
        "unreadable_records": len(rows.quarantined),
        "look_ups_failed": sum(m.verdict == "look_up_failed" for m in rows.missing)
        + sum(item.verdict == "look_up_failed" for item in work.absent),
        **records.warnings,
    }
    return {code: number for code, number in found.items() if number}
