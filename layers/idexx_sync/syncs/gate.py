"""Which of a plan's changes are implausible, and wait for a person by name (rules R7 and R8). Pure.

One judge serves every sync: each slice says in a `Comparison` what it has read and would write.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from idexx_sync.pims.protocol import RecordKind, Window
from idexx_sync.syncs.consequence import Effects
from idexx_sync.syncs.holds import REVIVED, Finding, HoldDecisions, HoldInForce, decide_holds

FEW: Final = 5
"""Of fewer records nothing is concluded."""
MOST_UNPROVEN_SHARE: Final = 0.2
LEAST_SHARED: Final = 0.2
MOST_SHIFTED_SHARE: Final = 0.8

MOST_ROWS_FOR_EMPTY: Final = 3
MOST_QUARANTINED: Final = 3
MOST_QUARANTINED_SHARE: Final = 0.05

Cause = Literal[
    "foreign_calendar",
    "times_shifted",
    "finalised_visit_removed",
    "empty_calendar",
    "too_many_unreadable",
    "unproven_visit_losses",
    "unproven_block_losses",
    "never_shown",
    "older_version",
    "unreadable_record",
    "revived",
    "by_policy",
]
"""Why a record waits for a person."""
FOREIGN: Final = "foreign_calendar"
SHIFTED: Final = "times_shifted"
UNPROVEN: Final[Mapping[RecordKind, Cause]] = {
    "visit": "unproven_visit_losses",
    "block": "unproven_block_losses",
}
EMPTY: Final = "empty_calendar"
QUARANTINE: Final = "too_many_unreadable"
FINALISED: Final = "finalised_visit_removed"
BY_POLICY: Final = "by_policy"
DoubtCause = Literal["never_shown", "older_version", "unreadable_record"]
"""Why one record makes a read incomplete, until it is set apart by name (rule R1)."""
NEVER_SHOWN: Final = "never_shown"
OLDER: Final = "older_version"
UNREADABLE: Final = "unreadable_record"
DOUBTS: Final[frozenset[str]] = frozenset({NEVER_SHOWN, OLDER, UNREADABLE})
Doubted = Literal["empty_calendar", "unproven_losses", "times_shifted"]
"""Why an answer that was read may not be what the source's calendar says."""


@dataclass(frozen=True, slots=True)
class Loss:
    """A record that would stop occupying time, or be called off, without proof by its id."""

    key: str
    kind: RecordKind
    finding: Finding
    missing: bool = False
    """The answer does not show it at all."""
    may_be_approved: bool = True
    """Whether a permit suffices; what was just seen alive is not removed by one."""
    removes_finalised: Finding | None = None
    """What to hold beside, where the record was a finalised visit that would be removed."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A record that has made too many reads incomplete."""

    cause: DoubtCause
    finding: Finding
    may_be_approved: bool = True
    """Whether a permit suffices; not where nothing was learned of it in this run."""
    removes_finalised: Finding | None = None
    """What to hold beside, where a permit would remove a finalised visit."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a sync has read and would write, in the terms of the judge."""

    window: Window
    complete: bool
    """Whether the read was complete and no look-up contradicted it."""
    stored: Mapping[str, Finding]
    """What we remember in the window -> what would be found if it were another's calendar."""
    settled: Collection[str] = ()
    """Those of `stored` about which the source has told by their ids."""
    present: Collection[str] = ()
    """Keys that the answer shows, unreadable ones included."""
    rooms: Collection[str] = ()
    """Rooms that the answer shows."""
    known_rooms: Collection[str] = ()
    moved: Mapping[str, Finding] = field(default_factory=dict)
    """Record whose start the source has moved -> finding with `shift_minutes`."""
    starts_compared: int = 0
    """Records of which both the old and the new start are known."""
    finalised_removals: Mapping[str, Finding] = field(default_factory=dict)
    losses: Sequence[Loss] = ()
    occupying: Mapping[RecordKind, int] = field(default_factory=dict)
    """How many stored records of each kind could be lost."""
    read: int = 0
    unreadable: int = 0
    apart: Mapping[str, Doubt] = field(default_factory=dict)
    """Records that have made too many reads incomplete."""
    effects: Effects = field(default_factory=dict)
    """What would be done to each record if nothing held it, or once a permit lets it through."""
    planned: Collection[str] = ()
    """Records that are changed if nothing holds them."""
    asked: Mapping[str, Finding] = field(default_factory=dict)
    """Records of which the clinic's own policy wants a person to decide."""


