"""What becomes of a record at which its planning breaks in a way that nobody foresaw (rule R26).

Nothing of it is written; what is stored stays, and beside it the record takes all the time that its
readable parts name. All other records are planned as ever. Pure, but for the log.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Final

from idexx_sync.core.clinic_time import day_of
from idexx_sync.core.faults import UNFORESEEN, Fault
from idexx_sync.core.words import guarded
from idexx_sync.pims.protocol import Lookup, Snapshot, SourceRecord, Unknown, Unreadable
from idexx_sync.syncs.inbound.claims import Claims, distinct, of_unreadable, of_versions, whole_days
from idexx_sync.syncs.inbound.model import Missing, Row
from idexx_sync.syncs.inbound.plan_doubt import quarantine
from idexx_sync.syncs.inbound.planning import Planning

IN_CALENDAR: Final = "neo.calendar"
IN_LOOK_UP: Final = "neo.appointment"
"""Where a job's faults say that a record broke its own work."""


def plan_by_itself(
    planning: Planning,
    key: str,
    plan: Callable[[], None],
    shown: Sequence[SourceRecord | Unreadable],
) -> None:
    """Plan a record that the answer shows, as whatever is `shown` of it."""
    guarded(plan, partial(_left_in_doubt, planning, key, shown), record=IN_CALENDAR, key=key)


def plan_row_by_itself(
    planning: Planning, row: Row, plan: Callable[[], None], *, contradicts: bool = False
) -> None:
    """Plan a row that the answer lacks; where that breaks its look-up has told nothing, unless
    it `contradicts` the answer, which then proves nothing either."""

    def instead(kind: str) -> None:
        _forget(planning, row.key, kind)
        planning.plan.complete = planning.plan.complete and not contradicts
        remembered = planning.stored.record(row.key)
        planning.plan.missing.append(Missing(row, "look_up_failed", remembered))

    guarded(plan, instead, record=IN_LOOK_UP, key=row.key)


def plan_claims_by_themselves(
    planning: Planning, key: str, plan: Callable[[], None], *, contradicts: bool = False
) -> None:
    """The same for claims that the answer lacks: where that breaks they go on."""

    def instead(kind: str) -> None:
        _forget(planning, key, kind)
        planning.plan.complete = planning.plan.complete and not contradicts

    guarded(plan, instead, record=IN_LOOK_UP, key=key)


def unforeseen_in(snapshot: Snapshot, lookups: Iterable[tuple[str, Lookup]]) -> Iterator[Fault]:
    """Faults of records at which their reading broke."""
    for item in snapshot.unreadable:
        if item.code == UNFORESEEN:
            yield Fault(IN_CALENDAR, "", item.id or "", UNFORESEEN)
    for record_id, found in lookups:
        if isinstance(found, Unknown) and found.code == UNFORESEEN:
            yield Fault(IN_LOOK_UP, "", record_id, UNFORESEEN)


def _forget(planning: Planning, key: str, kind: str) -> None:
    planning.plan.forget(key)
    planning.plan.unforeseen.add(Fault(IN_CALENDAR, kind, key, UNFORESEEN))
    planning.note(key, "R26", UNFORESEEN)


def _left_in_doubt(
    planning: Planning, key: str, shown: Sequence[SourceRecord | Unreadable], kind: str
) -> None:
    _forget(planning, key, kind)
    # What its own planning would have found out about the whole answer is lost.
    planning.plan.complete = False
    if any(isinstance(item, Unreadable) and item.first_day is None for item in shown):
        planning.plan.frees_nothing = True
    guarded(
        lambda: _quarantined(planning, key, shown),
        lambda _: _of_no_day(planning, key),
        record=IN_CALENDAR,
        key=key,
    )


def _quarantined(planning: Planning, key: str, shown: Sequence[SourceRecord | Unreadable]) -> None:
    planning.plan.present.add(key)
    claims = distinct(claim for item in shown for claim in _claims_of(planning, item))
    quarantine(planning, key, UNFORESEEN, shown[0].start, claims)


def _claims_of(planning: Planning, item: SourceRecord | Unreadable) -> Claims:
    """What it takes; all of the days that it names where that cannot be told."""
    return guarded(
        lambda: (
            of_unreadable(item, planning.context)
            if isinstance(item, Unreadable)
            else of_versions([item], planning.context)
        ),
        lambda _: _days_of(item),
        record=IN_CALENDAR,
        key=item.id or "",
    )


def _days_of(item: SourceRecord | Unreadable) -> Claims:
    assert item.start is not None, "without a start nothing is computed"
    first = day_of(item.start)
    last = day_of(item.end) if item.end else first
    return whole_days(first, max(first, last), item.room_id, fills=item.room_id is None)


def _of_no_day(planning: Planning, key: str) -> None:
    """It may be on any day: nothing becomes freer than it is."""
    planning.plan.forget(key)
    planning.plan.doubts[key] = UNFORESEEN
    planning.plan.complete, planning.plan.frees_nothing = False, True
