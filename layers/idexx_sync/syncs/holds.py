"""Holds: what waits for a person by name, what a person has decided, and what a run makes of both
(rule R9). Pure; their SQL is in `hold_store`."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal, Self
from uuid import UUID

from idexx_sync.pims.protocol import Window

Finding = dict[str, Any]
"""What was found about one record: times, field names, statuses; never a personal value.

`start` is always there: the wall-clock text that is stored, or that and the new one; None where
it may be any."""
HoldStatus = Literal["open", "approved", "rejected", "closed", "expired"]

HOLD_LIFETIME: Final = timedelta(days=7)
PERMIT_LIFETIME: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class HoldInForce:
    """A hold that still counts: open, approved (a permit) or rejected."""

    id: UUID
    cause: str
    status: HoldStatus
    findings: Mapping[str, Finding]
    opened_at: datetime
    permit_until: datetime | None = None

    @classmethod
    def read(cls, *, findings: Any, **columns: Any) -> Self:
        """The hold of a row; a finding without a day that can be read counts as none."""
        found = {key: finding for key, finding in objects_in(findings) if _has_day(finding)}
        return cls(findings=found, **columns)

    def lies_in(self, window: Window) -> bool:
        """Whether every finding is about a day of the window."""
        return all(_lies_in(finding, window) for finding in self.findings.values())

    def permits(self, key: str, finding: Finding, now: datetime) -> bool:
        """Whether a person has let exactly this finding through, and recently enough."""
        return (
            self.status == "approved"
            and self.permit_until is not None
            and now < self.permit_until
            and self.findings.get(key) == finding
        )


@dataclass(slots=True)
class HoldDecisions:
    """What becomes of the holds after a run."""

    opened: dict[str, Mapping[str, Finding]] = field(default_factory=dict)
    """Cause -> findings of a hold to open."""
    reopened: dict[UUID, Mapping[str, Finding]] = field(default_factory=dict)
    """A rejected or approved hold whose findings have changed: a person must look again."""
    updated: dict[UUID, Mapping[str, Finding]] = field(default_factory=dict)
    closed: list[UUID] = field(default_factory=list)
    expired: list[UUID] = field(default_factory=list)
    waiting: int = 0
    """Holds that wait for a person after this run."""
    silenced: int = 0
    """Rejected holds whose findings are still the same: kept out, without asking again."""

    @property
    def changes_anything(self) -> bool:
        return bool(self.opened or self.reopened or self.updated or self.closed or self.expired)


def decide_holds(
    in_force: Sequence[HoldInForce],
    findings: Mapping[str, Mapping[str, Finding]],
    window: Window,
    now: datetime,
    *,
    complete: bool,
    settled: Collection[str] = (),
    passing: Mapping[str, Mapping[str, Finding]] | None = None,
) -> HoldDecisions:
    """Compare the holds in force with what this run found, cause by cause.

    A finding goes when a complete read that covers its day no longer shows it, or whatever was
    read once its record is `settled`: the source has told by its id what became of it. A hold ends
    with its last finding, or after seven days. What a person rejected stays out, silently, until it
    changes; a permit that could not be used yet stays a permit until it runs out. So does one of
    what is `passing`: cause -> findings that it let through and that every read shows again.
    """
    decisions = HoldDecisions()
    for hold in in_force:
        found = findings.get(hold.cause, {})
        unjudged = {
            key: finding
            for key, finding in hold.findings.items()
            if key not in settled and not (complete and _lies_in(finding, window))
        }
        let_through = (passing or {}).get(hold.cause, {})
        found = {**let_through, **found}
        _go_on(decisions, hold, {**unjudged, **found}, bool(found), now)
    causes = {hold.cause for hold in in_force}
    for cause, found in findings.items():
        if found and cause not in causes:
            decisions.opened[cause] = found
            decisions.waiting += 1
    return decisions


def _go_on(
    decisions: HoldDecisions,
    hold: HoldInForce,
    findings: Mapping[str, Finding],
    found_again: bool,
    now: datetime,
) -> None:
    is_new = any(hold.findings.get(key) != finding for key, finding in findings.items())
    ran_out = hold.permit_until is not None and now >= hold.permit_until
    if not findings:
        decisions.closed.append(hold.id)
    elif not found_again and now - hold.opened_at > HOLD_LIFETIME:
        decisions.expired.append(hold.id)
    elif hold.status != "open" and (is_new or ran_out):
        decisions.reopened[hold.id] = findings
        decisions.waiting += 1
    else:
        if findings != hold.findings:
            decisions.updated[hold.id] = findings
        decisions.waiting += hold.status == "open"
        decisions.silenced += hold.status == "rejected"


def objects_in(document: Any) -> list[tuple[str, Finding]]:
    """The findings of a stored document, which may be something else."""
    items = document.items() if isinstance(document, dict) else ()
    return [(key, finding) for key, finding in items if isinstance(finding, dict)]


def _has_day(finding: Finding) -> bool:
    try:
        _day(finding)
    except (LookupError, TypeError, ValueError):
        return False
    return True


def _lies_in(finding: Finding, window: Window) -> bool:
    """Whether a read of the window could show the finding; one of no known day lies in any."""
    day = _day(finding)
    return day is None or day in window


def _day(finding: Finding) -> date | None:
    """The day that a finding is about: each names the start that is stored."""
    start = finding["start"]
    if start is None:
        return None
    return date.fromisoformat((start if isinstance(start, str) else start[0])[:10])
