"""Which discrepancies are the same as before, on how many nights, and which have ended. Pure."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from typing import Final
from uuid import UUID

from idexx_sync.core.fingerprints import Fingerprints
from idexx_sync.syncs.reconciliation.causes import Outcome
from idexx_sync.syncs.reconciliation.model import Difference, Known, Ledger, Seen, Subject

NIGHTS_THAT_TELL: Final = 3
"""On so many nights the same discrepancy is no passing one: it is our bug, and not fixed again."""


class Open:
    """The discrepancies that are open before a piece is judged."""

    def __init__(self, known: Sequence[Known], fingerprints: Fingerprints) -> None:
        self._known: Mapping[Subject, Known] = {one.subject: one for one in known}
        self._fingerprints = fingerprints

    def same(self, difference: Difference) -> Known | None:
        """The open one that it is; one whose fingerprint tells nothing counts as the same."""
        known = self._known.get(difference.subject)
        if known is None:
            return None
        is_same = self._fingerprints.is_of(known.fingerprint, difference.differs)
        return None if is_same is False else known

    def nights(self, difference: Difference, night: date, *, complete: bool) -> int:
        """On how many nights it has been judged, this run's included if it is complete."""
        known = self.same(difference)
        before = 0 if known is None else known.nights
        is_counted = known is not None and known.last_night == night
        return before + (complete and not is_counted)

    def is_stubborn(self, difference: Difference, night: date, *, complete: bool) -> bool:
        """Whether it has come back however often it was fixed."""
        told = self.nights(difference, night, complete=complete)
        return self.was_written(difference) and told >= NIGHTS_THAT_TELL

    def was_written(self, difference: Difference) -> bool:
        """Whether an earlier run has put it right, or was to; and here it is again."""
        known = self.same(difference)
        return known is not None and known.outcome in ("fixed", "left")

    def after(
        self,
        differences: Sequence[Difference],
        outcome_of: Callable[[Difference], Outcome],
        judged: Callable[[Known], bool],
        night: date,
        *,
        complete: bool,
    ) -> Ledger:
        """What becomes of them; `judged` says whether the read could have shown an open one.

        What another piece of the job has seen stays open, though this one finds it put right; what
        is out of sight ends, because nobody can tell any more.
        """
        seen = [self._seen(one, outcome_of(one), night, complete=complete) for one in differences]
        still: Collection[UUID | None] = {one.known for one in seen}
        found = {one.subject for one in differences}
        ended = [
            known.id
            for subject, known in self._known.items()
            if known.id not in still
            and (
                subject in found
                or known.is_out_of_sight
                or (complete and not known.is_of_this_job and judged(known))
            )
        ]
        return Ledger(tuple(seen), tuple(ended))

    def _seen(
        self, difference: Difference, outcome: Outcome, night: date, *, complete: bool
    ) -> Seen:
        known = self.same(difference)
        last = None if known is None else known.last_night
        return Seen(
            difference,
            self._fingerprints.of(difference.differs),
            outcome,
            self.nights(difference, night, complete=complete),
            night if complete else last,
            None if known is None else known.id,
        )
