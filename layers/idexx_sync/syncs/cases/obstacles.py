"""Why nobody may be called about a visit although it is finished (rule R18). Pure.

One function for each reason; the first that finds one decides.
"""

from collections.abc import Callable, Sequence
from typing import Final, Literal, NamedTuple

from idexx_sync.pims.protocol import Consultation, SourceRecord
from idexx_sync.syncs.cases.context import CaseContext
from idexx_sync.syncs.cases.model import StoredVisit
from idexx_sync.syncs.cases.record_state import RecordState, record_state

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


def _consultation_not_said(finished: Finished) -> Obstacle | None:
    """Whether there is a record, and which, the calendar does not say (rule R5)."""
    return None if finished.visit.has_consultation else Obstacle("R5", "consultation_not_said")


def _notes_not_said(finished: Finished) -> Obstacle | None:
    """The record has no place where its notes would be, so nobody knows what they say."""
    record = finished.record
    if record is None or record.has_notes_place:
        return None
    return Obstacle("R5", "notes_not_said")


def _read_in_part(finished: Finished) -> Obstacle | None:
    """What of the record could not be read may tell of a death, of a completed case as well."""
    if finished.record is None or not finished.record.hidden:
        return None
    return Obstacle("R18", "read_in_part", reopens=True)


_REASONS: Final[Sequence[Callable[[Finished], Obstacle | None]]] = (
    _not_screened,
    _consultation_not_said,
    _read_in_part,
    _notes_not_said,
)
