"""Differences of cases, and what of their changes is written by their treatment. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

from idexx_sync.core.clinic_time import day_of, local_day
from idexx_sync.core.faults import or_else
from idexx_sync.core.vocabulary import appointment_status
from idexx_sync.pims.protocol import SourceRecord
from idexx_sync.syncs.cases.fields import STAMPS
from idexx_sync.syncs.cases.model import ANOTHER_OWNER, ANOTHER_PATIENT, CaseChange, Plan
from idexx_sync.syncs.cases.status import is_removed
from idexx_sync.syncs.cases.stored import PREFIX, StoredVisit
from idexx_sync.syncs.decision import Decision, Fact
from idexx_sync.syncs.memory import VisitMemory, VisitRecord
from idexx_sync.syncs.reconciliation.cause_of import (
    STATUS_FIELDS,
    TOLD_BY_STAMP,
    by_cause,
    cause_of_field,
)
from idexx_sync.syncs.reconciliation.causes import Cause
from idexx_sync.syncs.reconciliation.closing import Absent
from idexx_sync.syncs.reconciliation.finding import Found

_RULES: Final[Mapping[Cause, str]] = {
    "cancelled_in_neo": "R20",
    "moved": "R4",
    "status_differs": "R18",
    "reappeared": "R7",
    "record_differs": "R17",
}


@dataclass(frozen=True, slots=True)
class VisitFound:
    """What differs between a visit and its cases, and the changes that would end it."""

    visit: SourceRecord
    stored: StoredVisit
    changes: tuple[CaseChange, ...]
    """By what the calendar says; what only the record says is never written here."""
    found: tuple[Found, ...]

    @property
    def is_of_another(self) -> bool:
        """Whether the visit is another patient's or owner's than the case: nobody may be told of a
        case as if it were theirs before the case sync has replaced the whole of it (R15)."""
        return any(change.reason in (ANOTHER_PATIENT, ANOTHER_OWNER) for change in self.changes)

    def restricted(self, causes: Collection[Cause]) -> list[CaseChange]:
        """The changes of cases that are there, as far as these causes have them."""
        names = {n for one in self.found if one.cause in causes for n in one.fields}
        kept = (_restricted(change, names) for change in self.changes if change.case is not None)
        return [change for change in kept if change is not None]

    def memory(self, causes: Collection[Cause], planned: VisitRecord | None) -> list[VisitRecord]:
        """What to remember once these are written: of the rest Neo's words stay news."""
        before = self.stored.memory
        if planned is None or planned.source is None or before.start is None:
            return []
        says, taken = planned.source, _taken(causes)
        if not taken:
            return []
        source = replace(before, **{n: getattr(says, n) for n in taken})
        return [replace(self.stored.record, key=self.visit.id, source=source)]


def _taken(causes: Collection[Cause]) -> set[str]:
    """Names of what is remembered of the source's words, by what was written of them."""
    names: set[str] = set()
    if "moved" in causes:
        names |= {"start", "end", "stamp"}
    if {"cancelled_in_neo", "reappeared", "status_differs"} & set(causes):
        names |= {"status", "stamp"}
    return names


def visits_found(
    visits: Iterable[SourceRecord],
    stored: Mapping[str, StoredVisit],
    plan: Plan,
    records: Plan,
    zone: ZoneInfo,
) -> list[VisitFound]:
    """What the case sync would change of each visit, by cause.

    `plan` is made of the calendar, `records` of the clinical records that were read.
    """
    by_calendar, by_record = _by_visit(plan), _by_visit(records)
    found = []
    for visit in visits:
        known, changes = stored[visit.id], by_calendar.get(visit.id, [])
        # Records are not read every night: what a person has changed of theirs is remembered.
        remembered = known.consultation.edited if known.case is not None else ()
        edited = {*plan.edited.get(visit.id, ()), *remembered}
        comparing = _Comparing(visit, known, changes, by_record.get(visit.id, []), edited, zone)
        found.append(VisitFound(visit, known, tuple(changes), tuple(comparing.found())))
    return found


def _by_visit(plan: Plan) -> dict[str, list[CaseChange]]:
    changes: dict[str, list[CaseChange]] = {}
    for change in plan.changes:
        changes.setdefault(change.visit_id, []).append(change)
    return changes


def absent_found(item: Absent) -> Found | None:
    """The difference of a case whose visit the calendar lacks; None: the answer is in doubt."""
    if item.verdict == "alive":
        return None
    cause: Cause = "deleted_in_neo"
    if item.verdict == "cancelled_at_source":
        cause = "cancelled_in_neo"
    elif item.verdict == "moved_away":
        cause = "moved"
    is_proven = item.is_proven or item.verdict == "moved_away"
    starts = [item.start]
    differs: Sequence[Any] = [cause, is_proven]
    if cause == "moved" and item.found is not None:
        starts.append(item.found.start)
        differs = when_moved(item.found.start, item.found.end)
    facts: dict[str, Fact] = {
        "start": starts,
        "cases": [str(case.id) for case in item.stored.cases],
    }
    return Found(
        "case",
        PREFIX + item.visit_id,
        item.visit_id,
        cause,
        item.day,
        Decision("R6", item.verdict, facts),
        (),
        differs=differs,
        is_proven=is_proven,
    )


def duplicates_found(
    visit_ids: Iterable[str], stored: Mapping[str, StoredVisit], days: Mapping[str, date]
) -> Iterator[Found]:
    """Visits with several cases."""
    for visit_id in visit_ids:
        cases = stored[visit_id].cases
        if len(cases) > 1:
            ids = sorted(str(case.id) for case in cases)
            yield Found(
                "case",
                PREFIX + visit_id,
                visit_id,
                "duplicate_case",
                days[visit_id],
                Decision("R14", "duplicate", {"cases": list(ids)}),
                (),
                differs=ids,
            )


