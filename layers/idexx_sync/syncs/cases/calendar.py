"""The calendar's part of a case run: read, loaded, planned and judged, in this order."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from idexx_sync.core.clinic_time import day_of, to_wall
from idexx_sync.core.errors import ShapeChanged
from idexx_sync.core.faults import UNFORESEEN, Fault
from idexx_sync.core.vocabulary import appointment_status
from idexx_sync.jobs.contract import Report, Run
from idexx_sync.pims.protocol import (
    Found,
    Lookup,
    Pims,
    Snapshot,
    SourceRecord,
    Unreadable,
    Window,
)
from idexx_sync.syncs.cases.calendar_store import starts_remembered
from idexx_sync.syncs.cases.context import CaseContext
from idexx_sync.syncs.cases.due import due_in_order
from idexx_sync.syncs.cases.further_cases import broken_document
from idexx_sync.syncs.cases.gate import (
    CalendarAnswer,
    comparison,
    left_alone,
    times_held,
    unproven_missing,
)
from idexx_sync.syncs.cases.held import of_foreign, of_versions, without_held
from idexx_sync.syncs.cases.model import SAID_ANEW, Plan
from idexx_sync.syncs.cases.plan import plan_visits
from idexx_sync.syncs.cases.plan_guard import IN_CALENDAR
from idexx_sync.syncs.cases.shape import as_last_said, check_shape
from idexx_sync.syncs.cases.store import StoredQuery
from idexx_sync.syncs.cases.stored import StoredVisit
from idexx_sync.syncs.cases.truth import unread_records, unreadable_visits
from idexx_sync.syncs.decision import Decision, Decisions
from idexx_sync.syncs.gate import MOST_ROWS_FOR_EMPTY, Judgement, judge
from idexx_sync.syncs.hold_store import holds_in_force
from idexx_sync.syncs.holds import HoldInForce
from idexx_sync.syncs.memory_store import reported_words
from idexx_sync.syncs.proof import LOOKUPS_PER_RUN, newest, too_many_unforeseen


@dataclass(frozen=True, slots=True)
class ShownCalendar:
    """What the source said of a window."""

    snapshot: Snapshot
    visits: Sequence[SourceRecord]
    unclear: int
    """Visits of which it is unclear which version counts."""
    versions: Sequence[SourceRecord] = ()
    """All of theirs, and what unreadable ones say in words."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A calendar beside what is stored, at one moment."""

    calendar: ShownCalendar
    now: datetime
    """Of the whole transaction that this leads to."""
    stored: Mapping[str, StoredVisit]
    expected: Mapping[str, str]
    """Visit -> start, of those that are remembered in the window and not cancelled."""
    settled: frozenset[str]
    """Those of them that are known to be gone, or on other days."""
    reported_words: frozenset[tuple[str, str]]
    in_force: Sequence[HoldInForce]


@dataclass(frozen=True, slots=True)
class Planned:
    """What the calendar would change, before anybody has judged it."""

    loaded: Loaded
    plan: Plan


@dataclass(frozen=True, slots=True)
class Judged:
    """What of the plan may be written, and what waits for a person."""

    loaded: Loaded
    plan: Plan
    judgement: Judgement


def calendar_of(snapshot: Snapshot) -> ShownCalendar:
    """The window's visits of patients, each once.

    Equal versions of a visit collapse and the latest counts; where that is unclear none does.
    Blocks are no visits, and every room counts: which ones are synced is about free time only.
    Raises ShapeChanged where the answer is not what the reader was made for.
    """
    check_shape(snapshot)
    return visits_of(snapshot)


def visits_of(snapshot: Snapshot, decisions: Decisions | None = None) -> ShownCalendar:
    """The same of an answer whose shape is not judged."""
    versions: dict[str, list[SourceRecord]] = {}
    for record in snapshot.records:
        of_patient = record.patient_id is not None or record.patient_name is not None
        if record.kind == "visit" and of_patient and day_of(record.start) in snapshot.window:
            versions.setdefault(record.id, []).append(record)
        elif decisions is not None and record.kind == "visit" and not of_patient:
            decisions.note(record.id, Decision("R10", "no_patient"))
    latest = {visit_id: _latest(found) for visit_id, found in versions.items()}
    visits = [visit for visit in latest.values() if visit is not None]
    if decisions is not None:
        for visit_id in latest.keys() - {visit.id for visit in visits}:
            decisions.note(visit_id, Decision("R10", "versions_differ"))
    unclear = [versions[visit_id] for visit_id, visit in latest.items() if visit is None]
    told = [one.told for one in snapshot.unreadable if one.told is not None]
    shown = [*(version for found in unclear for version in found), *told]
    return ShownCalendar(snapshot, visits, len(unclear), shown)


