"""What the next runs would decide about one appointment: their own plans, and nothing written.

Pure. What Neo says now is planned beside what is stored; where Neo was not asked, or does not show
the visit, what is remembered of it is, and only what follows from that is kept.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from idexx_sync.clinics.pauses import Pause
from idexx_sync.core.catalog import CATALOG, SyncName
from idexx_sync.core.clinic_time import day_of, local_day
from idexx_sync.core.fingerprints import Fingerprints
from idexx_sync.core.vocabulary import Stage
from idexx_sync.explain.model import NeoSays, StoredAppointment, StoredRow
from idexx_sync.pims.protocol import Consultation, Snapshot, SourceRecord, Window
from idexx_sync.syncs.cases.calendar import visits_of
from idexx_sync.syncs.cases.context import CaseContext
from idexx_sync.syncs.cases.due import VANISHED, WRONG_PATIENT, reading_decision, rule_reading
from idexx_sync.syncs.cases.model import SAID_ANEW, Plan
from idexx_sync.syncs.cases.plan import plan_consultations, plan_visits
from idexx_sync.syncs.cases.shape import as_last_said
from idexx_sync.syncs.cases.stored import StoredVisit
from idexx_sync.syncs.change import Change
from idexx_sync.syncs.decision import Decision, Decisions
from idexx_sync.syncs.inbound.context import CalendarContext, bare_block_ids, keys_of
from idexx_sync.syncs.inbound.model import COLUMNS, Row, Stored
from idexx_sync.syncs.inbound.plan import plan_records
from idexx_sync.syncs.memory import Record

NEEDS_NEO: Final = frozenset(
    {
        *("word", "unknown_word", "no_word", "changed", "rederived", "edited", "came_back"),
        *("died", "another_patient", "another_owner", "edits_dropped"),
    }
)
"""Decisions that rest on more than is remembered of a visit."""
NEEDS_THE_VISIT: Final = frozenset({"new"})
"""Decisions that no run makes about a visit that the calendar leaves out."""


@dataclass(frozen=True, slots=True)
class Clinical:
    """What of a clinic decides how its appointments are shown."""

    id: UUID
    zone: ZoneInfo
    now: datetime
    fingerprints: Fingerprints
    stage: Stage = "live"
    pauses: tuple[Pause, ...] = ()
    room_ids: tuple[str, ...] | None = None
    live_from: date | None = None
    acting_user_id: UUID | None = None
    slot_minutes: int = 30
    horizon_days: int = 14

    def window(self, sync: SyncName) -> Window:
        """The days that a run reads by itself."""
        today = local_day(self.now, self.zone)
        return Window(*CATALOG[sync].default_window.around(today, self.horizon_days))


@dataclass(frozen=True, slots=True)
class Preview:
    """What the next runs would decide."""

    calendar: Sequence[Decision]
    """Of the inbound sync."""
    case: Sequence[Decision]
    """Of the case sync, by the calendar."""
    record: Sequence[Decision]
    """Of the case sync, by the clinical record."""
    saw_visit: bool
    """The calendar's are about the visit as Neo shows it, not as it is remembered."""
    saw_record: bool
    """The record is one that a run would take over."""
    changes: Sequence[Change] = ()
    """What they would write, the calendar's part first."""


def preview(neo: NeoSays, stored: StoredAppointment, clinic: Clinical) -> Preview:
    """Plan the appointment as a run over its day would."""
    visits = [] if neo.snapshot is None else visits_of(neo.snapshot).visits
    calendar, rows = _calendar(neo, stored, clinic)
    if not visits:
        remembered = list(_remembered_case(neo, stored, clinic))
        return Preview(calendar, remembered, (), saw_visit=False, saw_record=False, changes=rows)
    visit = as_last_said(visits[0], stored.visit)
    case, record = Decisions(), Decisions()
    is_due, after, cases = _plan_visit(visit, stored, clinic, case)
    saw_record = is_due and neo.is_of_patient
    records = _plan_record(neo, visit, after, clinic, record, is_read=saw_record)
    return Preview(
        calendar,
        [*case.of(visit.id), *_outside(visit, clinic)],
        record.of(visit.id),
        saw_visit=True,
        saw_record=saw_record,
        changes=[*rows, *cases, *records],
    )


# -- the calendar --------------------------------------------------------------------------------


def _calendar(
    neo: NeoSays, stored: StoredAppointment, clinic: Clinical
) -> tuple[list[Decision], Sequence[Change]]:
    if neo.snapshot is None or neo.day is None:
        return [], ()
    decisions = Decisions()
    rows = _rows(stored.rows, neo.snapshot)
    days = [neo.day, *(row.appointment.date for row in rows.values() if _has_day(row))]
    context = CalendarContext(
        window=Window(min(days), max(days)),
        zone=clinic.zone,
        slot_minutes=clinic.slot_minutes,
        room_ids=None if clinic.room_ids is None else frozenset(clinic.room_ids),
        fingerprints=clinic.fingerprints,
    )
    proofs = {} if neo.lookup is None else dict.fromkeys(_ids(rows), neo.lookup)
    plan = plan_records(neo.snapshot, Stored(rows, _records(stored)), proofs, context, decisions)
    found = _each_once(decisions)
    usual = clinic.window("inbound")
    if neo.shown and neo.day not in usual:
        found = [decision for decision in found if decision.code != "new"]
        found.append(Decision("R2", "outside_window", _of_window(usual, clinic.zone)))
    return found, plan.changes


def _has_day(row: Row) -> bool:
    return not row.deleted and all(fault.column != "date" for fault in row.faults)


