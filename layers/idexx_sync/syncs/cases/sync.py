"""The case sync: a clinic's visits and their clinical record, read, planned, judged and applied."""

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from datetime import timedelta
from itertools import islice
from typing import ClassVar, Final

from idexx_sync.core.clinic_time import day_of, local_day, to_wall
from idexx_sync.core.vocabulary import SyncName, appointment_status
from idexx_sync.jobs.contract import Progress, Report, Run
from idexx_sync.pims.protocol import ConsultationAnswer, Pims, Snapshot, SourceRecord, Unreadable
from idexx_sync.syncs.cases import store
from idexx_sync.syncs.cases.apply import DryRun, Unit, write, written_before
from idexx_sync.syncs.cases.context import View
from idexx_sync.syncs.cases.due import due_in_order
from idexx_sync.syncs.cases.gate import Answer, judge
from idexx_sync.syncs.cases.model import HeldVisit, Plan
from idexx_sync.syncs.cases.plan import plan_consultations, plan_visits
from idexx_sync.syncs.cases.reading import Answers, Reads, judge_answers
from idexx_sync.syncs.gate import Standing, decide_holds
from idexx_sync.syncs.hold_store import standing_holds
from idexx_sync.syncs.proof import PlanAgain, check_status_keys, newest

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
        visits = _Visits(run, pims.schedule(window))
        due = visits.write_calendar()
        left = len(due)
        with closing(_reading(pims, due, run.progress)) as reading:
            while self._elapsed() < stop_at and not visits.should_stop:
                if not (unit := list(islice(reading, self._unit))):
                    break
                visits.write_consultations(pims, unit)
                left -= len(unit)
        visits.end(left)
        return visits.report


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


