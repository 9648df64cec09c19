"""Holds: what is implausible waits for a person, by name (rule R9). Pure; SQL is in `holds`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from idexx_sync.pims import Window

Finding = dict[str, Any]
"""What was found about one record: times, field names, statuses; never a personal value."""
HoldStatus = Literal["open", "approved", "rejected", "closed", "expired"]

HOLD_LIFETIME: Final = timedelta(days=7)
PERMIT_LIFETIME: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Standing:
    """A hold that still counts: open, approved (a permit) or rejected."""

    id: UUID
    cause: str
    status: HoldStatus
    findings: Mapping[str, Finding]
    first_day: date
    last_day: date
    opened_at: datetime
    permit_until: datetime | None = None

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


def permit_for(
    standing: Sequence[Standing], cause: str, key: str, finding: Finding, now: datetime
) -> bool:
    return any(hold.cause == cause and hold.permits(key, finding, now) for hold in standing)


def decide_holds(
    standing: Sequence[Standing],
    findings: Mapping[str, Mapping[str, Finding]],
    window: Window,
    now: datetime,
    *,
    complete: bool,
) -> HoldDecisions:
    """Compare what stands with what this run found, cause by cause.

    A hold ends when a complete read that covers its days no longer finds anything, or after
    seven days. Findings that a person rejected stay out, silently, until they change.
    """
    decisions = HoldDecisions()
    for hold in standing:
        found = findings.get(hold.cause)
        if found:
            _go_on(decisions, hold, found)
        elif complete and hold.first_day in window and hold.last_day in window:
            decisions.closed.append(hold.id)
        elif now - hold.opened_at > HOLD_LIFETIME:
            decisions.expired.append(hold.id)
        elif hold.status == "open":
            decisions.waiting += 1
    causes = {hold.cause for hold in standing}
    for cause, found in findings.items():
        if found and cause not in causes:
            decisions.opened[cause] = found
            decisions.waiting += 1
    return decisions


def _go_on(decisions: HoldDecisions, hold: Standing, found: Mapping[str, Finding]) -> None:
    same = dict(found) == dict(hold.findings)
    if hold.status == "open":
        if not same:
            decisions.updated[hold.id] = found
        decisions.waiting += 1
    elif not same or hold.status == "approved":
        decisions.reopened[hold.id] = found
        decisions.waiting += 1
    else:
        decisions.silenced += 1


def days_of(findings: Mapping[str, Finding], window: Window) -> tuple[date, date]:
    """First and last day that the findings are about; the window's where none names a start."""
    starts = [finding["start"] for finding in findings.values() if "start" in finding]
    texts = [start if isinstance(start, str) else start[0] for start in starts]
    days = sorted(date.fromisoformat(text[:10]) for text in texts)
    return (days[0], days[-1]) if days else (window.first_day, window.last_day)
