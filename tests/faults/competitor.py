"""Somebody else in the same database, who holds locks that a run wants."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from uuid import UUID

import psycopg

from tests.faults.rig import Rig
from tests.kit.database import query

HOLDS_FOR_S = 0.6
"""Longer than a run waits for a lock, and soon over for one that has no limit."""
LOCKS = {
    "lease": "SELECT 1 FROM idexx_sync.leases WHERE clinic_id = %s FOR UPDATE",
    "jobs": "SELECT 1 FROM idexx_sync.jobs WHERE clinic_id = %s FOR UPDATE",
    "appointments": "SELECT 1 FROM public.schedule_appointments WHERE clinic_id = %s FOR UPDATE",
    "slots": "SELECT 1 FROM public.schedule_slots WHERE clinic_id = %s FOR UPDATE",
    "records": "SELECT 1 FROM idexx_sync.records WHERE clinic_id = %s FOR UPDATE",
    "settings": "SELECT 1 FROM idexx_sync.clinic_settings WHERE clinic_id = %s FOR UPDATE",
    "clinic": "SELECT 1 FROM public.clinics WHERE id = %s FOR UPDATE",
}
CASE_LOCKS = {
    **{what: LOCKS[what] for what in ("lease", "jobs", "records", "clinic")},
    "cases": "SELECT 1 FROM public.cases WHERE clinic_id = %s FOR UPDATE",
    "patients": "SELECT 1 FROM public.patients WHERE clinic_id = %s FOR UPDATE",
}
"""Those that a case run wants."""
NIGHT_LOCKS = {
    **{what: LOCKS[what] for what in ("lease", "jobs", "records", "clinic", "appointments")},
    **{what: CASE_LOCKS[what] for what in ("cases", "patients")},
    "discrepancies": "SELECT 1 FROM idexx_sync.discrepancies WHERE clinic_id = %s FOR UPDATE",
}
"""Those that a reconciliation wants."""
_BLOCKED = "SELECT 1 FROM pg_stat_activity WHERE %s = ANY(pg_blocking_pids(pid))"


class Competitor:
    """Takes a lock when told to, and notices whether somebody had to wait for it."""

    def __init__(self, rig: Rig, clinic_id: UUID) -> None:
        self._conn = psycopg.connect(rig.url, application_name="competitor")
        self._watching = psycopg.connect(rig.url, application_name="competitor", autocommit=True)
        self._clinic_id = clinic_id
        self._thread: threading.Thread | None = None
        self.was_in_the_way = False

    def hold(self, what: str) -> None:
        """Take the lock now, and let it go after a while; nothing happens if it is taken."""
        self._conn.execute("SET LOCAL lock_timeout = '20ms'")
        try:
            self._conn.execute({**LOCKS, **CASE_LOCKS, **NIGHT_LOCKS}[what], (self._clinic_id,))
        except psycopg.errors.LockNotAvailable:
            self._conn.rollback()
            return
        self._start(self._hold_on)

    def hold_a_slot_and_want_another(self) -> None:
        """Once somebody waits for the last slot, ask for the first one: neither can go on."""
        first, last = self._slots("ASC"), self._slots("DESC")
        self._conn.execute("SET LOCAL deadlock_timeout = '10s'")
        self._lock_slot(last)

        def want_another() -> None:
            if self._somebody_waits():
                with suppress(psycopg.Error):  # one of the two is told to give way
                    self._lock_slot(first)
            self._conn.rollback()

        self._start(want_another)

    def close(self) -> None:
        if self._thread is not None:
            self._thread.join()
        self._conn.close()
        self._watching.close()

    def _start(self, work: object) -> None:
        self._thread = threading.Thread(target=work, name="competitor")  # type: ignore[arg-type]
        self._thread.start()

    def _hold_on(self) -> None:
        ends = time.monotonic() + HOLDS_FOR_S
        self._somebody_waits()
        while time.monotonic() < ends and self._is_waited_for():
            time.sleep(0.01)
        self._conn.rollback()

    def _somebody_waits(self) -> bool:
        """Waits for somebody to wait."""
        ends = time.monotonic() + HOLDS_FOR_S
        while not self._is_waited_for():
            if time.monotonic() > ends:
                return False
            time.sleep(0.002)
        return True

    def _is_waited_for(self) -> bool:
        mine = self._conn.info.backend_pid
        waiting = self._watching.execute(_BLOCKED, (mine,)).fetchone() is not None
        self.was_in_the_way = self.was_in_the_way or waiting
        return waiting

    def _slots(self, order: str) -> UUID:
        found = query(
            self._watching,
            "SELECT id FROM public.schedule_slots WHERE clinic_id = %s "
            f"ORDER BY date {order}, start_time {order} LIMIT 1",
            (self._clinic_id,),
        )
        slot_id: UUID = found[0]["id"]
        return slot_id

    def _lock_slot(self, slot_id: UUID) -> None:
        self._conn.execute(
            "SELECT 1 FROM public.schedule_slots WHERE id = %s FOR UPDATE", (slot_id,)
        )


@contextmanager
def competitor(rig: Rig, clinic_id: UUID) -> Iterator[Competitor]:
    other = Competitor(rig, clinic_id)
    try:
        yield other
    finally:
        other.close()