def load(run: Run, calendar: ShownCalendar) -> Loaded:
    """Read what is stored of the calendar's visits, in one round trip."""
    conn, clinic_id = run.conn, run.clinic.id
    with conn.pipeline():
        query = stored_query(run, [*calendar.versions, *calendar.visits])
        starts = starts_remembered(conn, clinic_id, calendar.snapshot.window)
        words = reported_words(conn, clinic_id)
        in_force = holds_in_force(conn, clinic_id, "cases")
    stored = query.fetch()
    remembered = starts.fetchall()
    visits = [as_last_said(visit, stored[visit.id]) for visit in calendar.visits]
    return Loaded(
        calendar=replace(calendar, visits=visits),
        now=run.clock(),
        stored=stored,
        expected={visit: at for visit, at, word, *_ in remembered if not _is_cancelled(word)},
        settled=frozenset(visit for visit, _, _, *is_known in remembered if any(is_known)),
        reported_words=frozenset((name, word) for name, word in words.fetchall()),
        in_force=in_force.fetchall(),
    )


def looked_up(pims: Pims, loaded: Loaded) -> frozenset[str]:
    """Visits that the answer lacks and of which the source tells by their ids that they are gone or
    on other days. It is asked where so many are missing that they may be held, or nothing is shown.
    """
    answer = _answer(loaded.calendar)
    missing = unproven_missing(answer, loaded.expected, loaded.settled)
    if len(missing) <= MOST_ROWS_FOR_EMPTY and answer.present:
        return frozenset()
    try:
        found = pims.appointments(missing[:LOOKUPS_PER_RUN]) if missing else {}
    except ShapeChanged:  # nothing is proven, and too many are held
        return frozenset()
    return frozenset(visit for visit, one in found.items() if _is_elsewhere(one, answer.window))


def _is_elsewhere(lookup: Lookup, window: Window) -> bool:
    return isinstance(lookup, Found) and (
        lookup.deleted or lookup.cancelled or day_of(lookup.start) not in window
    )


def stored_query(run: Run, visits: Sequence[SourceRecord]) -> StoredQuery:
    """The question for what is stored of the visits, within a pipeline."""
    consultations = {visit.id: visit.consultation_id for visit in visits}
    patients = {visit.id: visit.patient_id for visit in visits}
    return StoredQuery(run.conn, run.clinic.id, consultations, patients)


def context_of(run: Run, now: datetime, reported_words: frozenset[tuple[str, str]]) -> CaseContext:
    """How the clinic's visits are to be read at that moment."""
    clinic = run.clinic
    return CaseContext(
        clinic_id=clinic.id,
        zone=clinic.zone,
        slot_minutes=clinic.schedule.slot_minutes,
        live_from=clinic.live_from,
        acting_user_id=clinic.acting_user_id,
        now=now,
        fingerprints=run.fingerprints,
        reported_words=reported_words,
    )


def planned(run: Run, loaded: Loaded) -> Planned:
    """Plan every visit of the calendar."""
    context = context_of(run, loaded.now, loaded.reported_words)
    plan = plan_visits(loaded.calendar.visits, loaded.stored, context, beat=run.beat)
    plan.add(of_versions(loaded.calendar.versions, loaded.stored, context))
    return Planned(loaded, plan)


def judged(run: Run, planned: Planned) -> Judged:
    """Take out of the plan what waits for a person."""
    loaded = planned.loaded
    compared = comparison(
        _answer(loaded.calendar),
        loaded.stored,
        loaded.expected,
        run.clinic.known_room_ids,
        to_wall(loaded.now, run.clinic.zone),
        loaded.settled,
        planned.plan.changes,
    )
    judgement = judge(compared, loaded.in_force, loaded.now)
    if judgement.foreign:
        return Judged(loaded, of_foreign(planned.plan, loaded.stored, compared), judgement)
    plan = without_held(planned.plan, left_alone(judgement), loaded.stored)
    return Judged(loaded, plan.with_times_held(times_held(judgement), loaded.stored), judgement)


def _answer(calendar: ShownCalendar) -> CalendarAnswer:
    snapshot = calendar.snapshot
    shown: list[SourceRecord | Unreadable] = [*snapshot.records, *snapshot.unreadable]
    return CalendarAnswer(
        window=snapshot.window,
        visits=calendar.visits,
        present=frozenset(i.id for i in shown if i.id is not None and i.kind == "visit"),
        rooms={item.room_id for item in shown if item.room_id is not None},
        complete=snapshot.complete,
    )


