"""Why nobody may be called about a visit although it is finished (rule R18). Pure.

One function for each reason; the first that finds one decides.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

from idexx_sync.core.vocabulary import appointment_status
from idexx_sync.pims.protocol import Consultation, SourceRecord
from idexx_sync.syncs.cases.context import CaseContext
from idexx_sync.syncs.cases.denials import is_denied
from idexx_sync.syncs.cases.lateness import is_late
from idexx_sync.syncs.cases.record_state import RecordState, record_state
from idexx_sync.syncs.cases.stored import StoredVisit
from idexx_sync.syncs.cases.whose import belongs

BARE_FOR: Final = timedelta(hours=2)
"""So long a finished visit has to be shown without a record before that is believed."""
EARLIER: Final = timedelta(minutes=10)
"""By so much less than planned two runs may lie apart: the start of the first one may have waited
for a machine, or for another run of its clinic."""
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
    is_of_another: bool = False
    """Its record was asked for just now, and is another patient's."""
    tells_death: bool = False
    """Words that are new say for certain that the patient has died."""
    partly_screened: bool = False
    """Not all of the words of the calendar and the record were screened."""
    tells_partly: bool = False
    """Some of those are new."""
    is_emptied: bool = False
    """Something is said to be empty that the case still says (rule R16)."""
    is_newly_emptied: bool = False
    """For the first time."""


def obstacle(finished: Finished) -> Obstacle | None:
    """The first reason against completing the visit's case, of those that take a completed one
    back if there are any; None if there is none."""
    found = [one for look in _REASONS if (one := look(finished)) is not None]
    return next((one for one in found if one.reopens), next(iter(found), None))


def _made_late(finished: Finished) -> Obstacle | None:
    """Its case was made when the visit was long over, as by a run over past days."""
    late = is_late(finished.stored.case, finished.visit.start, finished.context)
    return Obstacle("R18", "made_late", status="reviewed") if late else None


def _of_another(finished: Finished) -> Obstacle | None:
    """What the case was completed by is another patient's record by now."""
    if not finished.is_of_another or finished.record is not None:
        return None
    return Obstacle("R18", "of_another", reopens=True)


def _newer_record(finished: Finished) -> Obstacle | None:
    """The visit has got another record than the one by which its case was completed.

    Only the run that sees the change takes the case back: who completes it after that is a person.
    """
    visit, stored, case = finished.visit, finished.stored, finished.stored.case
    if finished.record is not None or case is None or case.status != "completed":
        return None
    in_case = case.value("metadata.pimsConsultation.id")
    if visit.consultation_id in (None, in_case):
        return None
    before = stored.written
    if before.start is None:
        is_new = in_case is not None  # a run that only observes may have seen it first
    else:
        # While its word was none that anybody knows, the case stayed completed.
        was_finished = appointment_status(before.status) in ("finalized", None)
        is_new = was_finished and before.consultation != visit.consultation_id
    return Obstacle("R18", "newer_record", reopens=True) if is_new else None


def _seen_once(finished: Finished) -> Obstacle | None:
    """It has no record, and nobody has seen it so for long: one may be on its way."""
    if finished.record is not None or finished.visit.consultation_id is not None:
        return None
    since = finished.stored.memory.bare_since
    if since is not None:
        shown_for = finished.context.now - datetime.fromisoformat(since)
        if shown_for >= BARE_FOR - EARLIER:
            return None
    return Obstacle("R18", "seen_once")


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
    """What of the record could not be read may tell of a death; a completed case is taken back
    while that is new, and a person who completes it after that has looked."""
    if finished.record is None or not finished.record.hidden:
        return None
    known = finished.stored.consultation
    is_new = known.id != finished.record.id or not known.partly
    return Obstacle("R18", "read_in_part", reopens=is_new)


def _whose(finished: Finished) -> Obstacle | None:
    """The case is, or may be, about somebody else."""
    whose = belongs(finished.visit, finished.stored)
    if whose.patient == "another":
        return Obstacle("R15", "case_of_another", reopens=True)
    is_new = not finished.stored.memory.unsaid
    return Obstacle("R15", "whose_unsaid", reopens=is_new) if whose.is_unsaid else None


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
    is_new = finished.is_newly_emptied
    return Obstacle("R16", "emptied", reopens=is_new) if finished.is_emptied else None


def _old_summary(finished: Finished) -> Obstacle | None:
    """What the owner would be told was written for a former patient: a person has to look."""
    is_old = finished.stored.memory.old_summary
    return Obstacle("R15", "old_summary", status="reviewed") if is_old else None


def _unmarked(finished: Finished) -> Obstacle | None:
    """Its patient is known to have died, and the case does not say so: its mark was refused, or
    somebody took it out."""
    case = finished.stored.case
    if case is None or case.is_extreme is not None:
        return None
    known = any(not death.taken_back for death in finished.stored.deaths)
    return Obstacle("R19", "death_unmarked") if known else None


_REASONS: Final[Sequence[Callable[[Finished], Obstacle | None]]] = (
    _whose,
    _merged_just_now,
    _denied,
    _unmarked,
    _read_in_part,
    _not_screened_whole,
    _of_another,
    _newer_record,
    _made_late,
    _emptied,
    _not_screened,
    _consultation_not_said,
    _notes_not_said,
    _old_summary,
    _seen_once,
)
