"""Who names another clinic's row by its id changes nothing of it and learns nothing."""

from collections.abc import Callable
from dataclasses import replace
from datetime import time, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from idexx_sync.core.errors import LeaseLost
from idexx_sync.database.connection import Conn
from idexx_sync.jobs import leases
from idexx_sync.jobs.coming_store import is_ended_or_coming
from idexx_sync.jobs.leases import Lease
from idexx_sync.jobs.model import RunOrder
from idexx_sync.jobs.store import begin, store_progress
from idexx_sync.pims.protocol import Window
from idexx_sync.syncs.audit_store import changes_of
from idexx_sync.syncs.cases.change_store import left_in_odis, stop_calls, update_cases
from idexx_sync.syncs.cases.deaths import CaseToMark, Mark
from idexx_sync.syncs.cases.mark_store import cases_to_mark, mark_cases, reopen_denied
from idexx_sync.syncs.cases.model import CaseChange
from idexx_sync.syncs.cases.store import StoredQuery as StoredCases
from idexx_sync.syncs.consequence import Version
from idexx_sync.syncs.hold_event_store import tell_found
from idexx_sync.syncs.hold_store import store_decisions
from idexx_sync.syncs.holds import HoldDecisions
from idexx_sync.syncs.inbound.model import RowChange
from idexx_sync.syncs.inbound.slot_store import delete_unused_slots
from idexx_sync.syncs.inbound.store import StoredQuery, update_appointments
from idexx_sync.syncs.memory import Record
from tests.kit.clinic import add_clinic
from tests.kit.database import as_json, insert, update
from tests.kit.neighbour import rows_of
from tests.kit.records import MONDAY, MORNING
from tests.kit.rows import add_hold, add_job

VISIT = "600101"


class Others:
    """Another clinic's rows, one of each kind."""

    def __init__(self, conn: Conn) -> None:
        self.conn = conn
        self.clinic_id = add_clinic(conn)
        self.job = add_job(conn, self.clinic_id, status="running", fence=1, queued_at=MORNING)
        self.hold = add_hold(conn, self.clinic_id, "times_shifted", "rejected")
        self.case, self.slot = uuid4(), uuid4()
        lease = {"clinic_id": self.clinic_id, "job_id": self.job, "sync": "inbound", "fence": 1}
        insert(conn, "idexx_sync.leases", {**lease, "holder": uuid4(), "expires_at": "9000-01-01"})
        own = {"clinic_id": self.clinic_id}
        span = {"date": MONDAY, "start_time": time(9), "end_time": time(10)}
        insert(conn, "public.schedule_slots", {**own, **span, "id": self.slot})
        visit = {"neo_appointment_id": VISIT, "status": "scheduled"}
        insert(conn, "public.schedule_appointments", {**own, **span, **visit})
        case = {"id": self.case, "external_id": f"pims-appt-idexx-neo-{VISIT}", "metadata": {}}
        insert(conn, "public.cases", as_json({**own, **case, "status": "completed"}))
        change = {"kind": "appointment", "external_id": VISIT, "action": "update", "at": MORNING}
        change |= {"outcome": "written", "reasons": ["source"], "sync": "inbound"}
        insert(conn, "idexx_sync.changes", {**own, **change, "job_id": self.job})
        insert(conn, "public.patients", {**own, "case_id": self.case, "name": "TANGO"})

    def rows(self) -> dict[str, list[Any]]:
        return rows_of(self.conn, self.clinic_id, with_versions=True)

    def change(self) -> CaseChange:
        found = StoredCases(self.conn, self.clinic_id, {VISIT: None}, {VISIT: None}).fetch()
        (case,) = found[VISIT].cases
        assert case.patient is not None
        values = {"case.status": "reviewed", "patient.name": "ELLA"}
        return CaseChange(VISIT, "calendar", case, values)

    def row_change(self) -> RowChange:
        window = Window(MONDAY, MONDAY + timedelta(days=1))
        stored = StoredQuery(self.conn, self.clinic_id, window, [VISIT]).fetch()
        row = stored.rows[VISIT]
        after = replace(row.appointment, status="cancelled")
        return RowChange(VISIT, "update", "status", after, row, Record(VISIT))


def refused(call: Callable[[], object]) -> None:
    with pytest.raises(LeaseLost):
        call()


