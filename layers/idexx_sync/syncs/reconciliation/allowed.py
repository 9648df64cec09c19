"""What of a judged piece may be written of its rows and of its cases. Pure."""

from collections.abc import Collection, Iterator
from dataclasses import replace

from idexx_sync.syncs.cases.context import CaseContext
from idexx_sync.syncs.cases.held import of_foreign
from idexx_sync.syncs.cases.model import CaseChange
from idexx_sync.syncs.cases.model import Plan as CasePlan
from idexx_sync.syncs.cases.stored import PREFIX
from idexx_sync.syncs.gate import DOUBTS, Comparison, Judgement
from idexx_sync.syncs.inbound.gate import Allowed, allowed
from idexx_sync.syncs.inbound.model import Plan, Stored
from idexx_sync.syncs.memory import VisitRecord
from idexx_sync.syncs.reconciliation.closing import (
    APPROVED,
    Absent,
    closing_changes,
    moved_change,
    moved_record,
)
from idexx_sync.syncs.reconciliation.plan import Differences, Wanted
from idexx_sync.syncs.reconciliation.planned import Planned, Records


def rows_allowed(plan: Plan, stored: Stored, judgement: Judgement) -> Allowed:
    """What may be written of the rows.

    Of what the read showed nothing else is remembered: the calendar's own sync has to find it as
    news.
    """
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


def cases_allowed(
    work: Planned,
    found: Differences,
    wish: Wanted,
    records: Records,
    judgement: Judgement,
    compared: Comparison,
    context: CaseContext,
) -> CasePlan:
    """What may be written of the cases; deaths are marked whatever is held (rule R19)."""
    visits = work.loaded.visits
    told = CasePlan(
        marks=[*work.cases.marks, *records.plan.marks],
        unforeseen=work.cases.unforeseen | records.plan.unforeseen,
        unread=records.plan.unread,
    )
    if judgement.foreign:
        return of_foreign(told, visits, compared)
    held = judgement.held(but=DOUBTS) | judgement.unseen
    marks = [mark for mark in told.marks if not mark.is_known(visits[mark.visit_id].deaths)]
    return replace(
        told,
        marks=marks,
        changes=[
            *(change for change in wish.visits if change.visit_id not in held),
            *_changes_of_absent(work, wish, judgement, held, context),
        ],
        records=[*_memories(work, found, wish, held), *_moved_memories(work, wish, held)],
    )


def _changes_of_absent(
    work: Planned,
    wish: Wanted,
    judgement: Judgement,
    held: Collection[str],
    context: CaseContext,
) -> Iterator[CaseChange]:
    """What closes cases whose visit is gone, or makes them follow one that is elsewhere."""
    for item in work.absent:
        is_to_close = item.visit_id in wish.to_close
        is_let_go = item.is_apart and item.visit_id in judgement.let_through
        if is_let_go or (item.visit_id in judgement.approved and is_to_close):
            yield from closing_changes(item, APPROVED, context.now)
        elif item.visit_id in held:
            continue
        elif item.is_proven and is_to_close:
            yield from closing_changes(item, item.verdict, context.now)
        elif _follows(item, wish) and (change := moved_change(item, context)) is not None:
            yield change


def _follows(item: Absent, wish: Wanted) -> bool:
    subject = ("case", PREFIX + item.visit_id, "moved")
    return item.verdict == "moved_away" and subject in wish.subjects


def _moved_memories(work: Planned, wish: Wanted, held: Collection[str]) -> Iterator[VisitRecord]:
    """What to remember of visits whose cases follow; where none can, it stays news."""
    for item in work.absent:
        case = item.stored.case
        can_follow = case is not None and not case.is_broken
        if can_follow and _follows(item, wish) and item.visit_id not in held:
            yield from moved_record(item)


def _memories(
    work: Planned, found: Differences, wish: Wanted, held: Collection[str]
) -> Iterator[VisitRecord]:
    """What to remember of visits of which something is put right."""
    records = {record.key: record for record in work.cases.records}
    written = {change.visit_id for change in wish.visits} - set(held)
    for one in found.visits:
        if one.visit.id in written:
            causes = found.causes_to_write(one.visit.id, "case", wish.subjects)
            yield from one.memory(causes, records.get(one.visit.id))