def with_settled(loaded: Loaded, visits: Collection[str]) -> Loaded:
    """With these visits settled too."""
    return replace(loaded, settled=loaded.settled.union(visits))


def visits_shown(judged: Judged) -> Collection[str]:
    """The visits that the calendar shows, however readable; none of another clinic's."""
    return () if judged.judgement.foreign else _answer(judged.loaded.calendar).present


def consultations_due(run: Run, judged: Judged) -> list[SourceRecord]:
    """The visits whose consultation is to be read, in the order of reading."""
    if judged.judgement.foreign:
        return []
    loaded = judged.loaded
    return due_in_order(
        (visit for visit in loaded.calendar.visits if visit.id not in left_alone(judged.judgement)),
        loaded.stored,
        frozenset(c.visit_id for c in judged.plan.changes if c.reason in SAID_ANEW),
        loaded.now,
        run.clinic.zone,
        observing=run.manner == "observe",
        usual_from=run.usual_days(loaded.now).first_day,
    )


def first_report(run: Run, judged: Judged, due: Sequence[SourceRecord], own_days: Window) -> Report:
    """What is known before anything is written; `own_days` are those that a case sync is for."""
    calendar, plan, clinic = judged.loaded.calendar, judged.plan, run.clinic
    snapshot = calendar.snapshot
    lost = run.days_lost(judged.loaded.now) if snapshot.window == own_days else None
    unreadable = len(snapshot.unreadable) + calendar.unclear
    warnings = {
        "clinic_without_zone": int(clinic.timezone is None),
        "clinic_without_acting_user": int(clinic.acting_user_id is None),
        "read_incomplete": int(not snapshot.complete),
        "unreadable_records": unreadable,
        "cases_not_written": len(plan.quarantined),
        "unknown_words": len(plan.unknown_words),
        "memory_unknown": sum(v.memory_is_unknown for v in judged.loaded.stored.values()),
        "recomputed": sum(change.reason == "rederived" for change in plan.changes),
        "kept_out_by_a_person": judged.judgement.holds.silenced,
        "days_lost": 0 if lost is None else len(lost.days),
    }
    counts = {
        "read": len(calendar.visits),
        **dict.fromkeys(("unchanged", "created", "updated", "removed"), 0),
        "unreadable": unreadable,
        "adopted": len(plan.adopted),
        "edited_in_odis": len(plan.edited),
        "deleted_in_odis": len(plan.deleted_in_odis),
    }
    if not judged.judgement.foreign:
        counts["consultations_due"] = len(due)
    window = snapshot.window
    return Report(
        counts=counts,
        warnings={code: number for code, number in warnings.items() if number},
        waiting_holds=judged.judgement.holds.waiting,
        held={cause: len(keys) for cause, keys in judged.judgement.held_for.items()},
        window=(window.first_day.isoformat(), window.last_day.isoformat()),
        unfresh=(
            "foreign_calendar"
            if judged.judgement.foreign
            else run.unfresh(window, own_days, complete=snapshot.complete)
            or judged.judgement.doubted
            or ("came_later" if judged.judgement.came_later else None)
        ),
        unread=unread_records(calendar.visits, judged.loaded.stored),
        days_lost=None if lost is None else (lost.first_day.isoformat(), lost.last_day.isoformat()),
        failure=unreadable_visits(snapshot, calendar.visits, calendar.unclear)
        or too_many_unforeseen(len(plan.unforeseen), len(calendar.visits)),
    )


def faults_found(run: Run, judged: Judged) -> list[Fault]:
    """What of the clinic's settings, of the calendar and of the visits' rows cannot be read."""
    stored = judged.loaded.stored.values()
    cases = (case for visit in stored for case in visit.cases)
    unread = judged.loaded.calendar.snapshot.unreadable
    return [
        *run.clinic.faults,
        *(Fault(IN_CALENDAR, "", i.id or "", UNFORESEEN) for i in unread if i.code == UNFORESEEN),
        *(fault for case in cases for fault in case.faults),
        *(broken_document(case) for visit in stored for case in visit.others if case.is_broken),
    ]


def _latest(versions: Sequence[SourceRecord]) -> SourceRecord | None:
    """The version that counts; None where that, or whose visit it is, is unclear."""
    latest = newest(versions)
    return None if latest is None or latest.unclear else latest


def _is_cancelled(word: str | None) -> bool:
    """Such a visit may be left out of the calendar."""
    return appointment_status(word) == "cancelled"
