"""What a job did to one record, or saw and left, as our log holds it (rule R21). Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from idexx_sync.core.catalog import LoggedKind
from idexx_sync.core.faults import Fault
from idexx_sync.syncs.change import CLEAR, Action

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
    kind: LoggedKind | None = None
    """What it is about; None: what the sync's log is about."""


def refused_audit(external_id: str, fault: Fault, kind: LoggedKind | None = None) -> Audit:
    """Of a record of which the database refused a row; it names what refused it (rule R26)."""
    told = f"{fault.table}.{fault.column}"
    return Audit(external_id, "update", "refused", outcome="refused", error_message=told, kind=kind)


@dataclass(frozen=True, slots=True)
class Logged:
    """What our log says that a job has done to a record."""

    external_id: str
    action: Action
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LoggedChange:
    """All that our log says of a record that a job has written, or has seen and left."""

    external_id: str
    action: Action
    outcome: Outcome
    reasons: tuple[str, ...]
    fields: Mapping[str, Mapping[str, Any]]
    """Field -> its value before and after; of a personal one only that it changed."""
    error: str | None
    at: datetime

    @classmethod
    def read(cls, *, reasons: list[str], fields: Any, **columns: Any) -> Self:
        """The change of a row; what is no change in its document is left out."""
        found = fields if isinstance(fields, dict) else {}
        told = {name: _clear(name, one) for name, one in found.items() if isinstance(one, dict)}
        return cls(reasons=tuple(reasons), fields=told, **columns)


def _clear(name: str, change: dict[str, Any]) -> dict[str, Any]:
    if name in CLEAR:
        return {side: change.get(side) for side in ("before", "after")}
    return {"changed": True}
