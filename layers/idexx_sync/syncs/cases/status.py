"""The status of a visit's case (rules R5, R15, R18). Pure."""

from typing import Final, Literal, NamedTuple

from idexx_sync.core.vocabulary import FREES_TIME, AppointmentStatus, appointment_status
from idexx_sync.pims.protocol import SourceRecord
from idexx_sync.syncs.cases.context import CaseContext
from idexx_sync.syncs.cases.lateness import is_late
from idexx_sync.syncs.cases.obstacles import Obstacle
from idexx_sync.syncs.cases.record_state import record_state
from idexx_sync.syncs.cases.stored import StoredCase, StoredVisit
from idexx_sync.syncs.cases.vocabulary import CASE_STATUS, OPEN_STATUSES
from idexx_sync.syncs.decision import Decision


class Meaning(NamedTuple):
    """What a visit means for its case, and why."""

    status: str
    rule: str
    code: str


STATUS_KEPT: Final = "statusKept"
"""Key of the mark of a removal that has left the case's status as somebody had set it."""
BEFORE_LIVE: Final = Meaning("reviewed", "R18", "before_live")
NEW_WITHOUT_WORD: Final = Meaning("draft", "R5", "no_status")
_MEANINGS: Final[dict[AppointmentStatus, Meaning]] = {
    word: Meaning(status, "R20" if word in FREES_TIME else "R14", "as_the_visit")
    for word, status in CASE_STATUS.items()
} | {"finalized": Meaning(CASE_STATUS["finalized"], "R18", "screened")}


class StatusRuling(NamedTuple):
    """What becomes of the status of a visit's case."""

    meaning: Meaning | None
    """None: the visit's word says nothing."""
    outcome: Literal["written", "as_it_is", "completed_already", "edited"]

    @property
    def to_write(self) -> str | None:
        """The status to write; None for no change."""
        return self.meaning.status if self.meaning and self.outcome == "written" else None


def rule_status(
    visit: SourceRecord,
    stored: StoredVisit,
    context: CaseContext,
    obstacle: Obstacle | None,
) -> StatusRuling:
    """Whether the case's status is written; a person's stays.

    `obstacle` is why the visit's case may not be completed, however finished the visit is.
    """
    case, word = stored.case, appointment_status(visit.status)
    if word is None:
        # None: it was a former patient's
        may_be_called = case is not None and case.status in ("completed", None)
        if may_be_called and obstacle is not None and obstacle.reopens:
            return StatusRuling(_against(obstacle), "written")  # whatever its word means
        return StatusRuling(None, "as_it_is") if case else StatusRuling(NEW_WITHOUT_WORD, "written")
    meaning = _meaning(word, live=context.is_live(visit.start), obstacle=obstacle)
    if case is None:
        return StatusRuling(meaning, "written")
    if case.status == meaning.status:
        return StatusRuling(meaning, "as_it_is")
    if case.status == "completed" and word == "finalized":
        reopens = obstacle is not None and obstacle.reopens and meaning.code == obstacle.code
        return StatusRuling(meaning, "written" if reopens else "completed_already")
    ours = (
        case.status in OPEN_STATUSES or is_closed(case) or _is_derived(case, visit, stored, context)
    )
    return StatusRuling(meaning, "written" if ours else "edited")


def status_decision(
    ruling: StatusRuling,
    visit: SourceRecord,
    stored: StoredVisit,
    context: CaseContext,
    *,
    was_read: bool,
) -> Decision:
    """The ruling as a decision."""
    meaning, before = ruling.meaning, stored.case.status if stored.case else None
    return Decision(
        meaning.rule if meaning else "R5",
        meaning.code if meaning else "no_status",
        {
            "status": appointment_status(visit.status),
            "meant": meaning.status if meaning else None,
            "stored": before,
            "has_case": stored.case is not None,
            "outcome": ruling.outcome,
            "becomes": ruling.to_write or before,
            "record": "being_read" if was_read else record_state(visit, stored),
            "has_record": visit.consultation_id is not None,
            "live_from": None if context.live_from is None else context.live_from.isoformat(),
        },
    )


def _meaning(word: AppointmentStatus, *, live: bool, obstacle: Obstacle | None) -> Meaning:
    """What the visit's status means for its case.

    Nobody is called about a visit that took place before the clinic was live (rule R18).
    """
    if word == "finalized" and not live:
        return BEFORE_LIVE
    if word == "finalized" and obstacle is not None:
        return _against(obstacle)
    return _MEANINGS[word]


def _against(obstacle: Obstacle) -> Meaning:
    return Meaning(obstacle.status, obstacle.rule, obstacle.code)


def is_removed(case: StoredCase) -> bool:
    """Marked as removed from the PIMS."""
    mark = case.value("metadata.reconciliation")
    return isinstance(mark, dict) and bool(mark.get("softDeleted"))


def is_closed(case: StoredCase) -> bool:
    """Marked as removed, and its status is the mark's: not one that somebody had set before, or
    has set since (rule R15)."""
    mark = case.value("metadata.reconciliation")
    was_kept = isinstance(mark, dict) and mark.get(STATUS_KEPT) is True
    return is_removed(case) and case.status == "reviewed" and not was_kept


def _is_derived(
    case: StoredCase, visit: SourceRecord, stored: StoredVisit, context: CaseContext
) -> bool:
    """Whether the status is what the source said before; for a case that was another service's,
    what that one stored of the source."""
    memory = stored.written
    in_case = case.value("metadata.pimsAppointment.status")
    word = appointment_status(memory.status) or (
        appointment_status(in_case) if isinstance(in_case, str) else None
    )
    start = memory.start or visit.start
    if word == "finalized" and is_late(case, start, context):
        return case.status in ("reviewed", "completed")
    live = context.is_live(start)
    return word is not None and case.status == _meaning(word, live=live, obstacle=None).status
