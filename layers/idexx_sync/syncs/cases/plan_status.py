"""What a planned change does to the status of a visit's case (rules R5, R15, R18). Pure.

`status` rules, and `obstacles` says what stands against completing the case.
"""

from idexx_sync.pims.protocol import Consultation
from idexx_sync.syncs.cases.emptied import Emptied, still_said
from idexx_sync.syncs.cases.mapping import MappedFields
from idexx_sync.syncs.cases.model import CaseChange
from idexx_sync.syncs.cases.obstacles import Finished, obstacle
from idexx_sync.syncs.cases.plan_screening import VisitScreening
from idexx_sync.syncs.cases.planning import VisitPlanning
from idexx_sync.syncs.cases.status import rule_status, status_decision


def plan_status(planning: VisitPlanning, change: CaseChange, finished: Finished) -> bool:
    """Put the status into the change if it is to be written; whether it is a person's edit."""
    visit, stored, context = planning.visit, planning.stored, planning.context
    ruling = rule_status(visit, stored, context, obstacle(finished))
    if ruling.to_write is not None:
        change.values["case.status"] = ruling.to_write
    was_read = finished.record is not None
    planning.note_decision(status_decision(ruling, visit, stored, context, was_read=was_read))
    return ruling.outcome == "edited"


def finished_visit(
    planning: VisitPlanning,
    screening: VisitScreening,
    record: Consultation | None,
    mapped: MappedFields,
    empty: Emptied,
    *,
    is_of_another: bool = False,
) -> Finished:
    """The visit as it is judged: with what was screened, read, mapped and found to be empty."""
    own, of_other = planning.memory.empty_since, planning.stored.consultation.empty_since
    if record is not None:
        own, of_other = of_other, own
    is_new = planning.before.memory.observed or not empty.since.keys() <= own.keys()
    return Finished(
        planning.visit,
        planning.before,
        planning.context,
        record,
        is_of_another=is_of_another,
        tells_death=screening.tells_death,
        partly_screened=any(screening.partly),
        tells_partly=screening.tells_partly,
        is_emptied=bool(empty.since) or still_said(of_other, mapped.values),
        is_newly_emptied=bool(empty.since) and is_new,
    )
