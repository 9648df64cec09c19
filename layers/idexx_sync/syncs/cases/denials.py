"""Whether somebody said of a case, in view of its visit, that its patient lives (rule R19). Pure.

What its check says is read by one function of the database, `idexx_sync.is_extreme`.
"""

from typing import Final

from idexx_sync.core.clinic_time import parse_wall, to_wall
from idexx_sync.core.vocabulary import AppointmentStatus, appointment_status
from idexx_sync.pims.protocol import SourceRecord
from idexx_sync.syncs.cases.context import CaseContext
from idexx_sync.syncs.cases.stored import StoredVisit

TOOK_PLACE: Final[frozenset[AppointmentStatus]] = frozenset({"in_progress", "finalized"})
"""What is only booked, or was called off, may not have come about."""


def denied_before(visit: SourceRecord, stored: StoredVisit, context: CaseContext) -> bool:
    """Whether it was said before the visit took place that the case is no extreme one.

    Such a no knows nothing of the visit; one that was first seen afterwards may.
    """
    case = stored.case
    if case is None or case.is_extreme is not False:
        return False
    return stored.memory.denied or not _has_begun(visit, context)


def is_denied(visit: SourceRecord, stored: StoredVisit, context: CaseContext) -> bool:
    """Whether the case says that it is no extreme one, and may say so in view of the visit."""
    case = stored.case
    denies = case is not None and case.is_extreme is False
    return denies and not denied_before(visit, stored, context)


def _has_begun(visit: SourceRecord, context: CaseContext) -> bool:
    took_place = appointment_status(visit.status) in TOOK_PLACE
    return took_place or parse_wall(visit.start) <= to_wall(context.now, context.zone)
