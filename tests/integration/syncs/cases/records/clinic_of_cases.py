"""A clinic on a simulated Neo, its visits and records, and the cases that come of them."""

from typing import Any

from idexx_sync.jobs.model import Job
from idexx_sync.syncs.cases.sync import CaseSync
from tests.kit.database import query
from tests.kit.neo_bench import NeoBench


class ClinicOfCases(NeoBench):
    """A bench whose runs are those of the case sync."""

    def seen(self, name: str, notes: str = "<p>Walks well.</p>", *, at: str = "06:30") -> str:
        """A visit that is over and paid; returns its id."""
        visit = self.neo.book(f"2026-05-04 {at}:00", 15, 3, name)
        record = self.neo.start_consultation(visit)
        self.neo.edit_notes(record, notes)
        self.neo.add_line(record, "EXAM - OFFICE", 1)
        self.neo.finalise(visit)
        return visit

    def many(self, number: int) -> list[str]:
        """So many visits that are over, each of a patient of its own."""
        return [self.seen(f"PET {n}", at=f"{n // 4:02}:{n % 4 * 15:02}") for n in range(number)]

    def record_of(self, visit: str) -> str:
        return str(self.neo.visit(visit)["consultation_id"])

    def read(self) -> Job:
        return self.run(CaseSync())

    def case(self, visit: str) -> dict[str, Any]:
        (found,) = query(
            self.conn,
            "SELECT c.*, p.owner_phone, p.owner_email, p.name FROM public.cases c "
            "JOIN idexx_sync.case_keys k ON k.case_id = c.id AND k.clinic_id = c.clinic_id "
            "JOIN public.patients p ON p.case_id = c.id "
            "WHERE k.clinic_id = %s AND k.external_id = %s",
            (self.clinic_id, f"pims-appt-idexx-neo-{visit}"),
        )
        return found

    def status(self, visit: str) -> str:
        return str(self.case(visit)["status"])

    def document(self, visit: str) -> dict[str, Any]:
        """What is stored of the visit's record."""
        found: dict[str, Any] = self.case(visit)["metadata"].get("pimsConsultation") or {}
        return found

    def is_marked(self, visit: str) -> bool:
        return self.case(visit)["extreme_case_check"] is not None

    def cases(self) -> int:
        return len(
            query(self.conn, "SELECT id FROM public.cases WHERE clinic_id = %s", (self.clinic_id,))
        )