@dataclass(slots=True)
class Judgement:
    """What waits for a person, and what a person has let through or kept out."""

    findings: dict[str, dict[str, Finding]] = field(default_factory=dict)
    """Cause -> record -> finding of what is held."""
    foreign: bool = False
    """The answer may be another clinic's calendar: nothing is written, additions included."""
    approved: set[str] = field(default_factory=set)
    """Records missing from the answer whose removal a person has approved."""
    let_through: set[str] = field(default_factory=set)
    """Records set apart that a person has settled."""
    bound: dict[str, dict[str, Finding]] = field(default_factory=dict)
    """The same of what a person has rejected in another sync: it is held, and asks nobody here."""
    losses_held: bool = False
    doubted: Doubted | None = None
    """Why the answer as a whole may not be true, as long as nobody has decided: the run gives no
    time and is not fresh. One that is empty is doubted until a person lets it through."""
    effects: dict[str, Effects] = field(default_factory=dict)
    """Cause -> what approving lets through, of what is held."""
    unseen: frozenset[str] = frozenset()
    """Records of a foreign calendar that came to it, or whose details changed, after a person had
    approved it: they wait for the next run."""
    used: dict[UUID, set[str]] = field(default_factory=dict)
    """Permit -> records that it let through."""
    unfit: set[str] = field(default_factory=set)
    """Causes of permits that would let something else through now than what was seen."""
    holds: HoldDecisions = field(default_factory=HoldDecisions)
    """What becomes of the clinic's holds."""

    @property
    def came_later(self) -> bool:
        """Whether anything waits for the next run that no hold names."""
        return bool(self.unseen - self.held())

    @property
    def is_empty(self) -> bool:
        """The answer shows nothing of a window of which several records are stored."""
        return self.doubted == EMPTY

    @property
    def held_for(self) -> dict[str, frozenset[str]]:
        """Cause -> the records that are held, whoever is asked about them."""
        return {
            cause: frozenset({*self.findings.get(cause, ()), *self.bound.get(cause, ())})
            for cause in {**self.findings, **self.bound}
        }

    def held(self, *, but: Collection[str] = ()) -> frozenset[str]:
        """Records that are held for any cause but these."""
        kept = (keys for cause, keys in self.held_for.items() if cause not in but)
        return frozenset().union(*kept)


def judge(comparison: Comparison, in_force: Sequence[HoldInForce], now: datetime) -> Judgement:
    """Hold by name what is not plausible; what is proven or harmless is named nowhere."""
    context = _Context(comparison, in_force, now)
    judgement = _judged(context)
    _tell_effects(comparison, judgement)
    judgement.holds = decide_holds(
        context.own,
        judgement.findings,
        comparison.window,
        now,
        complete=comparison.complete and not judgement.foreign,
        settled=() if judgement.foreign else comparison.settled,
        passing={UNREADABLE: _passing(comparison, judgement)},
        effects=judgement.effects,
        foreseen=comparison.complete,
        unfit=judgement.unfit,
    )
    judgement.holds.let_through = _let_through(comparison, judgement)
    judgement.holds.silenced += len(context.binding)
    judgement.holds.revived += len(judgement.bound.get(REVIVED, ()))
    return judgement


def _tell_effects(comparison: Comparison, judgement: Judgement) -> None:
    """Say of each cause what approving would let through: of a foreign calendar that is told."""
    for cause, found in judgement.findings.items():
        told = {key: comparison.effects[key] for key in found if key in comparison.effects}
        judgement.effects.setdefault(cause, told)


