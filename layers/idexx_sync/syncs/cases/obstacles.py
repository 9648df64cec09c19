"""Why nobody may be called about a visit although it is finished (rule R18). Pure.

One function for each reason; the first that finds one decides.
"""

from collections.abc import Callable, Sequence
from typing import Final, Literal, NamedTuple

from idexx_sync.pims.protocol import Consultation, SourceRecord
from idexx_sync.syncs.cases.context import CaseContext
from idexx_sync.syncs.cases.denials import is_denied
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
    tells_death: bool = False
    """Words that are new say for certain that the patient has died."""
    partly_screened: bool = False
    """Not all of the words of the calendar and the record were screened."""
    tells_partly: bool = False
    """Some of those are new."""


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


def _denied(finished: Finished) -> Obstacle | None:
    """Certain words say that the patient has died, and the case says otherwise.

    While the words are new a completed case is taken back; a person who completes it after that
    has looked.
    """
    if not is_denied(finished.visit, finished.stored, finished.context):
        return None
    if finished.tells_death:
        return Obstacle("R19", "death_denied", reopens=True)
    known = any(
        death.denied and not death.in_doubt and not death.taken_back
        for death in finished.stored.deaths
    )
    return Obstacle("R19", "death_denied") if known else None


def _not_screened_whole(finished: Finished) -> Obstacle | None:
    """What nobody has looked at may tell of a death; taken back while it is new, as above."""
    if not finished.partly_screened:
        return None
    return Obstacle("R19", "not_screened_whole", reopens=finished.tells_partly)


_REASONS: Final[Sequence[Callable[[Finished], Obstacle | None]]] = (
    _denied,
    _not_screened_whole,
    _not_screened,
)
