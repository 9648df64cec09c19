"""What becomes of a visit at which its planning breaks in a way that nobody foresaw (rule R26).

Nothing of it is written but deaths that it has told, nobody is called about its cases, and all
other visits are planned as ever. Pure, but for the log.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from idexx_sync.core.faults import UNFORESEEN, Fault
from idexx_sync.core.words import guarded
from idexx_sync.pims.protocol import SourceRecord
from idexx_sync.syncs.cases.context import CaseContext
from idexx_sync.syncs.cases.due import READ_FAILED, gave_nothing
from idexx_sync.syncs.cases.model import Plan
from idexx_sync.syncs.cases.planning import VisitPlanning
from idexx_sync.syncs.cases.shape import RECORD
from idexx_sync.syncs.cases.stored import StoredVisit
from idexx_sync.syncs.decision import Decision, Decisions
from idexx_sync.syncs.memory import VisitRecord

IN_CALENDAR: Final = "neo.calendar"
"""Where a job's faults say that a visit broke its own work."""

Left = Callable[[Plan, SourceRecord, StoredVisit, CaseContext, str], None]
"""Puts into the plan what is left of a visit; told the error's type."""


def plan_by_itself(
    visit: SourceRecord,
    stored: StoredVisit,
    context: CaseContext,
    decisions: Decisions | None,
    part: Callable[[VisitPlanning], None],
    left: Left,
    place: str,
) -> Plan:
    """The plan of one visit; what is `left` of it where its own planning breaks, which the log
    names as that of the `place`."""
    plan = Plan()

    def instead(kind: str) -> None:
        nonlocal plan
        plan = Plan(marks=plan.marks, partly_screened={visit.id})
        left(plan, visit, stored, context, kind)
        if decisions is not None:
            decisions.note(visit.id, Decision("R26", UNFORESEEN))

    def planned() -> None:
        part(VisitPlanning(plan, context, visit, stored, decisions))

    guarded(planned, instead, record=place, key=visit.id)
    return plan


def left_in_calendar(
    plan: Plan, visit: SourceRecord, stored: StoredVisit, _context: CaseContext, kind: str
) -> None:
    """The visit is quarantined, and its words count as not screened."""
    plan.unforeseen[visit.id] = Fault(IN_CALENDAR, kind, visit.id, UNFORESEEN)
    plan.quarantined[visit.id] = UNFORESEEN
    if stored.record.quarantine_code != UNFORESEEN:
        plan.newly_quarantined.add(visit.id)
    memory = replace(stored.memory, partly=True)
    record = VisitRecord(visit.id, source=memory, quarantine_code=UNFORESEEN)
    if record != stored.record:
        plan.records.append(record)


def left_in_record(
    plan: Plan, visit: SourceRecord, stored: StoredVisit, context: CaseContext, kind: str
) -> None:
    """The visit's record counts as not read, and is asked for again."""
    plan.unforeseen[visit.id] = Fault(RECORD, kind, visit.id, UNFORESEEN)
    plan.memories[visit.id] = gave_nothing(visit, stored, READ_FAILED, context.now)
