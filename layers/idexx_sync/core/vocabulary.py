"""The words that every part uses alike, and the one map of statuses.

The words are the service's own; Neo's words are looked up here and nowhere else.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, Literal, get_args

from idexx_sync.core.catalog import CATALOG, SyncScope

Trigger = Literal["schedule", "api", "cli", "retry", "catch_up", "approval"]
JobStatus = Literal[
    "queued",
    "running",
    "succeeded",
    "succeeded_with_warnings",
    "held",
    "failed",
    "dead",
    "cancelled",
    "skipped_overlap",
    "skipped_stale",
    "skipped_paused",
    "missed",
]
Stage = Literal["off", "shadow", "canary", "live"]
Reader = Literal["clinic_care", "engineering"]
"""Who reads what is told of clinics: who talks to them, or who keeps the service running."""
Manner = Literal["preview", "observe", "apply"]
"""What a run may write: nothing, our own memory, or ODIS's rows as well."""
WITHOUT_ROWS: Final[Mapping[Manner, str]] = {"preview": "dry run", "observe": "shadow"}
"""Manner of a run that writes none of ODIS's rows -> the word for it."""
Mode = Literal["report", "fix"]
"""Whether a reconciliation tells what differs, or also puts right what is safe."""

Freshness = Literal["new", "on_time", "late", "stale", "action_required", "paused"]
Scope = Literal[
    SyncScope,
    "jobs:read",
    "jobs:write",
    "holds:read",
    "holds:write",
    "schedules:write",
    "clinics:write",
    "fleet:write",
    "metrics:read",
]
AppointmentStatus = Literal["scheduled", "in_progress", "finalized", "cancelled", "no_show"]

SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
OPERATOR_SCOPES: Final[frozenset[Scope]] = frozenset(
    {
        *(row.scope for row in CATALOG.values() if row.operators_only),
        # A clinic's key is in the product's hands, and what is paused has to be made to go on: a
        # calendar that grows old because some caller paused it is ODIS's trouble.
        "clinics:write",
        "fleet:write",
    }
)
"""Scopes that no clinic's key may hold."""
CLINIC_SCOPES: Final[frozenset[Scope]] = frozenset(SCOPES) - OPERATOR_SCOPES
"""All that a clinic's key may do."""
UNFINISHED: Final[tuple[JobStatus, ...]] = ("queued", "running")
FINAL_STATUSES: Final[tuple[JobStatus, ...]] = tuple(
    status for status in get_args(JobStatus) if status not in UNFINISHED
)
FREES_TIME: Final[frozenset[AppointmentStatus]] = frozenset({"cancelled", "no_show"})
"""Statuses whose visit no longer occupies its time."""

_APPOINTMENT_STATUSES: Final[dict[str, AppointmentStatus]] = {
    "scheduled": "scheduled",
    "upcoming": "scheduled",
    "confirmed": "scheduled",
    "notarrived": "scheduled",
    "late": "scheduled",
    "arrived": "in_progress",
    "checkedin": "in_progress",
    "inprogress": "in_progress",
    "readytopay": "in_progress",
    "waitingtopay": "in_progress",
    "finalized": "finalized",
    "finalised": "finalized",
    "complete": "finalized",
    "completed": "finalized",
    "discharged": "finalized",
    "cancelled": "cancelled",
    "canceled": "cancelled",
    "noshow": "no_show",
}
"""Folded word of Neo -> an appointment's status (Neo protocol, statuses; ODIS schema, maps)."""


@lru_cache(maxsize=256)
def fold(word: str) -> str:
    """A word without case, blanks, hyphens and underscores, so that spellings compare equal.

    >>> fold("No-Show") == fold("no show") == fold("NO_SHOW")
    True
    """
    return re.sub(r"[\s_-]+", "", word).casefold()


def appointment_status(word: str | None) -> AppointmentStatus | None:
    """The status that Neo's word means; None for an unknown, empty or missing word (rule R5)."""
    return _APPOINTMENT_STATUSES.get(fold(word)) if word else None


def without_rows(manner: Manner, mode: Mode | None) -> str | None:
    """The word for a run that writes none of ODIS's rows; None: it writes them."""
    if manner == "observe" and mode == "report":
        return "only compared"
    return WITHOUT_ROWS.get(manner)