def _let_through(comparison: Comparison, judgement: Judgement) -> dict[UUID, Mapping[str, Finding]]:
    """Hold -> of the rows that its permit removes, what is found if they are revived."""
    told: dict[UUID, Mapping[str, Finding]] = {}
    for hold_id, keys in judgement.used.items():
        changed = keys - judgement.held()
        effects = {key: comparison.effects[key] for key in changed if key in comparison.effects}
        if any(effect.action != "settle" for effect in effects.values()):
            told[hold_id] = {
                key: comparison.stored[key]
                for key, effect in sorted(effects.items())
                if effect.action == "remove" and key in comparison.stored
            }
    return told


def _passing(comparison: Comparison, judgement: Judgement) -> dict[str, Finding]:
    """What is let through and writes nothing that would settle it: the next read has it again."""
    return {
        key: doubt.finding
        for key, doubt in comparison.apart.items()
        if doubt.cause == UNREADABLE and key in judgement.let_through
    }


def _judged(context: "_Context") -> Judgement:
    if not _is_foreign(context):
        return _judged_by_itself(context)
    comparison = context.comparison
    permit = context.permit_for_all(FOREIGN)
    if context.whole_rejected_elsewhere() is not None:
        permit = None
    judgement = _judged_by_itself(context)
    held = judgement.held(but=DOUBTS)
    would = {
        key: comparison.effects[key]
        for key in comparison.planned
        if key not in held and key in comparison.effects
    }
    if permit is None or not permit.fits(would, comparison.window):
        is_told = permit is not None and comparison.complete
        unfit = {FOREIGN} if is_told else set()
        return context.foreign(would, unfit)
    seen = {key for key, effect in would.items() if permit.effects.get(key) == effect}
    judgement.unseen = frozenset(comparison.planned) - seen
    judgement.used.setdefault(permit.id, set()).update(seen)
    return judgement


def _judged_by_itself(context: "_Context") -> Judgement:
    """The judgement of an answer that is nobody else's calendar."""
    comparison = context.comparison
    _hold_revived(context)
    _hold_shifted_times(context)
    for key, finding in comparison.finalised_removals.items():
        if key not in context.judgement.held_for.get(REVIVED, ()):
            context.hold(FINALISED, key, finding)
    _hold_losses(context)
    for key, doubt in comparison.apart.items():
        _hold_doubt(context, key, doubt)
    held = context.judgement.held()
    for key, finding in comparison.asked.items():
        if key not in held:
            context.hold(BY_POLICY, key, finding)
    return context.judgement


