"""The case sync: a clinic's visits and their clinical record, read, planned, judged and applied."""

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from typing import ClassVar, Final

from idexx_sync.core.clinic_time import local_day
from idexx_sync.core.vocabulary import SyncName
from idexx_sync.jobs.contract import Progress, Report, Run
from idexx_sync.pims.protocol import ConsultationAnswer, Pims, SourceRecord
from idexx_sync.syncs.cases import store
from idexx_sync.syncs.cases.apply import DryRun, Unit, Written, write, written_before
from idexx_sync.syncs.cases.calendar import (
    Calendar,
    Judged,
    calendar_of,
    consultations_due,
    first_report,
    judged,
    load,
    planned,
    stored_query,
    view_of,
)
from idexx_sync.syncs.cases.model import Plan, StoredVisit
from idexx_sync.syncs.cases.plan import plan_consultations
from idexx_sync.syncs.cases.reading import Answers, Reads, judge_answers
from idexx_sync.syncs.proof import PlanAgain

DAYS_BACK: Final = 7
DAYS_AHEAD: Final = 2
"""A case that is made earlier is too old for its follow-up once the visit is over: ODIS's daily
job takes those made at most three days ago (ODIS schema, what triggers calls)."""
UNIT: Final = 50
"""Consultations that are read and committed together."""
STOP_AFTER_S: Final = 120.0
"""A run that has read for so long leaves the rest to the next one."""


