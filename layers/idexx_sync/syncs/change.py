"""A change to one record in the terms that all syncs share, and what of it may be told. Pure.

Counts, audits, the plan of a preview and the report are made of this face alone, so that each of
them exists once for all syncs.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any, Final, Literal, Protocol

from idexx_sync.core.catalog import LoggedKind
from idexx_sync.core.fingerprints import Fingerprints

Action = Literal["create", "update", "remove"]
ACTIONS: Final[Mapping[Action, str]] = {
    "create": "created",
    "update": "updated",
    "remove": "removed",
}
"""Action -> the word under which a report counts it."""

_DONE: Final = re.compile(rf"\b(\d+) ({'|'.join(ACTIONS.values())})\b")
_VERBS: Final = {done: verb for verb, done in ACTIONS.items()}


def would(summary: str) -> str:
    """A summary in the words of a run that changes nothing.

    >>> would("42 created, 3 removed (checked 60)")
    'would create 42, would remove 3 (checked 60)'
    """
    return _DONE.sub(lambda found: f"would {_VERBS[found[2]]} {found[1]}", summary)


CLEAR: Final = frozenset(
    [
        *("date", "start_time", "end_time", "room_id", "status", "appointment_type", "removed"),
        *("case.status", "case.type", "case.scheduled_at", "case.extreme_case_check"),
        *("case.clinic_id", "case.user_id", "patient.species", "patient.external_id"),
        "edits_dropped",
        *(
            f"metadata.pimsAppointment.{leaf}"
            for leaf in (
                *("id", "consultationId", "date", "startTime", "duration", "status"),
                *("sourceStatus", "type", "patient.id", "client.id"),
            )
        ),
        *(f"metadata.pimsConsultation.{leaf}" for leaf in ("id", "status", "date", "vanishedAt")),
        *("metadata.entities.caseType", "metadata.entities.patient.species"),
        *("extraction.caseType", "extraction.patient.species", "metadata.reconciliation"),
    ]
)
"""Fields whose values may be stored and logged in clear; every other one is personal (rule R21)."""


class Change(Protocol):
    """What is to be written of one record."""

    @property
    def key(self) -> str:
        """The name under which the record is audited and told."""
        ...

    @property
    def logs(self) -> LoggedKind:
        """What it is about, in our log."""
        ...

    @property
    def action(self) -> Action: ...

    @property
    def reason(self) -> str:
        """Why, as one of the planning's own words."""
        ...

    @property
    def fields(self) -> Mapping[str, tuple[Any, Any]]:
        """Field -> its value before and after, for those that differ."""
        ...


def disclosed(change: Change, fingerprints: Fingerprints) -> dict[str, dict[str, Any]]:
    """The change's fields as an audit may hold them: personal ones as a fingerprint only."""
    return {
        name: {"before": before, "after": after}
        if name in CLEAR
        else {"changed": True, "hash": after and fingerprints.of(after)}
        for name, (before, after) in change.fields.items()
    }


def planned_changes(changes: Collection[Change]) -> list[dict[str, Any]]:
    """What a run that applies would change, by key and names of fields, without values."""
    return [
        {
            "id": change.key,
            "action": change.action,
            "reason": change.reason,
            "fields": sorted(change.fields),
        }
        for change in sorted(changes, key=lambda change: (change.key, change.reason))
    ]
