"""One clinic on a simulated Neo with an acting user, live since long ago: case runs over real HTTP,
and whom ODIS would call about its cases."""

from datetime import date
from typing import Any

from idexx_sync.database.connection import Conn
from idexx_sync.jobs.model import Job, new_order
from idexx_sync.jobs.params import WindowParams
from idexx_sync.jobs.runner import run_job
from idexx_sync.syncs.cases.sync import CaseSync
from neo_simulator.client import Simulator
from tests.kit.clinic import add_user
from tests.kit.database import as_json, query, update
from tests.kit.neo_bench import NeoBench

KEY = "pims-appt-idexx-neo-"
EUTHANISED = "<p>Owner elected humane <b>euthanasia</b>, performed at 10:40.</p>"


class MarksBench(NeoBench):
    """A bench whose visits become cases."""

    def __init__(self, conn: Conn, url: str, simulator: Simulator) -> None:
        super().__init__(conn, url, simulator)
        settings = {"acting_user_id": add_user(conn), "live_from": date(2026, 1, 1)}
        update(conn, "idexx_sync.clinic_settings", settings, clinic_id=self.clinic_id)

    def cases(self, **days: date) -> Job:
        """A case run over its own days, if none are named."""
        order = new_order(self.clinic_id, "cases", "cli", WindowParams(**days) if days else None)
        return run_job(order, CaseSync(), self._dependencies)

    def see(self, visit: str, notes: str = "<p>S: well.</p>") -> str:
        """The visit takes place, and is paid; the id of its record."""
        record = self.neo.start_consultation(visit)
        self.neo.edit_notes(record, notes)
        self.neo.finalise(visit)
        return record

    def case(self, visit: str) -> dict[str, Any]:
        found = query(
            self.conn,
            "SELECT c.* FROM public.cases c JOIN idexx_sync.case_keys k ON k.case_id = c.id "
            "WHERE k.clinic_id = %s AND k.external_id = %s",
            (self.clinic_id, KEY + visit),
        )
        assert len(found) == 1, f"{len(found)} cases of visit {visit}"
        return found[0]

    def mark(self, visit: str) -> Any:
        return self.case(visit)["extreme_case_check"]

    def edit(self, visit: str, **columns: Any) -> None:
        """What somebody does to the visit's case in ODIS."""
        update(self.conn, "public.cases", as_json(columns), id=self.case(visit)["id"])

    def called(self) -> set[str]:
        """Visits that ODIS's daily job would plan a follow-up for tonight, if it has a summary."""
        found = query(
            self.conn,
            """
            SELECT k.external_id AS key
              FROM public.cases c JOIN idexx_sync.case_keys k ON k.case_id = c.id
             WHERE c.clinic_id = %s AND c.user_id IS NOT NULL
               AND c.status = 'completed' AND c.created_at >= %s - interval '3 days'
               AND (length(c.entity_extraction #>> '{patient,owner,phone}') >= 10
                    OR c.entity_extraction #>> '{patient,owner,email}' IS NOT NULL)
               AND NOT coalesce((c.extreme_case_check ->> 'isExtremeCase')::boolean, false)
            """,
            (self.clinic_id, self.now),
        )
        return {row["key"].removeprefix(KEY) for row in found}
