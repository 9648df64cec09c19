"""A statement that joins rows joins a clinic's own: where one of them is another's it is none."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import time, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import pytest

from idexx_sync.clinics.overview import clinic_overview
from idexx_sync.database.connection import Conn
from idexx_sync.pims.protocol import Window
from idexx_sync.syncs.cases.calendar_store import expect_no_more, starts_remembered
from idexx_sync.syncs.cases.death_store import deaths_of_patients
from idexx_sync.syncs.holds import REVIVED
from idexx_sync.syncs.inbound.revival_store import rows_to_revive
from idexx_sync.syncs.inbound.store import StoredQuery, record_schedule_sync
from idexx_sync.syncs.memory_store import clear_strikes
from tests.kit.business_time import set_business_time
from tests.kit.clinic import add_clinic
from tests.kit.database import as_json, insert, update
from tests.kit.records import MONDAY, MORNING
from tests.kit.rows import REAL, add_doubt, add_job, before

VISIT, PATIENT = "600101", "40021"
KEY = f"pims-appt-idexx-neo-{VISIT}"
TODAY = Window(MONDAY, MONDAY)
type Values = dict[str, Any]
DEAD = {"isExtremeCase": True, "category": "death"}
APPOINTMENTS, CASES = "public.schedule_appointments", "public.cases"
CHANGES, KEYS, RECORDS = "idexx_sync.changes", "idexx_sync.case_keys", "idexx_sync.records"
HOLDS, EVENTS = "idexx_sync.holds", "idexx_sync.hold_events"


class Two(NamedTuple):
    conn: Conn
    ours: UUID
    theirs: UUID

    def add(self, table: str, *, theirs: bool = False, **values: Any) -> None:
        """A row of ours, if nothing else is said; a list is an array."""
        insert(self.conn, table, {"clinic_id": self.theirs if theirs else self.ours, **values})

    def add_appointment(self, **values: Any) -> None:
        span = {"date": MONDAY, "start_time": time(9), "end_time": time(10)}
        said = {"neo_appointment_id": VISIT, "status": "scheduled"}
        self.add(APPOINTMENTS, **{**span, **said, **values})

    def add_removal(self, job_id: UUID) -> None:
        done = {"sync": "inbound", "kind": "appointment", "action": "remove", "outcome": "written"}
        told: Values = {"external_id": VISIT, "reasons": ["approved"], "at": MORNING, **done}
        self.add(CHANGES, job_id=job_id, **told)

    def add_case(self, *, theirs: bool = False, **values: Any) -> UUID:
        """A case of the visit, under its key."""
        case_id = uuid4()
        said = as_json({"id": case_id, "external_id": KEY, "status": "completed", **values})
        self.add(CASES, theirs=theirs, **said)
        self.add(KEYS, theirs=theirs, external_id=KEY, case_id=case_id)
        return case_id

    def add_visit(self, *, theirs: bool = False, **source: Any) -> None:
        said = {"kind": "visit", "external_id": VISIT, "read_at": MORNING, "source": source}
        self.add(RECORDS, theirs=theirs, **said)

    @contextmanager
    def where_theirs(self, *tables: str) -> Iterator[None]:
        """Within the block our rows of the tables are the other clinic's."""
        with self.conn.transaction(force_rollback=True):
            for table in tables:
                update(self.conn, table, {"clinic_id": self.theirs}, clinic_id=self.ours)
            yield

    def dead(self, *of_former: UUID) -> list[str]:
        found = deaths_of_patients(self.conn, self.ours, [PATIENT], of_former, lambda: None)
        return list(found)


@pytest.fixture
def two(conn: Conn) -> Two:
    set_business_time(conn, MORNING)
    return Two(conn, add_clinic(conn), add_clinic(conn))


def test_a_row_is_revived_by_what_its_own_clinic_has_removed(two: Two) -> None:
    job_id, hold_id = uuid4(), uuid4()
    kept: Values = dict.fromkeys(("opened_at", "updated_at"), MORNING)
    kept |= {"sync": "inbound", "cause": REVIVED, "status": "rejected", "findings": {VISIT: {}}}
    two.add(HOLDS, id=hold_id, job_id=job_id, **kept)
    through: Values = {"event": "let_through", "at": MORNING, "removed": {VISIT: {}}}
    two.add(EVENTS, hold_id=hold_id, job_id=job_id, **through)
    two.add_removal(job_id)
    two.add_appointment(deleted_at=MORNING)

    def wanted(clinic_id: UUID = two.ours) -> list[str]:
        return [row.key for row, _ in rows_to_revive(two.conn, clinic_id)]

    assert wanted() == [VISIT]
    for days, found in ((8, []), (6, [VISIT])):  # between its removal and that it was wanted
        update(two.conn, HOLDS, {"decided_at": MORNING + timedelta(days=days)}, id=hold_id)
        assert wanted() == found
    assert wanted(two.theirs) == []
    for table in (HOLDS, EVENTS, CHANGES, APPOINTMENTS):
        with two.where_theirs(table):
            assert wanted() == [], table
    two.add_appointment(theirs=True)  # theirs is live
    assert wanted() == [VISIT]


def test_a_visit_is_proven_gone_by_its_own_clinics_calendar(two: Two) -> None:
    two.add_visit(start="2026-05-04 09:00:00")
    two.add_removal(uuid4())

    def is_gone() -> bool:
        ((*_, found, _),) = starts_remembered(two.conn, two.ours, TODAY).fetchall()
        return bool(found)

    two.add_appointment(theirs=True)
    assert is_gone()
    with two.where_theirs(CHANGES):
        assert not is_gone()


