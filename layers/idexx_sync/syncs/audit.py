"""What ODIS is told of a record that a job has changed, or seen and left (rule R21). Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from idexx_sync.core.faults import Fault


@dataclass(frozen=True, slots=True)
class Audit:
    """What happened to one record; `changes` is field -> {"before": ..., "after": ...}."""

    external_id: str
    sync_type: Literal["create", "update", "reconcile"]
    reason: str
    changes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Personal fields hold {"changed": true, "hash": fingerprint}, never a value."""
    status: Literal["success", "error", "skipped"] = "success"
    error_message: str | None = None
    case_id: UUID | None = None


def refused_audit(external_id: str, fault: Fault) -> Audit:
    """Of a record of which the database refused a row; it names what refused it (rule R26)."""
    told = f"{fault.table}.{fault.column}"
    return Audit(external_id, "update", "refused", status="error", error_message=told)