@dataclass(frozen=True, slots=True)
class _Comparing:
    """A visit beside its cases, while its differences are named."""

    visit: SourceRecord
    stored: StoredVisit
    by_calendar: Sequence[CaseChange]
    by_record: Sequence[CaseChange]
    edited: Collection[str]
    """Fields that a person has changed and that are left."""
    zone: ZoneInfo

    def found(self) -> Iterator[Found]:
        if self.edited:
            yield self._edited()
        if any(change.case is None for change in self.by_calendar):
            yield self._missing()
            return
        said, by_record = _said(self.by_calendar), _said(self.by_record)
        causes = _causes(said, self.visit, self.stored)
        of_records = {n: c for n in by_record if (c := _cause_in_record(n)) is not None}
        for cause, names in by_cause(by_record | said, of_records | causes).items():
            yield self._differs(cause, names, by_record | said, in_calendar=said.keys())

    def _told(
        self,
        cause: Cause,
        decision: Decision,
        names: Sequence[str],
        differs: Any,
        stamp: str | None = None,
    ) -> Found:
        """`stamp` is when Neo has changed it, where Neo says so: of records and edits it does
        not."""
        key, visit = PREFIX + self.visit.id, self.visit
        day = day_stored(self.stored, visit, self.zone)
        return Found("case", key, visit.id, cause, day, decision, names, differs, stamp=stamp)

    def _edited(self) -> Found:
        names = sorted(self.edited)
        values = [[name, _value(self.stored, name)] for name in names]
        decision = Decision("R15", "edited_in_odis", {"fields": names})
        return self._told("edited_in_odis", decision, names, values)

    def _missing(self) -> Found:
        status = appointment_status(self.visit.status) or ""
        facts: dict[str, Fact] = {"start": [self.visit.start], "status": [status]}
        return self._told(
            "missing_in_odis",
            Decision("R14", "no_case", facts),
            (),
            [self.visit.id],
            self.visit.last_updated_at,
        )

    def _differs(
        self,
        cause: Cause,
        names: Sequence[str],
        said: Mapping[str, tuple[Any, Any]],
        in_calendar: Collection[str],
    ) -> Found:
        visit = self.visit
        starts = list(dict.fromkeys(_starts(self.stored.memory, visit)))
        facts: dict[str, Fact] = {"fields": list(names), "start": starts}
        if "case.status" in names:
            facts["status"] = [str(value) for value in said["case.status"]]
        values: Any = [[name, *map(str, said[name])] for name in names]
        if cause == "moved":
            values = when_moved(visit.start, visit.end)
        decision = Decision(_RULES.get(cause, "R15"), cause, facts)
        is_stamped = cause in TOLD_BY_STAMP and set(names) & set(in_calendar)
        stamp = visit.last_updated_at if is_stamped else None
        return self._told(cause, decision, names, values, stamp)


def when_moved(start: str, end: str | None) -> list[str | None]:
    """What differs where a visit is at another time, however that was learned."""
    return ["moved", start, end]


def _said(changes: Sequence[CaseChange]) -> dict[str, tuple[Any, Any]]:
    """Field -> before and after, of all changes to the visit's cases."""
    said: dict[str, tuple[Any, Any]] = {}
    for change in changes:
        for name, (before, after) in change.fields.items():
            if before != after:  # what is replaced whole may say the same again
                said.setdefault(name, (before, after))
    return said


def _causes(said: Collection[str], visit: SourceRecord, stored: StoredVisit) -> dict[str, Cause]:
    causes = {name: cause for name in said if (cause := cause_of_field(name)) is not None}
    if stored.case is not None and is_removed(stored.case):
        causes |= dict.fromkeys(STATUS_FIELDS & causes.keys(), "reappeared")
    elif appointment_status(visit.status) == "cancelled":
        causes |= dict.fromkeys(STATUS_FIELDS & causes.keys(), "cancelled_in_neo")
    return causes


def _cause_in_record(name: str) -> Cause | None:
    """The cause of a difference that only the clinical record tells."""
    return None if cause_of_field(name) is None else "record_differs"


def _restricted(change: CaseChange, names: Collection[str]) -> CaseChange | None:
    values = {n: v for n, v in change.values.items() if n in names and n not in STAMPS}
    cleared = [n for n in change.cleared if n in names]
    if not values and not cleared:
        return None
    said_along = {n: v for n, v in change.values.items() if n in STAMPS}
    is_whole = change.reason not in (ANOTHER_PATIENT, ANOTHER_OWNER)
    reason = change.reason if is_whole else "source"
    return replace(change, reason=reason, values=values | said_along, cleared=cleared, dropped=())


def day_stored(stored: StoredVisit, visit: SourceRecord | None, zone: ZoneInfo) -> date:
    """The day of the visit as it is stored, or else as it is shown."""
    if stored.memory.start is not None:
        return day_of(stored.memory.start)
    times = [or_else(case.scheduled_at) for case in stored.cases]
    known = next((at for at in times if at is not None), None)
    if known is not None:
        return local_day(known, zone)
    assert visit is not None
    return day_of(visit.start)


def _starts(memory: VisitMemory, visit: SourceRecord) -> list[str]:
    return [visit.start] if memory.start is None else [memory.start, visit.start]


def _value(stored: StoredVisit, name: str) -> str:
    return "" if stored.case is None else str(stored.case.value(name))
