"""What a comparison found of one record for one cause, before anybody says what is done. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from idexx_sync.core.catalog import LoggedKind
from idexx_sync.syncs.decision import Decision
from idexx_sync.syncs.reconciliation.causes import Cause


@dataclass(frozen=True, slots=True)
class Found:
    """One difference, and what it consists of."""

    kind: LoggedKind
    key: str
    """As in our log."""
    record_id: str
    """The visit's id, or a block's key: row and case of a visit are judged together."""
    cause: Cause
    day: date
    """Clinic-local."""
    decision: Decision
    fields: Sequence[str]
    differs: Any
    """The values that differ, personal ones among them: for a fingerprint only."""
    is_proven: bool = True
    """Whether Neo has said enough for it to be put right."""
    stamp: str | None = None
    """Wall-clock text of the record's last change in Neo, where Neo says so."""
