"""Rows and cases compared, in the terms of the judge: a visit is judged once, with its row and its
case (rules R7 and R8). Pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from idexx_sync.core.clinic_time import parse_wall
from idexx_sync.core.vocabulary import FREES_TIME, appointment_status
from idexx_sync.pims.protocol import SourceRecord
from idexx_sync.syncs.cases.model import CaseChange
from idexx_sync.syncs.consequence import Effect
from idexx_sync.syncs.gate import NEVER_SHOWN, Comparison, Doubt, Loss
from idexx_sync.syncs.holds import Finding
from idexx_sync.syncs.reconciliation.closing import APPROVED, Absent
from idexx_sync.syncs.reconciliation.visits import VisitFound

CALLED_OFF: Final = "cancelled"
"""Why a finalised visit would be removed that Neo shows, and shows as called off."""


@dataclass(frozen=True, slots=True)
class CaseSide:
    """What is to be judged of the cases."""

    shown: Sequence[VisitFound] = ()
    changes: Sequence[CaseChange] = ()
    """What would be written of visits that are shown."""
    absent: Sequence[Absent] = ()
    to_close: Collection[str] = ()
    """Visits of `absent` whose cases would be closed, or held."""
    expected: Mapping[str, str] = field(default_factory=dict)
    """Visit -> stored start, of those that a read of the window should show."""
    present: Collection[str] = ()
    """Every visit's id that the answer names."""


def joined(
    rows: Comparison,
    cases: CaseSide,
    asked: Mapping[str, Finding],
    today: date,
) -> Comparison:
    """The rows' comparison with what is compared of cases.

    `asked` are records of which the clinic's own policy wants a person to decide. What makes reads
    of today and of days to come incomplete is set apart by the calendar's own sync.
    """
    expected = {visit: _missing(start) for visit, start in cases.expected.items()}
    settled = {item.visit_id for item in cases.absent if item.is_told}
    of_cases = {loss.key: loss for loss in _losses(cases)}
    of_rows = [_with_its_case(loss, of_cases.pop(loss.key, None)) for loss in rows.losses]
    occupying = Counter(rows.occupying)
    occupying["visit"] = max(occupying["visit"], len(expected.keys() | _visits(rows)))
    return replace(
        rows,
        stored={**expected, **rows.stored},
        settled={*rows.settled, *settled},
        present={*rows.present, *cases.present},
        moved={**_moved(cases), **rows.moved},
        starts_compared=max(
            rows.starts_compared, sum(one.stored.memory.start is not None for one in cases.shown)
        ),
        finalised_removals={**_finalised(cases), **rows.finalised_removals},
        losses=[*of_rows, *of_cases.values()],
        occupying=occupying,
        apart={
            key: doubt
            for key, doubt in {**_apart(cases), **rows.apart}.items()
            if _is_of_past_days(doubt, today)
        },
        effects={**_effects(cases), **rows.effects},
        planned={*rows.planned, *(change.visit_id for change in cases.changes), *cases.to_close},
        asked=asked,
    )


def _is_of_past_days(doubt: Doubt, today: date) -> bool:
    """Whether every time that it names is: an older version names two, a record without a day
    none."""
    said = doubt.finding.get("start")
    starts = said if isinstance(said, list) else [said]
    return all(start is not None and start[:10] < str(today) for start in starts)


def _with_its_case(loss: Loss, of_case: Loss | None) -> Loss:
    """A row's loss, which removes a finalised visit too where only its case tells so."""
    finalised = of_case.removes_finalised if of_case else None
    return replace(loss, removes_finalised=loss.removes_finalised or finalised)


def _visits(rows: Comparison) -> set[str]:
    return {key for key, found in rows.stored.items() if found.get("kind") == "visit"}


def _missing(start: str) -> Finding:
    return {"missing": True, "start": start, "kind": "visit"}


def _losses(cases: CaseSide) -> Iterable[Loss]:
    """Cases that would be closed, whatever their day, without a proof by their visit's id."""
    for item in cases.absent:
        if item.is_proven or item.verdict == "moved_away" or item.visit_id not in cases.to_close:
            continue
        yield Loss(
            item.visit_id,
            "visit",
            _missing(item.start),
            missing=True,
            may_be_approved=item.verdict != "alive",
            removes_finalised=_removal(item.start, APPROVED) if item.is_finalised else None,
        )
    for one in _called_off(cases):
        memory = one.stored.memory
        before = appointment_status(memory.status)
        if before not in FREES_TIME:
            finding: Finding = {"status": [before, "cancelled"], "start": memory.start}
            yield Loss(one.visit.id, "visit", finding)


def _apart(cases: CaseSide) -> dict[str, Doubt]:
    """Visits that Neo never shows although they are there; letting one through closes its cases."""
    return {
        item.visit_id: Doubt(
            NEVER_SHOWN,
            {"start": item.start, "kind": "visit"},
            removes_finalised=_removal(item.start, NEVER_SHOWN) if item.is_finalised else None,
        )
        for item in cases.absent
        if item.is_apart
    }


def _called_off(cases: CaseSide) -> list[VisitFound]:
    """Visits that Neo shows as called off, and whose cases would be closed for that."""
    changed = {change.visit_id for change in cases.changes if "case.status" in change.values}
    return [
        one
        for one in cases.shown
        if one.visit.id in changed
        and appointment_status(one.visit.status) == "cancelled"
        and one.stored.memory.start is not None
    ]


def _finalised(cases: CaseSide) -> dict[str, Finding]:
    found = {
        item.visit_id: _removal(item.start, item.verdict)
        for item in cases.absent
        if item.is_proven and item.is_finalised and item.visit_id in cases.to_close
    }
    for one in _called_off(cases):
        stored = one.stored
        was = appointment_status(stored.memory.status) == "finalized" or stored.consultation.final
        if was or any(case.status == "completed" for case in stored.cases):
            found[one.visit.id] = _removal(stored.memory.start or one.visit.start, CALLED_OFF)
    return found


def _removal(start: str, reason: str) -> Finding:
    return {"removal": reason, "start": start, "kind": "visit"}


def _moved(cases: CaseSide) -> dict[str, Finding]:
    from_to = (
        (one.visit, one.stored.memory.start)
        for one in cases.shown
        if any(found.cause == "moved" for found in one.found)
    )
    return {
        visit.id: _shift(start, visit)
        for visit, start in from_to
        if start not in (None, visit.start)
    }


def _effects(cases: CaseSide) -> dict[str, Effect]:
    starts = {one.visit.id: (one.stored.memory.start, one.visit.start) for one in cases.shown}
    off = {one.visit.id for one in _called_off(cases)}
    changed = {
        change.visit_id: Effect("update", before, None if change.visit_id in off else after)
        for change in cases.changes
        for before, after in [starts.get(change.visit_id, (None, None))]
    }
    closed = {
        item.visit_id: Effect("remove", item.start, None)
        for item in cases.absent
        if item.is_apart or (item.visit_id in cases.to_close and item.verdict != "moved_away")
    }
    away = {
        item.visit_id: Effect("update", item.start, item.found.start)
        for item in cases.absent
        if item.verdict == "moved_away" and item.found is not None
    }
    return changed | closed | away


def _shift(before: str | None, visit: SourceRecord) -> Finding:
    assert before is not None
    minutes = (parse_wall(visit.start) - parse_wall(before)).total_seconds() // 60
    return {"shift_minutes": int(minutes), "start": [before, visit.start]}