def _rows(rows: Iterable[StoredRow], snapshot: Snapshot) -> dict[str, Row]:
    """As the plan reads them; of a recurring block those that the day is about."""
    shown = {*keys_of(snapshot), *bare_block_ids(snapshot)}
    found: dict[str, Row] = {}
    for row in rows:
        if "@" not in row.key or row.key in shown or _row(row).appointment.date in snapshot.window:
            found.setdefault(row.key, _row(row))
    return found


def _row(row: StoredRow) -> Row:
    columns = {
        name: getattr(row, "type" if name == "appointment_type" else name) for name in COLUMNS
    }
    return Row.read(row.id, "", row.key, columns, deleted=row.deleted_at is not None)


def _ids(rows: Iterable[str]) -> set[str]:
    return {key.partition("@")[0] for key in rows}


def _records(stored: StoredAppointment) -> dict[str, Record]:
    own = [memory.record for memory in stored.memories if memory.kind == "appointment"]
    names = [item.name for item in fields(Record)]
    return {record.key: Record(**{name: getattr(record, name) for name in names}) for record in own}


def _each_once(decisions: Decisions) -> list[Decision]:
    found: list[Decision] = []
    for key in decisions.keys:
        found += [decision for decision in decisions.of(key) if decision not in found]
    return found


def _of_window(window: Window, zone: ZoneInfo) -> dict[str, str]:
    days = {"first": window.first_day.isoformat(), "last": window.last_day.isoformat()}
    return {**days, "zone": zone.key}


# -- the case ------------------------------------------------------------------------------------


def _context(clinic: Clinical) -> CaseContext:
    return CaseContext(
        clinic_id=clinic.id,
        zone=clinic.zone,
        slot_minutes=clinic.slot_minutes,
        live_from=clinic.live_from,
        acting_user_id=clinic.acting_user_id,
        now=clinic.now,
        fingerprints=clinic.fingerprints,
    )


def _plan_visit(
    visit: SourceRecord, stored: StoredAppointment, clinic: Clinical, decisions: Decisions
) -> tuple[bool, StoredVisit, Sequence[Change]]:
    """Plan the calendar's part; whether the record is read after it, what is stored then, as far
    as the status of the case hangs on it, and what would be written."""
    plan = plan_visits([visit], {visit.id: stored.visit}, _context(clinic), decisions)
    changed = any(change.reason in SAID_ANEW for change in plan.changes)
    ruling = rule_reading(
        visit,
        stored.visit,
        clinic.now,
        clinic.zone,
        changed=changed,
        observing=clinic.stage == "shadow",
    )
    decisions.note(visit.id, reading_decision(ruling, visit, stored.visit))
    return ruling.is_due, _after(plan, stored.visit), plan.changes


def _after(plan: Plan, stored: StoredVisit) -> StoredVisit:
    record = next(iter(plan.records), stored.record)
    statuses = (change.values.get("case.status") for change in plan.changes)
    status = next(filter(None, statuses), None)
    case = stored.case
    if case is None or status is None:
        return replace(stored, record=record)
    cases = [replace(one, status=status) if one is case else one for one in stored.cases]
    return replace(stored, record=record, cases=cases)


def _plan_record(
    neo: NeoSays,
    visit: SourceRecord,
    stored: StoredVisit,
    clinic: Clinical,
    decisions: Decisions,
    *,
    is_read: bool,
) -> Sequence[Change]:
    """Plan what the reading gave, as a run would that reads the record now."""
    read, gone, of_others = [], [], []
    if is_read and isinstance(neo.consultation, Consultation):
        read = [(visit, neo.consultation)]
    elif neo.reading == VANISHED:
        gone = [visit]
    elif neo.reading is not None and not neo.is_of_patient:
        decisions.note(visit.id, Decision("R17", f"{neo.reading}_now"))
        of_others = [visit] if neo.reading == WRONG_PATIENT else []
    known = {visit.id: stored}
    return plan_consultations(read, gone, known, _context(clinic), decisions, of_others).changes


def _remembered_case(
    neo: NeoSays, stored: StoredAppointment, clinic: Clinical
) -> Iterator[Decision]:
    """Of the visit as it is remembered, or of why Neo's record of it becomes none."""
    was_asked, decisions = neo.snapshot is not None, Decisions()
    if neo.snapshot is not None:
        visits_of(neo.snapshot, decisions)
    yield from _each_once(decisions)
    visit = _remembered(stored)
    if visit is None or neo.shown:
        return
    decisions = Decisions()
    _plan_visit(visit, stored, clinic, decisions)
    left_out = NEEDS_NEO | NEEDS_THE_VISIT if was_asked else NEEDS_NEO
    yield from (d for d in decisions.of(visit.id) if d.code not in left_out)
    yield from _outside(visit, clinic)


def _remembered(stored: StoredAppointment) -> SourceRecord | None:
    """The visit with what is remembered of it; personal values are not."""
    start = stored.start
    if start is None:
        return None
    said = stored.visit.memory
    appointment = stored.memory("appointment")
    word = appointment.record.source.status if appointment and appointment.record.source else None
    return SourceRecord(
        id=stored.visit.record.key,
        kind="visit",
        start=said.start or start,
        end=said.end,
        status=said.status if said.start else word,
        type=said.type,
        patient_id=said.patient,
        client_id=said.client,
        consultation_id=said.consultation,
    )


def _outside(visit: SourceRecord, clinic: Clinical) -> Iterator[Decision]:
    usual = clinic.window("cases")
    if day_of(visit.start) not in usual:
        yield Decision("R2", "outside_window", _of_window(usual, clinic.zone))
