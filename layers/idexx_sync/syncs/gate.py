"""What is implausible, and the holds in which it waits for a person by name (rules R8, R9).

Pure; SQL is in `holds`.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from idexx_sync.pims.protocol import Window

Finding = dict[str, Any]
"""What was found about one record: times, field names, statuses; never a personal value.

`start` is always there: the wall-clock text that we hold, or the one we hold and the new one."""
HoldStatus = Literal["open", "approved", "rejected", "closed", "expired"]

FEW: Final = 5
"""Of fewer records nothing is concluded."""
MOST_UNPROVEN_SHARE: Final = 0.2
LEAST_SHARED: Final = 0.2
MOST_SHIFTED_SHARE: Final = 0.8

FOREIGN: Final = "foreign_calendar"
SHIFTED: Final = "times_shifted"
UNPROVEN: Final = {"visit": "unproven_visit_losses", "block": "unproven_block_losses"}

HOLD_LIFETIME: Final = timedelta(days=7)
PERMIT_LIFETIME: Final = timedelta(hours=24)


def all_shifted(shifts: Sequence[int], compared: int) -> bool:
    """Whether nearly all of the compared times moved by one same amount."""
    count = max(Counter(shifts).values(), default=0)
    return compared >= FEW and count >= MOST_SHIFTED_SHARE * compared


def too_many(losses: int, ours: int) -> bool:
    return losses > max(FEW, MOST_UNPROVEN_SHARE * ours)


@dataclass(frozen=True, slots=True)
class Standing:
    """A hold that still counts: open, approved (a permit) or rejected."""

    id: UUID
    cause: str
    status: HoldStatus
    findings: Mapping[str, Finding]
    opened_at: datetime
    permit_until: datetime | None = None

    def lies_in(self, window: Window) -> bool:
        """Whether every finding is about a day of the window."""
        return all(_day(finding) in window for finding in self.findings.values())

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


@dataclass(slots=True)
class Standings:
    """The holds that stand while a run is judged, and what is held beside them."""

    holds: Sequence[Standing]
    window: Window
    now: datetime
    complete: bool
    """Whether the read was complete."""
    findings: dict[str, dict[str, Finding]] = field(default_factory=dict)
    """Cause -> key -> finding of what is held back in this run."""

    def permits(self, cause: str, key: str, finding: Finding) -> bool:
        """Whether a person has let this very finding through."""
        return any(
            hold.cause == cause and hold.permits(key, finding, self.now) for hold in self.holds
        )

    def cause_of(self, key: str, finding: Finding) -> str | None:
        """The cause for which this very finding stays held, whatever this run thinks of it.

        What a person rejected stays out until it changes. What waits for a person stays held
        until a complete read of all its days judges it afresh: fewer days alone may make it look
        harmless.
        """
        for hold in self.holds:
            judged_afresh = self.complete and hold.lies_in(self.window)
            if hold.findings.get(key) == finding and (
                hold.status == "rejected" or (hold.status == "open" and not judged_afresh)
            ):
                return hold.cause
        return None

    def hold(self, cause: str, key: str, finding: Finding) -> bool:
        """Hold the record back, unless a person has let this very finding through."""
        if self.permits(cause, key, finding):
            return False
        self.findings.setdefault(cause, {})[key] = finding
        return True

    def are_about_another_calendar(
        self,
        expected: Mapping[str, Finding],
        present: Collection[str],
        known_rooms: Collection[str],
        rooms: Collection[str],
    ) -> bool:
        """Whether the answer may be another clinic's: hardly any key that we expect is present, or
        none of the rooms that we know. `expected` is key -> what is found if it is missing."""
        stands = any(
            self.cause_of(key, finding) == FOREIGN
            for key, finding in expected.items()
            if key not in present
        )
        if (len(expected) < FEW or len(present) < FEW) and not stands:
            return False
        shared = len(expected.keys() & set(present))
        strange_rooms = bool(known_rooms and rooms) and not set(known_rooms) & set(rooms)
        return shared < LEAST_SHARED * len(expected) or strange_rooms

    def permit_all(self, cause: str, findings: Mapping[str, Finding]) -> bool:
        return all(self.permits(cause, key, finding) for key, finding in findings.items())


def decide_holds(
    standing: Sequence[Standing],
    findings: Mapping[str, Mapping[str, Finding]],
    window: Window,
    now: datetime,
    *,
    complete: bool,
) -> HoldDecisions:
    """Compare what stands with what this run found, cause by cause.

    A finding goes when a complete read that covers its day no longer shows it; a hold ends with
    its last finding, or after seven days. What a person rejected stays out, silently, until it
    changes; a permit that could not be used yet stays a permit until it runs out.
    """
    decisions = HoldDecisions()
    for hold in standing:
        found = findings.get(hold.cause, {})
        unjudged = {
            key: finding
            for key, finding in hold.findings.items()
            if not complete or _day(finding) not in window
        }
        _go_on(decisions, hold, {**unjudged, **found}, bool(found), now)
    causes = {hold.cause for hold in standing}
    for cause, found in findings.items():
        if found and cause not in causes:
            decisions.opened[cause] = found
            decisions.waiting += 1
    return decisions


def _go_on(
    decisions: HoldDecisions,
    hold: Standing,
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


def _day(finding: Finding) -> date:
    """The day that a finding is about: each names the start that we hold."""
    start = finding["start"]
    return date.fromisoformat((start if isinstance(start, str) else start[0])[:10])
