"""Cases of a visit that get less than everything: its further ones, and broken ones (R14, R16).

Pure. Each is judged by itself: one that cannot be read stands in no other one's way, and nobody is
called about it.
"""

from collections.abc import Iterator

from idexx_sync.core.faults import Fault
from idexx_sync.core.vocabulary import FREES_TIME, AppointmentStatus, appointment_status
from idexx_sync.pims.protocol import SourceRecord
from idexx_sync.syncs.cases.fields import OBJECTS
from idexx_sync.syncs.cases.mapping import MappedFields
from idexx_sync.syncs.cases.model import DUPLICATE, CaseChange
from idexx_sync.syncs.cases.news import is_news
from idexx_sync.syncs.cases.stored import StoredCase, StoredVisit
from idexx_sync.syncs.cases.vocabulary import CASE_STATUS, OPEN_STATUSES
from idexx_sync.syncs.cases.whose import Belongs, former_patients, names_another
from idexx_sync.syncs.decision import Decision, Fact
from idexx_sync.syncs.memory import VisitMemory

_TOLD = tuple(f"metadata.pimsAppointment.{name}" for name in ("id", "status", "sourceStatus"))


def changes_of_others(
    visit: SourceRecord, stored: StoredVisit, whose: Belongs, mapped: MappedFields
) -> Iterator[CaseChange]:
    """What the visit's further cases are told: that it is called off, and that nobody is to be
    called where the case may be about somebody else.

    `whose` is whether the visit's own case was somebody else's; a change that is empty says
    nothing.
    """
    word = appointment_status(visit.status)
    for case in stored.others:
        change = CaseChange(visit.id, DUPLICATE, case)
        if word in FREES_TIME:
            if not case.is_broken:
                said = {name: mapped.values[name] for name in _TOLD}
                change.values = {n: v for n, v in said.items() if is_news(case, n, v)}
            if case.status in OPEN_STATUSES:
                change.values["case.status"] = CASE_STATUS[word]
        if is_completed(case) and _is_doubtful(case, visit, whose):
            change.values["case.status"] = "reviewed"
        yield change


def status_of_broken(case: StoredCase, word: AppointmentStatus | None) -> str | None:
    """What becomes of the status of a visit's own case if its document cannot be written; None:
    it stays. An open status is never a person's, so that it goes on once it is put right."""
    if word in FREES_TIME and case.status in OPEN_STATUSES:
        return CASE_STATUS[word]
    return "ongoing" if is_completed(case) else None


def broken_document(case: StoredCase) -> Fault:
    """Which of a broken case's documents cannot be written (rule R26)."""
    is_metadata = any(
        (value := case.value(place)) is not None and not isinstance(value, dict)
        for place in OBJECTS
        if place.startswith("metadata")
    )
    column = "metadata" if is_metadata else "entity_extraction"
    return Fault("cases", column, str(case.id), "unreadable")


def broken_decision(case: StoredCase, word: AppointmentStatus | None, status: str) -> Decision:
    """That status as a decision."""
    facts: dict[str, Fact] = {
        "status": word,
        "meant": status,
        "stored": case.status,
        "has_case": True,
        "outcome": "written",
        "becomes": status,
    }
    if word in FREES_TIME:
        return Decision("R20", "as_the_visit", facts)
    return Decision("R16", "document_broken", facts)


def is_completed(case: StoredCase | None) -> bool:
    """Whether somebody may be called about the case."""
    return case is not None and case.status == "completed"


def _is_doubtful(case: StoredCase, visit: SourceRecord, whose: Belongs) -> bool:
    """Whether nobody can tell that the case is about the visit's patient and owner."""
    if case.is_broken or names_another(case, visit):
        return True
    return bool(whose.roots) and not former_patients(case, VisitMemory())