class _Visits:
    """A snapshot's visits beside what we hold of them, through a run."""

    def __init__(self, run: Run, snapshot: Snapshot) -> None:
        check_status_keys(snapshot.records)
        self._run = run
        self._snapshot = snapshot
        self._visits, self._unclear = visits_of(snapshot)
        self._dry = DryRun() if run.dry_run else None
        self._written = written_before(run)
        self._ended = False
        self._reads = Reads()
        self._calendar_waits = False

    def _prepare(self) -> None:
        """Load what we hold, plan the calendar's part and judge it."""
        conn, clinic = self._run.conn, self._run.clinic
        with conn.pipeline():
            query = self._query(self._visits)
            starts = store.starts_remembered(conn, clinic.id, self._snapshot.window)
            words = store.reported_words(conn, clinic.id)
            standing = standing_holds(conn, clinic.id, "cases")
        self._held = query.fetch()
        expected = {visit: at for visit, at, word in starts.fetchall() if not is_cancelled(word)}
        self._words = frozenset((name, word) for name, word in words.fetchall())
        plan = plan_visits(self._visits, self._held, self._view())
        self._judge(plan, expected, standing.fetchall())

    def _judge(self, plan: Plan, expected: dict[str, str], standing: list[Standing]) -> None:
        snapshot, now = self._snapshot, self._run.clock()
        shown: list[SourceRecord | Unreadable] = [*snapshot.records, *snapshot.unreadable]
        answer = Answer(
            window=snapshot.window,
            visits=self._visits,
            present={item.id for item in shown if item.id is not None and item.kind == "visit"},
            rooms={item.room_id for item in shown if item.room_id is not None},
            complete=snapshot.complete,
        )
        self._judgement = judge(
            answer,
            self._held,
            expected,
            standing,
            self._run.clinic.known_room_ids,
            local_now=to_wall(now, self._run.clinic.zone),
            now=now,
        )
        self._holds = decide_holds(
            standing,
            self._judgement.findings,
            snapshot.window,
            now,
            complete=snapshot.complete and not self._judgement.foreign,
        )
        foreign = self._judgement.foreign
        if foreign:
            plan = Plan()
        plan = plan.without(self._judgement.held)
        self._plan = plan.with_times_held(self._judgement.times_held, self._held)
        self._edited = set(self._plan.edited)
        self.report = self._first_report()

    def _first_report(self) -> Report:
        """What is known before anything is written."""
        plan, window, clinic = self._plan, self._snapshot.window, self._run.clinic
        unreadable = len(self._snapshot.unreadable) + self._unclear
        warnings = {
            "clinic_without_zone": int(clinic.timezone is None),
            "clinic_without_acting_user": int(clinic.acting_user_id is None),
            "read_incomplete": int(not self._snapshot.complete),
            "unreadable_records": unreadable,
            "cases_not_written": len(plan.quarantined),
            "unknown_words": len(plan.unknown_words),
            "memory_unknown": sum(held.memory_is_unknown for held in self._held.values()),
            "recomputed": sum(change.reason == "rederived" for change in plan.changes),
            "kept_out_by_a_person": self._holds.silenced,
        }
        return Report(
            counts={
                "read": len(self._visits),
                **dict.fromkeys(("unchanged", "created", "updated", "removed"), 0),
                "unreadable": unreadable,
                "adopted": len(plan.adopted),
                "edited_in_odis": len(plan.edited),
                "deleted_in_odis": len(plan.deleted_in_odis),
            },
            warnings={code: number for code, number in warnings.items() if number},
            waiting_holds=self._holds.waiting,
            held={cause: len(found) for cause, found in self._judgement.findings.items()},
            window=(window.first_day.isoformat(), window.last_day.isoformat()),
        )

    def _find_due(self) -> list[SourceRecord]:
        """The visits whose consultation is to be read, in the order of reading."""
        if self._judgement.foreign:
            return []
        due = due_in_order(
            (visit for visit in self._visits if visit.id not in self._judgement.held),
            self._held,
            frozenset(c.visit_id for c in self._plan.changes if c.reason == "source"),
            self._run.clock(),
            self._run.clinic.zone,
        )
        self.report.counts["consultations_due"] = len(due)
        return due

    @property
    def should_stop(self) -> bool:
        """Neo does not answer, or the calendar waits: it must not be kept waiting for long."""
        return self._reads.is_down or self._calendar_waits

    def write_calendar(self) -> list[SourceRecord]:
        """Commit the calendar's part, planned again once if rows have changed meanwhile.

        The visits whose consultation is to be read; none that is left for the next run.
        """
        self._run.progress.phase("write")
        try:
            self._prepare()
            self._write_plan(last_try=False)
        except PlanAgain:
            self._prepare()
            self._write_plan(last_try=True)
        if self._ended:
            return []
        return [visit for visit in self._due if visit.id not in self._written.conflicts]

    def _write_plan(self, *, last_try: bool) -> None:
        self._due = self._find_due()
        ends_with = None if self._due else self.report
        self._write(Unit(self._plan, self._held, self._holds, ends_with), last_try=last_try)

    def write_consultations(self, pims: Pims, answers: Answers) -> None:
        """Commit what was read as one unit."""
        visits = [visit for visit, _ in answers]
        held = self._load(visits)
        read = judge_answers(answers, held, pims, self._run.clock())
        self._reads.add(read)

        def unit() -> Unit:
            plan = plan_consultations(read.records.values(), read.vanished, held, self._view())
            plan.memories |= read.memories
            self._edited |= plan.edited.keys()
            return Unit(plan, held)

        try:
            self._write(unit(), last_try=False)
        except PlanAgain:
            held = self._load(visits)
            self._write(unit(), last_try=True)
        self._calendar_waits = store.calendar_waits(self._run.conn, self._run.clinic.id)

    def end(self, left: int) -> None:
        """End the job, if that is not done yet; raises why no reading succeeded, if none did
        (rule R24)."""
        if self._ended:
            return
        if (failure := self._reads.failure()) is not None:
            raise failure
        self._reads.tell(self.report)
        self.report.counts["edited_in_odis"] = len(self._edited)
        if left:
            self.report.warnings["consultations_left"] = left
        self._write(Unit(Plan(), {}, ends_with=self.report), last_try=True)

    def _write(self, unit: Unit, *, last_try: bool) -> None:
        if self._dry is not None:
            self._dry.add(self._run, unit)
        else:
            self._written = write(self._run, unit, self._written, last_try=last_try)
        self._ended = unit.ends_with is not None

    def _query(self, visits: Sequence[SourceRecord]) -> store.HeldQuery:
        wanted = {visit.id: visit.consultation_id for visit in visits}
        return store.HeldQuery(self._run.conn, self._run.clinic.id, wanted)

    def _load(self, visits: Sequence[SourceRecord]) -> dict[str, HeldVisit]:
        with self._run.conn.pipeline():
            query = self._query(visits)
        return query.fetch()

    def _view(self) -> View:
        clinic = self._run.clinic
        return View(
            clinic_id=clinic.id,
            zone=clinic.zone,
            slot_minutes=clinic.schedule.slot_minutes,
            live_from=clinic.live_from,
            acting_user_id=clinic.acting_user_id,
            now=self._run.clock(),
            fingerprint=self._run.fingerprint,
            reported_words=self._words,
        )


def visits_of(snapshot: Snapshot) -> tuple[list[SourceRecord], int]:
    """The window's visits of patients, each once, and how many were unclear.

    Equal versions of a visit collapse and the latest counts; where that is unclear none does.
    Blocks are no visits, and every room counts: which ones are synced is about free time only.
    """
    versions: dict[str, list[SourceRecord]] = {}
    for record in snapshot.records:
        of_patient = record.patient_id is not None or record.patient_name is not None
        if record.kind == "visit" and of_patient and day_of(record.start) in snapshot.window:
            versions.setdefault(record.id, []).append(record)
    latest = [newest(found) for found in versions.values()]
    visits = [visit for visit in latest if visit is not None]
    return visits, len(latest) - len(visits)


def is_cancelled(word: str | None) -> bool:
    """Such a visit may be left out of the calendar."""
    return appointment_status(word) == "cancelled"