class CaseSync:
    """Makes a clinic's visits ODIS cases, and reads their clinical record until it is final.

    First the calendar's part of all visits is written, then the consultations that are due in
    units that commit separately: what was read is kept, whatever becomes of the rest.
    """

    name: ClassVar[SyncName] = "cases"

    def __init__(
        self,
        *,
        unit: int = UNIT,
        stop_after_s: float = STOP_AFTER_S,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._unit = unit
        self._stop_after_s = stop_after_s
        self._elapsed = elapsed

    def __call__(self, run: Run, pims: Pims) -> Report:
        stop_at = self._elapsed() + self._stop_after_s
        today = local_day(run.clock(), run.clinic.zone)
        window = run.params.window(
            today - timedelta(days=DAYS_BACK), today + timedelta(days=DAYS_AHEAD)
        )
        output = Output(run, DryRun() if run.dry_run else None)
        calendar = _commit_calendar(output, calendar_of(pims.schedule(window)))
        if calendar.has_ended:
            return calendar.report
        return _end(output, calendar, self._read(output, pims, calendar, stop_at))

    def _read(
        self, output: "Output", pims: Pims, calendar: "Committed", stop_at: float
    ) -> "Consulted":
        """Read what is due, unit by unit, until all is read, time is up or others must go first."""
        run, done = output.run, Consulted(calendar.written, left=len(calendar.due))
        with closing(_reading(pims, calendar.due, run.progress)) as reading:
            while self._elapsed() < stop_at and not done.should_stop:
                if not (unit := list(islice(reading, self._unit))):
                    break
                done = _commit_consultations(output, pims, unit, calendar, done)
        return done


def _reading(
    pims: Pims, due: Sequence[SourceRecord], progress: Progress
) -> Generator[tuple[SourceRecord, ConsultationAnswer], None, None]:
    """The answers as they come: the next ones are under way while a unit is written."""
    if not due:
        return
    progress.phase("consultations", len(due))
    of_visits: dict[str, list[SourceRecord]] = {}
    for visit in due:
        of_visits.setdefault(visit.consultation_id or "", []).append(visit)
    with closing(pims.consultations(list(of_visits))) as answers:
        for consultation_id, answer in answers:
            for visit in of_visits[consultation_id]:
                progress.advance()
                yield visit, answer


@dataclass(frozen=True, slots=True)
class Output:
    """Where the units of a run go: into the database, or into a dry run's plan."""

    run: Run
    dry: DryRun | None

    def write(self, unit: Unit, before: Written, *, last_try: bool) -> Written:
        """All that is written then. Raises PlanAgain and LeaseLost as `apply.write` does."""
        if self.dry is None:
            return write(self.run, unit, before, last_try=last_try)
        self.dry.add(self.run, unit)
        return before


def _commit[Prepared](
    output: Output,
    before: Written,
    first: Prepared,
    again: Callable[[], Prepared],
    unit_of: Callable[[Prepared], Unit],
) -> tuple[Prepared, Written]:
    """Write what was prepared first, or, if rows have changed meanwhile, what is prepared again."""
    try:
        return first, output.write(unit_of(first), before, last_try=False)
    except PlanAgain:
        second = again()
        return second, output.write(unit_of(second), before, last_try=True)


@dataclass(frozen=True, slots=True)
class Committed:
    """The calendar's part, as it was written."""

    judged: Judged
    report: Report
    written: Written
    due: Sequence[SourceRecord]
    """Visits whose consultation is to be read; none of those that are left for the next run."""
    has_ended: bool
    """The job is over: no consultation was due."""


@dataclass(frozen=True, slots=True)
class Consulted:
    """How far the consultations have come."""

    written: Written
    left: int
    """Consultations that are due and not read yet."""
    reads: Reads = field(default_factory=Reads)
    edited: frozenset[str] = frozenset()
    """Visits with fields that a person has changed."""
    calendar_waits: bool = False

    @property
    def should_stop(self) -> bool:
        """Neo does not answer, or the calendar waits: it must not be kept waiting for long."""
        return self.reads.is_down or self.calendar_waits


def _commit_calendar(output: Output, calendar: Calendar) -> Committed:
    """Commit the calendar's part, and the job's end with it if no consultation is due."""
    run = output.run

    def prepare() -> tuple[Judged, Report, list[SourceRecord]]:
        decided = judged(run, planned(run, load(run, calendar)))
        due = consultations_due(run, decided)
        return decided, first_report(run, decided, due), due

    def unit(prepared: tuple[Judged, Report, list[SourceRecord]]) -> Unit:
        decided, report, due = prepared
        loaded = decided.loaded
        ends_with = None if due else report
        return Unit(decided.plan, loaded.stored, loaded.now, decided.holds, ends_with)

    run.progress.phase("write")
    before = written_before(run)
    (decided, report, due), written = _commit(output, before, prepare(), prepare, unit)
    readable = [visit for visit in due if visit.id not in written.conflicts]
    return Committed(decided, report, written, readable, has_ended=not due)


def _commit_consultations(
    output: Output, pims: Pims, answers: Answers, calendar: Committed, before: Consulted
) -> Consulted:
    """Commit what was read as one unit."""
    run, now = output.run, output.run.clock()
    visits = [visit for visit, _ in answers]
    stored = _load(run, visits)
    read = judge_answers(answers, stored, pims, now)
    view = view_of(run, now, calendar.judged.loaded.reported_words)

    def unit(stored: Mapping[str, StoredVisit]) -> Unit:
        plan = plan_consultations(read.records.values(), read.vanished, stored, view)
        plan.memories |= read.memories
        return Unit(plan, stored, now)

    unit_written, written = _commit(
        output, before.written, unit(stored), lambda: unit(_load(run, visits)), lambda unit: unit
    )
    return Consulted(
        written=written,
        left=before.left - len(answers),
        reads=before.reads.and_(read),
        edited=before.edited | unit_written.plan.edited.keys(),
        calendar_waits=store.calendar_waits(run.conn, run.clinic.id),
    )


def _load(run: Run, visits: Sequence[SourceRecord]) -> dict[str, StoredVisit]:
    with run.conn.pipeline():
        query = stored_query(run, visits)
    return query.fetch()


def _end(output: Output, calendar: Committed, done: Consulted) -> Report:
    """End the job; raises why no reading succeeded, if none did (rule R24)."""
    if (failure := done.reads.failure()) is not None:
        raise failure
    report = calendar.report
    done.reads.tell(report)
    report.counts["edited_in_odis"] = len(calendar.judged.plan.edited.keys() | done.edited)
    if done.left:
        report.warnings["consultations_left"] = done.left
    unit = Unit(Plan(), {}, output.run.clock(), ends_with=report)
    output.write(unit, done.written, last_try=True)
    return report
