"""What the other syncs would make of a piece's days, before anything is judged. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from idexx_sync.pims.protocol import SourceRecord
from idexx_sync.syncs.cases.model import Plan as CasePlan
from idexx_sync.syncs.inbound.model import Plan
from idexx_sync.syncs.reconciliation.closing import Absent
from idexx_sync.syncs.reconciliation.compare import Shown
from idexx_sync.syncs.reconciliation.loaded import Loaded


@dataclass(frozen=True, slots=True)
class Planned:
    """Rows and cases as the calendar has them."""

    answer: Shown
    loaded: Loaded
    rows: Plan
    cases: CasePlan
    absent: Sequence[Absent]


@dataclass(frozen=True, slots=True)
class Records:
    """What the clinical records that were read would change."""

    plan: CasePlan = field(default_factory=CasePlan)
    read: frozenset[str] = frozenset()
    """Visits whose record was compared."""
    warnings: Mapping[str, int] = field(default_factory=dict)
    are_to_be_asked_again: bool = False
    """Nothing came of asking: the run fails, and a later attempt of it asks again."""


def with_record(loaded: Loaded) -> list[SourceRecord]:
    """The visits that have a case and a clinical record to compare it with."""
    return [
        visit
        for visit in loaded.sources
        if visit.consultation_id is not None and loaded.visits[visit.id].case is not None
    ]


NO_RECORDS: Final = Records()
