"""Deaths of patients: what is known of them, and what becomes of their cases (rule R19). Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from idexx_sync.core.catalog import LoggedKind
from idexx_sync.syncs.cases.life_sentence import LifeCategory
from idexx_sync.syncs.change import Action

LIFE_STATUS: Final = "life_status"
"""Reason of a change that only marks a patient's death."""
DENIED: Final = "death_denied"
"""Reason of a change that only stops calls, because a case denies its patient's death."""


@dataclass(frozen=True, slots=True)
class Death:
    """That a patient has died, as the words of one visit told."""

    patient_id: str
    """Empty: the visit names no patient."""
    visit_id: str
    category: LifeCategory
    in_doubt: bool
    denied: bool
    """Certain words met a case that says otherwise."""
    taken_back: bool
    """The visit's case was marked, and somebody has changed that."""


@dataclass(frozen=True, slots=True)
class LifeStatusChange:
    """A case that has been marked: its patient has died."""

    key: str
    case_id: UUID
    category: str
    action: Action = "update"
    reason: str = LIFE_STATUS
    logs: LoggedKind = "case"

    @property
    def fields(self) -> dict[str, tuple[Any, Any]]:
        return {"case.extreme_case_check": (None, self.category)}


@dataclass(frozen=True, slots=True)
class DeniedChange:
    """A case that is not completed any more: its patient has died, and it says otherwise."""

    key: str
    case_id: UUID
    action: Action = "update"
    reason: str = DENIED
    logs: LoggedKind = "case"

    @property
    def fields(self) -> dict[str, tuple[Any, Any]]:
        return {"case.status": ("completed", "ongoing")}


@dataclass(frozen=True, slots=True)
class Mark:
    """A patient that has died, by the words of a visit."""

    visit_id: str
    patient_id: str | None
    category: LifeCategory
    in_doubt: bool
    of_visit: bool = True
    """It is about the visit's own cases as well; False: a record that is another patient's told
    it."""

    def is_known(self, deaths: Iterable[Death]) -> bool:
        """Whether the visit has told so before, as certainly."""
        return any(
            death.visit_id == self.visit_id
            and death.patient_id == (self.patient_id or "")
            and death.in_doubt <= self.in_doubt
            for death in deaths
        )


@dataclass(frozen=True, slots=True)
class CaseToMark:
    """A case of a patient that has died, which does not say so yet."""

    key: str
    """Under which the mark is audited."""
    id: UUID
    category: str
    patients: tuple[str, ...]
    """Those whose deaths it is about; none where the visit names none."""
    is_certain: bool
    denied: bool
    """It says, perhaps in view of its visit, that it is no extreme case: that stays."""
