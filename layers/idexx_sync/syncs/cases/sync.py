"""The case sync: a clinic's visits and their records, read, planned, judged and committed."""

import time
from collections.abc import Callable, Collection, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import ClassVar, Final

from idexx_sync.core.catalog import SyncName
from idexx_sync.core.clinic_time import day_of
from idexx_sync.core.faults import Fault
from idexx_sync.jobs.contract import FAULTS, WRITING, Progress, Report, Run
from idexx_sync.pims.protocol import ConsultationAnswer, Pims, SourceRecord, Window
from idexx_sync.syncs.cases.apply import CasePiece
from idexx_sync.syncs.cases.calendar import (
    Judged,
    ShownCalendar,
    calendar_of,
    consultations_due,
    context_of,
    faults_found,
    first_report,
    judged,
    load,
    looked_up,
    planned,
    stored_query,
    visits_shown,
    with_settled,
)
from idexx_sync.syncs.cases.calendar_store import MadeWayFor, makes_way_for
from idexx_sync.syncs.cases.deaths import LIFE_STATUS
from idexx_sync.syncs.cases.gate import left_alone
from idexx_sync.syncs.cases.model import ANOTHER_OWNER, ANOTHER_PATIENT
from idexx_sync.syncs.cases.plan import plan_consultations
from idexx_sync.syncs.cases.reading import Answers, Reads, judge_answers
from idexx_sync.syncs.cases.shape import NotesPlaces
from idexx_sync.syncs.cases.stored import PREFIX, StoredVisit
from idexx_sync.syncs.cases.truth import nothing_written
from idexx_sync.syncs.commit import Commits, Tally
from idexx_sync.syncs.proof import too_many_unforeseen

UNIT: Final = 25
"""Consultations that are read and committed together."""
STOP_AFTER_S: Final = 120.0
"""A run that has read for so long leaves the rest to the next one."""


@dataclass(frozen=True, slots=True)
class CalendarPiece(CasePiece):
    """The calendar's part of all visits: the first piece of a run."""

    judged: Judged = field(kw_only=True)
    due: Sequence[SourceRecord] = field(kw_only=True)
    """Visits whose consultation is to be read."""
    report: Report = field(kw_only=True)
    faults: Sequence[Fault] = field(kw_only=True)
    """What of settings and rows cannot be read."""


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
        commits = Commits(run)
        now = run.clock()
        own_days = run.own_days(now)
        shown = calendar_of(pims.schedule(run.window(now)))
        calendar = _commit_calendar(run, commits, pims, shown, own_days)
        if commits.report is not None:
            return commits.report
        done = self._read(run, commits, pims, calendar, stop_at)
        if (failure := done.reads.failure() or done.places.failure()) is not None:
            raise failure
        return commits.end(lambda tally: _last_report(run, calendar, done, tally))

    def _read(
        self, run: Run, commits: Commits, pims: Pims, calendar: CalendarPiece, stop_at: float
    ) -> "Consulted":
        """Read what is due, unit by unit, until all is read, time is up or others must go first."""
        readable = [visit for visit in calendar.due if visit.id not in commits.tally.conflicts]
        done = Consulted(due=readable)
        if makes_way_for(run.conn, run.clinic.id) == "pause":
            return replace(done, made_way_for="pause")
        with closing(_reading(pims, readable, run.progress)) as reading:
            # The first unit is read however long the calendar took, or none would ever be.
            while (self._elapsed() < stop_at or not done.answered) and not done.should_stop:
                if not (unit := list(islice(reading, self._unit))):
                    break
                done = _commit_consultations(run, commits, pims, unit, calendar, done)
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
class Consulted:
    """How far the consultations have come."""

    due: Sequence[SourceRecord]
    """Visits whose consultation was to be read, in the order of reading."""
    answered: int = 0
    reads: Reads = field(default_factory=Reads)
    edited: frozenset[str] = frozenset()
    """Visits with fields that a person has changed."""
    places: NotesPlaces = field(default_factory=NotesPlaces)
    unread: frozenset[Fault] = frozenset()
    """What of records could not be read."""
    broken: frozenset[str] = frozenset()
    """Visits at whose record something broke that nobody foresaw."""
    made_way_for: MadeWayFor | None = None

    @property
    def left(self) -> list[SourceRecord]:
        """Visits whose consultation was not asked for."""
        return [visit for visit in self.due if visit.id not in self.reads.unread]

    @property
    def should_stop(self) -> bool:
        """Neo does not answer, somebody has paused the clinic, or the calendar waits: it must not
        be kept waiting for long."""
        return self.reads.is_down or self.made_way_for is not None


