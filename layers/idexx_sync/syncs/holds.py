"""Holds: what waits for a person by name, what a person has decided, and what a run makes of both
(rule R9). Pure; their SQL is in `hold_store`."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal, Self
from uuid import UUID

from idexx_sync.pims.protocol import Window
from idexx_sync.syncs.consequence import Effect, Effects, Version, read_effects, version_after

Finding = dict[str, Any]
"""What was found about one record: times, field names, statuses; never a personal value.

`start` is always there: the wall-clock text that is stored, or that and the new one; None where
it may be any."""
HoldStatus = Literal["open", "approved", "rejected", "closed", "expired"]

REVIVED: Final = "revived"
"""Cause of what a person has revived after an approval had removed it: it stays, whatever is
read."""
HOLD_LIFETIME: Final = timedelta(days=7)
PERMIT_LIFETIME: Final = timedelta(hours=24)
REVIVED_WITHIN: Final = timedelta(days=7)
"""For so long what an approval removed can be revived."""
_MATTERS: Final = frozenset({"missing", "status", "shift_minutes", "removal", "unreadable"})
"""What a finding says has become of its record."""


@dataclass(frozen=True, slots=True)
class HoldInForce:
    """A hold that still counts: open, approved (a permit) or rejected."""

    id: UUID
    cause: str
    status: HoldStatus
    findings: Mapping[str, Finding]
    opened_at: datetime
    permit_until: datetime | None = None
    effects: Effects = field(default_factory=dict)
    """What a permit would let through."""
    row_version: str | None = None
    """Postgres's version of the row (`xmin`): whoever decides meanwhile makes another one."""
    elsewhere: bool = False
    """A hold of another sync of the clinic: of those only rejected ones count."""

    @classmethod
    def read(cls, *, findings: Any, consequence: Any, **columns: Any) -> Self:
        """The hold of a row; a finding without a day that can be read counts as none."""
        found = {key: finding for key, finding in objects_in(findings) if _has_day(finding)}
        return cls(findings=found, effects=read_effects(consequence), **columns)

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

    def binds(self, cause: str, key: str, finding: Finding) -> bool:
        """Whether a person has rejected this very matter in another sync."""
        decided = self.findings.get(key) if self.elsewhere else None
        if decided is None:
            return False
        return (cause == self.cause and finding == decided) or is_same_matter(finding, decided)

    def fits(self, would: Effects, window: Window) -> bool:
        """Whether a run over the window would do all that was seen of its days, and to no record
        anything else. What differs in details only, or has come to it since, is no matter."""
        return all(
            would.get(key) == effect
            for key, effect in self.effects.items()
            if effect.takes_or_frees and effect.lies_in(window)
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
    revived: int = 0
    """Records that a person has revived: they stay although the read does not show them."""
    effects: dict[UUID | str, Effects] = field(default_factory=dict)
    """What permits would let through: of one that is updated or asks again by its id, of one to
    open by its cause."""
    versions: dict[UUID | str, Version] = field(default_factory=dict)
    """Likewise: what the hold says from now on."""
    row_versions: dict[UUID, str | None] = field(default_factory=dict)
    """Of the holds in force, as they were read: what a person has decided since stays."""
    let_through: dict[UUID, Mapping[str, Finding]] = field(default_factory=dict)
    """Hold whose permit was used -> of the records that were removed, what will be found if they
    are revived."""

    @property
    def changes_anything(self) -> bool:
        return bool(
            self.opened
            or self.reopened
            or self.updated
            or self.closed
            or self.expired
            or self.let_through
        )


def decide_holds(
    in_force: Sequence[HoldInForce],
    findings: Mapping[str, Mapping[str, Finding]],
    window: Window,
    now: datetime,
    *,
    complete: bool,
    settled: Collection[str] = (),
    passing: Mapping[str, Mapping[str, Finding]] | None = None,
    effects: Mapping[str, Effects] | None = None,
    foreseen: bool | None = None,
    unfit: Collection[str] = (),
) -> HoldDecisions:
    """Compare the holds in force with what this run found, cause by cause.

    A finding goes when a complete read that covers its day no longer shows it, or whatever was
    read once its record is `settled`: the source has told by its id what became of it. A hold ends
    with its last finding, or after seven days. What a person rejected stays out, silently, until it
    changes; a permit that could not be used yet stays a permit until it runs out, or until it is
    `unfit`: of causes, that it would let something else through now than what was seen. So does one
    of what is `passing`: cause -> findings that it let through and that every read shows again. One
    that ran out is asked about again, unless all its days are behind those that are read: nobody
    finds it any more.

    `effects` is cause -> what a permit would let through, `foreseen` whether the read can tell all
    of that; None: if it is complete.
    """
    decisions = HoldDecisions(row_versions={h.id: h.row_version for h in in_force if h.row_version})
    told = effects or {}
    can_tell = complete if foreseen is None else foreseen
    for hold in in_force:
        found = findings.get(hold.cause, {})
        unjudged = {
            key: finding
            for key, finding in hold.findings.items()
            if key not in settled and not (complete and _lies_in(finding, window))
        }
        let_through = (passing or {}).get(hold.cause, {})
        found = {**let_through, **found}
        would = told.get(hold.cause, {}) if found else {}
        read = window if found and can_tell else None
        merged = _merged(hold, {**unjudged, **let_through}, found, would, read)
        _go_on(
            decisions,
            hold,
            {**unjudged, **found},
            merged,
            now,
            found_again=bool(found),
            unfit=hold.cause in unfit,
            is_behind=all(_lies_before(finding, window) for finding in unjudged.values()),
        )
    causes = {hold.cause for hold in in_force}
    for cause, found in findings.items():
        if found and cause not in causes:
            decisions.opened[cause] = found
            decisions.effects[cause] = told.get(cause, {})
            said = (found, decisions.effects[cause])
            decisions.versions[cause] = version_after(cause, ({}, {}), said)
            decisions.waiting += 1
    return decisions


def _merged(
    hold: HoldInForce,
    unjudged: Collection[str],
    found: Collection[str],
    anew: Effects,
    read: Window | None,
) -> Effects:
    """What the hold would let through after a run: what it told anew, and what it could not see.

    `read` are the days of which the run could tell all of that; None: it could not.
    """

    def stays(key: str, effect: Effect) -> bool:
        if key in hold.findings:
            return key in unjudged or (key in found and read is None)
        return read is None or not effect.lies_in(read)

    kept = {key: effect for key, effect in hold.effects.items() if stays(key, effect)}
    return kept | {key: one for key, one in anew.items() if read is not None or key in found}


def _go_on(
    decisions: HoldDecisions,
    hold: HoldInForce,
    findings: Mapping[str, Finding],
    effects: Effects,
    now: datetime,
    *,
    found_again: bool,
    unfit: bool,
    is_behind: bool,
) -> None:
    """`is_behind`: the run reads none of the days of what it did not judge, nor any before them."""
    is_new = any(hold.findings.get(key) != finding for key, finding in findings.items())
    ran_out = hold.permit_until is not None and now >= hold.permit_until
    if not findings:
        decisions.closed.append(hold.id)
    elif not found_again and ((ran_out and is_behind) or now - hold.opened_at > HOLD_LIFETIME):
        decisions.expired.append(hold.id)
    elif hold.status != "open" and (is_new or ran_out or unfit):
        decisions.reopened[hold.id] = findings
        decisions.waiting += 1
    else:
        if findings != hold.findings or effects != hold.effects:
            decisions.updated[hold.id] = findings
        decisions.waiting += hold.status == "open"
        if hold.status == "rejected" and hold.cause == REVIVED:
            decisions.revived += len(findings)
        else:
            decisions.silenced += hold.status == "rejected"
    if hold.id in decisions.reopened or hold.id in decisions.updated:
        decisions.effects[hold.id] = effects
        before, after = (hold.findings, hold.effects), (findings, effects)
        decisions.versions[hold.id] = version_after(hold.cause, before, after)


def is_same_matter(one: Finding, other: Finding) -> bool:
    """Whether what two syncs have found of one record is the same matter.

    They agree in all that both say, and both say the start and what has become of the record. Of
    statuses only the last one counts: the one before is what the sync itself had read.
    """
    shared = one.keys() & other.keys()
    return (
        "start" in shared
        and not shared.isdisjoint(_MATTERS)
        and all(_said(one, name) == _said(other, name) for name in shared)
    )


def _said(finding: Finding, name: str) -> Any:
    value = finding[name]
    return value[-1:] if name == "status" and isinstance(value, list) else value


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


def _lies_before(finding: Finding, window: Window) -> bool:
    """Whether the finding is about a day that runs have left behind."""
    day = _day(finding)
    return day is not None and day < window.first_day


def _day(finding: Finding) -> date | None:
    """The day that a finding is about: each names the start that is stored."""
    start = finding["start"]
    if start is None:
        return None
    return date.fromisoformat((start if isinstance(start, str) else start[0])[:10])
