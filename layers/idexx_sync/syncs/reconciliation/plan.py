"""What becomes of a piece's differences: their treatment, and the changes that end some. Pure."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from idexx_sync.syncs.cases.model import CaseChange
from idexx_sync.syncs.cases.model import Plan as CasePlan
from idexx_sync.syncs.cases.stored import PREFIX
from idexx_sync.syncs.holds import Finding
from idexx_sync.syncs.inbound.model import Plan, RowChange, Stored
from idexx_sync.syncs.reconciliation.causes import Cause, treatment_of
from idexx_sync.syncs.reconciliation.closing import Absent
from idexx_sync.syncs.reconciliation.finding import Found
from idexx_sync.syncs.reconciliation.ledger import Open
from idexx_sync.syncs.reconciliation.loaded import Loaded
from idexx_sync.syncs.reconciliation.missed import missed_by
from idexx_sync.syncs.reconciliation.model import Difference, Subject
from idexx_sync.syncs.reconciliation.rows import RowFound, rows_found, unproven
from idexx_sync.syncs.reconciliation.visits import (
    VisitFound,
    absent_found,
    day_stored,
    duplicates_found,
    visits_found,
)

FIRST_DAY: Final = date.min + timedelta(days=1)
LAST_DAY: Final = date.max - timedelta(days=1)
"""First and last day that a discrepancy may be of (its table's CHECK)."""


@dataclass(slots=True)
class Differences:
    """All that differs on a piece's days."""

    rows: Sequence[RowFound]
    visits: Sequence[VisitFound]
    absent: Sequence[Absent]
    told: list[Difference] = field(default_factory=list)
    proven: set[Subject] = field(default_factory=set)
    """Those of which Neo has said enough to put them right."""

    def causes_to_write(
        self, record_id: str, kind: str, wanted: Collection[Subject]
    ) -> frozenset[Cause]:
        """Of a record's causes those that are put right."""
        return frozenset(
            one.cause
            for one in self.told
            if one.record_id == record_id and one.kind == kind and one.subject in wanted
        )


def differences(
    loaded: Loaded,
    rows: Plan,
    cases: CasePlan,
    records: CasePlan,
    absent: Sequence[Absent],
    open_: Open,
    today: date,
    zone: ZoneInfo,
    horizon_days: int,
) -> Differences:
    """Every difference with its cause, and how it is treated.

    Days before the first of which the calendar's sync has stored a row have none to compare.
    """
    of_rows = [
        one
        for one in rows_found(rows)
        if one.change.row is not None
        or (loaded.first_day is not None and one.change.after.date >= loaded.first_day)
    ]
    of_visits = visits_found(loaded.sources, loaded.visits, cases, records, zone)
    shown = {visit.id: visit for visit in loaded.sources}
    days = {
        visit: day_stored(loaded.visits[visit], shown.get(visit), zone)
        for visit in {*shown, *loaded.absent}
    }
    found: list[Found] = [
        *(one for row in of_rows for one in row.found),
        *unproven(rows),
        *(one for visit in of_visits for one in visit.found),
        *(one for item in absent if (one := absent_found(item)) is not None),
        *duplicates_found(sorted(days), loaded.visits, days),
    ]
    result = Differences(of_rows, of_visits, absent)
    for one in found:
        difference = _treated(one, loaded, open_, today, zone, horizon_days)
        result.told.append(difference)
        if one.is_proven:
            result.proven.add(difference.subject)
    return result


def _treated(
    one: Found, loaded: Loaded, open_: Open, today: date, zone: ZoneInfo, horizon_days: int
) -> Difference:
    difference = Difference(
        one.kind,
        one.key,
        one.record_id,
        one.cause,
        max(FIRST_DAY, min(one.day, LAST_DAY)),
        one.decision,
        one.differs,
        treatment_of(one.cause, one.kind, loaded.overrides, today),
    )
    known = open_.same(difference) if one.cause == "contact_differs" else None
    missed = missed_by(
        one.kind,
        one.day,
        one.stamp,
        loaded.began,
        zone,
        horizon_days,
        None if known is None else known.first_seen_at,
    )
    return replace(difference, missed_by=missed)


@dataclass(slots=True)
class Wanted:
    """The changes that would end differences, if nothing holds them."""

    subjects: frozenset[Subject]
    rows: list[RowChange] = field(default_factory=list)
    visits: list[CaseChange] = field(default_factory=list)
    """Of visits that are shown."""
    to_close: frozenset[str] = frozenset()
    """Visits of which a case is to be closed, proven or not."""
    asked: dict[str, Finding] = field(default_factory=dict)
    """Records of which the clinic wants a person to decide."""


def wanted(
    found: Differences, stored: Stored, open_: Open, night: date, *, complete: bool
) -> Wanted:
    """What is to be put right: what a policy fixes or holds, but for what fixing has not helped.

    A person is asked only about what is proven: of all else nothing could be let through.
    """
    stubborn = {
        one.subject
        for one in found.told
        if one.subject in found.proven and open_.is_stubborn(one, night, complete=complete)
    }
    of_another = {
        ("case", PREFIX + one.visit.id, "reappeared") for one in found.visits if one.is_of_another
    }
    treated = [
        one
        for one in found.told
        if one.treatment in ("fix", "hold") and one.subject not in stubborn | of_another
    ]
    subjects = frozenset(one.subject for one in treated)
    result = Wanted(subjects)
    for row in found.rows:
        causes = found.causes_to_write(row.change.key, "appointment", subjects)
        if (change := row.restricted(causes, stored)) is not None:
            result.rows.append(change)
    for visit in found.visits:
        causes = found.causes_to_write(visit.visit.id, "case", subjects)
        result.visits += visit.restricted(causes)
    absent = {item.visit_id for item in found.absent}
    result.to_close = frozenset(
        one.record_id
        for one in treated
        if one.kind == "case"
        and one.record_id in absent
        and one.cause in ("deleted_in_neo", "cancelled_in_neo")
    )
    result.asked = _asked(
        one for one in treated if one.treatment == "hold" and one.subject in found.proven
    )
    return result


def _asked(held: Iterable[Difference]) -> dict[str, Finding]:
    asked: dict[str, Finding] = {}
    for one in held:
        start = one.decision.facts.get("start")
        told = list(start) if isinstance(start, list) and start else [f"{one.day} 00:00:00"]
        finding = asked.setdefault(one.record_id, {"start": told, "causes": []})
        finding["causes"] = sorted({*finding["causes"], one.cause})
    return asked
