"""What a hold keeps as it is, whatever the plans decide. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final
from zoneinfo import ZoneInfo

from idexx_sync.core.phrases import local_moment
from idexx_sync.explain.model import NamedHold
from idexx_sync.syncs.cases.model import CaseChange, Plan
from idexx_sync.syncs.change import Change
from idexx_sync.syncs.gate import DOUBTS, FINALISED, FOREIGN, SHIFTED
from idexx_sync.syncs.holds import REVIVED
from idexx_sync.syncs.inbound.model import RowChange

PROVEN: Final = frozenset({"deleted_at_source", "cancelled_at_source", "not_found_twice"})
"""Decisions to take a row out for which there is proof."""
SHOWN: Final = frozenset(
    {
        *("new", "new_since_read", "never_read", "came_back", "changed", "rederived"),
        *("keyed_anew", "moved_away"),
    }
)
"""Decisions about what Neo shows and can be read."""
_OF_TIMES: Final = frozenset({"changed", "rederived"})
_AGAINST_PROOF: Final = frozenset({FINALISED, REVIVED})
"""Causes of holds that keep what is proven gone; other causes end with such a proof."""


def kept_by(holds: Iterable[NamedHold], code: str) -> NamedHold | None:
    """The hold that keeps the calendar's plan from doing what it decided; None: nothing does."""
    return next((hold for hold in standing(holds, "inbound") if _keeps(hold, code)), None)


def case_kept_by(holds: Iterable[NamedHold], code: str) -> NamedHold | None:
    """The same of the case plan; where only times are held, all else of the visit is written."""
    found = standing(holds, "cases")
    return next((h for h in found if h.cause != SHIFTED or code in _OF_TIMES), None)


def standing(holds: Iterable[NamedHold], sync: str) -> Iterator[NamedHold]:
    """The holds that keep something back from the sync: open, or rejected by somebody; and those
    that were rejected in another sync, where they are about what Neo shows."""
    for hold in holds:
        is_own = hold.sync == sync and hold.status in ("open", "rejected")
        if is_own or (hold.status == "rejected" and _binds_others(hold)):
            yield hold


def kept_said(hold: NamedHold, zone: ZoneInfo) -> str:
    """`a hold keeps it so until somebody decides`, or who has decided that it stays, and when."""
    who = f" by {hold.decided_by}" if hold.decided_by else ""
    on = f" on {local_moment(hold.decided_at, zone)}" if hold.decided_at else ""
    if hold.status == "open":
        return "a hold keeps it as it is until somebody decides"
    if hold.cause == REVIVED:
        return f"revived{who}{on}, it stays until Neo shows it again"
    return f"a hold that was rejected{who}{on} keeps it as it is"


def unkept(changes: Iterable[Change], holds: Sequence[NamedHold]) -> list[Change]:
    """Of what the plans would write what no hold keeps back."""
    return [left for change in changes if (left := _unkept(change, holds)) is not None]


def _unkept(change: Change, holds: Sequence[NamedHold]) -> Change | None:
    if isinstance(change, RowChange):
        code = "not_found_twice" if change.proven else "changed"
        named = [hold for hold in holds if hold.cause == FOREIGN or change.key in hold.findings]
        return None if kept_by(named, code) else change
    if not isinstance(change, CaseChange):
        return change
    causes = {hold.cause for hold in standing(holds, "cases")}
    if causes - {SHIFTED}:
        return None
    if not causes:
        return change
    return next(
        iter(Plan(changes=[change]).with_times_held(frozenset({change.visit_id}), {}).changes), None
    )


def _binds_others(hold: NamedHold) -> bool:
    """Whether another sync would find the same, as far as the hold alone tells."""
    said = {name for finding in hold.findings.values() for name in finding}
    return hold.cause == FOREIGN or not said.isdisjoint({"status", "shift_minutes"})


def _keeps(hold: NamedHold, code: str) -> bool:
    if hold.cause == FOREIGN:
        return True
    if code in PROVEN:
        return hold.cause in _AGAINST_PROOF
    return code not in SHOWN or hold.cause not in _AGAINST_PROOF | DOUBTS
