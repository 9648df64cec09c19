"""A difference between ODIS and Neo, and what a run makes of it. Pure."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from idexx_sync.core.catalog import LoggedKind
from idexx_sync.syncs.decision import Decision
from idexx_sync.syncs.reconciliation.causes import Cause, Outcome, Treatment

MissedBy = Literal["inbound", "cases"]
"""A sync that keeps what this one compares."""
type Subject = tuple[LoggedKind, str, Cause]
"""Kind of record, its key, and the cause: of these there is one open discrepancy at a time."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference as a run finds it."""

    kind: LoggedKind
    key: str
    """As in our log: a row's `neo_appointment_id`, a case's external id."""
    record_id: str
    """Under which row and case of a visit are judged together: the visit's id, or a block's key."""
    cause: Cause
    day: date
    """Clinic-local day on which the record is stored, or shown where it is not stored."""
    decision: Decision
    differs: Any
    """What differs, with its values: only its fingerprint is stored."""
    treatment: Treatment
    missed_by: MissedBy | None = None

    @property
    def subject(self) -> Subject:
        return self.kind, self.key, self.cause


@dataclass(frozen=True, slots=True)
class Known:
    """An open discrepancy as it is stored."""

    id: UUID
    kind: LoggedKind
    external_id: str
    cause: Cause
    day: date
    fingerprint: str
    nights: int
    last_night: date | None
    outcome: Outcome
    first_seen_at: datetime
    is_of_this_job: bool = False
    """Another piece of the same job has seen it."""
    is_out_of_sight: bool = False
    """Nobody has seen it for a week: no night compares its day any more."""

    @property
    def subject(self) -> Subject:
        return self.kind, self.external_id, self.cause


@dataclass(frozen=True, slots=True)
class Seen:
    """A discrepancy after a run has judged it."""

    difference: Difference
    fingerprint: str
    outcome: Outcome
    nights: int
    last_night: date | None
    known: UUID | None
    """The open one that it is; None: it is a new one."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """What becomes of a clinic's discrepancies with a piece of a run."""

    seen: tuple[Seen, ...] = ()
    ended: tuple[UUID, ...] = ()
    """Open ones that a complete read judged and found no more, or found as something else."""

    def counts(self) -> dict[str, dict[str, int]]:
        """Cause -> outcome -> how many."""
        found: dict[str, dict[str, int]] = {}
        for one in self.seen:
            outcomes = found.setdefault(one.difference.cause, {})
            outcomes[one.outcome] = outcomes.get(one.outcome, 0) + 1
        return found
