"""What Neo shows of a piece's days, and what is stored of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final

from idexx_sync.core.clinic_time import to_instant
from idexx_sync.core.vocabulary import appointment_status
from idexx_sync.jobs.contract import Run
from idexx_sync.pims.protocol import Snapshot, Window
from idexx_sync.syncs.cases.calendar import ShownCalendar, visits_of
from idexx_sync.syncs.cases.calendar_store import starts_remembered
from idexx_sync.syncs.cases.shape import as_last_said
from idexx_sync.syncs.cases.store import StoredQuery as CasesQuery
from idexx_sync.syncs.cases.stored import StoredVisit
from idexx_sync.syncs.hold_store import holds_in_force
from idexx_sync.syncs.inbound.context import (
    CalendarContext,
    absent_ids,
    bare_block_ids,
    keys_of,
)
from idexx_sync.syncs.inbound.store import StoredQuery, with_removed_rows
from idexx_sync.syncs.memory import Record
from idexx_sync.syncs.memory_store import reported_words
from idexx_sync.syncs.proof import ids_to_look_up
from idexx_sync.syncs.reconciliation.closing import absent_visits
from idexx_sync.syncs.reconciliation.discrepancy_store import open_discrepancies
from idexx_sync.syncs.reconciliation.loaded import Loaded
from idexx_sync.syncs.reconciliation.store import (
    RecordsQuery,
    began_last,
    first_day_stored,
    overrides_of,
    read_overrides,
    rows_on_other_days,
    visits_with_cases,
)

_A_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Shown:
    """What Neo's calendar showed of a piece's days."""

    snapshot: Snapshot
    context: CalendarContext

    @cached_property
    def calendar(self) -> ShownCalendar:
        return visits_of(self.snapshot)

    @property
    def window(self) -> Window:
        return self.snapshot.window

    @cached_property
    def ids(self) -> frozenset[str]:
        """Every id that the answer names, of whatever kind and however unreadable."""
        shown: Sequence[Any] = [*self.snapshot.records, *self.snapshot.unreadable]
        return frozenset(item.id for item in shown if item.id is not None)


def shown(run: Run, snapshot: Snapshot) -> Shown:
    """The answer, and how it is to be read."""
    clinic = run.clinic
    rooms = clinic.room_ids
    context = CalendarContext(
        window=snapshot.window,
        zone=clinic.zone,
        slot_minutes=clinic.schedule.slot_minutes,
        room_ids=None if rooms is None else frozenset(rooms),
        fingerprints=run.fingerprints,
    )
    return Shown(snapshot, context)


def load(run: Run, answer: Shown) -> Loaded:
    """Read what is stored of the days and of all that the answer names, in three round trips."""
    conn, clinic_id, window = run.conn, run.clinic.id, answer.window
    zone = run.clinic.zone
    begins = to_instant(datetime.combine(window.first_day, datetime.min.time()), zone)
    ends = to_instant(datetime.combine(window.last_day + _A_DAY, datetime.min.time()), zone)
    keys = [*keys_of(answer.snapshot), *bare_block_ids(answer.snapshot)]
    with conn.pipeline():
        rows = StoredQuery(conn, clinic_id, window, keys)
        with_cases = visits_with_cases(conn, clinic_id, window, begins, ends)
        starts = starts_remembered(conn, clinic_id, window)
        words = reported_words(conn, clinic_id)
        in_force = holds_in_force(conn, clinic_id, "reconciliation")
        known = open_discrepancies(conn, clinic_id, run.job.id)
        overrides = overrides_of(conn, clinic_id)
        began = began_last(conn, clinic_id)
        first_day = first_day_stored(conn, clinic_id)
    stored = with_removed_rows(conn, clinic_id, rows.fetch(), answer.snapshot, answer.context)
    ids = {row[0] for row in with_cases.fetchall()}
    visits, records, elsewhere = _load_cases(run, answer, ids)
    remembered = starts.fetchall()
    calendar, absent = answer.calendar, absent_visits(visits, answer.ids, window, zone)
    return Loaded(
        now=run.clock(),
        rows=stored,
        visits=visits,
        sources=[as_last_said(visit, visits[visit.id]) for visit in calendar.visits],
        records=records,
        absent=absent,
        expected={
            visit: start
            for visit, start, word, *gone in remembered
            if not _is_cancelled(word)
            and (visit in answer.ids or visit in absent or not (any(gone) or visits[visit].cases))
        },
        settled=frozenset(v for v, _, _, is_gone, _ in remembered if is_gone),
        elsewhere=elsewhere,
        words=frozenset((name, word) for name, word in words.fetchall()),
        in_force=in_force.fetchall(),
        open=known.fetchall(),
        overrides=read_overrides(overrides.fetchall()),
        began=dict(began.fetchall()),
        first_day=next((day for (day,) in first_day.fetchall()), None),
    )


def _load_cases(
    run: Run, answer: Shown, ids: set[str]
) -> tuple[dict[str, StoredVisit], Mapping[str, Record], frozenset[str]]:
    calendar = answer.calendar
    shown_visits = [*calendar.versions, *calendar.visits]
    consultations: dict[str, str | None] = dict.fromkeys(sorted(ids))
    patients: dict[str, str | None] = dict.fromkeys(sorted(ids))
    for visit in shown_visits:
        consultations[visit.id] = visit.consultation_id
        patients[visit.id] = visit.patient_id
    conn, clinic_id, absent = run.conn, run.clinic.id, sorted(ids - answer.ids)
    with conn.pipeline():
        cases = CasesQuery(conn, clinic_id, consultations, patients)
        records = RecordsQuery(conn, clinic_id, absent)
        elsewhere = rows_on_other_days(conn, clinic_id, answer.window, absent)
    return cases.fetch(), records.fetch(), frozenset(visit for (visit,) in elsewhere.fetchall())


def look_ups(answer: Shown, loaded: Loaded, most: int) -> list[str]:
    """The ids to look up for the piece, those first that were looked up longest ago."""
    rows = absent_ids(answer.snapshot, loaded.rows, answer.context)
    cases = [(visit, loaded.remembered(visit)) for visit in loaded.absent]
    return ids_to_look_up([*rows, *cases], most)


def _is_cancelled(word: str | None) -> bool:
    return appointment_status(word) == "cancelled"