class _Context:
    """The holds in force while a run is judged, and what is held beside them."""

    def __init__(
        self, comparison: Comparison, in_force: Sequence[HoldInForce], now: datetime
    ) -> None:
        self.comparison = comparison
        self.judgement = Judgement()
        self.own = [hold for hold in in_force if not hold.elsewhere]
        self._elsewhere = [hold for hold in in_force if hold.elsewhere]
        self.binding: set[UUID] = set()
        """Holds of other syncs that keep something out of this run."""
        self._now = now
        present = set(comparison.present)
        self.absent = {k: f for k, f in comparison.stored.items() if k not in present}
        """What the answer lacks of what is stored."""
        self.revived = {
            key
            for key, finding in self.absent.items()
            for hold in in_force
            if hold.cause == REVIVED
            and (hold.binds(REVIVED, key, finding) or hold.findings.get(key) == finding)
        }
        """What a person has revived and the answer does not show."""

    def permits(self, cause: str, key: str, finding: Finding) -> bool:
        """Whether a person has let this very finding through, and what would be done is what was
        seen."""
        effect = self.comparison.effects.get(key)
        for hold in self.own:
            if hold.cause != cause or not hold.permits(key, finding, self._now):
                continue
            if hold.effects.get(key) == effect:
                self.judgement.used.setdefault(hold.id, set()).add(key)
                return True
            self.judgement.unfit.add(cause)
        return False

    def permit_for_all(self, cause: str) -> HoldInForce | None:
        """The permit of this cause that names all that is stored, as it is."""
        stored = self.comparison.stored
        for hold in self.own:
            if hold.cause == cause and all(
                hold.permits(key, finding, self._now) for key, finding in stored.items()
            ):
                return hold
        return None

    def cause_in_force(self, key: str, finding: Finding) -> str | None:
        """The cause for which this very finding stays held, whatever this run thinks of it.

        What a person rejected stays out until it changes. What waits for a person stays held
        until a complete read of all its days judges it afresh: fewer days alone may make it look
        harmless.
        """
        for hold in self.own:
            judged_afresh = self.comparison.complete and hold.lies_in(self.comparison.window)
            if hold.findings.get(key) == finding and (
                hold.status == "rejected" or (hold.status == "open" and not judged_afresh)
            ):
                return hold.cause
        return None

    def hold(self, cause: Cause, key: str, finding: Finding) -> bool:
        """Hold the record back, unless a person has let this very finding through."""
        if self.binds(cause, key, finding):
            return True
        if self.permits(cause, key, finding):
            return False
        self.judgement.findings.setdefault(cause, {})[key] = finding
        return True

    def binds(self, cause: str, key: str, finding: Finding) -> bool:
        """Hold the record back, and ask nobody, where a person has rejected it in another sync."""
        hold = self._rejected_elsewhere(cause, key, finding)
        if hold is None:
            return False
        self.judgement.bound.setdefault(cause, {})[key] = finding
        if hold.cause != REVIVED:
            self.binding.add(hold.id)
        return True

    def is_rejected(self, cause: str, key: str, finding: Finding) -> bool:
        """Whether a person has said, in whichever sync, that it stays as it is."""
        return self._is_rejected_here(key, finding) or self.is_bound(cause, key, finding)

    def _is_rejected_here(self, key: str, finding: Finding) -> bool:
        return any(h.status == "rejected" and h.findings.get(key) == finding for h in self.own)

    def is_bound(self, cause: str, key: str, finding: Finding) -> bool:
        return self._rejected_elsewhere(cause, key, finding) is not None

    def _rejected_elsewhere(self, cause: str, key: str, finding: Finding) -> HoldInForce | None:
        """The hold of another sync that keeps the record out; none where one of our own does.

        What a person has revived is kept by its own cause only. A foreign calendar's hold is about
        the whole answer, not about its records.
        """
        if self._is_rejected_here(key, finding):
            return None
        for hold in self._elsewhere:
            of_records = hold.cause != FOREIGN and (hold.cause == REVIVED) == (cause == REVIVED)
            if of_records and hold.binds(cause, key, finding):
                return hold
        return None

    def whole_rejected_elsewhere(self) -> HoldInForce | None:
        """The hold of another sync by which a person has said that this calendar is foreign."""
        settled = set(self.comparison.settled)
        missed = [found for found in self.absent.items() if found[0] not in settled]
        for hold in self._elsewhere:
            if hold.cause == FOREIGN and any(hold.binds(FOREIGN, *found) for found in missed):
                return hold
        return None

    def foreign(self, would: Effects, unfit: set[str]) -> Judgement:
        """The judgement of a calendar of which nothing is written.

        Nobody is asked about one that was rejected in another sync, unless somebody has been.
        """
        found = {FOREIGN: dict(self.comparison.stored)}
        rejected = self.whole_rejected_elsewhere()
        if rejected is None or any(hold.cause == FOREIGN for hold in self.own):
            self.binding = set()
            return Judgement(found, foreign=True, effects={FOREIGN: would}, unfit=unfit)
        self.binding = {rejected.id}
        return Judgement(bound=found, foreign=True)


def _is_foreign(context: _Context) -> bool:
    """Whether the answer may be another clinic's: hardly any key that we expect is present, or
    none of the rooms that we know."""
    comparison = context.comparison
    known = {*comparison.settled, *context.revived}
    expected = {k: f for k, f in comparison.stored.items() if k not in known}
    present = set(comparison.present)
    stays = context.whole_rejected_elsewhere() is not None or any(
        context.cause_in_force(key, finding) == FOREIGN
        for key, finding in expected.items()
        if key not in present
    )
    if (len(expected) < FEW or len(present) < FEW) and not stays:
        return False
    rooms, shown = set(comparison.known_rooms), set(comparison.rooms)
    strange_rooms = bool(rooms and shown) and not rooms & shown
    return len(expected.keys() & present) < LEAST_SHARED * len(expected) or strange_rooms


