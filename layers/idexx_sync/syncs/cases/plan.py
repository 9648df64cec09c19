"""Visits and their clinical records beside what is stored: what is to be written. Pure.

Rules R14 to R20. A visit is planned twice in a run at most: once by what the calendar says, and
once more when its consultation has been read.
"""

from collections.abc import Collection, Mapping

from idexx_sync.pims.protocol import Consultation, SourceRecord
from idexx_sync.syncs.cases.context import CaseContext
from idexx_sync.syncs.cases.model import Plan
from idexx_sync.syncs.cases.plan_calendar import CalendarPart
from idexx_sync.syncs.cases.plan_record import RecordPart
from idexx_sync.syncs.cases.planning import VisitPlanning
from idexx_sync.syncs.cases.stored import StoredVisit
from idexx_sync.syncs.decision import Decisions


def plan_visits(
    visits: Collection[SourceRecord],
    stored: Mapping[str, StoredVisit],
    context: CaseContext,
    decisions: Decisions | None = None,
) -> Plan:
    """What the calendar's visits change; their consultations are planned when they are read.

    Why each is treated as it is gets noted in `decisions`, if there are any.
    """
    plan = Plan()
    for visit in visits:
        planning = VisitPlanning(plan, context, visit, stored[visit.id], decisions)
        CalendarPart(planning).plan()
    return plan


def plan_consultations(
    read: Collection[tuple[SourceRecord, Consultation]],
    vanished: Collection[SourceRecord],
    stored: Mapping[str, StoredVisit],
    context: CaseContext,
    decisions: Decisions | None = None,
    of_others: Collection[SourceRecord] = (),
    told: Collection[tuple[SourceRecord, Consultation]] = (),
) -> Plan:
    """What the clinical records change, those that the source no longer has, and those that are
    other patients'; `told` is what was answered instead of visits' own records."""
    plan = Plan()

    def part(visit: SourceRecord) -> RecordPart:
        return RecordPart(VisitPlanning(plan, context, visit, stored[visit.id], decisions))

    for visit, record in read:
        part(visit).plan(record)
    for visit in vanished:
        part(visit).plan_vanished()
    for visit in of_others:
        part(visit).plan_of_another()
    for visit, record in told:
        part(visit).plan_words_of_another(record)
    return plan
