"""Cases whose visit Neo's calendar does not show: what is proven of each (rules R6 and R7). Pure.

Strikes of a visit are remembered with its calendar record, whether it has a row or not, so that
every read that shows it clears them.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from idexx_sync.core.clinic_time import day_of, to_wall
from idexx_sync.core.faults import or_else
from idexx_sync.core.vocabulary import appointment_status
from idexx_sync.pims.protocol import Found, Gone, Lookup, SourceRecord, Unknown, Window
from idexx_sync.syncs.cases.context import CaseContext
from idexx_sync.syncs.cases.fields import TIMES
from idexx_sync.syncs.cases.mapping import iso, map_visit, stamps
from idexx_sync.syncs.cases.model import DUPLICATE, REMOVED, CaseChange
from idexx_sync.syncs.cases.news import is_news
from idexx_sync.syncs.cases.status import STATUS_KEPT, is_removed
from idexx_sync.syncs.cases.stored import StoredCase, StoredVisit
from idexx_sync.syncs.cases.vocabulary import OPEN_STATUSES
from idexx_sync.syncs.gate import NEVER_SHOWN
from idexx_sync.syncs.memory import Record, VisitRecord
from idexx_sync.syncs.proof import (
    READS_THAT_SET_APART,
    STRIKES_THAT_PROVE,
    Unproven,
    proven_gone,
    strike,
)

Proven = Literal["deleted_at_source", "cancelled_at_source", "not_found_twice", "moved_away"]
APPROVED: Final = "approved"
REMOVED_FROM_PIMS: Final = "removed_from_pims"
"""Why a case is closed, in the words of ODIS's dashboards (ODIS schema, fields)."""


@dataclass(frozen=True, slots=True)
class Absent:
    """A visit with cases that the calendar lacks, and what is known of it."""

    visit_id: str
    start: str
    """Wall-clock text of the start that is stored."""
    stored: StoredVisit
    verdict: Proven | Unproven
    found: Found | None
    memory: Record
    """What to remember: the look-up and, if it counts, the strike."""

    @property
    def is_proven(self) -> bool:
        return self.verdict in ("deleted_at_source", "cancelled_at_source", "not_found_twice")

    @property
    def doubtful_reads(self) -> int:
        """Reads in a row that have not shown it although it is there, this one included."""
        if self.verdict != "alive":
            return 0
        return min(self.stored.record.doubtful_reads + 1, READS_THAT_SET_APART)

    @property
    def is_apart(self) -> bool:
        """Whether it has contradicted so many reads that it is set apart by name (R1)."""
        return self.doubtful_reads >= READS_THAT_SET_APART

    @property
    def is_told(self) -> bool:
        """Whether the source has said by the visit's own id what became of it."""
        return self.is_proven or self.verdict == "moved_away"

    @property
    def day(self) -> date:
        return day_of(self.start)

    @property
    def is_finalised(self) -> bool:
        """Whether it took place, by whatever is known: such a visit is never removed without a
        person."""
        words = [self.stored.memory.status, self.found.status if self.found else None]
        told = {appointment_status(word) for word in words}
        completed = any(case.status == "completed" for case in self.stored.cases)
        return "finalized" in told or completed or self.stored.consultation.final


def absent_visits(
    stored: Mapping[str, StoredVisit],
    shown: Collection[str],
    window: Window,
    zone: ZoneInfo,
) -> dict[str, str]:
    """Visit -> stored start, of those with a case to close that the answer does not name."""
    found = {}
    for visit_id, visit in stored.items():
        if visit_id in shown or not any(map(_may_be_closed, visit.cases)):
            continue
        start = _start_of(visit, zone)
        if start is not None and day_of(start) in window:
            found[visit_id] = start
    return found


def judged_absent(
    absent: Mapping[str, str],
    stored: Mapping[str, StoredVisit],
    records: Mapping[str, Record],
    proofs: Mapping[str, Lookup],
    settled: Collection[str],
    elsewhere: Collection[str],
    window: Window,
    read_at: datetime,
    *,
    complete: bool,
) -> list[Absent]:
    """What is proven of each; `settled` are visits that the calendar's sync has proven gone,
    `elsewhere` those whose row lies on other days, which this answer does not strike, `records`
    what the calendar's memory says of all of them.

    Nobody is struck where the answer is not complete.
    """
    return [
        _judged(
            visit_id,
            start,
            stored[visit_id],
            records[visit_id],
            proofs.get(visit_id),
            window,
            read_at,
            is_settled=visit_id in settled,
            complete=complete and visit_id not in elsewhere,
        )
        for visit_id, start in sorted(absent.items())
    ]


def contradicts(absent: Iterable[Absent]) -> bool:
    """Whether any of them is alive on a day that the answer should have shown, and is not set apart
    for that already."""
    return any(item.verdict == "alive" and not item.is_apart for item in absent)


def doubted(absent: Iterable[Absent]) -> list[VisitRecord]:
    """What to remember of visits that are there and are never shown, until one is heard of."""
    told = []
    for item in absent:
        before = item.stored.record
        is_heard_of = item.is_told and before.quarantine_code == NEVER_SHOWN
        if item.verdict == "alive" or is_heard_of:
            code = None if is_heard_of else NEVER_SHOWN
            reads = item.doubtful_reads
            told.append(
                replace(before, key=item.visit_id, quarantine_code=code, doubtful_reads=reads)
            )
    return told


