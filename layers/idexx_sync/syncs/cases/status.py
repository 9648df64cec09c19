"""The status of a visit's case (rules R5, R15, R18). Pure."""

from typing import Final

from idexx_sync.core.vocabulary import AppointmentStatus, appointment_status
from idexx_sync.pims.protocol import SourceRecord
from idexx_sync.syncs.cases.context import View
from idexx_sync.syncs.cases.due import VANISHED
from idexx_sync.syncs.cases.model import StoredCase, StoredVisit
from idexx_sync.syncs.cases.vocabulary import CASE_STATUS, OPEN_STATUSES

EDITED: Final = "edited"
"""A person's status, which stays."""


def status_to_write(
    visit: SourceRecord, stored: StoredVisit, view: View, *, was_read: bool
) -> str | None:
    """The case status to write, EDITED where a person's stays, None for no change.

    `was_read`: the visit's record is written, and screened, along with it.
    """
    case, word = stored.case, appointment_status(visit.status)
    if word is None:
        return "draft" if case is None else None
    screened = was_read or _has_no_record(visit, stored)
    wanted = case_status(word, live=view.is_live(visit.start), screened=screened)
    if case is None:
        return wanted
    if case.status == wanted or (case.status == "completed" and word == "finalized"):
        return None
    ours = (
        case.status in OPEN_STATUSES or is_removed(case) or _is_derived(case, visit, stored, view)
    )
    return wanted if ours else EDITED


def case_status(word: AppointmentStatus, *, live: bool, screened: bool) -> str:
    """What the visit's status means for its case.

    Nobody is called about a visit whose record nobody has read, or that took place before the
    clinic was live (rule R18).
    """
    if word == "finalized" and not live:
        return "reviewed"
    if word == "finalized" and not screened:
        return "ongoing"
    return CASE_STATUS[word]


def is_removed(case: StoredCase) -> bool:
    """Marked as removed from the PIMS: its status is the mark's, not a person's."""
    mark = case.value("metadata.reconciliation")
    return isinstance(mark, dict) and bool(mark.get("softDeleted"))


def _has_no_record(visit: SourceRecord, stored: StoredVisit) -> bool:
    """Whether there is no record, or none any more that nobody has read.

    One that failed to be read and then vanished from the calendar may tell of a death.
    """
    last = stored.memory.last_consultation
    read = stored.consultation
    was_seen = read.id == last and read.code in (None, VANISHED)
    return visit.consultation_id is None and (last is None or was_seen)


def _is_derived(case: StoredCase, visit: SourceRecord, stored: StoredVisit, view: View) -> bool:
    """Whether the status is what the source said before; for a case that was another service's,
    what that one stored of the source."""
    memory = stored.memory
    in_case = case.value("metadata.pimsAppointment.status")
    word = appointment_status(memory.status) or (
        appointment_status(in_case) if isinstance(in_case, str) else None
    )
    live = view.is_live(memory.start or visit.start)
    return word is not None and case.status == case_status(word, live=live, screened=True)
