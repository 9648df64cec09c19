"""The case sync on a simulated Neo over real HTTP: what becomes of visits, run after run, and whom
ODIS would call about them."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, ClassVar

import pytest

from idexx_sync.clinics.needs import Need
from idexx_sync.clinics.status import SyncStatus, read_clinic_status
from idexx_sync.core.vocabulary import Manner
from idexx_sync.database.connection import Conn
from idexx_sync.jobs.model import Job, new_order
from idexx_sync.jobs.params import ReconciliationParams, WindowParams
from idexx_sync.jobs.runner import run_job
from idexx_sync.syncs.cases.sync import CaseSync
from idexx_sync.syncs.reconciliation.sync import ReconciliationSync
from neo_simulator.client import Simulator
from oracle.calls import calls_tonight
from tests.kit.clinic import add_user
from tests.kit.database import as_json, query, update
from tests.kit.neo_bench import NeoBench

NOTES = "<p>S: two days lame.</p>"
EUTHANISED = "<p>Owner elected humane <b>euthanasia</b>, performed at 10:40.</p>"
KEY = "pims-appt-idexx-neo-"
LONG_AGO = date(2026, 1, 1)
HOUR, DAY = 60.0, 24 * 60.0


class NeoCasesBench(NeoBench):
    """A clinic that is live, with an acting user, and its Neo."""

    limits: ClassVar[Mapping[str, Any]] = {"neo_connections": 1}
    """One question after the other, so that records are read in the order in which they are due."""

    def __init__(self, conn: Conn, url: str, simulator: Simulator, **schedule: Any) -> None:
        super().__init__(conn, url, simulator, **schedule)
        of_clinic = {"acting_user_id": add_user(conn), "live_from": LONG_AGO}
        update(conn, "idexx_sync.clinic_settings", of_clinic, clinic_id=self.clinic_id)

    # -- in Neo ------------------------------------------------------------------------------

    def finished(self, start: str = "2026-05-04 06:00:00", patient: str = "TANGO") -> str:
        """A visit without a clinical record that is over."""
        visit = self.neo.book(start, patient=patient)
        self.neo.check_out(visit)
        return visit

    def seen(
        self, start: str = "2026-05-04 06:00:00", patient: str = "TANGO", notes: str = NOTES
    ) -> tuple[str, str]:
        """A visit that is over, and its record, with notes."""
        visit = self.neo.book(start, patient=patient)
        return visit, self.see(visit, notes)

    def see(self, visit: str, notes: str = NOTES) -> str:
        """The visit takes place, and is paid; the id of its record."""
        record = self.neo.start_consultation(visit)
        self.neo.edit_notes(record, notes)
        self.neo.finalise(visit)
        return record

    def record_of(self, visit: str) -> str:
        return str(self.neo.visit(visit)["consultation_id"])

    # -- runs --------------------------------------------------------------------------------

    def cases(
        self,
        days: WindowParams | None = None,
        *,
        sync: CaseSync | None = None,
        manner: Manner | None = None,
    ) -> Job:
        """One run of the case sync, over its own days if none are named."""
        order = new_order(self.clinic_id, "cases", "schedule", days, manner)
        return run_job(order, sync or CaseSync(), self._dependencies)

    def reconcile(self) -> Job:
        """One reconciliation of the last days that puts right what is safe."""
        params = ReconciliationParams(mode="fix")
        order = new_order(self.clinic_id, "reconciliation", "schedule", params, params.manner)
        return run_job(order, ReconciliationSync(), self._dependencies)

    # -- what there is -----------------------------------------------------------------------

    def status(self, visit: str) -> str | None:
        """Of the visit's case; None: it has none."""
        found = self._case(visit)
        return None if found is None else str(found["status"])

    def document(self, visit: str) -> dict[str, Any]:
        """What the case says of the visit's clinical record."""
        found = self._case(visit)
        return {} if found is None else found["metadata"].get("pimsConsultation") or {}

    def case(self, visit: str) -> dict[str, Any]:
        """The visit's case, with its patient's row as `patient`."""
        found = self._case(visit)
        assert found is not None, f"no case of visit {visit}"
        return found

    def mark(self, visit: str) -> Any:
        return self.case(visit)["extreme_case_check"]

    def is_marked(self, visit: str) -> bool:
        return self.mark(visit) is not None

    def edit(self, visit: str, **columns: Any) -> None:
        """What somebody does to the visit's case in ODIS."""
        update(self.conn, "public.cases", as_json(columns), id=self.case(visit)["id"])

    def called(self) -> set[str]:
        """Visits that ODIS's daily job would plan a follow-up for tonight."""
        return {call.visit for call in calls_tonight(self.conn, self.clinic_id, self.now)}

    def needs(self) -> list[Need]:
        return list(read_clinic_status(self.conn, self.clinic_id).needs)

    def sync_status(self) -> SyncStatus:
        status = read_clinic_status(self.conn, self.clinic_id)
        return next(one for one in status.syncs if one.sync == "cases")

    def asked_for(self, record: str) -> int:
        """How often the record was asked for."""
        asked = [one["path"] for one in self.neo.requests()]
        return sum(path.endswith(f"/consultations/{record}/page-data") for path in asked)

    def _case(self, visit: str) -> dict[str, Any] | None:
        found = query(
            self.conn,
            "SELECT c.*, to_jsonb(p) AS patient FROM public.cases c "
            "JOIN idexx_sync.case_keys k ON k.case_id = c.id "
            "LEFT JOIN public.patients p ON p.case_id = c.id "
            "WHERE k.clinic_id = %s AND k.external_id = %s",
            (self.clinic_id, KEY + visit),
        )
        assert len(found) < 2, f"{len(found)} cases of visit {visit}"
        return found[0] if found else None


@pytest.fixture(name="clinic")
def clinic_of_cases(conn: Conn, database: str, simulator: Simulator) -> Iterator[NeoCasesBench]:
    """For the tests of a module or folder that imports it."""
    made = NeoCasesBench(conn, database, simulator)
    yield made
    made.close()