def closing_changes(item: Absent, reason: str, now: datetime) -> Iterator[CaseChange]:
    """What closes every case of the visit: no follow-up goes out, and none is asked for."""
    for case in item.stored.cases:
        is_own = case is item.stored.case
        why = reason if is_own else DUPLICATE
        change = CaseChange(item.visit_id, why, case, _closed(case, now))
        if change.values:
            change.values |= stamps({"metadata"} if not case.is_broken else set(), now)
            yield change


def moved_change(item: Absent, context: CaseContext) -> CaseChange | None:
    """What makes the visit's own case say when it is now; only times may be taken (R6)."""
    case, found = item.stored.case, item.found
    if case is None or case.is_broken or found is None:
        return None
    shown = SourceRecord(item.visit_id, "visit", found.start, found.end)
    mapped = map_visit(shown, context.zone, context.slot_minutes)
    times = {n: value for n, value in mapped.values.items() if n in TIMES}
    news = {n: value for n, value in times.items() if is_news(case, n, value)}
    if not news:
        return None
    values = news | stamps({"metadata"}, context.now)
    return CaseChange(item.visit_id, "moved_away", case, values)


def moved_record(item: Absent) -> list[VisitRecord]:
    """What is remembered of a visit whose times were taken from its look-up."""
    memory, found = item.stored.memory, item.found
    if found is None or memory.start is None:
        return []
    return [
        replace(
            item.stored.record,
            key=item.visit_id,
            source=replace(memory, start=found.start, end=found.end),
        )
    ]


def _may_be_closed(case: StoredCase) -> bool:
    """Whether it is neither closed by us nor of a visit that was called off: such a visit may be
    left out of the calendar."""
    if case.is_broken:
        return case.status in (*OPEN_STATUSES, "completed")
    return not is_removed(case) and case.value("metadata.pimsAppointment.status") != "cancelled"


def _start_of(visit: StoredVisit, zone: ZoneInfo) -> str | None:
    if visit.memory.start is not None:
        return visit.memory.start
    times = (or_else(case.scheduled_at) for case in visit.cases)
    known = next((at for at in times if at is not None), None)
    return None if known is None else str(to_wall(known, zone))[:19]


def _is_alive(lookup: Lookup | None, window: Window) -> bool:
    return (
        isinstance(lookup, Found)
        and not lookup.deleted
        and not lookup.cancelled
        and day_of(lookup.start) in window
    )


def _judged(
    visit_id: str,
    start: str,
    stored: StoredVisit,
    remembered: Record,
    lookup: Lookup | None,
    window: Window,
    read_at: datetime,
    *,
    is_settled: bool,
    complete: bool,
) -> Absent:
    looked_up = replace(remembered, looked_up_at=read_at)
    known = replace(looked_up, strikes=0, struck_at=None)

    def absent(verdict: Any, memory: Record) -> Absent:
        found = lookup if isinstance(lookup, Found) else None
        return Absent(visit_id, start, stored, verdict, found, memory)

    if lookup is None:
        return absent("not_looked_up", remembered)
    if isinstance(lookup, Unknown):
        return absent("look_up_failed", looked_up)
    if isinstance(lookup, Gone):
        struck = _struck(looked_up, read_at, complete=complete)
        is_proven = is_settled or (complete and proven_gone(struck))
        return absent("not_found_twice" if is_proven else "not_found_yet", struck)
    if lookup.deleted:
        return absent("deleted_at_source", known)
    if lookup.cancelled:
        return absent("cancelled_at_source", known)
    return absent("alive" if _is_alive(lookup, window) else "moved_away", known)


def _struck(looked_up: Record, read_at: datetime, *, complete: bool) -> Record:
    if complete:
        return strike(looked_up, read_at)
    return replace(looked_up, strikes=min(looked_up.strikes, STRIKES_THAT_PROVE - 1))


def _closed(case: StoredCase, now: datetime) -> dict[str, Any]:
    """The values that close one case; of a broken document only its status can be written."""
    values: dict[str, Any] = {}
    closes = case.status in (*OPEN_STATUSES, "completed")
    if closes:
        values["case.status"] = "reviewed"
    if case.is_broken:
        return values
    if not is_removed(case):
        mark = {"softDeleted": True, "reason": REMOVED_FROM_PIMS, "deletedAt": iso(now)}
        values[REMOVED] = mark if closes else mark | {STATUS_KEPT: True}
    if case.value("metadata.pimsAppointment.status") != "cancelled":
        values["metadata.pimsAppointment.status"] = "cancelled"
    return values


def strikes_of(
    absent: Sequence[Absent], records: Mapping[str, Record], told: Collection[str], *, held: bool
) -> list[Record]:
    """What to remember of visits that are not `told` with their row already.

    A run whose losses are held strikes nobody.
    """
    found = []
    for item in absent:
        before, memory = records[item.visit_id], item.memory
        if held and memory.strikes > before.strikes:
            memory = replace(before, looked_up_at=memory.looked_up_at)
        if item.visit_id not in told and memory != before:
            found.append(memory)
    return found
