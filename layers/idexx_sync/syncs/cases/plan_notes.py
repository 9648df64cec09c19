"""What the calendar's part of a visit is explained with: decisions and unknown words. Pure."""

from idexx_sync.core.vocabulary import fold
from idexx_sync.syncs.cases.model import ANOTHER_OWNER, ANOTHER_PATIENT, SAID_ANEW, CaseChange
from idexx_sync.syncs.cases.plan_memory import differing
from idexx_sync.syncs.cases.planning import VisitPlanning
from idexx_sync.syncs.decision import word_read
from idexx_sync.syncs.memory import VisitMemory


def note_word(planning: VisitPlanning) -> None:
    """Report a status whose word nobody knows, unless it has been reported."""
    if planning.status is None and planning.visit.status:
        word = ("status", fold(planning.visit.status)[:40])
        if word not in planning.context.reported_words:
            planning.plan.unknown_words.add(word)


def note_identity(planning: VisitPlanning) -> None:
    """Note which case is the visit's, and whether it has several."""
    case, stored = planning.stored.case, planning.stored
    planning.note_decision(word_read(planning.visit.status))
    if case is None:
        planning.note("R14", "new")
    elif planning.visit.id in planning.plan.adopted:
        planning.note("R14", "adopted")
    if case is not None and stored.others:
        planning.note("R14", "several_cases", cases=len(stored.cases), case=str(case.id))


def note_change(planning: VisitPlanning, change: CaseChange, said: VisitMemory) -> None:
    """Note why the case changes; `said` are the calendar's words of which it was planned."""
    if planning.decisions is None:
        return
    if change.reason == ANOTHER_PATIENT:
        planning.note("R15", "another_patient")
    elif change.reason == ANOTHER_OWNER:
        planning.note("R15", "another_owner")
    if change.dropped:
        planning.note("R15", "edits_dropped", fields=list(change.dropped))
    if change.reason == "came_back":
        planning.note("R7", "came_back")
    elif change.reason in SAID_ANEW:
        planning.note("R4", "changed", fields=list(differing(planning, said)))
    elif change.reason == "rederived" and change.says_something:
        planning.note("R4", "rederived", fields=sorted(change.fields))
