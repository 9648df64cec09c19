"""Keys that decide about cases: not said is not the same as not there (rule R5). Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from idexx_sync.core.errors import ShapeChanged
from idexx_sync.core.faults import Fault
from idexx_sync.core.vocabulary import appointment_status
from idexx_sync.pims.protocol import Consultation, Snapshot, SourceRecord
from idexx_sync.syncs.cases.stored import StoredVisit
from idexx_sync.syncs.proof import changed_shape, key_missing

RECORD: Final = "neo.consultation"
"""Where a job's faults say that something of a clinical record could not be read."""


def check_shape(snapshot: Snapshot) -> None:
    """Raises ShapeChanged where the calendar is not what the reader of cases was made for."""
    failure = changed_shape(snapshot) or _consultation_missing(snapshot)
    if failure is not None:
        raise failure


def _consultation_missing(snapshot: Snapshot) -> ShapeChanged | None:
    visits = [record for record in snapshot.records if record.kind == "visit"]
    without = sum(not visit.has_consultation for visit in visits)
    return key_missing("consultation_id_missing", "visits", without, len(visits))


def as_last_said(visit: SourceRecord, stored: StoredVisit) -> SourceRecord:
    """The visit with the consultation that it had last, where its record does not say which."""
    if visit.has_consultation:
        return visit
    return replace(visit, consultation_id=stored.memory.consultation)


def faults_of(visit_id: str, record: Consultation) -> set[Fault]:
    """What of the visit's record could not be read, as a job names it."""
    return {Fault(RECORD, name, visit_id, "unread") for name in record.unread}


@dataclass(frozen=True, slots=True)
class NotesPlaces:
    """Records of finalised visits that were read in a run, and those without a place of notes."""

    read: int = 0
    without: int = 0
    is_news: bool = False
    """One of them had a place when it was read last, or was never read."""

    def and_(self, visit: SourceRecord, record: Consultation, stored: StoredVisit) -> "NotesPlaces":
        """With one record more."""
        if appointment_status(visit.status) != "finalized":
            return self
        if record.has_notes_place:
            return replace(self, read=self.read + 1)
        memory = stored.consultation
        known = memory.id == record.id and memory.final and not memory.has_notes
        return NotesPlaces(self.read + 1, self.without + 1, self.is_news or not known)

    def and_all(
        self,
        read: Iterable[tuple[SourceRecord, Consultation]],
        stored: Mapping[str, StoredVisit],
    ) -> "NotesPlaces":
        """With all that was read for a unit."""
        found = self
        for visit, record in read:
            found = found.and_(visit, record, stored[visit.id])
        return found

    def failure(self) -> ShapeChanged | None:
        """Why the records are not what their reader was made for; None: they are.

        The same one record again and again is its own trouble, and fails no run.
        """
        if self.without == 1 and not self.is_news:
            return None
        return key_missing("notes_missing", "finalised records", self.without, self.read)
