"""A piece, planned and judged: from what is shown and stored to what may be written."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date

from idexx_sync.core.clinic_time import to_wall
from idexx_sync.core.faults import Fault
from idexx_sync.jobs.contract import Run
from idexx_sync.pims.protocol import Lookup
from idexx_sync.syncs.cases.apply import CasePiece
from idexx_sync.syncs.cases.calendar import context_of
from idexx_sync.syncs.cases.model import Plan as CasePlan
from idexx_sync.syncs.cases.plan import plan_visits
from idexx_sync.syncs.cases.stored import PREFIX
from idexx_sync.syncs.gate import Comparison, Judgement, judge
from idexx_sync.syncs.inbound.apply import CalendarPiece
from idexx_sync.syncs.inbound.gate import Allowed, comparison
from idexx_sync.syncs.inbound.model import Plan
from idexx_sync.syncs.inbound.plan import plan_records
from idexx_sync.syncs.inbound.slots import SlotPlan
from idexx_sync.syncs.reconciliation.allowed import cases_allowed, rows_allowed
from idexx_sync.syncs.reconciliation.apply import Compared
from idexx_sync.syncs.reconciliation.closing import (
    Absent,
    contradicts,
    doubted,
    judged_absent,
    strikes_of,
)
from idexx_sync.syncs.reconciliation.compare import Shown
from idexx_sync.syncs.reconciliation.gate import CaseSide, joined
from idexx_sync.syncs.reconciliation.ledger import Open
from idexx_sync.syncs.reconciliation.loaded import Loaded
from idexx_sync.syncs.reconciliation.model import Subject
from idexx_sync.syncs.reconciliation.plan import Differences, Wanted, differences, wanted
from idexx_sync.syncs.reconciliation.planned import NO_RECORDS, Planned, Records, with_record
from idexx_sync.syncs.reconciliation.windows import name_of


def planned(run: Run, answer: Shown, loaded: Loaded, proofs: Mapping[str, Lookup]) -> Planned:
    """Plan rows and cases by the plans of the syncs that keep them."""
    return with_cases(run, planned_rows(answer, loaded, proofs))


def planned_rows(answer: Shown, loaded: Loaded, proofs: Mapping[str, Lookup]) -> Planned:
    """Plan the rows, and judge what is absent; cases come by `with_cases`."""
    snapshot = answer.snapshot
    absent = _absent(answer, loaded, proofs, complete=snapshot.complete)
    taken = replace(snapshot, is_whole=snapshot.is_whole and not contradicts(absent))
    rows = plan_records(taken, loaded.rows, proofs, answer.context)
    if not rows.complete and snapshot.complete:  # a row or a visit contradicts the answer
        absent = _absent(answer, loaded, proofs, complete=False)
    return Planned(answer, loaded, rows, CasePlan(), absent)


def with_cases(run: Run, work: Planned) -> Planned:
    """With the plan of the visits' cases, which takes most of the time; any thread may call it."""
    loaded = work.loaded
    context = context_of(run, loaded.now, loaded.words)
    return replace(work, cases=plan_visits(loaded.sources, loaded.visits, context, beat=run.beat))


def _absent(
    answer: Shown, loaded: Loaded, proofs: Mapping[str, Lookup], *, complete: bool
) -> list[Absent]:
    return judged_absent(
        loaded.absent,
        loaded.visits,
        {visit: loaded.remembered(visit) for visit in loaded.absent},
        proofs,
        loaded.settled,
        loaded.elsewhere,
        answer.window,
        answer.snapshot.read_at,
        complete=complete,
    )


