"""Which words of a visit and its record are new, and what they tell of a death (rule R19). Pure."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from idexx_sync.pims.protocol import Consultation
from idexx_sync.syncs.cases.deaths import Mark
from idexx_sync.syncs.cases.denials import TOOK_PLACE, denied_before, is_denied
from idexx_sync.syncs.cases.life_status import Screening, is_screened_whole, screen
from idexx_sync.syncs.cases.mapping import calendar_texts, doubtful_texts, record_texts
from idexx_sync.syncs.cases.planning import VisitPlanning
from idexx_sync.syncs.cases.screened import (
    Telling,
    are_beside_record_whole,
    are_beside_visit_whole,
    strongest,
    tellings_of_record,
    tellings_of_visit,
)
from idexx_sync.syncs.cases.shown_texts import shows_calendar, shows_record
from idexx_sync.syncs.cases.stored import StoredCase

EDITION: Final = "3"
"""Of the list of words and of how they are looked for: it counts up with every change of those, so
that texts are looked at again of which an earlier one may have said nothing."""
_BEFORE_EDITION: Final = "#"
"""Between a remembered fingerprint and the edition; the first one was not told."""


class VisitScreening:
    """Screens what is new of one visit, and puts the marks into its plan."""

    def __init__(self, planning: VisitPlanning) -> None:
        before = planning.before
        self.planning = planning
        self.tells_death = False
        """Words that are new say for certain that the patient has died."""
        self.partly = (before.memory.partly, before.consultation.partly)
        """Not all of the calendar's words were screened, nor of the record's."""
        self.tells_partly = False
        """Some of those are new."""
        self._only_edition = False
        """Not the words are new but the list of those that are looked for."""

    @property
    def has_marked(self) -> bool:
        """Whether the visit's words have marked anybody in this plan."""
        visit_id = self.planning.visit.id
        return any(mark.visit_id == visit_id for mark in self.planning.plan.marks)

    def screen_calendar(self) -> str:
        """Screen what the calendar says if it is new; its fingerprint."""
        planning = self.planning
        texts, tellings = calendar_texts(planning.visit), tellings_of_visit(planning.visit)
        screened = [*texts, *(telling.text for telling in tellings)]
        took_place = planning.status in TOOK_PLACE
        is_whole = is_screened_whole(texts) and are_beside_visit_whole(planning.visit)
        self.partly = (not is_whole, self.partly[1])
        # What was only booked when somebody said no has come about since.
        is_new = took_place and denied_before(planning.visit, planning.stored, planning.context)
        if is_new or not self._was_screened(
            planning.memory.screened, screened, lambda case: shows_calendar(case, screened)
        ):
            self._tell_partly(is_whole=is_whole)
            self._screen(texts if took_place else [], [] if took_place else texts, tellings)
        return self._remembered(screened)

    def screen_record(self, record: Consultation) -> str:
        """Screen what the record says if it is new; its fingerprint."""
        texts, doubtful = record_texts(record), doubtful_texts(record)
        tellings = tellings_of_record(record)
        is_whole = is_screened_whole([*texts, *doubtful]) and are_beside_record_whole(record)
        self.partly = (self.partly[0], not is_whole or bool(record.hidden))
        screened = [[*texts, *(telling.text for telling in tellings)], doubtful]
        if not self._was_screened(
            self.planning.stored.consultation.screened,
            screened,
            lambda case: shows_record(case, screened[0], doubtful),
        ):
            self._tell_partly(is_whole=is_whole)
            self._screen(texts, doubtful, tellings, record.patient_id)
        return self._remembered(screened)

    def screen_anothers(self, record: Consultation) -> None:
        """Mark, in doubt and once, whom a record is about that is not this visit's."""
        visit, stored = self.planning.visit, self.planning.stored
        found = _found(record_texts(record), doubtful_texts(record), tellings_of_record(record))
        if found is None:
            return
        mark = Mark(
            visit.id,
            record.patient_id or visit.patient_id,
            found.category,
            in_doubt=True,
            of_visit=record.patient_id is None,
        )
        if not mark.is_known(stored.deaths):
            self.planning.plan.marks.append(mark)

    def _was_screened(
        self, remembered: str | None, texts: Any, shows: Callable[[StoredCase], bool]
    ) -> bool:
        """Whether the texts were screened before, by all that is looked for now. Where the
        fingerprint tells nothing, only those that the case does not show are new words."""
        self._only_edition = False
        if remembered is None:
            return False
        fingerprint, _, edition = remembered.partition(_BEFORE_EDITION)
        known = self.planning.context.fingerprints.is_of(fingerprint, texts)
        if known is None:
            case = self.planning.stored.case
            known = case is not None and shows(case)
        if not known or edition == EDITION:
            return known
        self._only_edition = True
        # Who said no in view of the visit has judged these very words.
        return is_denied(self.planning.visit, self.planning.stored, self.planning.context)

    def _remembered(self, texts: Any) -> str:
        return f"{self.planning.context.fingerprints.of(texts)}{_BEFORE_EDITION}{EDITION}"

    def _tell_partly(self, *, is_whole: bool) -> None:
        if not is_whole:
            self.tells_partly = True
            self.planning.plan.partly_screened.add(self.planning.visit.id)
            self.planning.note("R19", "screened_partly")

    def _screen(
        self,
        texts: list[str],
        doubtful: list[str],
        tellings: list[Telling],
        patient_id: str | None = None,
    ) -> None:
        """`doubtful` texts speak of what nobody knows to have come about; `patient_id` is whom
        all of it is about, where that may be another one than the calendar's."""
        found = _found(texts, doubtful, tellings)
        if found is None:
            return
        visit = self.planning.visit
        patients = dict.fromkeys((visit.patient_id, patient_id or visit.patient_id))
        marks = [Mark(visit.id, one, found.category, found.in_doubt) for one in patients]
        if self._only_edition:
            marks = [mark for mark in marks if not mark.is_known(self.planning.stored.deaths)]
        if not marks:
            return
        self.tells_death = self.tells_death or not found.in_doubt
        self.planning.note("R19", "died", category=found.category, in_doubt=found.in_doubt)
        self.planning.plan.marks += marks


def _found(texts: list[str], doubtful: list[str], tellings: list[Telling]) -> Screening | None:
    """The strongest of all that is told."""
    doubt = screen(doubtful)
    return strongest(
        [
            screen(texts),
            None if doubt is None else replace(doubt, in_doubt=True),
            *(telling.screening for telling in tellings),
        ]
    )
