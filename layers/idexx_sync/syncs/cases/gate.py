"""Which of the planned changes of cases are plausible (rule R8). Pure.

The same measures as for the calendar: another clinic's calendar, times that all moved alike, and
more cancellations of visits to come than is plausible.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from idexx_sync.core.clinic_time import parse_wall
from idexx_sync.core.vocabulary import FREES_TIME, appointment_status
from idexx_sync.pims.protocol import SourceRecord, Window
from idexx_sync.syncs.cases.model import StoredVisit
from idexx_sync.syncs.gate import (
    FOREIGN,
    SHIFTED,
    UNPROVEN,
    Finding,
    Standing,
    Standings,
    all_shifted,
    too_many,
)
from idexx_sync.syncs.memory import VisitMemory

LOSSES = UNPROVEN["visit"]


@dataclass(slots=True)
class Judgement:
    """What waits for a person."""

    findings: dict[str, dict[str, Finding]] = field(default_factory=dict)
    """Cause -> visit -> finding of what is held."""
    foreign: bool = False
    """The answer may be another clinic's calendar: nothing is written, additions included."""

    @property
    def held(self) -> frozenset[str]:
        """Visits that are left alone."""
        return frozenset(
            visit for cause, found in self.findings.items() for visit in found if cause != SHIFTED
        )

    @property
    def times_held(self) -> frozenset[str]:
        """Visits whose times are left as they are; all else about them is written."""
        return frozenset(self.findings.get(SHIFTED, ()))


@dataclass(frozen=True, slots=True)
class Answer:
    """What the gate needs to know of the calendar's answer."""

    window: Window
    visits: Sequence[SourceRecord]
    present: Collection[str]
    """Every visit's id that the answer names, unreadable ones included."""
    rooms: Collection[str]
    complete: bool


def judge(
    answer: Answer,
    held: Mapping[str, StoredVisit],
    expected: Mapping[str, str],
    standing: Sequence[Standing],
    known_rooms: Collection[str],
    *,
    local_now: datetime,
    now: datetime,
) -> Judgement:
    """Hold by name what is not plausible.

    `expected` is visit -> start of those that we remember in the window; `local_now` is the
    clinic's naive wall-clock time.
    """
    standings = Standings(standing, answer.window, now, answer.complete)
    gate = _Gate(answer, held, standings, local_now)
    missing: dict[str, Finding] = {v: {"missing": True, "start": at} for v, at in expected.items()}
    foreign = standings.are_about_another_calendar(
        missing, answer.present, known_rooms, answer.rooms
    )
    if foreign and not standings.permit_all(FOREIGN, missing):
        return Judgement({FOREIGN: missing}, foreign=True)
    gate.hold_shifted_times()
    gate.hold_cancellations()
    return Judgement(standings.findings)


class _Gate:
    def __init__(
        self,
        answer: Answer,
        held: Mapping[str, StoredVisit],
        standings: Standings,
        local_now: datetime,
    ) -> None:
        self.answer = answer
        self.held = held
        self.standings = standings
        self.local_now = local_now

    def hold_shifted_times(self) -> None:
        shifts = {}
        compared = 0
        for visit in self.answer.visits:
            before = self._remembered(visit).start
            if not before:
                continue
            compared += 1
            if before != visit.start:
                moved = parse_wall(visit.start) - parse_wall(before)
                shifts[visit.id] = (int(moved.total_seconds() // 60), before, visit.start)
        implausible = all_shifted([minutes for minutes, _, _ in shifts.values()], compared)
        for visit_id, (minutes, before, after) in shifts.items():
            finding = {"shift_minutes": minutes, "start": [before, after]}
            if implausible or self.standings.cause_of(visit_id, finding) == SHIFTED:
                self.standings.hold(SHIFTED, visit_id, finding)

    def hold_cancellations(self) -> None:
        losses = {}
        ours = 0
        for visit in self.answer.visits:
            before = appointment_status(self._remembered(visit).status)
            ours += before is not None and before not in FREES_TIME
            after = appointment_status(visit.status)
            if before is None or before in FREES_TIME or after not in FREES_TIME:
                continue
            if parse_wall(visit.start) > self.local_now:
                losses[visit.id] = {"status": [before, after], "start": visit.start}
        implausible = too_many(len(losses), ours)
        for visit_id, finding in losses.items():
            if implausible or self.standings.cause_of(visit_id, finding) == LOSSES:
                self.standings.hold(LOSSES, visit_id, finding)

    def _remembered(self, visit: SourceRecord) -> VisitMemory:
        held = self.held.get(visit.id)
        return held.memory if held else VisitMemory()
