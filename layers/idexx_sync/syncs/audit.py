"""What a job did to one record, or saw and left, as our log holds it (rule R21). Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from idexx_sync.core.faults import Fault
from idexx_sync.syncs.change import Action

Outcome = Literal["written", "skipped", "refused"]
"""What became of it: done; seen and left; or the database would not have it."""


@dataclass(frozen=True, slots=True)
class Audit:
    """What happened to one record; `changes` is field -> {"before": ..., "after": ...}."""

    external_id: str
    action: Action
    reason: str
    changes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Personal fields hold {"changed": true, "hash": fingerprint}, never a value."""
    outcome: Outcome = "written"
    error_message: str | None = None
    case_id: UUID | None = None


def refused_audit(external_id: str, fault: Fault) -> Audit:
    """Of a record of which the database refused a row; it names what refused it (rule R26)."""
    told = f"{fault.table}.{fault.column}"
    return Audit(external_id, "update", "refused", outcome="refused", error_message=told)


@dataclass(frozen=True, slots=True)
class Logged:
    """What our log says that a job has done to a record."""

    external_id: str
    action: Action
    reasons: tuple[str, ...]
