"""What is remembered of a visit's clinical record. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from idexx_sync.syncs.memory import ConsultationRecord, ConsultationSource


@dataclass(frozen=True, slots=True)
class ConsultationMemory:
    """What we remember of a visit's consultation since it was read last."""

    id: str | None = None
    """Of the consultation; None: never read."""
    read_at: datetime | None = None
    """When it was asked for last, with whatever outcome."""
    final: bool = False
    """The visit was finalised before that."""
    has_notes: bool = False
    code: str | None = None
    """Why the last reading gave nothing; None: it gave a record."""
    strikes: int = 0
    """So often it has given that nothing in a row, each at least 10 minutes after the other."""
    struck_at: datetime | None = None
    asked: str | None = None
    """The consultation that gave nothing when it was asked for last."""
    screened: str | None = None
    """Fingerprint of the texts that were screened for the patient's death (rule R19)."""
    partly: bool = False
    """Not all of those texts were screened."""
    edited: tuple[str, ...] = ()
    """Fields derived from the record that a person has changed."""
    derived: Mapping[str, str] = field(default_factory=dict)
    """Field -> fingerprint of what was derived from the record."""
    patient: str | None = None
    """Whose record was read last."""
    empty_since: Mapping[str, str] = field(default_factory=dict)
    """Field of the record -> from when on it is said to be empty."""
    is_unknown: bool = field(default=False, compare=False)
    """Something is stored that cannot be read: it counts as nothing and is written anew."""

    def as_record(self, visit_id: str, *, observed: bool = False) -> ConsultationRecord:
        source = ConsultationSource(
            id=self.id,
            asked=self.asked,
            final=self.final,
            notes=self.has_notes,
            screened=self.screened,
            edited=self.edited,
            derived=self.derived,
            observed=observed,
            partly=self.partly,
            patient=self.patient,
            empty_since=self.empty_since,
        )
        return ConsultationRecord(
            visit_id,
            source=source,
            quarantine_code=self.code,
            strikes=self.strikes,
            struck_at=self.struck_at,
        )