def _hold_revived(context: _Context) -> None:
    """Hold what a person has revived and the answer lacks, however well its removal is proven."""
    losses = {loss.key: loss for loss in context.comparison.losses}
    for key in sorted(context.revived):
        if context.binds(REVIVED, key, context.comparison.stored[key]):
            continue
        if key in losses:
            _hold_loss(context, REVIVED, losses[key])
        else:
            context.hold(REVIVED, key, context.comparison.stored[key])


def _hold_shifted_times(context: _Context) -> None:
    """Hold the times where nearly all of the compared ones moved by one same amount."""
    comparison = context.comparison
    shifts = Counter(finding["shift_minutes"] for finding in comparison.moved.values())
    count = max(shifts.values(), default=0)
    compared = comparison.starts_compared
    all_moved = compared >= FEW and count >= MOST_SHIFTED_SHARE * compared
    for key, finding in comparison.moved.items():
        stays = context.cause_in_force(key, finding) == SHIFTED
        if all_moved or stays or context.is_bound(SHIFTED, key, finding):
            is_held = context.hold(SHIFTED, key, finding)
            if all_moved and is_held and not context.is_rejected(SHIFTED, key, finding):
                context.judgement.doubted = SHIFTED


def _hold_losses(context: _Context) -> None:
    """Hold the losses that nothing has proven where there are more than is plausible."""
    comparison = context.comparison
    for_all = _cause_for_all(comparison)
    for kind, cause in UNPROVEN.items():
        losses = [
            loss
            for loss in comparison.losses
            if loss.kind == kind and loss.key not in context.revived
        ]
        bound = max(FEW, MOST_UNPROVEN_SHARE * comparison.occupying.get(kind, 0))
        general = for_all or (cause if len(losses) > bound else None)
        for loss in losses:
            reason = general or context.cause_in_force(loss.key, loss.finding)
            if reason is None and context.is_bound(cause, loss.key, loss.finding):
                reason = cause
            # A foreign calendar's hold is about the whole answer, not about its records.
            if reason and reason != FOREIGN:
                _hold_loss(context, reason, loss)
        held = context.judgement.held(but={REVIVED})
        missed = [loss for loss in losses if loss.missing and loss.key in held]
        if sum(not context.is_rejected(cause, m.key, m.finding) for m in missed) > bound:
            context.judgement.doubted = "unproven_losses"
    if EMPTY in context.judgement.held_for:
        context.judgement.doubted = EMPTY


def _hold_doubt(context: _Context, key: str, doubt: Doubt) -> None:
    """Hold what is set apart; the finding stays until a permit for all of it could be used."""
    if context.binds(doubt.cause, key, doubt.finding):
        return
    finalised = doubt.removes_finalised
    permitted = doubt.may_be_approved and context.permits(doubt.cause, key, doubt.finding)
    if permitted and (finalised is None or not context.hold(FINALISED, key, finalised)):
        context.judgement.let_through.add(key)
    else:
        context.judgement.findings.setdefault(doubt.cause, {})[key] = doubt.finding


def _cause_for_all(comparison: Comparison) -> Cause | None:
    """The cause for which every unproven loss is held, however few there are."""
    gone = any(loss.missing for loss in comparison.losses)
    if gone and not comparison.present and len(comparison.stored) > MOST_ROWS_FOR_EMPTY:
        return EMPTY
    seen = comparison.read + comparison.unreadable
    if comparison.unreadable > max(MOST_QUARANTINED, MOST_QUARANTINED_SHARE * seen):
        return QUARANTINE
    return None


def _hold_loss(context: _Context, cause: str, loss: Loss) -> None:
    if context.binds(cause, loss.key, loss.finding):
        context.judgement.losses_held |= cause != REVIVED
    elif not (loss.may_be_approved and context.permits(cause, loss.key, loss.finding)):
        context.judgement.losses_held |= cause != REVIVED
        context.judgement.findings.setdefault(cause, {})[loss.key] = loss.finding
    elif loss.removes_finalised is not None:
        if not context.hold(FINALISED, loss.key, loss.removes_finalised):
            context.judgement.approved.add(loss.key)
    elif loss.missing:
        context.judgement.approved.add(loss.key)
