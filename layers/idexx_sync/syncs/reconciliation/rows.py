"""Differences of calendar rows, and what of a change is written by their treatment. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import Any, Final

from idexx_sync.syncs.decision import Decision, Fact
from idexx_sync.syncs.inbound.model import COLUMNS, Missing, Plan, Row, RowChange, Stored
from idexx_sync.syncs.memory import AppointmentMemory, Record
from idexx_sync.syncs.reconciliation.cause_of import TOLD_BY_STAMP, by_cause, cause_of_column
from idexx_sync.syncs.reconciliation.causes import Cause
from idexx_sync.syncs.reconciliation.finding import Found

_OF_CONFIGURATION: Final = frozenset({"room_not_synced", "keyed_anew"})
"""Reasons of changes that say nothing of a difference: the clinic's rooms or our keys changed."""
_RULES: Final[Mapping[Cause, str]] = {
    "cancelled_in_neo": "R20",
    "deleted_in_neo": "R6",
    "moved": "R4",
    "missing_in_odis": "R2",
    "status_differs": "R5",
    "reappeared": "R7",
}


@dataclass(frozen=True, slots=True)
class RowFound:
    """What differs between a row and Neo, and the change that would end it."""

    change: RowChange
    found: tuple[Found, ...]

    def restricted(self, causes: Collection[Cause], stored: Stored) -> RowChange | None:
        """The change as far as these causes have it; None: nothing of it."""
        wanted = [one for one in self.found if one.cause in causes]
        if not wanted:
            return None
        change, row = self.change, self.change.row
        if row is None or row.deleted or change.action == "remove":
            return change
        if len(wanted) == len(self.found):
            return change
        names = {name for one in wanted for name in one.fields}
        kept = {n: getattr(row.appointment, n) for n in COLUMNS if n not in names}
        after = replace(change.after, **kept)
        memory = _partly(stored.record(change.key), change.record, names)
        shift = change.shift_minutes if any(one.cause == "moved" for one in wanted) else 0
        return replace(change, after=after, record=memory, shift_minutes=shift)


def rows_found(plan: Plan) -> list[RowFound]:
    """The plan's changes with the causes of their differences."""
    changes = (change for change in plan.changes if change.reason not in _OF_CONFIGURATION)
    return [RowFound(change, tuple(_found(change))) for change in changes]


def unproven(plan: Plan) -> list[Found]:
    """Rows that Neo does not show and that nothing has proven gone: they stay, and are told."""
    return [_missing(item) for item in plan.missing if item.verdict != "alive"]


def _missing(item: Missing) -> Found:
    row = item.row
    decision = Decision("R6", item.verdict, {"start": [_start_of(row)], "kind": _kind(row)})
    return Found(
        "appointment",
        row.key,
        row.key,
        "deleted_in_neo",
        row.appointment.date,
        decision,
        ("removed",),
        differs=["missing"],
        is_proven=False,
    )


def _found(change: RowChange) -> list[Found]:
    row, after = change.row, change.after
    if row is None:
        return [_told(change, "missing_in_odis", tuple(COLUMNS))]
    if change.action == "remove":
        is_cancelled = change.reason == "cancelled_at_source"
        cause: Cause = "cancelled_in_neo" if is_cancelled else "deleted_in_neo"
        return [_told(change, cause, ("removed",))]
    if row.deleted:
        return [_told(change, "reappeared", tuple(change.fields))]
    causes: dict[str, Cause] = {name: cause_of_column(name) for name in change.fields}
    if "status" in causes and after.status == "cancelled":
        causes["status"] = "cancelled_in_neo"
    grouped = by_cause(change.fields, causes)
    return [_told(change, cause, tuple(names)) for cause, names in grouped.items()]


def _told(change: RowChange, cause: Cause, names: tuple[str, ...]) -> Found:
    row, after = change.row, change.after
    facts: dict[str, Fact] = {"fields": list(names), "kind": after.kind}
    if row is not None and row.appointment.status != after.status:
        facts["status"] = [row.appointment.status, after.status]
    starts = [] if row is None else [_start_of(row)]
    if change.action != "remove":
        starts.append(str(datetime.combine(after.date, after.start_time)))
    facts["start"] = list(dict.fromkeys(starts))
    code = change.reason if change.action == "remove" or row is None else cause
    said = change.fields
    return Found(
        "appointment",
        change.key,
        change.key,
        cause,
        _day(change),
        Decision(_RULES.get(cause, "R4"), code, facts),
        names,
        differs=[[name, *map(str, said.get(name, ()))] for name in names],
        stamp=_stamp(change, cause),
    )


def _stamp(change: RowChange, cause: Cause) -> str | None:
    """When Neo has changed the visit, where it says so: a look-up does not."""
    source = change.record.source
    if source is None or change.action == "remove" or change.reason == "moved_away":
        return None
    return source.stamp if cause in TOLD_BY_STAMP else None


def _partly(before: Record, after: Record, names: Collection[str]) -> Record:
    """What to remember where only these columns were written: of the rest Neo's words stay news."""
    said, says = before.source, after.source
    if said is not None and says is not None:
        places = {"start": "start_time", "end": "end_time", "room": "room_id", "status": "status"}
        known = {item.name for item in fields(AppointmentMemory)} & places.keys()
        taken: dict[str, Any] = {n: getattr(says, n) for n in known if _is_in(names, places[n])}
        said = replace(said, **taken)
    is_there = _is_in(names, "end_time")  # the days after it are taken by claims alone
    claims = after.claims if is_there else before.claims
    return replace(before, source=said, claims=claims, strikes=0, struck_at=None)


def _is_in(names: Collection[str], column: str) -> bool:
    return column in names or (column.endswith("_time") and "date" in names)


def _day(change: RowChange) -> date:
    """The day that is stored, or that Neo shows where none can be read."""
    row = change.row
    if row is None or any(fault.column == "date" for fault in row.faults):
        return change.after.date
    return row.appointment.date


def _kind(row: Row) -> str:
    return row.appointment.kind


def _start_of(row: Row) -> str:
    return str(datetime.combine(row.appointment.date, row.appointment.start_time))