def judged(run: Run, work: Planned, records: Records, night: date) -> Compared:
    """Judge what differs; what is held or only reported is left as it is."""
    loaded, answer = work.loaded, work.answer
    open_ = Open(loaded.open, run.fingerprints)
    found = differences(
        loaded,
        work.rows,
        work.cases,
        records.plan,
        work.absent,
        open_,
        night,
        run.clinic.zone,
        run.clinic.schedule.horizon_days,
    )
    complete = work.rows.complete
    wish = wanted(found, loaded.rows, open_, night, complete=complete)
    plan = replace(work.rows, changes=wish.rows)
    compared = _comparison(run, work, found, wish, plan, night)
    judgement = judge(compared, loaded.in_force, loaded.now)
    complete = complete and not judgement.doubted and not judgement.foreign
    rows = rows_allowed(plan, loaded.rows, judgement)
    context = context_of(run, loaded.now, loaded.words)
    cases = cases_allowed(work, found, wish, records, judgement, compared, context)
    return Compared(
        name=name_of(answer.window),
        now=loaded.now,
        night=night,
        rows=_calendar_piece(run, work, plan, judgement, rows),
        cases=CasePiece(cases, loaded.visits, loaded.now),
        judgement=judgement,
        differences=found.told,
        to_write=frozenset(_put_right(found, wish, rows, cases)),
        open=open_,
        shown=frozenset({*work.rows.present, *(PREFIX + visit for visit in answer.ids)}),
        days=answer.window.days,
        complete=complete,
        strikes=strikes_of(
            work.absent,
            {visit: loaded.remembered(visit) for visit in loaded.absent},
            {change.key for change in rows.changes} | {record.key for record in rows.records},
            held=judgement.losses_held,
        ),
        doubted=() if judgement.foreign else doubted(work.absent),
        records_read=len(records.read),
        records_unread=frozenset(
            PREFIX + visit.id for visit in with_record(loaded) if visit.id not in records.read
        ),
        unjudged=_unjudged(work),
        told=_warnings(work, records),
        asks_again=records.are_to_be_asked_again,
        faults=_faults(work),
    )


def _calendar_piece(
    run: Run, work: Planned, plan: Plan, judgement: Judgement, may: Allowed
) -> CalendarPiece:
    """The rows' part. The grid of slots is the calendar's own sync's: what is full stays full."""
    return CalendarPiece(
        now=work.loaded.now,
        clinic=run.clinic,
        window=work.answer.window,
        plan=plan,
        stored=work.loaded.rows,
        judgement=judgement,
        allowed=may,
        slots=SlotPlan(grid_is_unknown=True),
        started_at=work.answer.snapshot.read_at,
        unfresh="other_days",
        failure=None,
        configuration=None,
        tells_fresh=False,
    )


def is_foreign(run: Run, work: Planned, night: date) -> bool:
    """Whether the answer may be another clinic's, or shows nothing: then no record is read.

    What cases would be changed into has no part in that: it may be unplanned.
    """
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


def _put_right(
    found: Differences, wish: Wanted, rows: Allowed, cases: CasePlan
) -> Iterator[Subject]:
    """Subjects of the differences that the piece's changes end."""
    in_rows = {change.key for change in rows.changes}
    in_cases = {change.visit_id for change in cases.changes}
    in_cases |= {record.key for record in cases.records}
    for one in found.told:
        is_changed = one.key in in_rows if one.kind == "appointment" else one.record_id in in_cases
        if is_changed and one.subject in wish.subjects:
            yield one.subject


def _unjudged(work: Planned) -> frozenset[str]:
    """Keys of rows and cases of which the read says nothing that could be compared."""
    rows = (item.key for item in work.rows.quarantined if item.key is not None)
    cases = (PREFIX + visit for visit in work.cases.quarantined)
    return frozenset([*rows, *work.rows.doubts, *cases])


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


def _faults(work: Planned) -> frozenset[Fault]:
    """What of the compared rows and cases cannot be read, and where planning broke."""
    rows = (fault for row in work.loaded.rows.rows.values() for fault in row.faults)
    cases = (case for visit in work.loaded.visits.values() for case in visit.cases)
    faults = (fault for case in cases for fault in case.faults)
    return frozenset([*rows, *faults, *work.rows.unforeseen])