def _commit_calendar(
    run: Run, commits: Commits, pims: Pims, calendar: ShownCalendar, own_days: Window
) -> CalendarPiece:
    """Commit the calendar's part, and the job's end with it if no consultation is due."""
    first = load(run, calendar)
    gone = looked_up(pims, first)

    def prepare(again: bool) -> CalendarPiece:
        loaded = load(run, calendar) if again else first
        decided = judged(run, planned(run, with_settled(loaded, gone)))
        due = [
            visit for visit in consultations_due(run, decided) if visit.id not in commits.tally.read
        ]
        return CalendarPiece(
            decided.plan,
            decided.loaded.stored,
            decided.loaded.now,
            decided.judgement.holds,
            shown=visits_shown(decided),
            let_go=() if decided.judgement.foreign else decided.judgement.approved | gone,
            judged=decided,
            due=due,
            report=first_report(run, decided, due, own_days),
            faults=faults_found(run, decided),
        )

    def conclude(unit: CalendarPiece, tally: Tally) -> Report | None:
        return None if unit.due else _counted(unit, tally)

    run.progress.phase(WRITING)
    return commits.write(prepare, conclude)


def _commit_consultations(
    run: Run,
    commits: Commits,
    pims: Pims,
    answers: Answers,
    calendar: CalendarPiece,
    before: Consulted,
) -> Consulted:
    """Commit what was read as one unit."""
    visits = [visit for visit, _ in answers]
    words = calendar.judged.loaded.reported_words
    first = _load(run, visits)
    began = run.job.started_at or run.clock()
    read = judge_answers(answers, first, pims, run.clock(), began)

    def prepare(again: bool) -> CasePiece:
        stored = _load(run, visits) if again else first
        now = run.clock()
        context = context_of(run, now, words)
        plan = plan_consultations(
            read.records.values(),
            read.vanished,
            stored,
            context,
            of_others=read.strange,
            told=read.told,
            beat=run.beat,
        )
        plan.memories |= read.memories
        done = frozenset(read.records) - plan.unforeseen.keys()
        return CasePiece(plan, stored, now, read=done, warnings=read.warnings)

    unit = commits.write(prepare)
    return Consulted(
        due=before.due,
        answered=before.answered + len(answers),
        reads=before.reads.and_(read),
        edited=before.edited | unit.plan.edited.keys(),
        places=before.places.and_all(read.records.values(), first),
        unread=before.unread | unit.plan.unread | read.unforeseen,
        broken=before.broken | unit.plan.unforeseen.keys() | {f.id for f in read.unforeseen},
        made_way_for=makes_way_for(run.conn, run.clinic.id),
    )


def _load(run: Run, visits: Sequence[SourceRecord]) -> dict[str, StoredVisit]:
    with run.conn.pipeline():
        query = stored_query(run, visits)
    return query.fetch()


def _last_report(run: Run, calendar: CalendarPiece, done: Consulted, tally: Tally) -> Report:
    """What the run has done, once its consultations are read."""
    report = calendar.report
    done.reads.tell(report)
    report.failure = report.failure or too_many_unforeseen(len(done.broken), done.answered)
    report.counts["edited_in_odis"] = len(calendar.plan.edited.keys() | done.edited)
    if done.left:
        report.warnings["consultations_left"] = len(done.left)
        if done.made_way_for == "pause":
            report.warnings["stopped_by_pause"] = 1
            report.unfresh = report.unfresh or "stopped_by_pause"
        usual_from = run.usual_days(calendar.now).first_day
        if any(day_of(visit.start) < usual_from for visit in done.left):
            report.unfresh = report.unfresh or "days_left"  # no later run would read them
    return _counted(calendar, tally, done.unread)


def _counted(calendar: CalendarPiece, tally: Tally, unread: Collection[Fault] = ()) -> Report:
    """The report with what was written; `unread` is what of records could not be read."""
    report, judged = calendar.report, calendar.judged
    held = left_alone(judged.judgement)
    visits = [visit.id for visit in judged.loaded.calendar.visits if visit.id not in held]
    if not judged.judgement.foreign:
        report.failure = report.failure or nothing_written(visits, calendar.plan, tally.faults)
    report.name_faults([*calendar.faults, *unread, *tally.faults])
    report.warnings |= tally.warnings
    counts = report.counts
    counts |= tally.counted()
    if tally.read:  # in all attempts of the job
        counts["consultations_read"] = len(tally.read)
    counts["marked"] = len(tally.by_reason.get(LIFE_STATUS, ()))
    for reason, code in ((ANOTHER_PATIENT, "patients_changed"), (ANOTHER_OWNER, "owners_changed")):
        if found := tally.by_reason.get(reason):
            report.warnings[code] = len(found)
    written = (keys for why, keys in tally.by_reason.items() if why != LIFE_STATUS)
    touched = {key for keys in written for key in keys if key.startswith(PREFIX)}
    left = len(tally.conflicts) + report.warnings.get("cases_not_written", 0)
    left += counts["deleted_in_odis"] + sum(report.held.values())
    left += report.warnings.get(FAULTS["refused"], 0)
    counts["unchanged"] = max(0, counts["read"] - len(touched) - left)
    if tally.for_review:
        report.warnings["life_status_in_doubt"] = len(tally.for_review)
        report.for_review = sorted(tally.for_review)
    if tally.conflicts:
        report.warnings["conflicts_left_for_next_run"] = len(tally.conflicts)
        report.unfresh = report.unfresh or "conflicts"
    return report