def _decide(conn: Conn, ours: UUID, others: Others, **decided: Any) -> None:
    store_decisions(conn, ours, "inbound", uuid4(), HoldDecisions(**decided), MORNING)


Call = Callable[[Conn, UUID, Others], object]
SAID = Version("v", 1)

CALLS: dict[str, Call] = {
    "reopen": lambda c, us, o: _decide(c, us, o, reopened={o.hold: {}}, versions={o.hold: SAID}),
    "update": lambda c, us, o: _decide(c, us, o, updated={o.hold: {}}, versions={o.hold: SAID}),
    "close": lambda c, us, o: _decide(c, us, o, closed=[o.hold]),
    "tell what was found": lambda c, us, o: tell_found(c, us, o.hold, uuid4(), SAID, MORNING),
    "let through": lambda c, us, o: _decide(c, us, o, let_through={o.hold: {}}),
    "write a case": lambda c, us, o: update_cases(c, us, [o.change()], MORNING),
    "stop calls": lambda c, us, o: stop_calls(c, us, [o.case], MORNING),
    "what is left": lambda c, us, o: left_in_odis(c, us, [o.case]),
    "mark": lambda c, us, o: (
        mark_cases(c, us, [CaseToMark("k", o.case, "euthanasia", (), True, False)], MORNING)
    ).fetchall(),
    "to mark": lambda c, us, o: cases_to_mark(
        c, us, {Mark(VISIT, None, "euthanasia", False): [o.case]}, MORNING, lambda: None
    ),
    "deny": lambda c, us, o: reopen_denied(c, us, [o.case], MORNING).fetchall(),
    "write a row": lambda c, us, o: update_appointments(
        c, us, [o.row_change()], MORNING
    ).fetchall(),
    "delete a slot": lambda c, us, o: delete_unused_slots(c, us, [o.slot], MORNING).fetchall(),
    "hold a lease": lambda c, us, o: refused(
        lambda: leases.require(c, Lease(us, o.job, 1), lambda: None)
    ),
    "renew a lease": lambda c, us, o: leases.renew(c, Lease(us, o.job, 1), 45),
    "tell how far a run is": lambda c, us, o: store_progress(c, Lease(us, o.job, 1), {"n": 1}, 45),
    "end a lease": lambda c, us, o: leases.release(c, us, o.job, 1),
    "what a job wrote": lambda c, us, o: changes_of(c, us, o.job, limit=5),
    "take a lease away": lambda c, us, o: leases.release(c, us, o.job),
}


@pytest.fixture
def others(conn: Conn) -> Others:
    return Others(conn)


def test_what_others_own_is_neither_changed_nor_told(conn: Conn, others: Others) -> None:
    ours = add_clinic(conn)
    before = others.rows()
    for name, call in CALLS.items():
        with conn.transaction(force_rollback=True):
            told = call(conn, ours, others)
            assert (others.rows(), told or None) == (before, None), name


def test_each_call_would_change_or_tell_it_for_its_owner(conn: Conn, others: Others) -> None:
    done = []
    for name, call in CALLS.items():
        with conn.transaction(force_rollback=True):
            before = others.rows()  # what is rolled back leaves its locks' marks
            try:
                told = call(conn, others.clinic_id, others)
            except pytest.fail.Exception:  # the lease is held: nothing is refused
                told = True
            done.append((name, bool(told) or others.rows() != before))
    assert done == [(name, True) for name in CALLS]


def test_a_lease_of_others_is_none_of_our_jobs(conn: Conn, others: Others) -> None:
    ours = add_clinic(conn)
    job = add_job(conn, ours, status="queued", queued_at=MORNING)
    held = {"clinic_id": ours, "job_id": uuid4(), "sync": "inbound", "fence": 1}
    insert(conn, "idexx_sync.leases", {**held, "holder": uuid4(), "expires_at": "9000-01-01"})
    update(conn, "idexx_sync.leases", {"job_id": job}, clinic_id=others.clinic_id)

    begun = begin(conn, RunOrder(job, None, "inbound"), 45)

    assert begun.lease is None
    assert begun.job is not None
    assert begun.job.status == "queued"
    assert not is_ended_or_coming(conn, begun.job.id)
