"""Why nobody may be called about a visit although it is finished (rule R18). Pure.

One function for each reason; the first that finds one decides.
"""

from collections.abc import Callable, Sequence
from typing import Final, Literal, NamedTuple

from idexx_sync.pims.protocol import Consultation, SourceRecord
from idexx_sync.syncs.cases.context import CaseContext
from idexx_sync.syncs.cases.model import StoredVisit
from idexx_sync.syncs.cases.record_state import RecordState, record_state
from idexx_sync.syncs.cases.whose import belongs

_NOBODY_UNREAD: Final[frozenset[RecordState]] = frozenset({"none", "read", "vanished"})


class Obstacle(NamedTuple):
    """A reason, by its rule and a code that `explain` has words for."""

    rule: str
    code: str
    status: Literal["ongoing", "reviewed"] = "ongoing"
    """What the case becomes instead of completed."""
    reopens: bool = False
    """A case that is completed already becomes that too."""


class Finished(NamedTuple):
    """A visit at the moment when its case might be completed."""

    visit: SourceRecord
    stored: StoredVisit
    context: CaseContext
    record: Consultation | None
    """What is written, and screened, along with it; None: nothing was read."""
    is_emptied: bool = False
    """Something is said to be empty that the case still says (rule R16)."""


def obstacle(finished: Finished) -> Obstacle | None:
    """The first reason against completing the visit's case; None if there is none."""
    return next((found for look in _REASONS if (found := look(finished)) is not None), None)


def _not_screened(finished: Finished) -> Obstacle | None:
    """There is a record, or was one, that nobody has read: it may tell of a death."""
    if finished.record is not None:
        return None
    visit, stored = finished.visit, finished.stored
    if visit.consultation_id is None and record_state(visit, stored) in _NOBODY_UNREAD:
        return None
    return Obstacle("R18", "not_screened")


def _whose(finished: Finished) -> Obstacle | None:
    """The case is, or may be, about somebody else."""
    whose = belongs(finished.visit, finished.stored)
    if whose.patient == "another":
        return Obstacle("R15", "of_another", reopens=True)
    return Obstacle("R15", "whose_unsaid", reopens=True) if whose.is_unsaid else None


def _merged_just_now(finished: Finished) -> Obstacle | None:
    """The record is another patient's than the calendar's, for the first time: two were merged,
    or the visit was given to another one while it was read."""
    record, visit = finished.record, finished.visit
    if record is None or visit.patient_id in (None, record.patient_id):
        return None
    if finished.stored.consultation.patient == record.patient_id:
        return None
    return Obstacle("R17", "merged_just_now", reopens=True)


def _emptied(finished: Finished) -> Obstacle | None:
    """Something was taken out, perhaps because it was wrong, and the case still says it."""
    return Obstacle("R16", "emptied", reopens=True) if finished.is_emptied else None


def _old_summary(finished: Finished) -> Obstacle | None:
    """What the owner would be told was written for a former patient: a person has to look."""
    is_old = finished.stored.memory.old_summary
    return Obstacle("R15", "old_summary", status="reviewed") if is_old else None


_REASONS: Final[Sequence[Callable[[Finished], Obstacle | None]]] = (
    _whose,
    _merged_just_now,
    _emptied,
    _not_screened,
    _old_summary,
)