def test_a_visit_is_on_other_days_by_its_own_clinics_calendar(two: Two) -> None:
    two.add_visit(start="2026-05-04 09:00:00")

    def is_elsewhere() -> bool:
        ((*_, found),) = starts_remembered(two.conn, two.ours, TODAY).fetchall()
        return bool(found)

    two.add_appointment(theirs=True, date=MONDAY + timedelta(days=9))
    assert not is_elsewhere()
    two.add_appointment(date=MONDAY + timedelta(days=9))
    assert is_elsewhere()


def test_strikes_are_taken_back_of_a_clinics_own_records(two: Two) -> None:
    two.add_visit(start="2026-05-04 09:00:00")
    two.add_visit(theirs=True, start="2026-05-04 09:00:00")

    def struck() -> list[bool]:
        clinics = (two.ours, two.theirs)
        found = [starts_remembered(two.conn, one, TODAY).fetchall() for one in clinics]
        return [is_known for ((*_, is_known),) in found]

    expect_no_more(two.conn, two.ours, [VISIT], MORNING)
    assert struck() == [True, False]
    clear_strikes(two.conn, two.theirs, [VISIT])
    assert struck() == [True, False]
    clear_strikes(two.conn, two.ours, [VISIT])
    assert struck() == [False, False]


def test_a_patient_is_dead_by_a_mark_of_its_own_clinic(two: Two) -> None:
    case_id = two.add_case(extreme_case_check=DEAD)
    two.add("public.patients", case_id=case_id, name="TANGO", external_id=PATIENT)
    assert two.dead() == [PATIENT]
    for table in ("public.patients", CASES):
        with two.where_theirs(table):
            assert two.dead() == [], table

    two.add_visit(theirs=True, marked_for="40022")  # theirs was a former patient's
    assert two.dead() == [PATIENT]
    with two.where_theirs(KEYS):
        assert two.dead() == [PATIENT]
    update(two.conn, RECORDS, {"clinic_id": two.ours}, external_id=VISIT)
    assert two.dead() == []


def test_a_death_is_taken_back_in_its_own_clinic(two: Two) -> None:
    case_id = two.add_case(extreme_case_check=DEAD)
    two.add_case(theirs=True)
    told: Values = {"category": "death", "in_doubt": False, "told_at": MORNING, "marked": True}
    two.add("idexx_sync.deaths", patient_id=PATIENT, visit_id=VISIT, **told)
    assert two.dead(case_id) == [PATIENT]
    update(two.conn, CASES, {"extreme_case_check": None}, id=case_id)
    assert two.dead(case_id) == []


def test_memory_is_loaded_for_rows_and_doubts_of_its_own_clinic(two: Two) -> None:
    two.add(RECORDS, kind="appointment", external_id=VISIT, read_at=MORNING)

    def loaded() -> list[str]:
        return list(StoredQuery(two.conn, two.ours, TODAY, []).fetch().records)

    two.add_appointment(theirs=True)
    add_doubt(two.conn, two.theirs, VISIT, "end_unreadable", MORNING)
    assert loaded() == []
    two.add_appointment()
    assert loaded() == [VISIT]


def test_an_overview_tells_what_its_own_clinic_has_missed(two: Two) -> None:
    two.add_visit(partly=True)
    two.add_case(status="draft")
    days = ["2026-05-01", "2026-05-03"]
    lost = {**REAL, "fresh": False, "days_lost": days}
    add_job(two.conn, two.ours, before(hours=2), result=lost)

    def told(clinic_id: UUID = two.ours) -> tuple[bool, bool]:
        """Whether a record was read in part, and whether days were lost."""
        found = clinic_overview(two.conn, clinic_id)
        return found.partly is not None, any(one.days_lost for one in found.told)

    assert told() == (True, True)
    assert told(two.theirs) == (False, False)
    with two.where_theirs(KEYS):
        assert told() == (False, True)
    read = {**REAL, "unfresh": "other_days", "window": days}
    add_job(two.conn, two.theirs, before(hours=1), result=read)
    assert told() == (True, True)
    update(two.conn, "idexx_sync.jobs", {"clinic_id": two.ours}, clinic_id=two.theirs)
    assert told() == (True, False)


def test_a_run_is_told_whatever_another_clinic_was_told(two: Two) -> None:
    def told(clinic_id: UUID, sync_id: UUID | None = None) -> int:
        """How many rows tell of the clinic's runs, after one more that changed nothing."""
        record_schedule_sync(
            two.conn,
            sync_id or uuid4(),
            clinic_id,
            TODAY,
            {},
            partial=False,
            started_at=MORNING,
            now=MORNING,
            unless_since=MORNING - timedelta(minutes=1),
        )
        counted = "SELECT count(*) FROM public.schedule_syncs WHERE clinic_id = %s"
        ((rows,),) = two.conn.execute(counted, (clinic_id,)).fetchall()
        return int(rows)

    assert (told(two.theirs), told(two.ours), told(two.ours)) == (1, 1, 1)
    sync_id = uuid4()
    span = {"date": MONDAY, "start_time": time(9), "end_time": time(10)}
    two.add("public.schedule_slots", theirs=True, sync_id=sync_id, **span)
    assert told(two.ours, sync_id) == 1
    update(two.conn, "public.schedule_slots", {"clinic_id": two.ours}, sync_id=sync_id)
    assert told(two.ours, sync_id) == 2
