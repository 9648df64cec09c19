"""Visits and their clinical records beside what is stored: what is to be written. Pure.

Rules R14 to R20. A visit is planned twice in a run at most: once by what the calendar says, and
once more when its consultation has been read.
"""

from collections.abc import Callable, Collection, Mapping
from operator import methodcaller

from idexx_sync.pims.protocol import Consultation, SourceRecord
from idexx_sync.syncs.cases.context import CaseContext
from idexx_sync.syncs.cases.model import Plan
from idexx_sync.syncs.cases.plan_calendar import CalendarPart
from idexx_sync.syncs.cases.plan_guard import (
    IN_CALENDAR,
    left_in_calendar,
    left_in_record,
    plan_by_itself,
)
from idexx_sync.syncs.cases.plan_record import RecordPart
from idexx_sync.syncs.cases.planning import VisitPlanning
from idexx_sync.syncs.cases.shape import RECORD
from idexx_sync.syncs.cases.stored import StoredVisit
from idexx_sync.syncs.decision import Decisions

Beat = Callable[[], object]
"""A sign of life."""


def plan_visits(
    visits: Collection[SourceRecord],
    stored: Mapping[str, StoredVisit],
    context: CaseContext,
    decisions: Decisions | None = None,
    beat: Beat = lambda: None,
) -> Plan:
    """What the calendar's visits change; their consultations are planned when they are read.

    Why each is treated as it is gets noted in `decisions`, if there are any. `beat` is called
    before each.
    """
    plan = Plan()

    def part(planning: VisitPlanning) -> None:
        CalendarPart(planning).plan()

    for visit in visits:
        beat()
        known = stored[visit.id]
        plan.add(
            plan_by_itself(visit, known, context, decisions, part, left_in_calendar, IN_CALENDAR)
        )
    return plan


def plan_consultations(
    read: Collection[tuple[SourceRecord, Consultation]],
    vanished: Collection[SourceRecord],
    stored: Mapping[str, StoredVisit],
    context: CaseContext,
    decisions: Decisions | None = None,
    of_others: Collection[SourceRecord] = (),
    told: Collection[tuple[SourceRecord, Consultation]] = (),
    beat: Beat = lambda: None,
) -> Plan:
    """What the clinical records change, those that the source no longer has, and those that are
    other patients'; `told` is what was answered instead of visits' own records."""
    plan = Plan()

    def each(visit: SourceRecord, work: Callable[[RecordPart], None]) -> None:
        def part(planning: VisitPlanning) -> None:
            work(RecordPart(planning))

        beat()
        known = stored[visit.id]
        plan.add(plan_by_itself(visit, known, context, decisions, part, left_in_record, RECORD))

    for visit, record in read:
        each(visit, methodcaller("plan", record))
    for visit in vanished:
        each(visit, RecordPart.plan_vanished)
    for visit in of_others:
        each(visit, RecordPart.plan_of_another)
    for visit, record in told:
        each(visit, methodcaller("plan_words_of_another", record))
    return plan
