"""The visits of an answer in the terms of the judge (rule R8). Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from idexx_sync.core.clinic_time import parse_wall
from idexx_sync.core.vocabulary import FREES_TIME, appointment_status
from idexx_sync.pims.protocol import SourceRecord, Window
from idexx_sync.syncs.cases.model import CaseChange
from idexx_sync.syncs.cases.stored import StoredVisit
from idexx_sync.syncs.consequence import Effect
from idexx_sync.syncs.gate import SHIFTED, Comparison, Judgement, Loss
from idexx_sync.syncs.holds import Finding
from idexx_sync.syncs.memory import VisitMemory


@dataclass(frozen=True, slots=True)
class CalendarAnswer:
    """What the gate needs to know of the calendar's answer."""

    window: Window
    visits: Sequence[SourceRecord]
    present: Collection[str]
    """Every visit's id that the answer names, unreadable ones included."""
    rooms: Collection[str]
    complete: bool


def comparison(
    answer: CalendarAnswer,
    stored: Mapping[str, StoredVisit],
    expected: Mapping[str, str],
    known_rooms: Collection[str],
    local_now: datetime,
    settled: Collection[str] = (),
    changes: Sequence[CaseChange] = (),
) -> Comparison:
    """What the calendar showed beside what is remembered of its visits.

    `expected` is visit -> start of those that are remembered in the window, `settled` those of
    them that are known to be gone or on other days; `local_now` is the clinic's naive wall-clock
    time; `changes` are those that are planned. A case is lost where a visit to come is called off;
    one that a complete answer lacks is left as it is, but too many say that the answer lacks more.
    """
    missing = {visit: {"missing": True, "start": at} for visit, at in expected.items()}
    unproven = unproven_missing(answer, expected, settled)
    statuses = {v.id: appointment_status(_memory(stored, v).status) for v in answer.visits}
    occupying = {key for key, word in statuses.items() if word and word not in FREES_TIME}
    starts = {v.id: _memory(stored, v).start for v in answer.visits}
    return Comparison(
        window=answer.window,
        complete=answer.complete,
        stored=missing,
        settled=settled,
        present=answer.present,
        rooms=answer.rooms,
        known_rooms=known_rooms,
        moved={
            visit.id: _moved(before, visit.start)
            for visit in answer.visits
            if (before := starts[visit.id]) and before != visit.start
        },
        starts_compared=sum(bool(start) for start in starts.values()),
        losses=[
            *(
                Loss(
                    visit.id, "visit", {"status": [statuses[visit.id], after], "start": visit.start}
                )
                for visit in answer.visits
                if visit.id in occupying
                and (after := appointment_status(visit.status)) in FREES_TIME
                and parse_wall(visit.start) > local_now
            ),
            *(Loss(key, "visit", missing[key], missing=True) for key in unproven),
        ],
        occupying={"visit": len(occupying.union(unproven))},
        effects=_effects(answer, stored, changes),
        planned={change.visit_id for change in changes},
    )


def unproven_missing(
    answer: CalendarAnswer, expected: Collection[str], settled: Collection[str]
) -> list[str]:
    """Visits that a complete answer lacks, and of which nobody knows what has become."""
    known = {*answer.present, *settled}
    return sorted(visit for visit in expected if visit not in known) if answer.complete else []


def _effects(
    answer: CalendarAnswer, stored: Mapping[str, StoredVisit], changes: Sequence[CaseChange]
) -> dict[str, Effect]:
    """What the changes would do to the cases of each visit, and when that takes place."""
    made = {change.visit_id for change in changes if change.case is None}
    changed = {change.visit_id for change in changes}
    return {
        visit.id: Effect(
            "create" if visit.id in made else "update",
            None if visit.id in made else _takes_place(before.start, before.status),
            _takes_place(visit.start, visit.status),
        )
        for visit in answer.visits
        if visit.id in changed
        for before in [_memory(stored, visit)]
    }


def _takes_place(start: str | None, word: str | None) -> str | None:
    return None if appointment_status(word) in FREES_TIME else start


def shows_known_rooms(compared: Comparison) -> bool:
    """Whether a room of the answer is known, or none can be compared."""
    known, shown = set(compared.known_rooms), set(compared.rooms)
    return not known or not shown or bool(known & shown)


def left_alone(judgement: Judgement) -> frozenset[str]:
    """Visits that are held, or came later than what was approved; where only times are held, all
    else about the visit is written."""
    return judgement.held(but={SHIFTED}) | judgement.unseen


def times_held(judgement: Judgement) -> frozenset[str]:
    """Visits whose times are left as they are."""
    return judgement.held_for.get(SHIFTED, frozenset())


def _memory(stored: Mapping[str, StoredVisit], visit: SourceRecord) -> VisitMemory:
    """What the source said of the visit when it was read last."""
    known = stored.get(visit.id)
    return known.memory if known else VisitMemory()


def _moved(before: str, after: str) -> Finding:
    minutes = (parse_wall(after) - parse_wall(before)).total_seconds() // 60
    return {"shift_minutes": int(minutes), "start": [before, after]}
